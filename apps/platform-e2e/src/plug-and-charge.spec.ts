import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashDataOf, testCsr } from '@voltlog/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AllInOne } from './harness/all-in-one.js';
import { eventually } from './harness/eventually.js';
import { registerStation } from './harness/fleet.js';
import { RawStation } from './harness/raw-station.js';

let platform: AllInOne;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'voltlog-pnc-'));
  platform = await AllInOne.start({ DEVICE_INTENT_LOOK_MS: '100', DEVICE_ALLOW_PRIVATE_TARGETS: 'true' });
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
