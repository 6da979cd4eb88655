import type { AddressInfo } from 'node:net';
import { OperatingError, RequestError } from '@voltlog/kernel';
import { authorizationV1, notificationV1, reservationV1, sessionV1 } from '@voltlog/proto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DriverServices } from '../testing/driver-services.js';
import { station } from '../testing/fake-services.js';
import { ADMIN_KEY, type GatewayUnderTest, startGateway } from '../testing/gateway-under-test.js';
import { STREAMS_OF_LINK_MAX } from './charge-feed.js';
import { DriverLinks, LINK_KEY_PATTERN } from './driver-links.js';

const EVSE = '/driver/v1/evses/CP-1*1';
const HOUR_MS = 3_600_000;

let gateway: GatewayUnderTest<DriverServices>;
const open = async (guest = 'free-vend', more: Record<string, string> = {}): Promise<void> => {
  gateway = await startGateway({ GATEWAY_ADMIN_KEY: ADMIN_KEY, GATEWAY_GUEST_CHARGING: guest, ...more }, new DriverServices());
};
beforeEach(() => open());
afterEach(() => gateway.app.close());

const get = (url: string, headers: Record<string, string> = {}) => gateway.call('GET', url, { key: null, headers });
const write = (method: 'POST' | 'PUT', url: string, body: unknown = {}, headers: Record<string, string> = {}) =>
  gateway.call(method, url, { key: null, body, headers: { 'voltlog-driver': '1', ...headers } });
const start = (body: unknown = { guest: true }, headers: Record<string, string> = {}) => write('POST', `${EVSE}/start`, body, headers);

/** A charge that a guest began, and its address. */
async function begun(body: unknown = { guest: true }): Promise<{ readonly url: string; readonly key: string }> {
  const { status, body: answer } = await start(body);
  expect(status).toBe(202);
  const key = String(answer['key']);
  return { key, url: `/driver/v1/charges/${key}` };
}

describe('an EVSE for whoever scans its code', () => {
  it('tells how it is and what it costs, without a key', async () => {
    const { status, body } = await get(EVSE);
    expect(status).toBe(200);
    expect(body).toEqual({
      evseUid: 'CP-1*1',
      evseId: 1,
      stationName: 'By the door',
      site: null,
      availability: 'Available',
      powerWMax: 22_000,
      connectors: [{ connectorId: 1, type: 'sType2', status: 'Available' }],
      price: { currency: 'EUR', perKwh: '0.49', perMinute: '0', perSession: '0' },
      guest: 'free-vend',
      mayStart: true,
      freeUntil: null,
      reservation: { minutesDefault: 30, minutesMax: 120, guestMinutesMax: 30 },
      mine: null,
    });
  });

  it('tells nothing of who charges there', async () => {
    gateway.services.move({});
    const { body } = await get(EVSE);
    expect(body).toMatchObject({ availability: 'InUse', mayStart: false });
    expect(JSON.stringify(body)).not.toMatch(/TAG1|s-1|"77"/);
  });

  const connector = { connectorId: 1, connectorType: 'sType2', detail: '', errorCode: '', statusAt: undefined };
  it.each([
    ['Occupied', 'Preparing', true, 'PluggedIn', true],
    ['Occupied', '', true, 'PluggedIn', true],
    ['Reserved', '', true, 'Reserved', false],
    ['Faulted', '', true, 'Faulted', false],
    ['Unavailable', '', true, 'Unavailable', false],
    ['', '', true, 'Unknown', true],
    ['Available', '', false, 'Offline', false],
  ])('%s %s, connected %s: %s', async (status, detail, connected, availability, mayStart) => {
    const evses = [{ evseId: 1, powerWMax: 0, connectors: [{ ...connector, status, detail }] }];
    gateway.services.stations.set('CP-1', station('CP-1', { connected, evses }));
    expect((await get(EVSE)).body).toMatchObject({ availability, mayStart, powerWMax: null });
  });

  it.each(['CP-9*1', 'CP-1*2'])('%s is not there, whichever part is wrong', async (evseUid) => {
    const { status, body } = await get(`/driver/v1/evses/${evseUid}`);
    expect([status, body['type'], body['detail']]).toEqual([
      404,
      'urn:voltlog:problem:evse-unknown',
      'There is no charging point with this code.',
    ]);
  });

  it('a text that names no EVSE is a wrong request', async () => {
    expect((await get('/driver/v1/evses/nonsense')).status).toBe(400);
  });
});

