import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { World } from '../testing/harness.js';

const hash = { hashAlgorithm: 'SHA256', issuerNameHash: 'ab', issuerKeyHash: 'cd', serialNumber: '1f' };

describe('a station that asks about certificates', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open();
    await world.start();
  });
  afterEach(() => world.close());

  const ask = (station: Awaited<ReturnType<World['connect']>>) =>
    station.ask('GetCertificateStatus', { ocspRequestData: { ...hash, responderURL: 'http://ocsp.example' } });

  it.each(['ocpp2.0.1', 'ocpp2.1'])('of %s gets the answer of the responder, and there is a fact of it (M06)', async (version) => {
    const station = await world.connect({ protocols: [version] });
    expect(await ask(station)).toEqual({ status: 'Accepted', ocspResult: Buffer.from('der').toString('base64') });
    expect(world.certificates.asked).toEqual([{ ...hash, source: 'OCSP', urls: ['http://ocsp.example'] }]);
    expect(world.facts('voltlog.connection.CertificateStatusRequested.v1')).toMatchObject([
      { certificates: [{ issuerNameHash: 'ab', serialNumber: '1f' }] },
    ]);
  });

  it('is answered Failed, with the reason, when nobody knows (M06.FR.04)', async () => {
    const station = await world.connect({ protocols: ['ocpp2.0.1'] });
    world.certificates.statuses.set('1f', { status: 'Failed', ocspResponse: new Uint8Array(), reason: 'the responder lies' });
    expect(await ask(station)).toEqual({
      status: 'Failed',
      statusInfo: { reasonCode: 'InternalError', additionalInfo: 'the responder lies' },
    });
    world.certificates.away = true;
    expect(await ask(station)).toMatchObject({ status: 'Failed' });
  });

  it('is not sent an answer that is longer than its version may read', async () => {
    world.certificates.statuses.set('1f', { ocspResponse: Buffer.alloc(4_126) });
    const old = await world.connect({ protocols: ['ocpp2.0.1'] });
    expect(await ask(old)).toMatchObject({ status: 'Failed', statusInfo: { additionalInfo: expect.stringContaining('5500') } });
    world.certificates.statuses.set('1f', { ocspResponse: Buffer.alloc(4_125) });
    expect(await ask(old)).toMatchObject({ status: 'Accepted' });
  });

  it('of 2.1 hears of each certificate of a chain, in its order', async () => {
    const station = await world.connect({ protocols: ['ocpp2.1'] });
    world.certificates.statuses.set('2f', { status: 'Revoked' });
    world.certificates.statuses.set('3f', { status: 'Failed', nextUpdate: undefined, reason: 'away' });
    const of = (serialNumber: string, source: string) => ({ certificateHashData: { ...hash, serialNumber }, source, urls: ['http://x'] });
    const asked = [of('1f', 'OCSP'), of('2f', 'CRL'), of('3f', 'OCSP')];
    const answer = await station.ask('GetCertificateChainStatus', { certificateStatusRequests: asked });
    expect(answer['certificateStatus']).toMatchObject([
      { source: 'OCSP', status: 'Good', nextUpdate: '2026-12-01T00:00:00.000Z' },
      { source: 'CRL', status: 'Revoked' },
      { source: 'OCSP', status: 'Failed', nextUpdate: expect.any(String) },
    ]);
    expect(world.certificates.asked.map(({ source }) => source)).toEqual(['OCSP', 'CRL', 'OCSP']);
  });
});
