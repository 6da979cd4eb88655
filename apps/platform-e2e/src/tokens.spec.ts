import {
  type OcppVersion,
  runScript,
  SimulatedStation,
  type StationOptions,
  type Step,
  scenarioNamed,
  VirtualClock,
} from '@voltlog/simulator-app';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AllInOne } from './harness/all-in-one.js';
import { eventually } from './harness/eventually.js';
import { registerTokens, type SessionView, STATION_PASSWORD, sessionsOf } from './harness/fleet.js';
import { decisionsOf, reasonOf, untilList } from './harness/tokens.js';

const VERSIONS: readonly OcppVersion[] = ['1.6', '2.0.1'];
/** Of this site alone the stations keep lists. */
const SITE_WITH_LISTS = 'listed';

let platform: AllInOne;
beforeAll(async () => {
  platform = await AllInOne.start({
    AUTHORIZATION_MASTER_PASS_GROUP: 'MASTER-PASS',
    RATE_LIMIT_BURST: '100000',
    RATE_LIMIT_PER_SECOND: '100000',
    CALLS_PER_SECOND_MAX: '10000',
  });
  await registerTokens(platform.api);
  await platform.api.ok('POST', '/v1/sites', { siteId: SITE_WITH_LISTS, name: 'Listed' });
  const policy = { unknownTokens: 'reject', authorizationAway: 'accept-known', noAuthorization: 'accept', localLists: true };
  await platform.api.ok('PUT', `/v1/sites/${SITE_WITH_LISTS}/authorization-policy`, policy);
});
afterAll(() => platform?.stop());

const crash = async (): Promise<void> => {
  await platform.child.kill9();
  await platform.restart();
};

/** A card of a test's own. */
async function card(idToken: string, rules: object = {}): Promise<string> {
  await platform.api.ok('PUT', `/v1/tokens/${idToken}`, { status: 'Active', ...rules });
  return idToken;
}

/** A station that is connected, and what it was heard to call. */
async function open(
  id: string,
  version: OcppVersion,
  change: Partial<StationOptions> = {},
  siteId?: string,
): Promise<{ readonly station: SimulatedStation; readonly called: string[] }> {
  const evses = [{ evseId: 1, powerWMax: 11_000, connectors: [{ connectorId: 1, connectorType: 'sType2' }] }];
  const site = siteId === undefined ? {} : { siteId };
  await platform.api.ok('POST', '/v1/stations', { stationId: id, password: STATION_PASSWORD, evses, ...site });
  const called: string[] = [];
  const station = new SimulatedStation({
    id,
    version,
    url: platform.ocppUrl,
    password: STATION_PASSWORD,
    clock: new VirtualClock(Date.now() - 3_600_000),
    reconnectMs: [5, 200],
    onEvent(event) {
      if (event.type !== 'frame' || event.direction !== 'out') return;
      const [type, , action] = JSON.parse(event.text) as readonly [number, string, string];
      if (type === 2) called.push(action);
    },
    ...change,
  });
  await station.connect();
  await station.idle();
  return { station, called };
}

async function close(station: SimulatedStation): Promise<void> {
  await station.stop();
  station.clock.dispose();
}

const ended = (stationId: string, count = 1): Promise<readonly SessionView[]> =>
  eventually(`${count} ended sessions of ${stationId}`, async () => {
    const sessions = await sessionsOf(platform.api, stationId);
    return sessions.length === count && sessions.every(({ state }) => state === 'Ended') ? sessions : undefined;
  });

const play = (station: SimulatedStation, steps: readonly Step[]): Promise<void> => runScript(station, steps);