describe('starting', () => {
  it('as a guest: a token that is new, bounded and good here alone, and a key that opens the charge', async () => {
    const { status, body } = await start();
    expect([status, body['startRequestId']]).toEqual([202, 'sr-1']);
    expect(String(body['key'])).toMatch(LINK_KEY_PATTERN);
    const put = gateway.services.lastCall('putToken') as authorizationV1.PutTokenRequest;
    expect(put).toMatchObject({ concurrentTransactionsMax: 1, stationIds: ['CP-1'], expiresAt: '2026-11-23T12:00:00.000Z' });
    expect(put.idToken).toMatchObject({ idToken: expect.stringMatching(/^G[A-Z2-7]{19}$/), type: 'Central' });
    expect(gateway.services.lastCall('requestStart')).toMatchObject({ stationId: 'CP-1', evseId: 1, idToken: put.idToken });
    await start();
    expect((gateway.services.lastCall('putToken') as authorizationV1.PutTokenRequest).idToken?.idToken).not.toBe(put.idToken?.idToken);
  });

  it('no guests where they are not welcome', async () => {
    await gateway.app.close();
    await open('off');
    expect(await start()).toMatchObject({ status: 403, body: { type: 'urn:voltlog:problem:guest-refused' } });
    expect(gateway.services.lastCall('requestStart')).toBeUndefined();
    expect((await get(EVSE)).body).toMatchObject({ guest: 'off' });
  });

  it('by key code, with the group it has', async () => {
    gateway.services.token('CODE4242', 'KeyCode', { groupId: 'FLEET' });
    expect((await start({ keyCode: ' CODE4242 ' })).status).toBe(202);
    expect(gateway.services.lastCall('requestStart')).toMatchObject({
      idToken: { idToken: 'CODE4242', type: 'KeyCode' },
      groupId: 'FLEET',
    });
  });

  it('an unknown, a blocked, an expired code and a card number are refused with the same answer', async () => {
    gateway.services.token('BLOCKED00', 'KeyCode', { status: authorizationV1.TokenStatus.BLOCKED });
    gateway.services.token('EXPIRED00', 'KeyCode', { expiresAt: '2026-11-23T09:59:59.000Z' });
    gateway.services.token('EARLY00', 'KeyCode', { validFrom: '2026-11-23T10:00:01.000Z' });
    const answers = [];
    for (const keyCode of ['NOBODY00', 'BLOCKED00', 'EXPIRED00', 'EARLY00', 'RFID1']) {
      const { status, body } = await start({ keyCode });
      answers.push(JSON.stringify([status, { ...body, instance: '' }]));
    }
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toContain('key-code-refused');
    expect(gateway.services.lastCall('requestStart')).toBeUndefined();
  });

  it('a code that a search would find does not pay, although a token has it', async () => {
    gateway.services.token('4711', 'KeyCode');
    expect(await start({ keyCode: '4711' })).toMatchObject({ status: 403, body: { type: 'urn:voltlog:problem:key-code-refused' } });
    const made = await gateway.call('PUT', '/v1/tokens/1234567', { body: { type: 'KeyCode' } });
    expect(made).toMatchObject({ status: 400, body: { errors: [{ in: 'path', pointer: '/idToken' }] } });
    expect((await gateway.call('PUT', '/v1/tokens/12345678', { body: { type: 'KeyCode' } })).status).toBe(201);
    expect((await gateway.call('PUT', '/v1/tokens/4711', { body: { type: 'KeyCode', status: 'Blocked' } })).status).not.toBe(400);
    expect((await gateway.call('PUT', '/v1/tokens/0815', { body: { type: 'ISO14443' } })).status).not.toBe(400);
  });

  it('guessing codes is slowed down by address, and a while later goes on', async () => {
    const statuses: number[] = [];
    for (let i = 0; i < 8; i += 1) statuses.push((await start({ keyCode: `GUESS00${i}` })).status);
    expect(statuses).toEqual([403, 403, 403, 403, 403, 403, 429, 429]);
    gateway.clock.ms += 61_000;
    expect((await start({ keyCode: 'CODE4242' })).status).toBe(202);
  });

  it('whoever is slowed down does not keep others from paying by code there', async () => {
    await gateway.app.close();
    await open('off', { GATEWAY_TRUSTED_PROXIES: '1' });
    const from = (address: string, keyCode: string) => start({ keyCode }, { 'x-forwarded-for': address });
    const guesses = ['192.0.2.1', '192.0.2.2', '192.0.2.3'].flatMap((address) =>
      Array.from({ length: 12 }, (_, i) => from(address, `GUESS00${i}`)),
    );
    const statuses = (await Promise.all(guesses)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 429)).toHaveLength(18);
    expect((await from('192.0.2.4', 'CODE4242')).status).toBe(202);
  });

  it('with a link to a contract, until it is taken back', async () => {
    const made = await gateway.call('POST', '/v1/tokens/RFID1/links', { body: { label: 'Company car' } });
    expect(made.status).toBe(201);
    const key = String(made.body['link']).split('/l/')[1] ?? '';
    expect((await get(`/driver/v1/contracts/${key}`)).body).toMatchObject({ label: 'Company car', idToken: '•••D1' });
    expect((await start({ contractLink: key })).status).toBe(202);
    expect(gateway.services.lastCall('requestStart')).toMatchObject({ idToken: { idToken: 'RFID1', type: 'ISO14443' } });
    const listed = await gateway.call('GET', '/v1/tokens/RFID1/links');
    expect(listed.body).toMatchObject({ data: [{ linkId: made.body['linkId'], label: 'Company car' }] });
    expect(JSON.stringify(listed.body)).not.toContain(key);
    expect((await gateway.call('GET', '/v1/tokens/RFID1/links?type=ISO14443')).body).toEqual(listed.body);
    expect((await gateway.call('GET', '/v1/tokens/RFID1/links?type=KeyCode')).status).toBe(404);
    gateway.services.token('RFID1', 'KeyCode');
    expect((await gateway.call('GET', '/v1/tokens/RFID1/links')).body).toEqual({ data: [] });
    gateway.services.token('RFID1', 'ISO14443');
    expect((await gateway.call('DELETE', `/v1/tokens/RFID1/links/${String(made.body['linkId'])}?type=KeyCode`)).status).toBe(404);
    expect((await gateway.call('DELETE', `/v1/tokens/OTHER/links/${String(made.body['linkId'])}`)).status).toBe(404);
    expect((await gateway.call('DELETE', `/v1/tokens/RFID1/links/${String(made.body['linkId'])}`)).status).toBe(200);
    expect(await start({ contractLink: key })).toMatchObject({ status: 404, body: { type: 'urn:voltlog:problem:link-unknown' } });
  });

  it('a link is made of a token of any type, unless one is named', async () => {
    gateway.services.token('CODE4711', 'KeyCode');
    expect((await gateway.call('POST', '/v1/tokens/CODE4711/links', { body: {} })).status).toBe(201);
    expect((await gateway.call('POST', '/v1/tokens/CODE4711/links', { body: { type: 'KeyCode' } })).status).toBe(201);
    expect((await gateway.call('POST', '/v1/tokens/CODE4711/links', { body: { type: 'ISO14443' } })).status).toBe(404);
  });

  it('a contract whose token was blocked since is refused', async () => {
    const made = await gateway.call('POST', '/v1/tokens/RFID1/links', { body: {} });
    gateway.services.token('RFID1', 'ISO14443', { status: authorizationV1.TokenStatus.BLOCKED });
    expect(await start({ contractLink: String(made.body['link']).split('/l/')[1] })).toMatchObject({ status: 403 });
  });

  it.each([
    [{}],
    [{ guest: true, keyCode: 'CODE4242' }],
    [{ guest: false }],
    [{ contractLink: 'short' }],
    [{ guest: true, limit: { energyWh: 0 } }],
    [{ guest: true, limit: { stateOfChargePercent: 101 } }],
    [{ guest: true, limit: { cost: { amount: '0.00', currency: 'EUR' } } }],
    [{ guest: true, idToken: 'RFID1' }],
  ])('%j is no start', async (body) => {
    expect((await start(body)).status).toBe(400);
  });

  it('hands the limit on, and refuses one in another currency', async () => {
    const limit = { energyWh: 10_000, cost: { amount: '5.00', currency: 'EUR' } };
    expect((await start({ guest: true, limit })).status).toBe(202);
    expect(gateway.services.lastCall('requestStart')).toMatchObject({ limit });
    expect((await start({ guest: true, limit: { cost: { amount: '5.00', currency: 'CHF' } } })).status).toBe(422);
    gateway.services.price = undefined;
    expect((await start({ guest: true, limit })).status).toBe(422);
  });

  it('not where somebody charges, and not where nobody can', async () => {
    gateway.services.move({});
    expect(await start()).toMatchObject({ status: 409, body: { type: 'urn:voltlog:problem:evse-in-use' } });
    gateway.services.running.clear();
    gateway.services.stations.set('CP-1', station('CP-1', { connected: false }));
    expect(await start()).toMatchObject({ status: 409, body: { type: 'urn:voltlog:problem:station-offline' } });
    expect(gateway.services.lastCall('putToken')).toBeUndefined();
  });

  it('sent twice by the network it begins once and gives the same key; a key others could guess is refused', async () => {
    const once = { 'idempotency-key': '0123456789abcdef0123456789abcdef' };
    const [first, again] = [await start({ guest: true }, once), await start({ guest: true }, once)];
    expect(again.body).toEqual(first.body);
    expect(gateway.services.startRequests.size).toBe(1);
    expect((await start({ guest: true }, { 'idempotency-key': 'k1' })).status).toBe(400);
  });

  it('answers while the station thinks, and the page sees what came of it', async () => {
    let answer = (): void => undefined;
    gateway.services.startGate = new Promise((resolve) => {
      answer = resolve;
    });
    const { body } = await start();
    expect(body['startRequestId']).toBeNull();
    const url = `/driver/v1/charges/${String(body['key'])}`;
    expect((await get(url)).body).toMatchObject({ state: 'Starting' });
    answer();
    await expect.poll(async () => (await get(url)).body['state']).toBe('PlugIn');
  });
});

