import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { AllInOne } from '../harness/all-in-one.js';
import { eventually } from '../harness/eventually.js';
import { RawStation } from '../harness/raw-station.js';
import { multiplyRows } from '../history/multiply-rows.js';
import { variationsOf } from '../history/variations.js';

// Gives a data folder a history. The platform itself takes one session in; its rows in the stores of session and authorization are then
// copied, each time with another station, token, time and other ids, in the order of time. The log gets none of it.

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: '.' },
    sessions: { type: 'string', default: '1000000' },
    /** `<prefix>:<count>`; the ids are the prefix and six digits. */
    stations: { type: 'string', multiple: true, default: ['BENCH-:10000'] },
    tokens: { type: 'string', default: '100000' },
  },
});
const sessions = Number(values.sessions);
const STATION_ID = 'OLD-STATION';
const ID_TOKEN = 'OLDTOKEN';
const METER_VALUES: readonly (readonly [measurand: string, unit: string, value: string])[] = [
  ['Energy.Active.Import.Register', 'Wh', '1250'],
  ['Power.Active.Import', 'W', '11040'],
  ['Current.Import', 'A', '16.0'],
  ['Current.Import', 'A', '16.1'],
  ['Current.Import', 'A', '15.9'],
  ['Voltage', 'V', '230.1'],
  ['Power.Offered', 'W', '11000'],
  ['SoC', 'Percent', '54'],
];

/** One session, as the platform takes it in. @returns its transaction id, once both services have stored all of it */
async function playSession(platform: AllInOne): Promise<string> {
  const { password } = await platform.api.ok<{ password: string }>('POST', '/v1/stations', { stationId: STATION_ID });
  await platform.api.ok('PUT', `/v1/tokens/${ID_TOKEN}`, { type: 'ISO14443', status: 'Active' });
  const station = await RawStation.connect({ url: platform.ocppUrl, stationId: STATION_ID, password });
  const now = (): string => new Date().toISOString();
  await station.result('BootNotification', { chargePointVendor: 'Voltlog', chargePointModel: 'Old' });
  await station.result('Authorize', { idTag: ID_TOKEN });
  const start = { connectorId: 1, idTag: ID_TOKEN, meterStart: 1_000, timestamp: now() };
  const { transactionId } = await station.result<{ transactionId: number }>('StartTransaction', start);
  const sampledValue = METER_VALUES.map(([measurand, unit, value]) => ({ measurand, unit, value, context: 'Sample.Periodic' }));
  await station.result('MeterValues', { connectorId: 1, transactionId, meterValue: [{ timestamp: now(), sampledValue }] });
  await station.result('StopTransaction', { transactionId, meterStop: 1_500, timestamp: now(), reason: 'EVDisconnected' });
  await station.result('StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Available', timestamp: now() });
  await station.close();
  const stored = async (path: string, count: number) => {
    const { data } = await platform.api.get<{ data: readonly { readonly state?: string }[] }>(path);
    return data.length === count && data.every(({ state }) => state !== 'Active') ? true : undefined;
  };
  await eventually('the session is stored as ended', () => stored(`/v1/sessions?stationId=${STATION_ID}`, 1));
  await eventually('its decisions are stored', () => stored(`/v1/authorization-decisions?stationId=${STATION_ID}`, 2));
  return String(transactionId);
}

const platform = await AllInOne.start({ OCPP_ALLOW_INSECURE: 'true' }, values.data);
let transactionId: string;
try {
  transactionId = await playSession(platform);
} finally {
  await platform.child.stop();
}
const variations = variationsOf({
  stationId: STATION_ID,
  idToken: ID_TOKEN,
  transactionId,
  sessions,
  stationIds: values.stations.flatMap((text) => {
    const [prefix = '', count] = text.split(':');
    return Array.from({ length: Number(count) }, (_, i) => prefix + String(i + 1).padStart(6, '0'));
  }),
  tokens: Number(values.tokens),
});
for (const [service, tables] of [
  ['session', ['commits', 'sessions', 'readings', 'meterValues']],
  ['authorization', ['decisions', 'transactions', 'sessionUses']],
] as const) {
  const copied = multiplyRows({ path: join(values.data, `${service}.db`), tables, copies: sessions, variations });
  process.stdout.write(`  ${service}: ${sessions} old sessions of ${copied.rows} rows each, ${Math.round(copied.bytes / 1e6)} MB\n`);
}
