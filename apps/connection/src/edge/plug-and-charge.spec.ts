import { authorizationV1 } from '@voltlog/proto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { World } from '../testing/harness.js';

const { AuthorizationStatus } = authorizationV1;
const EMAID = 'DEABCC12345678';
const hash = {
  hashAlgorithm: 'SHA256',
  issuerNameHash: 'ab',
  issuerKeyHash: 'cd',
  serialNumber: '1f',
  responderURL: 'http://ocsp.example',
};
const PNC = 'org.openchargealliance.iso15118pnc';

let world: World;
beforeEach(async () => {
  world = await World.open();
  await world.start();
});
afterEach(() => world.close());

type Station = Awaited<ReturnType<World['connect']>>;

/** The same question in every version: 1.6 has it by DataTransfer. */
async function ask(station: Station, version: string, action: string, payload: object): Promise<Record<string, unknown>> {
  if (version !== 'ocpp1.6') return station.ask(action, payload);
  const { status, data } = await station.ask('DataTransfer', { vendorId: PNC, messageId: action, data: JSON.stringify(payload) });
  expect(status).toBe('Accepted');
  return JSON.parse(String(data)) as Record<string, unknown>;
}

describe.each(['ocpp1.6', 'ocpp2.0.1', 'ocpp2.1'])('Plug & Charge with %s', (version) => {
  const authorize = (station: Station, more: object = { iso15118CertificateHashData: [hash] }) =>
    ask(station, version, 'Authorize', { idToken: { idToken: EMAID, type: 'eMAID' }, ...more });

  it('lets a good certificate with a good contract charge (C07)', async () => {
    const station = await world.connect({ protocols: [version] });
    expect(await authorize(station)).toEqual({ idTokenInfo: { status: 'Accepted' }, certificateStatus: 'Accepted' });
    const { responderURL, ...told } = hash;
    expect(world.certificates.contracts).toEqual([
      { stationId: 'CP1', emaid: EMAID, certificate: '', hashes: [{ ...told, source: 'OCSP', urls: [responderURL] }] },
    ]);
    expect(world.authorization.asked).toMatchObject([{ certificateStatus: 'Accepted', idToken: { idToken: EMAID, type: 'eMAID' } }]);
    expect(world.facts('voltlog.connection.IdTokenPresented.v1')).toMatchObject([
      { idToken: { type: 'eMAID' }, authorization: { status: 'Accepted', certificateStatus: 'Accepted' } },
    ]);
  });

  it('hands the chain on that the station cannot check itself', async () => {
    const station = await world.connect({ protocols: [version] });
    await authorize(station, { certificate: 'PEM' });
    expect(world.certificates.contracts).toMatchObject([{ certificate: 'PEM', hashes: [] }]);
  });

  it('says ContractCancelled when the certificate is good and the contract is not', async () => {
    const station = await world.connect({ protocols: [version] });
    world.authorization.statuses.set(EMAID, AuthorizationStatus.BLOCKED);
    expect(await authorize(station)).toEqual({ idTokenInfo: { status: 'Blocked' }, certificateStatus: 'ContractCancelled' });
  });

  it('says what is wrong with the certificate, also while nobody else can be asked', async () => {
    const station = await world.connect({ protocols: [version] });
    await authorize(station);
    world.certificates.contract = { status: 'CertificateRevoked', reason: 'it is revoked' };
    world.authorization.away = true;
    expect(await authorize(station)).toEqual({ idTokenInfo: { status: 'Invalid' }, certificateStatus: 'CertificateRevoked' });
    world.certificates.away = true;
    expect(await authorize(station)).toEqual({ idTokenInfo: { status: 'Invalid' }, certificateStatus: 'NoCertificateAvailable' });
    // A bad certificate says nothing about the token itself.
    world.certificates.away = false;
    world.certificates.contract = { status: 'Accepted', reason: '' };
    expect(await authorize(station)).toEqual({ idTokenInfo: { status: 'Accepted' }, certificateStatus: 'Accepted' });
  });

  it('asks nobody about certificates when none was shown', async () => {
    const station = await world.connect({ protocols: [version] });
    expect(await authorize(station, {})).toEqual({ idTokenInfo: { status: 'Accepted' } });
    expect(world.certificates.contracts).toEqual([]);
  });

  it('hands the request of a car on, and the answer back (M01)', async () => {
    const station = await world.connect({ protocols: [version] });
    const request = { iso15118SchemaVersion: 'urn:iso:15118:2:2013:MsgDef', action: 'Install', exiRequest: 'gJgC' };
    const get = () => ask(station, version, 'Get15118EVCertificate', request);
    expect(await get()).toEqual({
      status: 'Accepted',
      exiResponse: 'ZXhp',
      ...(version === 'ocpp2.1' ? { remainingContracts: 1 } : {}),
    });
    expect(world.certificates.evRequests).toEqual([{ stationId: 'CP1', ...request }]);
    expect(world.facts('voltlog.connection.EvCertificateRequested.v1')).toMatchObject([{ certificateAction: 'Install' }]);
    world.certificates.evCertificate = { status: 'Failed', exiResponse: '', remainingContracts: 0, reason: 'no contract' };
    expect(await get()).toMatchObject({ status: 'Failed', exiResponse: '', statusInfo: { additionalInfo: 'no contract' } });
    world.certificates.away = true;
    expect(await get()).toMatchObject({ status: 'Failed' });
  });
});