describe('a charge, for whoever has its key', () => {
  it('goes its way from the wish to the empty place', async () => {
    const { url } = await begun();
    const state = async () => {
      const { body } = await get(url);
      return [body['state'], body['reason']];
    };
    expect(await state()).toEqual(['PlugIn', null]);
    gateway.services.begin('sr-1', { energyWh: 0, chargingState: 'EVConnected' });
    expect(await state()).toEqual(['Starting', null]);
    gateway.services.move({ energyWh: 500, chargingState: 'Charging' });
    expect(await state()).toEqual(['Charging', null]);
    gateway.services.move({ chargingState: 'SuspendedEVSE' });
    expect(await state()).toEqual(['Suspended', 'ByStation']);
    const reached = { kind: 'LimitReached', dimension: 'energy', at: undefined, stateOfChargePercent: undefined };
    gateway.services.move({ milestones: [reached] });
    expect(await state()).toEqual(['Suspended', 'LimitReached']);
    gateway.services.move({ chargingState: 'SuspendedEV', milestones: [] });
    expect(await state()).toEqual(['Suspended', 'ByVehicle']);
    gateway.services.move({ stateOfChargePercent: 100 });
    expect(await state()).toEqual(['Full', null]);
    gateway.services.move({ state: sessionV1.SessionState.ENDED, endedAt: '2026-11-23T11:00:00.000Z', stoppedReason: 'EVDisconnected' });
    expect(await state()).toEqual(['Ended', 'EVDisconnected']);
    gateway.services.move({ unpluggedAt: '2026-11-23T11:05:00.000Z', idleSeconds: 300 });
    expect(await state()).toEqual(['Unplugged', 'EVDisconnected']);
    gateway.services.move({ stoppedReason: 'Remote', endCause: 'Operator' });
    expect(await state()).toEqual(['Unplugged', 'Operator']);
  });

  it('tells figures, cost and limit, and no ID token, session or transaction', async () => {
    const { url } = await begun({ keyCode: 'CODE4242', limit: { energyWh: 9_000 } });
    gateway.services.begin('sr-1', { cost: { amount: '0.60', currency: 'EUR' }, transactionId: 'tx-secret', durationSeconds: 3_600 });
    const { body } = await get(url);
    expect(body).toMatchObject({
      energyWh: 1234.5,
      powerW: 11_000,
      powerWMax: 22_000,
      stateOfChargePercent: 42,
      cost: { amount: '0.60', currency: 'EUR' },
      limit: { energyWh: 9_000 },
      durationSeconds: 3_600,
      stopRequested: false,
    });
    expect(JSON.stringify(body)).not.toMatch(/CODE4242|s-1|tx-secret|sr-1/);
  });

  it('says when the station is offline, and of when the figures are', async () => {
    const { url } = await begun();
    gateway.services.begin('sr-1', { lastReadingAt: '2026-11-23T10:10:00.000Z' });
    expect((await get(url)).body).toMatchObject({ stationOnline: true, lastReadingAt: '2026-11-23T10:10:00.000Z' });
    gateway.services.stations.set('CP-1', station('CP-1', { connected: false }));
    expect((await get(url)).body).toMatchObject({ state: 'Charging', stationOnline: false, lastReadingAt: '2026-11-23T10:10:00.000Z' });
  });

  it.each([
    [{ state: sessionV1.StartRequestState.REFUSED, reason: 'Offline' }, 'Refused', 'Offline'],
    [{ state: sessionV1.StartRequestState.REFUSED, reason: '' }, 'Refused', 'Rejected'],
    [{ state: sessionV1.StartRequestState.LAPSED, reason: '' }, 'Lapsed', null],
    [{ state: sessionV1.StartRequestState.PENDING }, 'Starting', null],
  ])('%j is %s', async (change, state, reason) => {
    const { url } = await begun();
    gateway.services.answer('sr-1', change);
    expect((await get(url)).body).toMatchObject({ state, reason });
  });

  it('a start that could not be asked for is told as refused, and one that was forgotten ends by itself', async () => {
    gateway.services.startError = new OperatingError('ServiceUnavailable', 'away');
    const { url } = await begun();
    expect((await get(url)).body).toMatchObject({ state: 'Refused', reason: 'Offline' });
    gateway.services.startError = new RequestError('FAILED_PRECONDITION', 'no', 'NotSupported');
    expect((await get((await begun()).url)).body).toMatchObject({ state: 'Refused', reason: 'NotSupported' });
    gateway.services.startError = new RequestError('FAILED_PRECONDITION', 'no', 'BudgetExhausted');
    expect((await get((await begun()).url)).body).toMatchObject({ state: 'Refused', reason: 'TokenRefused' });
    gateway.services.startError = new RequestError('FAILED_PRECONDITION', 'no', 'ReservedForOther');
    expect((await get((await begun()).url)).body).toMatchObject({ state: 'Refused', reason: 'ReservedForOther' });
    gateway.services.startGate = new Promise(() => undefined);
    const forgotten = (await begun()).url;
    gateway.clock.ms += 149_000;
    expect((await get(forgotten)).body).toMatchObject({ state: 'Starting' });
    gateway.clock.ms += 2_000;
    expect((await get(forgotten)).body).toMatchObject({ state: 'Refused', reason: 'TimedOut' });
  });

  it('a start whose answer was lost is found again, and can be stopped', async () => {
    gateway.services.lostAnswer = new OperatingError('DeadlineExceeded', 'late');
    const { url } = await begun();
    expect((await get(url)).body).toMatchObject({ state: 'PlugIn', reason: null });
    gateway.services.begin('sr-1');
    expect((await get(url)).body).toMatchObject({ state: 'Charging' });
    expect((await write('POST', `${url}/stop`)).body).toMatchObject({ stopRequested: true });
  });

  it('a start is taken back at once before anybody plugged in; a session that comes of it all the same is shown', async () => {
    const { url } = await begun({ keyCode: 'CODE4242' });
    expect(await write('POST', `${url}/stop`)).toMatchObject({ status: 200, body: { state: 'Cancelled', stopRequested: true } });
    expect(gateway.services.lastCall('cancelStart')).toMatchObject({ startRequestId: 'sr-1', requestedBy: 'Driver' });
    gateway.services.begin('sr-1');
    gateway.services.answer('sr-1', { state: sessionV1.StartRequestState.CANCELLED });
    expect((await get(url)).body).toMatchObject({ state: 'Charging', stopRequested: true });
  });

  it('a start that is still on its way is taken back once it is known', async () => {
    let goOn = (): void => undefined;
    gateway.services.startGate = new Promise((resolve) => {
      goOn = resolve;
    });
    const { url } = await begun();
    expect(await write('POST', `${url}/stop`)).toMatchObject({ status: 200, body: { state: 'Cancelled', stopRequested: true } });
    goOn();
    await expect.poll(() => gateway.services.startRequests.get('sr-1')?.state).toBe(sessionV1.StartRequestState.ACCEPTED);
    gateway.clock.ms += 1_000;
    await expect
      .poll(() => gateway.services.startRequests.get('sr-1')?.state, { timeout: 10_000 })
      .toBe(sessionV1.StartRequestState.CANCELLED);
  });

  it('a refused or lapsed start stays what it is when it is taken back', async () => {
    const { url } = await begun();
    gateway.services.answer('sr-1', { state: sessionV1.StartRequestState.REFUSED, reason: 'Offline' });
    expect((await write('POST', `${url}/stop`)).body).toMatchObject({ state: 'Refused', reason: 'Offline' });
  });

  it('says when the station does not stop, and lets the driver ask again', async () => {
    const { url } = await begun();
    gateway.services.begin('sr-1');
    expect((await write('POST', `${url}/stop`)).body).toMatchObject({ stopRequested: true, stopFailed: false });
    const stop = sessionV1.SessionStop.fromPartial({ cause: 'Driver', attempts: 6, status: 'Accepted', escalated: true });
    gateway.services.move({ stop });
    expect((await get(url)).body).toMatchObject({ state: 'Charging', stopRequested: true, stopFailed: true });
    gateway.services.move({ stop: { ...stop, attempts: 1, escalated: false } });
    expect((await get(url)).body).toMatchObject({ stopRequested: true, stopFailed: false });
    gateway.services.move({ stop: undefined, state: sessionV1.SessionState.ENDED });
    expect((await get(url)).body).toMatchObject({ state: 'Ended', stopFailed: false });
  });

  it('says that it is being stopped when it is a limit or the operator who asked', async () => {
    const { url } = await begun();
    gateway.services.begin('sr-1', { stop: sessionV1.SessionStop.fromPartial({ cause: 'Limit', attempts: 1 }) });
    expect((await get(url)).body).toMatchObject({ state: 'Charging', stopRequested: true, stopFailed: false });
  });

  it('shows the price that it is counted by, not the one of today', async () => {
    const { url } = await begun();
    gateway.services.begin('sr-1');
    expect((await get(url)).body).toMatchObject({ price: { perKwh: '0.49' } });
    gateway.services.priceNow = sessionV1.Price.fromPartial({ scope: 'default', currency: 'EUR', perKwh: '0.99' });
    expect((await get(url)).body).toMatchObject({ price: { perKwh: '0.49' } });
    expect((await get(EVSE)).body).toMatchObject({ price: { perKwh: '0.99' } });
  });

  it('a key that was never given, one that is cut, one of another kind and one that has ended: all the same 404', async () => {
    const { key } = await begun();
    const made = await gateway.call('POST', '/v1/tokens/RFID1/links', { body: {} });
    const other = String(made.body['link']).split('/l/')[1] ?? '';
    const wrong = key.slice(0, -1) + (key.endsWith('A') ? 'B' : 'A');
    const answers = new Set<string>();
    for (const tried of [wrong, key.slice(0, 20), other, 'x'])
      for (const [method, path] of [
        ['GET', ''],
        ['GET', '/receipt'],
        ['POST', '/stop'],
        ['PUT', '/limit'],
        ['GET', '/events'],
      ] as const) {
        const { status, body } =
          method === 'GET' ? await get(`/driver/v1/charges/${tried}${path}`) : await write(method, `/driver/v1/charges/${tried}${path}`);
        answers.add(`${status} ${String(body['type'])} ${String(body['detail'])}`);
      }
    expect([...answers]).toEqual([
      '404 urn:voltlog:problem:link-unknown This link opens nothing here: it may have ended, or be incomplete.',
    ]);
    gateway.clock.ms += 401 * 24 * HOUR_MS;
    expect((await get(`/driver/v1/charges/${key}`)).status).toBe(404);
  });

  it('the key itself is not stored', async () => {
    const { key } = await begun();
    const stored = await gateway.app.get(DriverLinks).find(key, 'Charge');
    expect(stored).toMatchObject({ kind: 'Charge', stationId: 'CP-1', evseId: 1 });
    expect(JSON.stringify(stored)).not.toContain(key);
  });

  it('sets, changes and takes away the limit, once there is a session', async () => {
    const { url } = await begun();
    expect(await write('PUT', `${url}/limit`, { energyWh: 5_000 })).toMatchObject({
      status: 409,
      body: { type: 'urn:voltlog:problem:not-charging' },
    });
    gateway.services.begin('sr-1');
    expect((await write('PUT', `${url}/limit`, { energyWh: 5_000 })).body).toMatchObject({ limit: { energyWh: 5_000 } });
    expect((await write('PUT', `${url}/limit`, { durationSeconds: 60 })).body).toMatchObject({ limit: { durationSeconds: 60 } });
    expect(gateway.services.lastCall('setLimit')).toMatchObject({
      sessionId: 's-1',
      requestedBy: 'Driver',
      limit: { durationSeconds: 60 },
    });
    expect((await write('PUT', `${url}/limit`, {})).status).toBe(200);
    const cost = (currency: string) => write('PUT', `${url}/limit`, { cost: { amount: '5.00', currency } });
    expect(await cost('CHF')).toMatchObject({ status: 422, body: { type: 'urn:voltlog:problem:other-currency' } });
    expect((await cost('EUR')).status).toBe(200);
    gateway.services.price = undefined;
    gateway.services.move({ cost: undefined });
    expect((await cost('EUR')).status).toBe(422);
    // The price it keeps counts, whatever holds at the station by now.
    gateway.services.move({ cost: { amount: '1.00', currency: 'CHF' } });
    expect((await cost('CHF')).status).toBe(200);
    expect((await write('PUT', `${url}/limit`, { energyWh: -1 })).status).toBe(400);
  });

  it('stops in the name of the driver, each press a wish of its own; what has ended is left alone', async () => {
    const { url } = await begun();
    expect((await get(url)).body).toMatchObject({ stopRequested: false });
    gateway.services.begin('sr-1');
    expect((await write('POST', `${url}/stop`)).body).toMatchObject({ stopRequested: true });
    const first = gateway.services.lastCall('requestStop') as sessionV1.RequestStopRequest;
    expect(first).toMatchObject({ sessionId: 's-1', requestedBy: 'Driver' });
    await write('POST', `${url}/stop`);
    expect((gateway.services.lastCall('requestStop') as sessionV1.RequestStopRequest).idempotencyKey).not.toBe(first.idempotencyKey);
    const asked = gateway.services.calls.length;
    gateway.services.move({ state: sessionV1.SessionState.ENDED });
    expect((await write('POST', `${url}/stop`)).body).toMatchObject({ state: 'Ended', stopRequested: true });
    expect(gateway.services.calls.length).toBe(asked);
  });

  it('gives the receipt, with the card masked and a guest without one', async () => {
    const { url } = await begun({ keyCode: 'CODE4242' });
    expect((await get(`${url}/receipt`)).status).toBe(409);
    gateway.services.begin('sr-1');
    expect((await get(`${url}/receipt`)).body).toMatchObject({ final: false });
    gateway.services.move({ state: sessionV1.SessionState.ENDED, incomplete: true });
    expect((await get(`${url}/receipt`)).body).toMatchObject({ final: false });
    const stoppedBy = { idToken: 'MATE77', type: 'Local' };
    gateway.services.move({ incomplete: false, endedAt: '2026-11-23T10:30:00.000Z', durationSeconds: 1_800, endCause: 'Group', stoppedBy });
    const { body } = await get(`${url}/receipt`);
    expect(body).toMatchObject({
      final: true,
      number: 's-1',
      stationName: 'By the door',
      energyWh: 1234.5,
      durationSeconds: 1_800,
      total: { amount: '0.60', currency: 'EUR' },
      idToken: '••••••42',
      endCause: 'Group',
      stoppedBy: '••••77',
      curve: [{ powerW: 11_000 }],
    });
    gateway.services.running.clear();
    const guest = await begun();
    gateway.services.begin('sr-2');
    expect((await get(`${guest.url}/receipt`)).body).toMatchObject({ idToken: null });
  });
});

