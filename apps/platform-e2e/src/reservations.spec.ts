import {
  Car,
  type OcppVersion,
  runScenario,
  ScaledClock,
  SimulatedStation,
  type StationOptions,
  scenarioNamed,
} from '@voltlog/simulator-app';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AllInOne } from './harness/all-in-one.js';
import { eventually } from './harness/eventually.js';
import { registerStation, registerTokens, STATION_PASSWORD, sessionsOf } from './harness/fleet.js';
import { cancel, reserve, untilReservation } from './harness/reservations.js';

const VERSIONS: readonly OcppVersion[] = ['1.6', '2.0.1'];
/** A scenario in a hurry: what is held half an hour is held 90 s. */
const SPEED = 20;
/** Ahead enough to have a car plugged in before it begins, on a busy machine too, ms. Under a minute ahead, that EVSE is not chosen. */
const LEAD_MS = 15_000;

let platform: AllInOne;
const tokens = { token: 'E2E-CARD-1', otherToken: 'E2E-CARD-2', blockedToken: 'E2E-CARD-X' };

beforeAll(async () => {
  platform = await AllInOne.start({
    RATE_LIMIT_BURST: '100000',
    RATE_LIMIT_PER_SECOND: '100000',
    RESERVATION_SETTLE_MS: '300',
    // Nobody shows a card for the cars that are in the way here.
    RESERVATION_UNIDENTIFIED_SECONDS: '1',
  });
  await registerTokens(platform.api);
});
afterAll(() => platform?.stop());

const crash = async (): Promise<void> => {
  await platform.child.kill9();
  await platform.restart();
};

async function prepare(id: string, version: OcppVersion, change: Partial<StationOptions> = {}): Promise<StationOptions> {
  await registerStation(platform.api, id);
  return { id, version, url: platform.ocppUrl, password: STATION_PASSWORD, reconnectMs: [5, 200], ...change };
}

/** One reservation per token is allowed, so each test brings its own. */
async function card(idToken: string): Promise<string> {
  await platform.api.ok('PUT', `/v1/tokens/${idToken}`, { status: 'Active' });
  return idToken;
}