describe.each(VERSIONS)('a card, OCPP %s', (version) => {
  it('local-list: charges offline by the list of its station, over a crash (kill -9), and leaves the list when it is blocked', {
    timeout: 90_000,
  }, async () => {
    const scenario = scenarioNamed('local-list');
    const stationId = `list-${version}`;
    const token = await card(`LIST-${version}`);
    const { station, called } = await open(stationId, version, scenario.station, SITE_WITH_LISTS);
    const { wantedVersion } = await untilList(platform.api, stationId, { state: 'InStep' });
    expect(station.localList).toMatchObject({ version: wantedVersion });
    const tokens = { token, otherToken: 'E2E-CARD-2', blockedToken: 'E2E-CARD-X' };
    const steps = scenario.steps(version, tokens);
    await play(station, steps.slice(0, -1));
    await crash();
    await play(station, steps.slice(-1));
    const [session] = await ended(stationId);
    expect(session).toMatchObject({ idToken: token, authorizationStatus: 'Accepted' });
    expect(called).not.toContain('Authorize');
    await platform.api.ok('PUT', `/v1/tokens/${token}`, { status: 'Blocked' });
    await eventually('the card is off the list', () => (station.localList?.find(token, station.now()) === undefined ? true : undefined));
    await untilList(platform.api, stationId, { state: 'InStep' });
    expect(station.localList?.find('E2E-CARD-1', station.now())).toBeDefined();
    station.localList?.forget();
    await platform.api.ok('POST', `/v1/stations/${stationId}/local-list/sync`, {});
    await eventually('the list that was lost is there again', () => ((station.localList?.size ?? 0) > 0 ? true : undefined));
    await untilList(platform.api, stationId, { state: 'InStep' });
    await close(station);
  });

  it('group-stop: a mate of the group stops the session, a stranger does not', async () => {
    const scenario = scenarioNamed('group-stop');
    const stationId = `group-${version}`;
    const groupId = `FAMILY-${version}`;
    const token = await card(`GROUP-A-${version}`, { groupId });
    const otherToken = await card(`GROUP-B-${version}`, { groupId });
    const { station } = await open(stationId, version);
    await play(station, scenario.steps(version, { token, otherToken, blockedToken: 'E2E-CARD-X' }));
    expect(await ended(stationId)).toMatchObject([{ idToken: token, stoppedReason: 'Local' }]);
    await play(station, [{ do: 'plugIn' }, { do: 'tap', token, outcome: 'Started' }]);
    await play(station, [{ do: 'tap', token: 'E2E-CARD-2', outcome: 'Refused' }]);
    if (version === '2.0.1') await askWhetherToStop(station, otherToken);
    await play(station, [{ do: 'tap', token: otherToken, outcome: 'Stopped' }]);
    await ended(stationId, 2);
    const told = await decisionsOf(platform.api, `stationId=${stationId}&idToken=${otherToken}`);
    expect(told.map(({ reason }) => reason)).not.toContain('NotYourSession');
    await close(station);
  });

  it('master-pass: stops the session of a stranger and starts none', async () => {
    const scenario = scenarioNamed('master-pass');
    const stationId = `master-${version}`;
    const token = await card(`DRIVER-${version}`);
    const guard = await card(`GUARD-${version}`, { groupId: 'MASTER-PASS' });
    const { station } = await open(stationId, version, scenario.station);
    await play(station, scenario.steps(version, { token, otherToken: guard, blockedToken: 'E2E-CARD-X' }));
    expect(await ended(stationId)).toMatchObject([{ idToken: token }]);
    await play(station, [{ do: 'plugIn' }, { do: 'tap', token: guard }]);
    expect(station.ledger.of(stationId).at(-1)).toMatchObject({ idToken: guard, tokenStatus: 'Blocked', stopReason: 'DeAuthorized' });
    expect(await reasonOf(platform.api, `stationId=${stationId}&idToken=${guard}&status=Blocked`)).toBe('MasterPassMayNotStart');
    await close(station);
  });

  it('budget-exhausted: charges once a day, over a crash (kill -9), and is refused then', { timeout: 90_000 }, async () => {
    const scenario = scenarioNamed('budget-exhausted');
    const stationId = `budget-${version}`;
    const token = await card(`BUDGET-${version}`, { budget: { sessionsPerDay: 1 } });
    const { station } = await open(stationId, version, { clock: new VirtualClock(Date.now() - 600_000) });
    const steps = scenario.steps(version, { token, otherToken: 'E2E-CARD-2', blockedToken: 'E2E-CARD-X' });
    const pause = steps.findIndex(({ do: what }) => what === 'wait');
    await play(station, steps.slice(0, pause));
    await ended(stationId);
    await crash();
    await station.line.until(() => station.line.isRegistered && station.line.isIdle);
    const told = version === '1.6' ? 'Blocked' : 'NoCredit';
    await eventually('the budget is used up', async () => ((await station.authorize(token)) === told ? true : undefined));
    await play(station, steps.slice(pause));
    expect(station.ledger.of(stationId).map(({ stopReason }) => stopReason)).toEqual(['Local', 'DeAuthorized']);
    expect(await reasonOf(platform.api, `stationId=${stationId}&idToken=${token}&status=NoCredit`)).toBe('BudgetExhausted');
    await close(station);
  });

  it('blocked-card: starts and stops nothing; what is blocked now is refused at once', async () => {
    const scenario = scenarioNamed('blocked-card');
    const stationId = `blocked-${version}`;
    const token = await card(`SOON-${version}`);
    const { station } = await open(stationId, version);
    await play(station, scenario.steps(version, { token, otherToken: 'E2E-CARD-2', blockedToken: 'E2E-CARD-X' }));
    expect(await ended(stationId)).toMatchObject([{ idToken: token }]);
    await platform.api.ok('PUT', `/v1/tokens/${token}`, { status: 'Blocked' });
    await play(station, [{ do: 'plugIn' }, { do: 'tap', token, outcome: 'Refused' }]);
    expect(await reasonOf(platform.api, `stationId=${stationId}&idToken=${token}&status=Blocked`)).toBe('TokenBlocked');
    const [latest] = await decisionsOf(platform.api, `stationId=${stationId}&idToken=${token}&status=Blocked`);
    expect(latest?.explanation).toBe('The token was refused: the token is blocked.');
    await close(station);
  });

  it.each([true, false])(
    'started from afar at a station that asks first (AuthorizeRemote: %s) is accepted and makes a session',
    async (asks) => {
      const stationId = `remote-${asks}-${version}`;
      const settings = { AuthorizeRemoteTxRequests: String(asks), 'AuthCtrlr.AuthorizeRemoteStart': String(asks) };
      const { station, called } = await open(stationId, version, { settings, clock: new VirtualClock(Date.now()) });
      const token = await card(`REMOTE-${asks}-${version}`);
      await play(station, [{ do: 'plugIn' }]);
      const wish = { stationId, evseId: 1, idToken: token };
      const { startRequestId } = await platform.api.ok<{ startRequestId: string }>('POST', '/v1/start-requests', wish);
      await eventually('the start request became a session', async () => {
        const { state } = await platform.api.get<{ state: string }>(`/v1/start-requests/${startRequestId}`);
        return state === 'Started' ? true : undefined;
      });
      await station.idle();
      const start = version === '1.6' ? 'StartTransaction' : 'TransactionEvent';
      const asked = called.filter((action) => action === 'Authorize' || action === start);
      expect(asked[0]).toBe(asks ? 'Authorize' : start);
      expect(asked.filter((action) => action === 'Authorize')).toHaveLength(asks ? 1 : 0);
      await play(station, [{ do: 'charge', wh: 200 }, { do: 'tap', token, outcome: 'Stopped' }, { do: 'unplug' }]);
      expect(await ended(stationId)).toMatchObject([{ idToken: token, authorizationStatus: 'Accepted' }]);
      expect(station.ledger.of(stationId)).toMatchObject([{ tokenStatus: 'Accepted', stop: 'answered' }]);
      await close(station);
    },
  );
});