describe('push', () => {
  const keys = { p256dh: `B${'A'.repeat(86)}`, auth: 'A'.repeat(22) };
  const subscription = { endpoint: 'https://push.example/1', keys, language: 'de' };

  it('tells of this charge alone: of what comes of its start, and not of what the same token does next', async () => {
    const { url } = await begun();
    expect((await write('POST', `${url}/push`, subscription)).status).toBe(201);
    const early = gateway.services.lastCall('putSubscription') as notificationV1.PutSubscriptionRequest;
    expect(early.subscription).toMatchObject({
      channel: notificationV1.Channel.WEB_PUSH,
      target: 'https://push.example/1',
      language: 'de',
      ownerKind: 'Driver',
      filter: { startRequestId: 'sr-1', idToken: '', stationId: '', sessionId: '' },
      expiresAt: '2026-11-30T10:00:00.000Z',
    });
    gateway.services.begin('sr-1');
    await write('POST', `${url}/push`, subscription);
    const late = gateway.services.lastCall('putSubscription') as notificationV1.PutSubscriptionRequest;
    expect(late.subscription?.filter).toEqual(early.subscription?.filter);
    expect(late.idempotencyKey).toBe(early.idempotencyKey);
  });

  it('is not promised for a start that never was', async () => {
    gateway.services.startError = new RequestError('FAILED_PRECONDITION', 'no', 'Offline');
    const { url } = await begun();
    expect(await write('POST', `${url}/push`, subscription)).toMatchObject({
      status: 409,
      body: { type: 'urn:voltlog:problem:not-charging' },
    });
  });

  it('tells of one reservation alone, and takes no key of a charge for it', async () => {
    const key = String((await write('POST', `${EVSE}/reserve`, { guest: true, minutes: 20 })).body['key']);
    expect((await write('POST', `/driver/v1/reservations/${key}/push`, subscription)).status).toBe(201);
    expect((gateway.services.lastCall('putSubscription') as notificationV1.PutSubscriptionRequest).subscription).toMatchObject({
      target: 'https://push.example/1',
      filter: { reservationId: 'R-1', startRequestId: '', idToken: '', stationId: '' },
    });
    const charge = await begun();
    expect((await write('POST', `/driver/v1/reservations/${charge.key}/push`, subscription)).status).toBe(404);
    expect((await write('POST', `/driver/v1/charges/${key}/push`, subscription)).status).toBe(404);
  });

  it('goes to a push service by https only, and takes a key that opens a charge', async () => {
    const { url } = await begun();
    expect((await write('POST', `${url}/push`, { ...subscription, endpoint: 'http://push.example/1' })).status).toBe(400);
    expect((await write('POST', `/driver/v1/charges/${'x'.repeat(43)}/push`, subscription)).status).toBe(404);
    expect((await get('/driver/v1/push-key')).status).toBe(200);
  });
});