describe.each(VERSIONS)('a reservation, OCPP %s', (version) => {
  it('is held on the spot and used by its driver, over a crash (kill -9) between the steps', async () => {
    const stationId = `hold-${version}`;
    const token = await card(`HOLD-${version}`);
    const station = new SimulatedStation(await prepare(stationId, version));
    await station.connect();
    await station.idle();
    const { reservationId } = await reserve(platform.api, { stationId, evseId: 1, idToken: token });
    await crash();
    await untilReservation(platform.api, reservationId, { state: 'Active', stationHold: 'Held', stationStatus: 'Accepted' });
    await station.line.until(() => station.line.isRegistered && station.line.isIdle);
    expect(station.evse(1)?.hold).toMatchObject({ idToken: token });
    expect(station.swipe(1, tokens.otherToken)).toBeUndefined();
    await crash();
    await station.line.until(() => station.line.isRegistered && station.line.isIdle);
    await station.authorize(token);
    const entry = station.swipe(1, token);
    await crash();
    await station.line.until(() => entry?.start === 'answered');
    await untilReservation(platform.api, reservationId, { state: 'Used', transactionId: String(entry?.transactionId) });
    expect(entry?.tokenStatus).toBe('Accepted');
    station.stopTransaction(1, 'Local', token);
    await station.idle();
    await eventually('its session', async () => ((await sessionsOf(platform.api, stationId)).length === 1 ? true : undefined));
    await station.stop();
  });

  it('is held in the backend alone where the station cannot: a stranger is refused there, its driver is not', async () => {
    const stationId = `backend-${version}`;
    const token = await card(`BACKEND-${version}`);
    const station = new SimulatedStation(await prepare(stationId, version, { canReserve: false }));
    await station.connect();
    const { reservationId } = await reserve(platform.api, { stationId, evseId: 1, idToken: token });
    await untilReservation(platform.api, reservationId, { state: 'Active', stationHold: 'NotSupported' });
    expect(await station.authorize(tokens.otherToken)).toBe(version === '1.6' ? 'Blocked' : 'NotAtThisTime');
    const refused = station.start(1, tokens.otherToken);
    await station.line.until(() => refused.stop === 'answered');
    expect(refused).toMatchObject({ tokenStatus: version === '1.6' ? 'Blocked' : 'NotAtThisTime', stopReason: 'DeAuthorized' });
    await untilReservation(platform.api, reservationId, { state: 'Active' });
    expect(await station.authorize(token)).toBe('Accepted');
    station.start(1, token);
    await untilReservation(platform.api, reservationId, { state: 'Used' });
    station.stopTransaction(1);
    await station.idle();
    await station.stop();
  });

  it('for any EVSE is moved when a car does not leave its own, over a crash (kill -9), and used at the other', {
    timeout: 90_000,
  }, async () => {
    const stationId = `moved-${version}`;
    const token = await card(`MOVED-${version}`);
    const { api } = platform;
    const evses = [1, 2].map(() => ({ kind: 'AC', powerWMax: 11_000 }) as const);
    await registerStation(api, stationId, evses);
    const station = new SimulatedStation({
      id: stationId,
      version,
      url: platform.ocppUrl,
      password: STATION_PASSWORD,
      evses,
      reconnectMs: [5, 200],
    });
    await station.connect();
    await station.idle();
    const startsAt = new Date(Date.now() + LEAD_MS).toISOString();
    const first = await reserve(api, { stationId, idToken: token, startsAt });
    expect(first.evseId).toBe(1);
    // By the id that the reserver knows.
    const filter = { kinds: ['ReservationMoved'], reservationId: first.reservationId };
    const wish = { channel: 'Email', target: `${stationId}@example.com`, filter };
    const { subscriptionId } = await api.ok<{ subscriptionId: string }>('POST', '/v1/subscriptions', wish);
    station.plugIn(1, new Car());
    await station.idle();
    await crash();
    const { movedTo } = await untilReservation(api, first.reservationId, { state: 'Cancelled', endReason: 'Moved' }, LEAD_MS + 20_000);
    const other = await untilReservation(api, String(movedTo), { state: 'Active', stationHold: 'Held', evseId: 2 });
    expect(other.movedFrom).toBe(first.reservationId);
    const deliveries = `/v1/deliveries?subscriptionId=${subscriptionId}`;
    type Told = { readonly data: readonly { readonly kind: string; readonly state: string; readonly reservationId: string }[] };
    const told = await eventually('its reserver is told', async () => {
      const { data } = await api.get<Told>(deliveries);
      return data.some(({ state }) => state === 'Delivered') ? data : undefined;
    });
    expect(told).toMatchObject([{ kind: 'ReservationMoved', reservationId: other.reservationId }]);
    await station.line.until(() => station.line.isRegistered && station.line.isIdle);
    station.start(2, token);
    await untilReservation(api, other.reservationId, { state: 'Used' });
    station.stopTransaction(2);
    await station.idle();
    await station.stop();
  });

  it('is cancelled: the next driver charges at once', async () => {
    const stationId = `cancel-${version}`;
    const token = await card(`CANCEL-${version}`);
    const options = await prepare(stationId, version, { clock: new ScaledClock(SPEED) });
    const playing = runScenario(scenarioNamed('reserve-cancel'), { ...options, tokens: { ...tokens, token } });
    const { reservationId } = await reserve(platform.api, { stationId, evseId: 1, idToken: token });
    await untilReservation(platform.api, reservationId, { stationHold: 'Held' });
    expect(await cancel(platform.api, reservationId)).toMatchObject({ state: 'Cancelled', endReason: 'ByDriver' });
    await untilReservation(platform.api, reservationId, { state: 'Cancelled', stationHold: 'Released' });
    expect(await playing).toMatchObject([{ idToken: tokens.otherToken, tokenStatus: 'Accepted', stop: 'answered' }]);
  });

  it.each(['reserve-and-charge', 'reserve-cancel', 'reserve-lost-on-reboot', 'reserve-cannot-hold', 'reserve-while-offline'])(
    'is asked for by the scenario itself, which has the API: %s',
    async (name) => {
      const stationId = `${name}-${version}`;
      // OCPP 1.6 has 20 characters for a token.
      const token = await card(`${name.slice(8, 18)}-${version}`);
      const options = await prepare(stationId, version);
      const entries = await runScenario(scenarioNamed(name), { ...options, tokens: { ...tokens, token }, api: platform.api });
      expect(entries.at(-1)).toMatchObject({ tokenStatus: 'Accepted', stop: 'answered' });
    },
  );

  it('is lost when the station boots, told again, and used', async () => {
    const stationId = `lost-${version}`;
    const token = await card(`LOST-${version}`);
    const options = await prepare(stationId, version, { clock: new ScaledClock(SPEED) });
    const { reservationId } = await reserve(platform.api, { stationId, evseId: 1, idToken: token });
    await untilReservation(platform.api, reservationId, { stationHold: 'Pending', stationStatus: 'Offline' });
    const entries = await runScenario(scenarioNamed('reserve-lost-on-reboot'), { ...options, tokens: { ...tokens, token } });
    await untilReservation(platform.api, reservationId, { state: 'Used', transactionId: String(entries[0]?.transactionId) });
  });
});

