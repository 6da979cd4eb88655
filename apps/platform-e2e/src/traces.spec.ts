import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AllInOne } from './harness/all-in-one.js';
import { Collector, type Span } from './harness/collector.js';
import { eventually } from './harness/eventually.js';
import { registerStation, registerTokens, STATION_PASSWORD } from './harness/fleet.js';
import { RawStation } from './harness/raw-station.js';

const TOKEN = 'E2E-CARD-1';
/** What is to be heard of one StartTransaction: asked, recorded, followed, and the session it became seen by others. */
const JOINED = [
  'authorize',
  'authorization-decisions voltlog.authorization.AuthorizationDecided.v1',
  'authorization voltlog.connection.TransactionStarted.v1',
  'session voltlog.connection.TransactionStarted.v1',
  ' voltlog.session.SessionStarted.v1',
];
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
    // Somebody who watches is a consumer of what the session service publishes.
    const watching = new AbortController();
    const watched = await fetch(`${platform.api.url}/v1/events`, {
      headers: { authorization: `Bearer ${platform.api.key}` },
      signal: watching.signal,
    });
    expect(watched.status).toBe(200);
    const station = await RawStation.connect({ url: platform.ocppUrl, stationId: 'traced' });
    await station.result('BootNotification', { chargePointVendor: 'e2e', chargePointModel: 'raw' });
    await station.result('StartTransaction', { connectorId: 1, idTag: TOKEN, meterStart: 0, timestamp: new Date().toISOString() });
    const { root, spans } = await eventually('the spans of the trace', () => {
      const [start] = collector.spans.filter(({ name }) => name === 'StartTransaction');
      if (start === undefined) return undefined;
      const trace = collector.spans.filter(({ traceId }) => traceId === start.traceId);
      return JOINED.every((name) => trace.some((span) => span.name.endsWith(name))) ? { root: start, spans: trace } : undefined;
    });
    expect(root).toMatchObject({ scope: 'connection', parentSpanId: undefined });
    expect(root.text).toContain('"voltlog.station.id"');
    const named = (name: string): Span | undefined => spans.find((span) => span.name === name);
    const asked = named('authorize');
    expect(asked).toMatchObject({ scope: 'authorization', parentSpanId: root.spanId });
    expect(asked?.text).toContain('Accepted');
    expect(named('authorization-decisions voltlog.authorization.AuthorizationDecided.v1')).toMatchObject({ parentSpanId: asked?.spanId });
    expect(named('session voltlog.connection.TransactionStarted.v1')).toMatchObject({ scope: 'session', parentSpanId: root.spanId });
    expect(named('authorization voltlog.connection.TransactionStarted.v1')).toMatchObject({ parentSpanId: root.spanId });
    watching.abort();
    await station.close();
  });

  it('holds no token and no password', () => {
    const told = collector.spans.map((span: Span) => span.text).join('\n');
    expect(told).not.toContain(TOKEN);
    expect(told).not.toContain(STATION_PASSWORD);
  });
});