describe('reserving', () => {
  const reserve = (body: unknown = { guest: true, minutes: 20 }) => write('POST', `${EVSE}/reserve`, body);

  it('holds the EVSE for the key, and for others it is reserved', async () => {
    expect((await get(EVSE)).body).toMatchObject({ reservation: { minutesDefault: 30, minutesMax: 120, guestMinutesMax: 30 }, mine: null });
    const { status, body } = await reserve();
    expect([status, body['reservation']]).toMatchObject([
      201,
      { state: 'Active', evseUid: 'CP-1*1', expiresAt: '2026-11-23T10:20:00.000Z' },
    ]);
    expect(gateway.services.lastCall('reserve')).toMatchObject({ stationId: 'CP-1', evseId: 1, expiresAt: '2026-11-23T10:20:00.000Z' });
    // A guest who comes at the last minute still gets to charge.
    expect(gateway.services.lastCall('putToken')).toMatchObject({ expiresAt: '2026-11-23T12:20:00.000Z' });
    expect((await get(EVSE)).body).toMatchObject({ availability: 'Reserved', mayStart: false, reservation: null, mine: null });
    expect((await get(EVSE, { 'voltlog-driver-key': String(body['key']) })).body).toMatchObject({
      availability: 'Reserved',
      mayStart: true,
      mine: { kind: 'Reservation', expiresAt: '2026-11-23T10:20:00.000Z' },
    });
  });

  it.each([
    ['the token', { idToken: { idToken: 'rfid1', type: 'ISO14443' } }, {}, true],
    ['its group alone', { groupId: 'FLEET' }, { groupId: 'fleet' }, true],
    ['another group', { groupId: 'TAXI' }, { groupId: 'FLEET' }, false],
    ['another token', { idToken: { idToken: 'OTHER', type: 'Local' } }, {}, false],
  ])('by an operator, for %s of a contract, is found by the link of that', async (_, whom, token, isMine) => {
    const { services } = gateway;
    services.token('RFID1', 'ISO14443', token);
    const made = await gateway.call('POST', '/v1/tokens/RFID1/links', { body: {} });
    const expiresAt = '2026-11-23T10:20:00.000Z';
    const held = { reservationId: 'R', stationId: 'CP-1', evseId: 1, startsAt: '2026-11-23T10:00:00.000Z', expiresAt, ...whom };
    services.held.set('R', reservationV1.Reservation.fromPartial({ ...held, state: reservationV1.ReservationState.ACTIVE }));
    const key = String(made.body['link']).split('/l/')[1] ?? '';
    expect((await get(EVSE, { 'voltlog-driver-key': key })).body).toMatchObject({
      availability: 'Reserved',
      mayStart: isMine,
      mine: isMine ? { kind: 'Reservation', expiresAt } : null,
    });
    expect((await get(EVSE)).body).toMatchObject({ mayStart: false, mine: null });
  });

  it('that others made for later is told to whoever starts before, and keeps the EVSE free a while before', async () => {
    const later = { evseId: 1, stationId: 'CP-1', state: reservationV1.ReservationState.ACTIVE };
    const at = (time: string) => `2026-11-23T${time}:00.000Z`;
    const hold = (id: string, keptFrom: string, startsAt: string) =>
      gateway.services.held.set(
        id,
        reservationV1.Reservation.fromPartial({ ...later, keptFrom: at(keptFrom), startsAt: at(startsAt), expiresAt: at('23:00') }),
      );
    expect((await get(EVSE)).body).toMatchObject({ availability: 'Available', freeUntil: null });
    hold('not kept free', '11:00', '11:00');
    expect((await get(EVSE)).body).toMatchObject({ availability: 'Available', freeUntil: null });
    hold('B', '13:45', '14:00');
    hold('A', '12:45', '13:00');
    expect((await get(EVSE)).body).toMatchObject({ availability: 'Available', mayStart: true, freeUntil: at('12:45') });
    hold('now', '10:00', '10:15');
    expect((await get(EVSE)).body).toMatchObject({ availability: 'Reserved', mayStart: false, freeUntil: null });
  });

  it.each([
    ['PENDING', '', 'Asked'],
    ['PENDING', 'Offline', 'Offline'],
    ['HELD', 'Accepted', 'Held'],
    ['LOST', '', 'Asked'],
    ['NOT_SUPPORTED', 'NotImplemented', 'Alone'],
    ['REFUSED', 'Faulted', 'Alone'],
    ['REFUSED', 'OwnSession', 'Alone'],
    ['REFUSED', 'Occupied', 'Blocked'],
    ['NOT_SUPPORTED', 'Occupied', 'Blocked'],
  ] as const)('says what one finds at the station: %s %s is %s', async (hold, stationStatus, stationHold) => {
    const key = String((await reserve()).body['key']);
    const [held] = gateway.services.held.values();
    if (held !== undefined) gateway.services.held.set('R-1', { ...held, stationHold: reservationV1.StationHold[hold], stationStatus });
    expect((await get(`/driver/v1/reservations/${key}`)).body).toMatchObject({ state: 'Active', stationHold });
    expect((await write('POST', `/driver/v1/reservations/${key}/cancel`)).body).toMatchObject({ state: 'Cancelled', stationHold: null });
  });

  it('the start uses the token that reserved; elsewhere the key is worth nothing', async () => {
    const key = String((await reserve()).body['key']);
    const { idToken } = gateway.services.lastCall('reserve') as reservationV1.ReserveRequest;
    expect((await start({ reservationKey: key })).status).toBe(202);
    expect(gateway.services.lastCall('requestStart')).toMatchObject({ idToken });
    gateway.services.stations.set('CP-2', station('CP-2'));
    const elsewhere = await write('POST', '/driver/v1/evses/CP-2*1/start', { reservationKey: key });
    expect(elsewhere).toMatchObject({ status: 403, body: { type: 'urn:voltlog:problem:reservation-elsewhere' } });
    expect((await get(`/driver/v1/charges/${key}`)).status).toBe(404);
  });

  it('its key pays until it is used, given back or over, and not a day longer', async () => {
    const key = String((await reserve({ keyCode: 'CODE4242', minutes: 15 })).body['key']);
    await write('POST', `/driver/v1/reservations/${key}/cancel`);
    expect(await start({ reservationKey: key })).toMatchObject({ status: 403, body: { type: 'urn:voltlog:problem:reservation-ended' } });
    expect(gateway.services.lastCall('requestStart')).toBeUndefined();
    expect((await get(`/driver/v1/reservations/${key}`)).body).toMatchObject({ state: 'Cancelled' });
  });

  it('is read and given back by its key alone', async () => {
    const key = String((await reserve()).body['key']);
    expect((await get(`/driver/v1/reservations/${key}`)).body).toMatchObject({ state: 'Active', stationName: 'By the door' });
    expect((await write('POST', `/driver/v1/reservations/${key}/cancel`)).body).toMatchObject({ state: 'Cancelled', reason: 'ByDriver' });
    expect((await get(EVSE, { 'voltlog-driver-key': key })).body).toMatchObject({ availability: 'Available', mine: null });
    expect((await get(`/driver/v1/reservations/${'x'.repeat(43)}`)).status).toBe(404);
    expect((await write('POST', `/driver/v1/reservations/${(await begun()).key}/cancel`)).status).toBe(404);
  });

  it('a refusal is told with its reason, and its key opens nothing', async () => {
    gateway.services.reserveError = new RequestError('FAILED_PRECONDITION', 'the EVSE is reserved', 'EvseReserved');
    expect(await reserve()).toMatchObject({ status: 409, body: { type: 'urn:voltlog:problem:evse-reserved' } });
    gateway.services.reserveError = new RequestError('FAILED_PRECONDITION', 'it is blocked', 'ContractBlocked');
    expect(await reserve()).toMatchObject({ status: 403, body: { type: 'urn:voltlog:problem:token-refused' } });
  });

  it('guests hold little: not long, and not one EVSE after the other', async () => {
    expect((await reserve({ guest: true, minutes: 31 })).status).toBe(422);
    expect([(await reserve()).status, (await reserve()).status, (await reserve()).status]).toEqual([201, 201, 429]);
    expect((await reserve({ keyCode: 'CODE4242', minutes: 120 })).status).toBe(201);
    await gateway.app.close();
    await open('off');
    expect((await reserve()).status).toBe(403);
  });

  it('without the reservation service the page of the EVSE is still of use', async () => {
    gateway.services.reservationsAway = true;
    expect(await get(EVSE)).toMatchObject({ status: 200, body: { availability: 'Available', reservation: null } });
  });
});

