import { randomBytes } from 'node:crypto';
import { type LedgerEntry, runFleet } from '@voltlog/simulator-app';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Collector } from './harness/collector.js';
import { eventually } from './harness/eventually.js';
import { agrees, allOf, registerStation, registerTokens, type SessionView, STATION_PASSWORD } from './harness/fleet.js';
import { type Infrastructure, PROCESSES, Processes, startInfrastructure } from './harness/processes.js';
import { RawStation } from './harness/raw-station.js';

/** Simulated seconds per real one. */
const TIME_SCALE = 60;
const STATIONS = 18;
/** Real ms a service is away, under load. */
const AWAY_MS = 2_000;
const LOAD_SECONDS_MAX = 240;

const run = randomBytes(3).toString('hex');
let infrastructure: Infrastructure;
let platform: Processes;
let collector: Collector;
beforeAll(async () => {
  infrastructure = await startInfrastructure();
  collector = await Collector.start();
  platform = await Processes.start(infrastructure, {
    TRACE_RATIO: '1',
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: collector.endpoint,
    OTEL_BSP_SCHEDULE_DELAY: '200',
  });
  await registerTokens(platform.api);
});
afterAll(async () => {
  await platform?.stop();
  await collector?.stop();
  await infrastructure?.stop();
});

async function connect(stationId: string, url: string): Promise<RawStation> {
  const station = await RawStation.connect({ url, stationId });
  await station.result('BootNotification', { chargePointVendor: 'e2e', chargePointModel: 'raw' });
  return station;
}

/** Answers the next command Accepted. @returns its action */
async function obey(station: RawStation): Promise<unknown> {
  const call = await eventually('a command arrives', () => station.received.find((frame) => frame[0] === 2));
  station.send(JSON.stringify([3, call[1], { status: 'Accepted' }]));
  return call[2];
}

describe('two connection instances', () => {
  it.each([0, 1] as const)('a command through the API reaches the station that instance %s holds', async (index) => {
    const stationId = `cmd-${run}-${index}`;
    await registerStation(platform.api, stationId);
    const station = await connect(stationId, platform.ocppUrls[index]);
    // Often enough that the gateway's balancing has asked both instances.
    for (let round = 0; round < 4; round += 1) {
      station.received.length = 0;
      const sent = platform.api.ok('POST', `/v1/stations/${stationId}/commands/clear-cache`, {});
      expect(await obey(station)).toBe('ClearCache');
      expect(await sent).toMatchObject({ status: 'Accepted', action: 'ClearCache' });
    }
    await station.close();
  });

  it('a station that comes to the other instance is let go by the first, and commands follow it', async () => {
    const stationId = `move-${run}`;
    await registerStation(platform.api, stationId);
    const before = await connect(stationId, platform.ocppUrls[0]);
    const after = await connect(stationId, platform.ocppUrls[1]);
    expect(await before.closing()).toMatchObject({ code: 4001 });
    const sent = platform.api.ok('POST', `/v1/stations/${stationId}/commands/clear-cache`, {});
    expect(await obey(after)).toBe('ClearCache');
    expect(await sent).toMatchObject({ status: 'Accepted' });
    await after.close();
    const offline = await platform.api.call('POST', `/v1/stations/${stationId}/commands/clear-cache`, {});
    expect(offline).toMatchObject({ status: 409 });
  });
});

describe('a trace', () => {
  it('of one StartTransaction joins the socket, the gRPC call, the log and the consumers, across processes', async () => {
    const stationId = `trace-${run}`;
    await registerStation(platform.api, stationId);
    const station = await connect(stationId, platform.ocppUrls[0]);
    const body = { connectorId: 1, idTag: 'E2E-CARD-1', meterStart: 0, timestamp: new Date().toISOString() };
    const { transactionId } = await station.result<{ transactionId: number }>('StartTransaction', body);
    const { root, spans } = await eventually('the spans of the trace', () => {
      const [start] = collector.spans.filter(({ name }) => name === 'StartTransaction');
      const trace = collector.spans.filter(({ traceId }) => traceId === start?.traceId);
      const services = new Set(trace.map(({ service }) => service));
      return start !== undefined && ['connection', 'authorization', 'session'].every((name) => services.has(name))
        ? { root: start, spans: trace }
        : undefined;
    });
    expect(root.parentSpanId).toBeUndefined();
    const called = spans.filter(({ name }) => name.endsWith('/authorize'));
    expect(called).toMatchObject([{ service: 'authorization', parentSpanId: root.spanId }]);
    const folded = spans.filter(({ service }) => service === 'session');
    expect(folded).toMatchObject([{ name: 'session voltlog.connection.TransactionStarted.v1', parentSpanId: root.spanId }]);
    await station.result('StopTransaction', { transactionId, meterStop: 1, timestamp: new Date().toISOString() });
    await station.close();
  });
});

describe('kill -9 of each service in turn, under load', () => {
  it('no session is lost or doubled, and no Wh differs from what was delivered', async () => {
    const ids = Array.from({ length: STATIONS }, (_, index) => `fleet-${run}-${index + 1}`);
    for (const id of ids) await registerStation(platform.api, id, [{ powerWMax: 22_000 }, { powerWMax: 22_000 }]);
    const over = new AbortController();
    const seen = { answered: 0 };
    const fleet = runFleet({
      url: platform.ocppUrls,
      count: STATIONS,
      idOf: (index) => ids[index] ?? '',
      passwordOf: () => STATION_PASSWORD,
      tokens: ['E2E-CARD-1', 'E2E-CARD-2'],
      seed: 20_261_123,
      timeScale: TIME_SCALE,
      seconds: LOAD_SECONDS_MAX * TIME_SCALE,
      pauseSeconds: 120,
      callTimeoutMs: 8_000,
      reconnectMs: [200, 2_000],
      settleMs: 60_000,
      signal: over.signal,
      onEvent: (event) => {
        if (event.type === 'frame' && event.direction === 'in') seen.answered += 1;
      },
    });
    const flows = async (count: number): Promise<void> => {
      const from = seen.answered;
      await eventually(`${count} more answers`, () => seen.answered >= from + count, 60_000);
    };
    await flows(100);
    for (const name of PROCESSES) {
      await platform.kill9(name);
      await new Promise((resolve) => setTimeout(resolve, AWAY_MS));
      await platform.restart(name);
      await flows(40);
    }
    over.abort();
    const result = await fleet;
    expect(result).toMatchObject({ stations: STATIONS, neverAccepted: 0, unsettled: 0, abandonedMessages: 0, running: 0 });
    expect(result.transactions).toBeGreaterThan(STATIONS);
    await agrees(() => toldBy(ids), delivered(result.ledger.transactions), 60_000);
    expect(await allOf(platform.api, '/v1/quarantine')).toEqual([]);
  }, 300_000);
});

const line = (stationId: string, transactionId: unknown, energyWh: number, state: string): string =>
  `${stationId} ${transactionId} ${energyWh} Wh ${state}`;

const delivered = (entries: readonly LedgerEntry[]): string[] =>
  entries.map((entry) => line(entry.stationId, entry.transactionId, entry.deliveredWh, 'Ended')).sort();

async function toldBy(ids: readonly string[]): Promise<string[]> {
  const known = new Set(ids);
  const sessions = await allOf<SessionView>(platform.api, '/v1/sessions');
  return sessions
    .filter(({ stationId }) => known.has(stationId))
    .map((session) => line(session.stationId, session.transactionId, session.energyWh, session.state))
    .sort();
}
