import { randomBytes } from 'node:crypto';
import { runScript, SimulatedStation, type Step } from '@voltlog/simulator-app';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from './harness/eventually.js';
import { registerTokens, STATION_PASSWORD, sessionsOf } from './harness/fleet.js';
import { type Infrastructure, Processes, startInfrastructure } from './harness/processes.js';
import { reasonOf, untilList } from './harness/tokens.js';

const run = randomBytes(3).toString('hex');
const SITE = `listed-${run}`;
const DEADLINE_MS = 60_000;
let infrastructure: Infrastructure;
let platform: Processes;
beforeAll(async () => {
  infrastructure = await startInfrastructure();
  platform = await Processes.start(infrastructure);
  await registerTokens(platform.api);
  await platform.api.ok('POST', '/v1/sites', { siteId: SITE, name: 'Listed' });
});
afterAll(async () => {
  await platform?.stop();
  await infrastructure?.stop();
});

async function open(stationId: string): Promise<SimulatedStation> {
  const evses = [{ evseId: 1, powerWMax: 11_000, connectors: [{ connectorId: 1, connectorType: 'sType2' }] }];
  await platform.api.ok('POST', '/v1/stations', { stationId, siteId: SITE, password: STATION_PASSWORD, evses });
  const settings = { 'AuthCtrlr.OfflineTxForUnknownIdEnabled': 'false' };
  const url = platform.ocppUrls;
  const station = new SimulatedStation({
    id: stationId,
    version: '2.0.1',
    url,
    password: STATION_PASSWORD,
    reconnectMs: [5, 200],
    settings,
  });
  await station.connect();
  await station.idle();
  return station;
}

const crash = async (): Promise<void> => {
  await platform.kill9('authorization');
  await platform.restart('authorization');
};
const play = (station: SimulatedStation, ...steps: Step[]): Promise<void> => runScript(station, steps);

it('limits a contract, blocks a card at once and keeps lists in step, on Kafka and MongoDB, over crashes of authorization (kill -9)', {
  timeout: 300_000,
}, async () => {
  const { api } = platform;
  const [first, second] = [`FIRST-${run}`, `SECOND-${run}`];
  const contractId = `C-${run}`;
  await api.ok('PUT', `/v1/contracts/${contractId}`, { name: 'one at a time', concurrentTransactionsMax: 1 });
  for (const token of [first, second]) await api.ok('PUT', `/v1/tokens/${token}`, { status: 'Active', contractId });
  const policy = { unknownTokens: 'reject', authorizationAway: 'accept-known', noAuthorization: 'accept', localLists: true };
  await api.ok('PUT', `/v1/sites/${SITE}/authorization-policy`, policy);
  const [here, there] = [await open(`here-${run}`), await open(`there-${run}`)];

  // The list that was wanted before the crash is sent after it.
  await crash();
  await untilList(api, here.id, { state: 'InStep' }, DEADLINE_MS);
  await untilList(api, there.id, { state: 'InStep' }, DEADLINE_MS);
  expect(here.localList?.find(first, here.now())).toBeDefined();

  // The contract's one place is taken, and still is after a crash.
  await play(here, { do: 'plugIn' }, { do: 'tap', token: first, outcome: 'Started' });
  await eventually('the place is taken', async () => ((await there.authorize(second)) === 'ConcurrentTx' ? true : undefined), DEADLINE_MS);
  await crash();
  await eventually(
    'the place is taken still',
    async () => ((await there.authorize(second)) === 'ConcurrentTx' ? true : undefined),
    DEADLINE_MS,
  );
  expect(await reasonOf(api, `stationId=${there.id}&idToken=${second}&status=ConcurrentTx`)).toMatch(/^ConcurrentLimit/);
  await play(here, { do: 'tap', token: first, outcome: 'Stopped' }, { do: 'unplug' });
  await play(there, { do: 'plugIn' });
  await eventually('the place is free', async () => ((await there.tap(1, second)) === 'Started' ? true : undefined), DEADLINE_MS);
  await play(there, { do: 'tap', token: second, outcome: 'Stopped' }, { do: 'unplug' });

  // Blocked, crashed, and blocked still: online at once, offline as soon as the list has followed.
  await api.ok('PUT', `/v1/tokens/${first}`, { status: 'Blocked' });
  await crash();
  await eventually('the card is refused', async () => ((await here.authorize(first)) === 'Blocked' ? true : undefined), DEADLINE_MS);
  expect(await reasonOf(api, `stationId=${here.id}&idToken=${first}&status=Blocked`)).toBe('TokenBlocked');
  await eventually(
    'the card is off the list',
    () => (here.localList?.find(first, here.now()) === undefined ? true : undefined),
    DEADLINE_MS,
  );
  await untilList(api, here.id, { state: 'InStep' }, DEADLINE_MS);
  await play(
    here,
    { do: 'goOffline' },
    { do: 'plugIn' },
    { do: 'tap', token: first, outcome: 'Refused' },
    { do: 'tap', token: second, outcome: 'Started' },
    { do: 'tap', token: second, outcome: 'Stopped' },
    { do: 'unplug' },
    { do: 'goOnline' },
  );
  const sessions = await eventually(
    'the sessions of the station',
    async () => {
      const found = await sessionsOf(api, here.id);
      return found.length === 2 && found.every(({ state }) => state === 'Ended') ? found : undefined;
    },
    DEADLINE_MS,
  );
  expect(sessions.map(({ idToken }) => idToken)).toEqual([first, second]);
  await here.stop();
  await there.stop();
});