describe('the stream of a charge', () => {
  const closers: (() => void)[] = [];
  afterEach(() => {
    for (const close of closers.splice(0)) close();
  });

  async function listen(path: string) {
    if (gateway.app.getHttpServer().address() === null) await gateway.app.listen(0, '127.0.0.1');
    const abort = new AbortController();
    closers.push(() => abort.abort());
    const { port } = gateway.app.getHttpServer().address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { signal: abort.signal });
    let text = '';
    void (async () => {
      for await (const chunk of response.body ?? []) text += Buffer.from(chunk).toString();
    })().catch(() => undefined);
    return { response, text: () => text, has: (wanted: string) => expect.poll(() => text, { timeout: 5_000 }).toContain(wanted) };
  }
  const happened = (id: string, stationId = 'CP-1') =>
    gateway.log.publish('connection.station.v1', stationId, { id, type: 'voltlog.connection.MeterValuesReported.v1', data: { stationId } });

  it('tells the whole charge at once, and again when it has changed after something happened there', async () => {
    const { url } = await begun();
    gateway.services.begin('sr-1');
    const client = await listen(`${url}/events`);
    expect(client.response.headers.get('content-type')).toBe('text/event-stream');
    await client.has('"energyWh":1234.5');
    gateway.services.move({ energyWh: 2_000 });
    await happened('e-1');
    await client.has('"energyWh":2000');
    expect(client.text()).not.toContain('TAG1');
    expect(client.text().match(/event: charge/g)?.length).toBe(2);
  });

  it('hears nothing of other stations, and one that comes back is told all of it again', async () => {
    const { url } = await begun();
    gateway.services.begin('sr-1');
    const client = await listen(`${url}/events`);
    await client.has('event: charge');
    gateway.services.move({ energyWh: 3_000 });
    await happened('e-1', 'CP-2');
    const again = await listen(`${url}/events`);
    await again.has('"energyWh":3000');
    expect(client.text()).not.toContain('"energyWh":3000');
  });

  it('has a limit for each link', async () => {
    const { url } = await begun();
    for (let i = 0; i < STREAMS_OF_LINK_MAX; i += 1) await (await listen(`${url}/events`)).has('event: charge');
    expect((await listen(`${url}/events`)).response.status).toBe(503);
  });
});

