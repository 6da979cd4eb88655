import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AllInOne } from './harness/all-in-one.js';
import { Collector, type Span } from './harness/collector.js';
import { eventually } from './harness/eventually.js';
import { registerStation, registerTokens, STATION_PASSWORD } from './harness/fleet.js';
import { RawStation } from './harness/raw-station.js';

const TOKEN = 'E2E-CARD-1';
let collector: Collector;
let platform: AllInOne;
beforeAll(async () => {
  collector = await Collector.start();
  platform = await AllInOne.start({
    TRACE_RATIO: '1',
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: collector.endpoint,
    OTEL_BSP_SCHEDULE_DELAY: '100',
  });
  await registerTokens(platform.api);
  await registerStation(platform.api, 'traced');
});
afterAll(async () => {
  await platform?.stop();
  await collector?.stop();
});

describe('a trace', () => {
  it('of one StartTransaction joins the socket, the log and what each service does with it', async () => {
    const station = await RawStation.connect({ url: platform.ocppUrl, stationId: 'traced' });
    await station.result('BootNotification', { chargePointVendor: 'e2e', chargePointModel: 'raw' });
    await station.result('StartTransaction', { connectorId: 1, idTag: TOKEN, meterStart: 0, timestamp: new Date().toISOString() });
    const { root, spans } = await eventually('the spans of the trace', () => {
      const [start] = collector.spans.filter(({ name }) => name === 'StartTransaction');
      if (start === undefined) return undefined;
      const trace = collector.spans.filter(({ traceId }) => traceId === start.traceId);
      const scopes = new Set(trace.map(({ scope }) => scope));
      return ['connection', 'authorization', 'session'].every((scope) => scopes.has(scope)) ? { root: start, spans: trace } : undefined;
    });
    expect(root).toMatchObject({ scope: 'connection', parentSpanId: undefined });
    const session = spans.filter(({ scope }) => scope === 'session');
    expect(session).toMatchObject([{ name: 'session voltlog.connection.TransactionStarted.v1', parentSpanId: root.spanId }]);
    await station.close();
  });

  it('holds no token and no password', () => {
    const told = collector.spans.map((span: Span) => span.text).join('\n');
    expect(told).not.toContain(TOKEN);
    expect(told).not.toContain(STATION_PASSWORD);
  });
});
