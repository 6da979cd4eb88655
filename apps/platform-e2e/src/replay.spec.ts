import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AllInOne } from './harness/all-in-one.js';
import { Child } from './harness/child.js';
import { eventually } from './harness/eventually.js';
import { registerStation, registerTokens, sessionsOf } from './harness/fleet.js';
import { RawStation } from './harness/raw-station.js';

const TOKEN = 'E2E-CARD-1';
const STATION = 'replayed';
let platform: AllInOne;
/** One that is over: nobody works on it while it is looked at. */
let campaignId: string;
beforeAll(async () => {
  platform = await AllInOne.start();
  await registerTokens(platform.api);
  await registerStation(platform.api, STATION);
});
afterAll(() => platform?.stop());

/** A campaign that has ended, and a log that could not be asked for. */
async function filesOf(api: AllInOne['api']): Promise<void> {
  const response = await fetch(`${api.url}/v1/firmware-images?vendor=e2e&model=raw&version=2.0.0`, {
    method: 'POST',
    headers: { authorization: `Bearer ${api.key}`, 'content-type': 'application/octet-stream' },
    body: 'an image',
  });
  const { imageId } = (await response.json()) as { readonly imageId: string };
  const begun = await api.ok<{ campaignId: string }>('POST', '/v1/firmware-campaigns', { imageId, selection: { stationIds: [STATION] } });
  campaignId = begun.campaignId;
  const how = () => api.get<{ state: string; stationCount: number }>(`/v1/firmware-campaigns/${campaignId}`);
  await eventually('its stations are looked up', async () => (await how()).stationCount === 1 || undefined);
  await api.ok('POST', `/v1/firmware-campaigns/${campaignId}/cancel`);
  await eventually('the campaign is over', async () => (await how()).state === 'Ended' || undefined);
  await api.call('POST', `/v1/stations/${STATION}/log-uploads`, {});
}

/** What the API tells of everything that can be rebuilt. */
async function told(): Promise<Readonly<Record<string, unknown>>> {
  const { api } = platform;
  const [session] = await sessionsOf(api, STATION);
  const { updatedAt: _, ...rest } = await api.get(`/v1/sessions/${session?.sessionId}`);
  return {
    session: rest,
    station: await api.get(`/v1/stations/${STATION}`),
    tokens: await api.get('/v1/tokens?limit=200'),
    model: await api.get(`/v1/stations/${STATION}/device-model`),
    operation: await api.get(`/v1/stations/${STATION}/operation`),
    templates: await api.get('/v1/configuration-templates'),
    alerts: await api.get('/v1/alerts'),
    images: await api.get('/v1/firmware-images'),
    campaigns: await api.get('/v1/firmware-campaigns'),
    campaignStations: await api.get(`/v1/firmware-campaigns/${campaignId}/stations`),
    uploads: await api.get(`/v1/log-uploads?stationId=${STATION}`),
  };
}

/** Damages every document of a read model by hand, as a bug or an operator might. */
function damage(service: string, collection: string, change: (document: Record<string, unknown>) => Record<string, unknown>): void {
  const database = new DatabaseSync(join(platform.dataFolder, `${service}.db`));
  try {
    const table = String(database.prepare('SELECT tbl FROM collections WHERE name = ?').get(collection)?.['tbl']);
    const rows = database.prepare(`SELECT id, doc FROM ${table}`).all();
    expect(rows.length).toBeGreaterThan(0);
    for (const { id, doc } of rows)
      database
        .prepare(`UPDATE ${table} SET doc = ? WHERE id = ?`)
        .run(JSON.stringify(change(JSON.parse(String(doc)) as Record<string, unknown>)), String(id));
  } finally {
    database.close();
  }
}

async function replay(...args: readonly string[]): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = new Child('voltlog', ['replay', ...args], { VOLTLOG_DATA: platform.dataFolder });
  const code = await child.exited();
  return { code, output: child.output };
}

