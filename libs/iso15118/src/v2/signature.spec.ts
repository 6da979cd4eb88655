import { createPublicKey, diffieHellman, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { decryptKey, encryptKey, keyOf, pointOf } from '../key-transport.js';
import { TestCar } from '../test-car.js';
import vectors from '../testing/oracle-vectors.json' with { type: 'json' };
import { writeContractResponse } from './answer.js';
import { readContractRequest, readContractResponse } from './messages.js';
import { checkSignature } from './signature.js';

const bytesOf = (name: keyof typeof vectors.signed): Buffer => Buffer.from(vectors.signed[name].exi, 'hex');
const certificate = (name: keyof typeof vectors.certificates) => new X509Certificate(vectors.certificates[name]);
const keyNamed = (name: keyof typeof vectors.scalars) => keyOf(Buffer.from(vectors.scalars[name].toString(16).padStart(64, '0'), 'hex'));
const pemOf = (name: keyof typeof vectors.scalars) => String(keyNamed(name).export({ format: 'pem', type: 'pkcs8' }));

it('a certificate whose key is no point of its curve is none', () => {
  const car = new TestCar('WAUZZZ1', pemOf(Object.keys(vectors.scalars)[0] as keyof typeof vectors.scalars));
  const { raw } = certificate('contract');
  // Before the point of a P-256 key.
  const at = raw.indexOf(Buffer.from('03420004', 'hex')) + 4;
  const bent = Buffer.from(raw);
  bent[at] = (bent[at] ?? 0) ^ 1;
  car.provisioned(`-----BEGIN CERTIFICATE-----\n${bent.toString('base64')}\n-----END CERTIFICATE-----`);
  expect(() => readContractRequest(Buffer.from(car.installationRequest(), 'base64'))).toThrow('OEMProvisioningCert holds no certificate');
});

describe('what another implementation signed', () => {
  it('is good: a request for a first certificate', () => {
    const request = readContractRequest(bytesOf('installationReq'));
    const [own] = request.chain;
    expect(request).toMatchObject({ kind: 'Install', sessionId: Buffer.from('A1B2C3D4E5F60718', 'hex') });
    expect(request.roots[1]).toEqual({ issuerName: 'CN=V2G Root,O=Oracle', serialNumber: 2n ** 152n + 12_345n });
    expect(own.subject).toContain('CN=WAUZZZORACLE00001');
    expect(checkSignature(request.signature, [request.body], own.publicKey)).toBeUndefined();
    expect(checkSignature(request.signature, [request.body], certificate('contract').publicKey)).toBe('SignatureWrong');
    expect(checkSignature(undefined, [request.body], own.publicKey)).toBe('Unsigned');
  });

  it('is good: a request for the next certificate, by the one before', () => {
    const request = readContractRequest(bytesOf('updateReq'));
    expect(request).toMatchObject({ kind: 'Update', emaid: 'DEABCC12345678' });
    expect(request.chain).toHaveLength(2);
    expect(checkSignature(request.signature, [request.body], request.chain[0].publicKey)).toBeUndefined();
  });

  it('is taken by a car, with the key that was encrypted for it', () => {
    const car = new TestCar('WAUZZZORACLE00001', pemOf('car'));
    const { emaid, chain, key } = car.install(bytesOf('installationRes').toString('base64'));
    expect(emaid).toBe('DEABCC12345678');
    expect(chain).toHaveLength(2);
    expect(key.equals(keyNamed('new'))).toBe(true);
  });

  it('is taken by a car in place of the contract it has', () => {
    const car = new TestCar('WAUZZZORACLE00001', pemOf('car'));
    car.contract = { emaid: 'DEABCC12345678', chain: [certificate('contract')], key: keyNamed('contract') };
    expect(car.install(bytesOf('updateRes').toString('base64')).key.equals(keyNamed('new'))).toBe(true);
  });
});

describe('a signature', () => {
  const { signature, signed, provisioningChain } = readContractResponse(bytesOf('installationRes'));
  const [signer] = provisioningChain;

  it('is over each element: another digest, another element or a missing one is found', () => {
    expect(checkSignature(signature, signed, signer.publicKey)).toBeUndefined();
    for (const [i, each] of signed.entries()) {
      const renamed = signed.with(i, { ...each, attributes: { Id: 'other' } });
      expect(checkSignature(signature, renamed, signer.publicKey)).toBe('NotAllSigned');
      const other = typeof each.value === 'string' ? 'DEABCC99999999' : Buffer.of(1);
      const changed = signed.with(
        i,
        each.value === undefined ? { ...each, children: each.children.slice(0, 1) } : { ...each, value: other },
      );
      expect(checkSignature(signature, changed, signer.publicKey)).toBe('DigestWrong');
    }
  });

  it('of an algorithm that nobody agreed on is not looked into', () => {
    const info = JSON.stringify(signature, (_key, value: unknown) =>
      typeof value === 'string' ? value.replace('ecdsa-sha256', 'hmac-sha256') : value,
    );
    const other = JSON.parse(info, (_key, value: unknown) => (isJsonBuffer(value) ? Buffer.from(value.data) : value));
    expect(checkSignature(other, signed, signer.publicKey)).toBe('UnknownAlgorithm');
  });
});

describe('an answer', () => {
  const car = keyNamed('car');
  const ephemeral = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const scalar = Buffer.from(vectors.scalars.new.toString(16).padStart(64, '0'), 'hex');
  const issued = {
    contractChain: [certificate('new'), certificate('mosub')],
    encryptedKey: encryptKey(scalar, diffieHellman({ privateKey: ephemeral.privateKey, publicKey: createPublicKey(car) })),
    dhPublicKey: pointOf(ephemeral.publicKey),
    emaid: 'DEABCC12345678',
  };
  const signer = { chain: [certificate('new')], key: keyNamed('new') };
  const answer = () => writeContractResponse(readContractRequest(bytesOf('installationReq')), issued, signer);

  it('has the session of its request, and is for the car alone', () => {
    const read = readContractResponse(answer());
    expect(read).toMatchObject({ kind: 'Install', responseCode: 'OK', sessionId: Buffer.from('A1B2C3D4E5F60718', 'hex') });
    expect(new TestCar('CAR', pemOf('car')).install(answer().toString('base64')).key.equals(keyNamed('new'))).toBe(true);
    expect(() => new TestCar('CAR', pemOf('contract')).install(answer().toString('base64'))).toThrow();
  });

  it('that was changed on its way is not taken', () => {
    const changed = answer();
    const at = changed.indexOf(issued.dhPublicKey.subarray(1, 3));
    changed[at < 0 ? changed.length - 20 : at] = (changed.at(at < 0 ? -20 : at) ?? 0) ^ 1;
    expect(() => new TestCar('CAR', pemOf('car')).install(changed.toString('base64'))).toThrow();
  });

  it('with a certificate that is too big for the schema is not written', () => {
    const big = { ...certificate('new'), raw: Buffer.alloc(801) } as X509Certificate;
    expect(() =>
      writeContractResponse({ kind: 'Install', sessionId: Buffer.alloc(8) }, { ...issued, contractChain: [big] }, signer),
    ).toThrow('Certificate has 801 of at most 800');
  });

  it('has a key of one length only', () => {
    expect(() => decryptKey(Buffer.alloc(16), Buffer.alloc(32))).toThrow('16 bytes instead of 48');
  });
});

const isJsonBuffer = (value: unknown): value is { readonly type: 'Buffer'; readonly data: number[] } =>
  typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer' && 'data' in value;
