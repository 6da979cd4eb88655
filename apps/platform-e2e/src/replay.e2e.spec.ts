import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from './harness/eventually.js';
import { registerStation, registerTokens, type SessionView, sessionsOf } from './harness/fleet.js';
import { type Infrastructure, Processes, startInfrastructure } from './harness/processes.js';
import { RawStation } from './harness/raw-station.js';

const STATION = 'replayed';
const PROJECTIONS = {
  session: ['readings', 'sessions', 'prices', 'price-sites', 'session-notices'],
  device: [
    'stations',
    'sites',
    'statuses',
    'jobs',
    'job-stations',
    'device-models',
    'configuration-templates',
    'configurations',
    'alerts',
    'moves',
    'station-moves',
    'firmware-images',
    'campaigns',
    'campaign-stations',
    'firmware-publications',
    'log-uploads',
    'displays',
    'reports',
  ],
  authorization: ['tokens', 'decisions', 'contracts', 'policies', 'station-sites', 'session-uses', 'holds', 'list-bounds', 'local-lists'],
  reservation: ['reservations', 'reservation-policies'],
  notification: ['subscriptions', 'deliveries'],
} as const;
let infrastructure: Infrastructure;
let processes: Processes;
beforeAll(async () => {
  infrastructure = await startInfrastructure();
  processes = await Processes.start(infrastructure);
  await registerTokens(processes.api);
  await registerStation(processes.api, STATION);
}, 180_000);
afterAll(async () => {
  await processes?.stop();
  await infrastructure?.stop();
}, 60_000);

it('every read model is rebuilt beside the services that run, while a station charges', { timeout: 180_000 }, async () => {
  const { api } = processes;
  const station = await RawStation.connect({ url: processes.ocppUrls[0], stationId: STATION });
  await station.result('BootNotification', { chargePointVendor: 'e2e', chargePointModel: 'raw' });
  await station.result('StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Charging' });
  const told = (what: string) =>
    eventually(`what the station said, ${what}`, async () => {
      const view = await api.get<{ evses: unknown[]; connection: { connected: boolean } }>(`/v1/stations/${STATION}`);
      if (!view.connection.connected || !JSON.stringify(view.evses).includes('Occupied')) throw new Error(JSON.stringify(view));
      return view.evses;
    });
  const evses = await told('before');
  const now = () => new Date().toISOString();
  const start = { connectorId: 1, idTag: 'E2E-CARD-1', meterStart: 1_000, timestamp: now() };
  const { transactionId } = await station.result<{ transactionId: number }>('StartTransaction', start);
  let wh = 1_000;
  const measure = () => {
    wh += 10;
    const meterValue = [{ timestamp: now(), sampledValue: [{ value: String(wh) }] }];
    return station.result('MeterValues', { connectorId: 1, transactionId, meterValue });
  };
  const unplugged = new AbortController();
  const charge = (async () => {
    while (!unplugged.signal.aborted) await measure();
  })();
  for (const [service, names] of Object.entries(PROJECTIONS)) {
    const { code, output } = await processes.run(service, 'replay', ...names);
    expect(code).toBe(0);
    for (const name of names) expect(output).toMatch(new RegExp(`^${name}: rebuilt from \\d+ (commits|records) in `, 'm'));
  }
  unplugged.abort();
  await charge;
  const charged = async (energyWh: number): Promise<SessionView> =>
    eventually(`a session of ${energyWh} Wh`, async () =>
      (await sessionsOf(api, STATION)).find((session) => session.energyWh === energyWh),
    );
  expect(await charged(wh - 1_000)).toMatchObject({ state: 'Active', transactionId: String(transactionId) });
  await station.result('StopTransaction', { transactionId, meterStop: wh + 5, timestamp: now() });
  expect(await charged(wh + 5 - 1_000)).toMatchObject({ state: 'Ended' });
  expect(await sessionsOf(api, STATION)).toHaveLength(1);
  expect(await told('after')).toEqual(evses);
  await station.close();
});