describe('the rim of the driver API', () => {
  it('takes no write without the header that no form of another page can send, nor as a form', async () => {
    const { url } = await begun();
    expect((await gateway.call('POST', `${EVSE}/start`, { key: null, body: { guest: true } })).status).toBe(403);
    expect((await gateway.call('POST', `${url}/stop`, { key: null, body: {} })).status).toBe(403);
    const form = await gateway.app.inject({
      method: 'POST',
      url: `${EVSE}/start`,
      payload: 'guest=true',
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'voltlog-driver': '1' },
    });
    expect([400, 415]).toContain(form.statusCode);
  });

  it('counts starts by address, and requests by link', async () => {
    const statuses: number[] = [];
    for (let i = 0; i < 14; i += 1) statuses.push((await start()).status);
    expect(statuses).toEqual([...Array.from({ length: 12 }, () => 202), 429, 429]);
    gateway.clock.ms += 60_000;
    const { url } = await begun();
    const seen = new Set<number>();
    for (let i = 0; i < 70; i += 1) seen.add((await get(url)).status);
    expect([...seen]).toEqual([200, 429]);
    const refused = await get(url);
    expect([refused.headers['retry-after'], refused.body['type']]).toEqual(['1', 'urn:voltlog:problem:rate-limited']);
    expect((await get(EVSE)).status).toBe(200);
  });

  it('an API key opens nothing more here, and a driver key nothing of the API', async () => {
    const { key } = await begun();
    expect((await gateway.call('GET', '/v1/sessions', { key })).status).toBe(401);
  });

  it.each(['/c/CP-1*1', '/s/x', '/r/x', '/l/x'])('%s is the page, strict in what it may load', async (path) => {
    const { status, headers } = await get(path);
    // Built or not: the rule holds for what is sent.
    expect([200, 404]).toContain(status);
    const policy = String(headers['content-security-policy']);
    expect(policy).not.toMatch(/\*|unsafe|https?:/);
    expect(policy).toContain("frame-ancestors 'none'");
    expect(headers['referrer-policy']).toBe('no-referrer');
  });
});