it('nobody comes: it expires as a no-show, over a crash (kill -9) in between, and the next driver charges', {
  timeout: 150_000,
}, async () => {
  const play = async (version: OcppVersion): Promise<void> => {
    const stationId = `no-show-${version}`;
    const token = await card(`NO-SHOW-${version}`);
    const options = await prepare(stationId, version, { clock: new ScaledClock(1) });
    const station = new SimulatedStation(options);
    await station.connect();
    await station.idle();
    const expiresAt = new Date(Date.now() + 61_000).toISOString();
    const { reservationId } = await reserve(platform.api, { stationId, evseId: 1, idToken: token, expiresAt });
    await untilReservation(platform.api, reservationId, { stationHold: 'Held' });
    if (version === '1.6') await crash();
    await untilReservation(platform.api, reservationId, { state: 'Expired', endReason: 'NoShow' }, 90_000);
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(expiresAt));
    await station.line.until(() => station.line.isRegistered && station.line.isIdle && station.evse(1)?.hold === undefined);
    const entry = station.swipe(1, tokens.otherToken);
    await station.line.until(() => entry?.start === 'answered');
    expect(entry?.tokenStatus).toBe('Accepted');
    station.stopTransaction(1);
    await station.idle();
    await station.stop();
  };
  // The crash is for both: the second is reserved before it.
  await Promise.all(['2.0.1' as const, '1.6' as const].map((version) => play(version)));
});

it('a card that may not charge there neither reserves nor starts: it is told why at once', async () => {
  const { api } = platform;
  await prepare('refused', '1.6');
  const told = async (path: string, body: object) => {
    const { status, body: problem } = await api.call('POST', path, { stationId: 'refused', evseId: 1, ...body });
    return [status, problem['type'], problem['detail']];
  };
  const word = (slug: string): string => `urn:voltlog:problem:${slug}`;
  const start = (idToken: string) => told('/v1/start-requests', { idToken });
  const hold = (idToken: string, more: object = {}) => told('/v1/reservations', { idToken, ...more });
  const blocked = 'the token may not charge there then: the token is blocked';
  expect(await hold(tokens.blockedToken)).toEqual([409, word('token-blocked'), blocked]);
  expect(await start(tokens.blockedToken)).toEqual([409, word('token-blocked'), 'the token may not charge there: the token is blocked']);
  expect((await start('NOBODY-KNOWS-IT')).slice(0, 2)).toEqual([409, word('token-unknown')]);
  expect((await hold('NOBODY-KNOWS-IT')).slice(0, 2)).toEqual([409, word('token-unknown')]);
  await api.ok('PUT', '/v1/tokens/ELSEWHERE', { stationIds: ['another'] });
  expect((await hold('ELSEWHERE')).slice(0, 2)).toEqual([409, word('token-not-here')]);
  const later = new Date(Date.now() + 1_800_000).toISOString();
  await api.ok('PUT', '/v1/tokens/ENDS-SOON', { expiresAt: new Date(Date.now() + 900_000).toISOString() });
  expect((await hold('ENDS-SOON', { startsAt: later })).slice(0, 2)).toEqual([409, word('token-expired')]);
  const [decision] = await eventually('the decision', async () => {
    const { data } = await api.get<{ data: { purpose: string; explanation: string }[] }>('/v1/authorization-decisions?idToken=ENDS-SOON');
    return data.length === 0 ? undefined : data;
  });
  expect(decision).toMatchObject({ purpose: 'Reserve', explanation: 'The reservation was refused: the token has expired.' });
  expect((await hold('ENDS-SOON'))[0]).toBe(201);
  await eventually('it to be held for somebody else', async () =>
    (await start(tokens.token))[1] === word('reserved-for-other') ? true : undefined,
  );
});

it('two drivers race for the last connector: one has it, the other is told at once', async () => {
  await prepare('race', '1.6');
  const racers = await Promise.all(Array.from({ length: 20 }, (_, index) => card(`RACE-${index}`)));
  const answers = await Promise.all(racers.map((idToken) => platform.api.call('POST', '/v1/reservations', { stationId: 'race', idToken })));
  const statuses = answers.map(({ status }) => status).toSorted();
  expect(statuses).toEqual([201, ...new Array<number>(19).fill(409)]);
});