describe('Plug & Charge of 1.6', () => {
  const transfer = (station: Station, messageId: string | undefined, data: unknown) =>
    station.ask('DataTransfer', {
      vendorId: PNC,
      ...(messageId === undefined ? {} : { messageId }),
      ...(data === undefined ? {} : { data: typeof data === 'string' ? data : JSON.stringify(data) }),
    });

  it('asks about certificates and for one of its own', async () => {
    const station = await world.connect();
    expect(JSON.parse(String((await transfer(station, 'GetCertificateStatus', { ocspRequestData: hash }))['data']))).toEqual({
      status: 'Accepted',
      ocspResult: Buffer.from('der').toString('base64'),
    });
    expect(await transfer(station, 'SignCertificate', { csr: 'PEM' })).toEqual({ status: 'Accepted', data: '{"status":"Accepted"}' });
    expect(world.facts('voltlog.connection.CertificateSigningRequested.v1')).toMatchObject([
      { csr: 'PEM', certificateType: 'V2GCertificate' },
    ]);
    expect(world.facts('voltlog.connection.DataTransferReceived.v1')).toEqual([]);
  });

  it('knows the token as text, as the note has it, and as an object, as stations have it', async () => {
    const station = await world.connect();
    for (const idToken of [EMAID, { idToken: EMAID, type: 'eMAID' }])
      expect(JSON.parse(String((await transfer(station, 'Authorize', { idToken }))['data']))).toEqual({
        idTokenInfo: { status: 'Accepted' },
      });
  });

  it.each([
    ['Authorize', '{"idToken":'],
    ['Authorize', '[]'],
    ['Authorize', { idToken: '' }],
    ['Authorize', { idToken: 'x'.repeat(37) }],
    ['Authorize', { idToken: EMAID, certificate: 'x'.repeat(5_501) }],
    ['Authorize', { idToken: EMAID, iso15118CertificateHashData: [{}] }],
    ['Authorize', { idToken: EMAID, iso15118CertificateHashData: Array.from({ length: 5 }, () => hash) }],
    ['GetCertificateStatus', {}],
    ['Get15118EVCertificate', { iso15118SchemaVersion: 'x', action: 'Steal', exiRequest: 'x' }],
    ['SignCertificate', { csr: 7 }],
    ['SignCertificate', undefined],
  ])('%s with %j is Rejected, and kept', async (messageId, data) => {
    const station = await world.connect();
    expect(await transfer(station, messageId, data)).toEqual({ status: 'Rejected' });
    expect(world.facts('voltlog.connection.DataTransferReceived.v1')).toHaveLength(1);
    expect([world.certificates.contracts, world.authorization.asked]).toEqual([[], []]);
  });

  it('of another message is UnknownMessageId', async () => {
    const station = await world.connect();
    expect(await transfer(station, 'Dance', '{}')).toEqual({ status: 'UnknownMessageId' });
    expect(await transfer(station, undefined, undefined)).toEqual({ status: 'UnknownMessageId' });
  });
});