it('a start button asks nobody, and is refused where its site wants none, or somebody else has reserved', async () => {
  const stationId = 'button-2.0.1';
  await platform.api.ok('POST', '/v1/sites', { siteId: 'buttons', name: 'Buttons' });
  const { station } = await open(stationId, '2.0.1', {}, 'buttons');
  const press = async (transactionId: string): Promise<unknown> => {
    const answer = await station.call('TransactionEvent', {
      eventType: 'Started',
      timestamp: station.timestamp(),
      triggerReason: 'Authorized',
      seqNo: 0,
      transactionInfo: { transactionId },
      evse: { id: 1, connectorId: 1 },
      idToken: { idToken: '', type: 'NoAuthorization' },
    });
    return answer.kind === 'result' ? (answer.payload['idTokenInfo'] as { readonly status: string }).status : answer.kind;
  };
  expect(await press('free')).toBe('Accepted');
  const reservation = await platform.api.ok<{ reservationId: string }>('POST', '/v1/reservations', {
    stationId,
    evseId: 1,
    idToken: await card('BUTTON-RESERVER'),
  });
  await eventually('the hold is known', async () => ((await press('held')) === 'NotAtThisTime' ? true : undefined));
  await platform.api.ok('POST', `/v1/reservations/${reservation.reservationId}/cancel`, {});
  const policy = { unknownTokens: 'reject', authorizationAway: 'accept-known', noAuthorization: 'reject', localLists: false };
  await platform.api.ok('PUT', '/v1/sites/buttons/authorization-policy', policy);
  await eventually('the policy is known', async () => ((await press('unwanted')) === 'Invalid' ? true : undefined));
  expect(await reasonOf(platform.api, `stationId=${stationId}&status=Invalid`)).toBe('NoAuthorizationRefused');
  await close(station);
});

/** OCPP 2.0.1 Part 2 E07: the station says who wants to stop before it ends the transaction. */
async function askWhetherToStop(station: SimulatedStation, mate: string): Promise<void> {
  const entry = station.evse(1)?.transaction;
  if (entry === undefined) throw new Error('nothing is running');
  const ask = async (idToken: string): Promise<unknown> => {
    entry.seqNo += 1;
    const answer = await station.call('TransactionEvent', {
      eventType: 'Updated',
      timestamp: station.timestamp(),
      triggerReason: 'StopAuthorized',
      seqNo: entry.seqNo - 1,
      transactionInfo: { transactionId: String(entry.transactionId), chargingState: 'Charging' },
      evse: { id: 1, connectorId: 1 },
      idToken: { idToken, type: 'ISO14443' },
    });
    return answer.kind === 'result' ? (answer.payload['idTokenInfo'] as { readonly status: string }).status : answer.kind;
  };
  await eventually('a stranger is refused', async () => ((await ask('E2E-CARD-2')) === 'Invalid' ? true : undefined));
  expect(await ask(mate)).toBe('Accepted');
  expect(await ask(entry.idToken)).toBe('Accepted');
  expect(await reasonOf(platform.api, `stationId=${station.id}&idToken=E2E-CARD-2&status=Invalid`)).toBe('NotYourSession');
}
