import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestCar } from '@voltlog/iso15118';
import { runScenario, SCENARIOS } from '@voltlog/simulator-app';
import { hashDataOf, testCsr } from '@voltlog/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AllInOne } from './harness/all-in-one.js';
import { eventually } from './harness/eventually.js';
import { registerStation, STATION_PASSWORD } from './harness/fleet.js';
import { RawStation } from './harness/raw-station.js';

let platform: AllInOne;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'voltlog-pnc-'));
  platform = await AllInOne.start({
    DEVICE_INTENT_LOOK_MS: '100',
    DEVICE_ALLOW_PRIVATE_TARGETS: 'true',
    DEVICE_TEST_PKI: 'true',
    DEVICE_CRL_URL: 'http://pki.example/crl',
  });
});
afterAll(async () => {
  await platform?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function connect(stationId: string, version: string): Promise<RawStation> {
  await registerStation(platform.api, stationId);
  return RawStation.connect({ url: platform.ocppUrl, stationId, protocols: [version] });
}

/** The payload of a CALL of the platform. */
const called = (station: RawStation, action: string) =>
  eventually(`the call ${action}`, () => station.received.find((frame) => frame[0] === 2 && frame[2] === action)?.[3]) as Promise<
    Record<string, unknown>
  >;

describe('whether a certificate is revoked', () => {
  it('is told to stations and to whoever asks the responder, and changes at once', { timeout: 60_000 }, async () => {
    const station = await connect('ocsp', 'ocpp2.0.1');
    await station.result('SignCertificate', { csr: (await testCsr('ocsp', 'Voltlog')).csr });
    const { certificateChain } = await called(station, 'CertificateSigned');
    const certificate = String(certificateChain);
    const { rootCertificates } = await platform.api.get<{ rootCertificates: string }>('/v1/certificate-authority');
    writeFileSync(join(folder, 'root.pem'), rootCertificates);
    writeFileSync(join(folder, 'station.pem'), certificate);
    const hash = hashDataOf(certificate, rootCertificates);

    const asked = () => station.result('GetCertificateStatus', { ocspRequestData: { ...hash, responderURL: `${platform.api.url}/ocsp` } });
    const { status, ocspResult } = await asked();
    expect(status).toBe('Accepted');
    writeFileSync(join(folder, 'answer.der'), Buffer.from(String(ocspResult), 'base64'));
    const openssl = (...args: string[]) =>
      execFileSync('openssl', ['ocsp', '-issuer', 'root.pem', '-CAfile', 'root.pem', ...args, '-cert', 'station.pem'], {
        cwd: folder,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    expect(openssl('-respin', 'answer.der', '-no_nonce', '-sha256')).toContain('station.pem: good');
    expect(openssl('-url', `${platform.api.url}/ocsp`)).toContain('station.pem: good');

    await platform.api.ok('POST', `/v1/stations/ocsp/certificates/${hash.serialNumber}/revoke`, { reason: 'stolen' });
    expect(openssl('-url', `${platform.api.url}/ocsp`)).toContain('station.pem: revoked');

    // The list says the same, to whoever the certificate sends there.
    expect(
      execFileSync('openssl', ['x509', '-noout', '-ext', 'crlDistributionPoints'], { input: certificate, encoding: 'utf8' }),
    ).toContain('URI:http://pki.example/crl/root.crl');
    const list = await fetch(`${platform.api.url}/crl/root.crl`);
    expect([list.status, list.headers.get('content-type')]).toEqual([200, 'application/pkix-crl']);
    expect(list.headers.get('cache-control')).toMatch(/^public, max-age=\d+$/);
    writeFileSync(join(folder, 'list.der'), Buffer.from(await list.arrayBuffer()));
    const inList = execFileSync('openssl', ['crl', '-in', 'list.der', '-inform', 'DER', '-CAfile', 'root.pem', '-noout', '-text'], {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    expect(inList.toLowerCase()).toContain(`serial number: ${hash.serialNumber}`);
    for (const file of ['nobody.crl', 'root', '..%2Froot.crl']) expect((await fetch(`${platform.api.url}/crl/${file}`)).status).toBe(404);

    const modern = await connect('ocsp-21', 'ocpp2.1');
    const chain = await modern.result('GetCertificateChainStatus', {
      certificateStatusRequests: [
        { certificateHashData: hash, source: 'OCSP', urls: ['http://ocsp.invalid/'] },
        { certificateHashData: { ...hash, serialNumber: 'abc' }, source: 'OCSP', urls: ['http://ocsp.invalid/'] },
        { certificateHashData: { ...hash, issuerKeyHash: 'ab'.repeat(32) }, source: 'OCSP', urls: ['http://127.0.0.1:1/'] },
      ],
    });
    expect(chain['certificateStatus']).toMatchObject([{ status: 'Revoked' }, { status: 'Unknown' }, { status: 'Failed' }]);
  });

  it('of wrong hash data, or a responder that is away, is Failed with the reason', async () => {
    const station = await connect('ocsp-wrong', 'ocpp2.0.1');
    const ask = (more: object) =>
      station.result('GetCertificateStatus', {
        ocspRequestData: {
          hashAlgorithm: 'SHA256',
          issuerNameHash: 'ab'.repeat(32),
          issuerKeyHash: 'cd'.repeat(32),
          serialNumber: '1f',
          responderURL: 'http://127.0.0.1:1/',
          ...more,
        },
      });
    expect(await ask({})).toMatchObject({ status: 'Failed', statusInfo: { additionalInfo: 'no answer of the responder: ECONNREFUSED' } });
    expect(await ask({ issuerNameHash: 'nonsense' })).toMatchObject({
      status: 'Failed',
      statusInfo: { additionalInfo: expect.stringContaining('hash data') },
    });
  });
});

const PNC = 'org.openchargealliance.iso15118pnc';

/** The same in every version: 1.6 has it by DataTransfer. */
async function ask(station: RawStation, version: string, action: string, payload: object): Promise<Record<string, unknown>> {
  if (version !== 'ocpp1.6') return station.result(action, payload);
  const { data } = await station.result('DataTransfer', { vendorId: PNC, messageId: action, data: JSON.stringify(payload) });
  return JSON.parse(String(data)) as Record<string, unknown>;
}

describe.each(['ocpp1.6', 'ocpp2.0.1', 'ocpp2.1'])('a car with a contract at a station of %s', (version) => {
  const n = version.replaceAll(/\D/g, '');
  const emaid = `DEABCC0000${n.padStart(4, '0')}`;

  it('gets its certificate, charges with it, and no more once it is revoked', { timeout: 60_000 }, async () => {
    const station = await connect(`pnc-${n}`, version);
    const { csr, key } = await testCsr(`CAR${n}`);
    const car = new TestCar(`CAR${n}`, key);
    const { provisioningCertificateChain } = await platform.api.ok<{ provisioningCertificateChain: string }>(
      'PUT',
      `/v1/plug-and-charge/test-vehicles/CAR${n}`,
      { emaid, csr },
    );
    car.provisioned(provisioningCertificateChain);
    await platform.api.ok('PUT', `/v1/tokens/${emaid}`, { type: 'eMAID' });

    const { exiResponse, status } = await ask(station, version, 'Get15118EVCertificate', {
      iso15118SchemaVersion: 'urn:iso:15118:2:2013:MsgDef',
      action: 'Install',
      exiRequest: car.installationRequest(),
    });
    expect(status).toBe('Accepted');
    const { chain } = car.install(String(exiResponse));

    // The station has the root and checks the chain itself; or it has not, and sends the chain.
    const { responderURL, ...hash } = { ...hashDataOf(String(chain[0]), String(chain[1])), responderURL: 'http://127.0.0.1:1/' };
    const idToken = { idToken: emaid, type: 'eMAID' };
    const byHash = () => ask(station, version, 'Authorize', { idToken, iso15118CertificateHashData: [{ ...hash, responderURL }] });
    const byChain = () => ask(station, version, 'Authorize', { idToken, certificate: chain.join('') });
    expect(await byHash()).toMatchObject({ idTokenInfo: { status: 'Accepted' }, certificateStatus: 'Accepted' });
    expect(await byChain()).toMatchObject({ idTokenInfo: { status: 'Accepted' }, certificateStatus: 'Accepted' });

    await platform.api.ok('PUT', `/v1/tokens/${emaid}`, { type: 'eMAID', status: 'Blocked' });
    expect(await byChain()).toMatchObject({ idTokenInfo: { status: 'Blocked' }, certificateStatus: 'ContractCancelled' });
    await platform.api.ok('PUT', `/v1/tokens/${emaid}`, { type: 'eMAID', status: 'Active' });

    await platform.api.ok('POST', `/v1/plug-and-charge/contract-certificates/${hash.serialNumber}/revoke`);
    expect(await byHash()).toMatchObject({ idTokenInfo: { status: 'Invalid' }, certificateStatus: 'CertificateRevoked' });
    expect(await byChain()).toMatchObject({ idTokenInfo: { status: 'Invalid' }, certificateStatus: 'CertificateRevoked' });
    const decision = await eventually('the decision to be listed', async () => {
      const { data } = await platform.api.get<{ data: { reason: string | null; explanation: string }[] }>(
        `/v1/authorization-decisions?stationId=pnc-${n}`,
      );
      return data.find(({ reason }) => reason === 'CertificateRevoked');
    });
    expect(decision.explanation).toContain('revoked');
  });

  it('trusts the station by a certificate of its own towards cars', { timeout: 60_000 }, async () => {
    const station = await connect(`secc-${n}`, version);
    const { csr } = await testCsr(`secc-${n}`, 'Voltlog');
    expect(await ask(station, version, 'SignCertificate', { csr, certificateType: 'V2GCertificate' })).toEqual({ status: 'Accepted' });
    const call = await called(station, version === 'ocpp1.6' ? 'DataTransfer' : 'CertificateSigned');
    const { certificateChain, certificateType } = version === 'ocpp1.6' ? JSON.parse(String(call['data'])) : call;
    expect(certificateType).toBe('V2GCertificate');
    const roots = await platform.api.get<{ data: { certificateType: string; certificate: string }[] }>('/v1/plug-and-charge/test-roots');
    writeFileSync(join(folder, 'v2g.pem'), roots.data.find((each) => each.certificateType === 'V2GRootCertificate')?.certificate ?? '');
    writeFileSync(join(folder, 'secc.pem'), certificateChain);
    const openssl = (...args: string[]) =>
      execFileSync('openssl', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    expect(openssl('verify', '-CAfile', 'v2g.pem', '-untrusted', 'secc.pem', 'secc.pem')).toContain('secc.pem: OK');
    expect(openssl('x509', '-in', 'secc.pem', '-noout', '-subject')).toContain('CPO');
  });
});

const versions = ['1.6', '2.0.1', '2.1'] as const;
describe.each(['contract-certificate', 'plug-and-charge'])('the scenario %s', (name) => {
  it.each(versions)('passes with a simulated station of OCPP %s', { timeout: 60_000 }, async (version) => {
    const scenario = SCENARIOS.find((each) => each.name === name);
    if (scenario === undefined) throw new Error('it is known');
    const id = `${name}-${version}`;
    await registerStation(platform.api, id);
    const { url, key } = platform.api;
    await runScenario(scenario, {
      id,
      version,
      url: platform.ocppUrl,
      password: STATION_PASSWORD,
      tokens: { token: '', otherToken: '', blockedToken: '' },
      api: { url, key },
    });
    const sessions = await platform.api.get<{ data: { idToken: string; state: string; energyWh: number }[] }>(
      `/v1/sessions?stationId=${id}`,
    );
    expect(sessions.data).toMatchObject([{ idToken: expect.stringMatching(/^DEVLTC/), state: 'Ended' }]);
    expect(sessions.data[0]?.energyWh).toBeGreaterThan(450);
  });
});