it('every read model that was damaged by hand is right again after its replay', { timeout: 600_000 }, async () => {
  const station = await RawStation.connect({ url: platform.ocppUrl, stationId: STATION });
  await station.result('BootNotification', { chargePointVendor: 'e2e', chargePointModel: 'raw' });
  await station.result('StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Charging' });
  await platform.api.ok('PUT', '/v1/configuration-templates/any', { variables: [{ component: '1.6', name: 'Key', value: '1' }] });
  await platform.api.ok('PUT', `/v1/stations/${STATION}/availability`, { operative: false, reason: 'replayed' });
  const timestamp = new Date().toISOString();
  await station.result('SecurityEventNotification', { type: 'TamperDetectionActivated', timestamp });
  const { transactionId } = await station.result<{ transactionId: number }>('StartTransaction', {
    connectorId: 1,
    idTag: TOKEN,
    meterStart: 1_000,
    timestamp,
  });
  await station.result('MeterValues', { connectorId: 1, transactionId, meterValue: [{ timestamp, sampledValue: [{ value: '1234' }] }] });
  await station.close();
  await filesOf(platform.api);
  await eventually('the session and the station as they were told', async () => {
    const [session] = await sessionsOf(platform.api, STATION);
    const { connection } = await platform.api.get<{ connection: { connected: boolean } }>(`/v1/stations/${STATION}`);
    const { data: alerts } = await platform.api.get<{ data: readonly unknown[] }>('/v1/alerts');
    return session?.energyWh === 234 && !connection.connected && alerts.length === 1 ? session : undefined;
  });
  const before = await told();

  const refused = await replay('sessions');
  expect(refused.code).toBe(1);
  expect(refused.output).toMatch(/in use|another process/i);
  await platform.child.stop();
  damage('session', 'sessions', (document) => ({ ...document, claims: {}, state: 'Ended', transactionId: '666' }));
  damage('session', 'readings', (document) => ({ ...document, readings: {} }));
  damage('device', 'stations', (document) => ({ ...document, name: 'somewhere else', lifecycle: 'Retired' }));
  damage('device', 'station_statuses', (document) => ({ ...document, connected: true, connectors: [] }));
  damage('device', 'configuration_templates', (document) => ({ ...document, retired: true }));
  damage('device', 'configurations', (document) => ({ ...document, inoperative: [] }));
  damage('device', 'alerts', (document) => ({ ...document, severity: 9 }));
  damage('device', 'firmware_images', (document) => ({ ...document, deleted: true }));
  damage('device', 'campaigns', (document) => ({ ...document, campaign: { ...(document['campaign'] as object), version: '666' } }));
  damage('device', 'campaign_stations', (document) => ({ ...document, update: {}, state: 'Failed' }));
  damage('device', 'log_uploads', (document) => ({ ...document, upload: {}, stationId: 'nobody' }));
  damage('authorization', 'tokens', (document) => ({ ...document, status: 'Blocked' }));
  damage('authorization', 'decisions', (document) => ({ ...document, status: 'Blocked' }));
  damage('authorization', 'stations', (document) => ({ ...document, siteId: 'nowhere' }));
  await platform.restart();
  expect(await told().catch(() => 'unreadable')).not.toEqual(before);
  await platform.child.stop();

  const list = await replay('--list');
  expect(list.code).toBe(0);
  const names = [...list.output.matchAll(/^([a-z-]+) {2}/gm)].map(([, name]) => name ?? '');
  expect(names.toSorted()).toEqual([
    'alerts',
    'campaign-stations',
    'campaigns',
    'configuration-templates',
    'configurations',
    'contracts',
    'decisions',
    'deliveries',
    'device-models',
    'displays',
    'firmware-images',
    'firmware-publications',
    'holds',
    'job-stations',
    'jobs',
    'list-bounds',
    'local-lists',
    'log-uploads',
    'moves',
    'policies',
    'price-sites',
    'prices',
    'readings',
    'reports',
    'reservation-policies',
    'reservations',
    'session-notices',
    'session-uses',
    'sessions',
    'sites',
    'station-moves',
    'station-sites',
    'stations',
    'statuses',
    'subscriptions',
    'tokens',
  ]);
  const { code, output } = await replay('readings', ...names.filter((each) => each !== 'readings'));
  expect(code).toBe(0);
  for (const name of names) expect(output).toMatch(new RegExp(`^${name}: rebuilt from \\d+ (commits|records) in `, 'm'));
  await platform.restart();
  expect(await told()).toEqual(before);
});

it('what is not there is refused in one line', { timeout: 120_000 }, async () => {
  const nothing = await replay('nothing');
  expect(nothing).toMatchObject({ code: 1, output: expect.stringContaining('there is no projection "nothing"; there are ') });
  const nowhere = await replay('sessions', '--data', join(platform.dataFolder, 'nowhere'));
  expect(nowhere).toMatchObject({ code: 1, output: expect.stringContaining('holds no data') });
});
