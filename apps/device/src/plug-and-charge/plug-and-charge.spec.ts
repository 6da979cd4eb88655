import 'reflect-metadata';
import { createPublicKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { element, keyOf, readContractRequest, rootIdsElement, SCHEMA_V2, TestCar, writeMessage } from '@voltlog/iso15118';
import { openTestContext, type TestContext, testCsr } from '@voltlog/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deviceConfig } from '../config.js';
import { CertificatesGrpc } from '../grpc/certificates.grpc.js';
import { certificateIdOf } from '../pki/certificate-id.js';
import { createPki, type Pki } from '../pki/pki.js';
import foreignCar from '../testing/foreign-car.json' with { type: 'json' };
import { createPlugAndCharge } from './plug-and-charge.js';

const PCID = 'WAUZZZ1';
const EMAID = 'DE-ABC-C12345678';
let context: TestContext;
let pki: Pki;
let service: CertificatesGrpc;

async function open(more: Record<string, string> = {}): Promise<void> {
  const config = deviceConfig.parse({ DEVICE_SECRET_KEY: Buffer.alloc(32, 7).toString('base64'), DEVICE_TEST_PKI: 'true', ...more });
  pki = await createPki(context, config, { station: async () => ({ kind: 'none' }) });
  service = new CertificatesGrpc(context, pki, await createPlugAndCharge(context, config, pki));
}

beforeEach(async () => {
  context = await openTestContext('device');
  await open();
});
afterEach(() => context.close());

/** A car with a contract, and its contract certificate. */
async function carWithContract(): Promise<{
  car: TestCar;
  provisioning: string;
  chain: readonly X509Certificate[];
  exiResponse: string;
}> {
  const { csr, key } = await testCsr(PCID);
  const car = new TestCar(PCID, key);
  const { provisioningCertificateChain } = await service.putTestVehicle({ pcid: PCID, emaid: EMAID, csr });
  car.provisioned(provisioningCertificateChain);
  const answer = await install(car.installationRequest());
  expect(answer).toMatchObject({ status: 'Accepted', reason: '' });
  return { car, provisioning: provisioningCertificateChain, chain: car.install(answer.exiResponse).chain, exiResponse: answer.exiResponse };
}

const install = (exiRequest: string, action = 'Install', more: object = {}) =>
  service.getEvCertificate({ stationId: 'CP-1', iso15118SchemaVersion: SCHEMA_V2, action, exiRequest, ...more });
const refused = (reason: string) => ({ status: 'Failed', exiResponse: '', reason: expect.stringContaining(reason) });
const mo = () => {
  if (pki.testPki === undefined) throw new Error('it is off');
  return pki.testPki.open('mo');
};
const pemOf = (chain: readonly X509Certificate[]): string => chain.map((each) => each.toString()).join('');
const check = (certificate: string, emaid = EMAID) =>
  service.checkContractCertificate({ stationId: 'CP-1', emaid, certificate, hashes: [] });
const hashesOf = async ([contract]: readonly X509Certificate[], more: object = {}) => {
  const { sub } = await mo();
  const id = certificateIdOf(contract?.serialNumber ?? '', new Uint8Array(sub.certificate.rawData));
  return [{ ...id, source: 'OCSP', urls: ['http://127.0.0.1:1/'], ...more }];
};

describe('a car', () => {
  it('gets a contract certificate whose key only it can read, signed by the provisioning service', async () => {
    const { chain } = await carWithContract();
    const [contract, sub] = chain;
    const { root } = await mo();
    const rootCertificate = new X509Certificate(Buffer.from(root.certificate.rawData));
    expect(contract?.subject).toContain('CN=DEABCC12345678');
    expect([contract?.verify(sub?.publicKey ?? rootCertificate.publicKey), sub?.verify(rootCertificate.publicKey)]).toEqual([true, true]);
  });

  it('updates its certificate by the one it has, until the contract has ended', async () => {
    const { car } = await carWithContract();
    const updated = await install(car.updateRequest(), 'Update');
    expect(car.install(updated.exiResponse).emaid).toBe('DEABCC12345678');
    await service.deleteTestVehicle({ pcid: PCID });
    expect(await install(car.updateRequest(), 'Update')).toMatchObject({ status: 'Failed', reason: expect.stringContaining('has ended') });
    expect(await install(car.installationRequest())).toMatchObject({ status: 'Failed', reason: expect.stringContaining('no contract') });
  });

  it('that asks to update a revoked certificate, or for another than its own, gets none', async () => {
    const { car } = await carWithContract();
    const { contract } = car;
    if (contract === undefined) throw new Error('it has one');
    car.contract = { ...contract, emaid: 'DEABCC99999999' };
    expect(await install(car.updateRequest(), 'Update')).toMatchObject(refused('for another eMAID'));
    car.contract = contract;
    await service.revokeContractCertificate({ serialNumber: contract.chain[0]?.serialNumber.toLowerCase() ?? '' });
    expect(await install(car.updateRequest(), 'Update')).toMatchObject(refused('is revoked'));
  });

  it('that signs for another, or is of no maker that is known, gets none', async () => {
    const { car, provisioning } = await carWithContract();
    const { key } = await testCsr(PCID);
    const other = new TestCar(PCID, key);
    other.provisioned(provisioning);
    expect(await install(other.installationRequest())).toMatchObject(refused('not of the key of its certificate'));
    const stranger = new TestCar(PCID, key);
    stranger.provisioned(await selfSigned(key));
    expect(await install(stranger.installationRequest())).toMatchObject(refused('(WAUZZZ1) is not good: it leads to no authority'));
    const { contract } = car;
    // A contract certificate is no provisioning certificate.
    const dressed = new TestCar(PCID, String(contract?.key.export({ format: 'pem', type: 'pkcs8' })));
    dressed.provisioned(pemOf(contract?.chain ?? []));
    expect(await install(dressed.installationRequest())).toMatchObject(refused('it leads to no authority'));
  });

  it('whose provisioning certificate has expired gets none', async () => {
    const { car } = await carWithContract();
    context.clock.ms += 3_651 * 86_400_000;
    expect(await install(car.installationRequest())).toMatchObject(refused('has expired or is not valid yet'));
  });

  it('that says what is no EXI, not whole, changed, another message, or far too long, gets none', async () => {
    const { car, exiResponse } = await carWithContract();
    const good = Buffer.from(car.installationRequest(), 'base64');
    const say = (bytes: Buffer, more: object = {}) => install(bytes.toString('base64'), 'Install', more);
    expect(await install('')).toMatchObject(refused('cannot be read: it ends too early'));
    expect(await install('no base64!')).toMatchObject(refused('cannot be read: it begins with 0x'));
    expect(await say(good.subarray(0, -5))).toMatchObject(refused('cannot be read: it ends too early'));
    expect(await say(Buffer.concat([good, good]))).toMatchObject(refused('cannot be read: something follows the message'));
    expect(await say(Buffer.alloc(8_000, 0x80))).toMatchObject(refused('cannot be read: it is no V2G_Message'));
    await expect(say(Buffer.alloc(13_000, 0x80))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    const version = { iso15118SchemaVersion: 'urn:iso:std:iso:15118:-20:CommonMessages' };
    expect(await say(Buffer.of(0x80, 0x04), version)).toMatchObject(refused('said to be of urn:iso:std:iso:15118:-20'));
    expect(await install(car.updateRequest())).toMatchObject(refused('the car asks for Update, the station for Install'));
    expect(await install(exiResponse)).toMatchObject(refused('it is CertificateInstallationRes and no request'));
  });

  it('whose request is not signed, or not with a key of P-256, gets none', async () => {
    const { car } = await carWithContract();
    const request = readContractRequest(Buffer.from(car.installationRequest(), 'base64'));
    const unsigned = writeMessage({ ...request, signature: undefined });
    expect(await install(unsigned.toString('base64'))).toMatchObject(refused('has no signature'));
    const body = element('CertificateInstallationReq', request.body.children.with(0, element('OEMProvisioningCert', await p384())), {
      Id: 'id1',
    });
    expect(await install(writeMessage({ ...request, body }).toString('base64'))).toMatchObject(refused('none of P-256'));
    const renamed = { ...request.body, attributes: { Id: 'other' } };
    expect(await install(writeMessage({ ...request, body: renamed }).toString('base64'))).toMatchObject(refused('not over its body'));
    const other = request.body.children.with(1, rootIdsElement([{ issuerName: 'CN=Other', serialNumber: 2n }]));
    const changed = writeMessage({ ...request, body: { ...request.body, children: other } });
    expect(await install(changed.toString('base64'))).toMatchObject(refused('changed after it was signed'));
  });

  it('of a maker outside, whose authorities the operator has in a file, gets its contract by its PCID alone', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'voltlog-makers-'));
    try {
      const file = join(folder, 'makers.pem');
      writeFileSync(file, foreignCar.makerCertificate);
      context.clock.ms = Date.parse('2027-01-01T00:00:00Z');
      await open({ DEVICE_MAKER_CERTIFICATES_PATH: file });
      const { pcid, installationReq } = foreignCar;
      expect(await install(installationReq)).toMatchObject(refused(`no contract for the car ${pcid}`));
      await service.putTestVehicle({ pcid, emaid: EMAID, csr: '' });
      const answer = await install(installationReq);
      expect(answer).toMatchObject({ status: 'Accepted', reason: '' });
      const key = keyOf(Buffer.from(foreignCar.scalar.toString(16).padStart(64, '0'), 'hex'));
      const car = new TestCar(pcid, String(key.export({ format: 'pem', type: 'pkcs8' })));
      expect(car.install(answer.exiResponse)).toMatchObject({ emaid: 'DEABCC12345678' });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('is not put with a lying CSR, or an eMAID that is none', async () => {
    const put = (more: object) => service.putTestVehicle({ pcid: 'CAR1', emaid: EMAID, csr: '', ...more });
    await expect(put({ csr: (await testCsr('CAR2')).csr })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(put({ emaid: 'nobody' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(put({ pcid: 'a car' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect((await put({})).provisioningCertificateChain).toBe('');
  });
});

describe('a contract certificate', () => {
  it('is good: by its chain, or by its hash data where the station has checked the chain', async () => {
    const { chain } = await carWithContract();
    expect(await check(pemOf(chain))).toEqual({ status: 'Accepted', reason: '' });
    expect(await check(pemOf(chain), 'deabcc12345678X')).toMatchObject({ status: 'Accepted' });
    const hashes = await hashesOf(chain);
    expect(await service.checkContractCertificate({ stationId: 'CP-1', emaid: EMAID, certificate: '', hashes })).toMatchObject({
      status: 'Accepted',
    });
  });

  it('is CertificateRevoked from the moment it is', async () => {
    const { chain } = await carWithContract();
    const [known] = (await service.listContractCertificates({ emaid: EMAID, pageSize: 0, pageToken: '' })).certificates;
    expect(known).toMatchObject({ emaid: 'DEABCC12345678', revokedAt: undefined });
    await service.revokeContractCertificate({ serialNumber: known?.serialNumber ?? '' });
    expect(await check(pemOf(chain))).toMatchObject({ status: 'CertificateRevoked' });
    const hashes = await hashesOf(chain);
    expect(await service.checkContractCertificate({ stationId: 'CP-1', emaid: EMAID, certificate: '', hashes })).toMatchObject({
      status: 'CertificateRevoked',
    });
    await expect(service.revokeContractCertificate({ serialNumber: 'abc' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('is CertificateExpired a year later', async () => {
    const { chain } = await carWithContract();
    context.clock.ms += 366 * 86_400_000;
    expect(await check(pemOf(chain))).toMatchObject({ status: 'CertificateExpired' });
  });

  it('is CertChainError without its authority, under an unknown root, of another eMAID, or as nonsense', async () => {
    const { provisioning, chain } = await carWithContract();
    expect(await check(pemOf(chain.slice(0, 1)))).toMatchObject({ status: 'CertChainError' });
    expect(await check(await selfSigned((await testCsr(PCID)).key))).toMatchObject({ status: 'CertChainError' });
    expect(await check(pemOf(chain), 'DE-ABC-C99999999')).toMatchObject({
      status: 'CertChainError',
      reason: expect.stringContaining('another'),
    });
    expect(await check('nonsense')).toMatchObject({ status: 'CertChainError' });
    // The maker of the car makes no contracts.
    expect(await check(provisioning, PCID)).toMatchObject({ status: 'CertChainError' });
  });

  it('is SignatureError when it was changed', async () => {
    const { chain } = await carWithContract();
    const der = Buffer.from(chain[0]?.raw ?? Buffer.alloc(0));
    der[der.length - 2] = (der.at(-2) ?? 0) ^ 1;
    expect(await check(pemOf([new X509Certificate(der), ...chain.slice(1)]))).toMatchObject({ status: 'SignatureError' });
  });

  it('of hash data nobody can answer for is refused, or let be, as the operator wants; nonsense never', async () => {
    const { chain } = await carWithContract();
    const ask = (hashes: Awaited<ReturnType<typeof hashesOf>>) =>
      service.checkContractCertificate({ stationId: 'CP-1', emaid: EMAID, certificate: '', hashes });
    const foreign = await hashesOf(chain, { issuerKeyHash: 'ab'.repeat(32) });
    expect(await ask(foreign)).toMatchObject({ status: 'CertChainError', reason: expect.stringContaining('not known whether') });
    expect(await ask(await hashesOf(chain, { serialNumber: '1f' }))).toMatchObject({ status: 'CertChainError' });
    expect(await ask(await hashesOf(chain, { issuerKeyHash: 'x' }))).toMatchObject({ status: 'CertChainError' });
    await open({ DEVICE_REVOCATION_UNKNOWN: 'accept' });
    expect(await ask(foreign)).toMatchObject({ status: 'Accepted' });
    expect(await ask(await hashesOf(chain, { serialNumber: '1f' }))).toMatchObject({ status: 'CertChainError' });
  });
});

describe('without the test PKI', () => {
  it('a car gets no certificate, and there is nothing to manage', async () => {
    await open({ DEVICE_TEST_PKI: 'false' });
    expect(await install('AAAA')).toMatchObject({ status: 'Failed', reason: 'no provider of contract certificates is connected' });
    await expect(service.listTestRoots({})).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
  });
});

/** Of a key that no car of ISO 15118-2 has, DER. */
async function p384(): Promise<Buffer> {
  const keys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-384' }, true, ['sign', 'verify']);
  const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' };
  const made = await x509.X509CertificateGenerator.createSelfSigned({ name: `CN=${PCID}`, keys, signingAlgorithm });
  return Buffer.from(made.rawData);
}

/** Of that key, by somebody who calls himself the maker. */
async function selfSigned(keyPem: string): Promise<string> {
  const keys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: `CN=${PCID}`,
    issuer: 'CN=Test OEM Sub-CA',
    publicKey: new x509.PublicKey(createPublicKey(keyPem).export({ format: 'der', type: 'spki' })),
    signingKey: keys.privateKey,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    notBefore: new Date(context.clock.ms - 1_000),
    notAfter: new Date(context.clock.ms + 1_000_000),
  });
  return certificate.toString('pem');
}
