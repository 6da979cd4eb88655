import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace';
import { afterEach, describe, expect, it } from 'vitest';
import { createTelemetry, type Telemetry, type TelemetryOptions } from './create-telemetry.js';

const open: Telemetry[] = [];
function telemetry(options: Partial<TelemetryOptions> = {}): Telemetry {
  const made = createTelemetry({ instanceId: 'test-1', logLevel: 'silent', traceRatio: 1, ...options });
  open.push(made);
  return made;
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

describe('metrics', () => {
  it('count by plain additions and come out as Prometheus text, one series per set of labels', async () => {
    const { metrics, metricsText } = telemetry();
    const service = metrics('connection');
    service.counter('voltlog_boot_total', 'Boots.', { version: 'ocpp1.6' }).value += 2;
    service.counter('voltlog_boot_total', 'Boots.', { version: 'ocpp2.0.1' }).value += 1;
    const text = await metricsText();
    expect(text).toMatch(/voltlog_boot_total\{[^}]*version="ocpp1.6"[^}]*\} 2/);
    expect(text).toMatch(/voltlog_boot_total\{[^}]*version="ocpp2.0.1"[^}]*\} 1/);
  });

  it('give the same count for the same labels', () => {
    const service = telemetry().metrics('connection');
    expect(service.counter('voltlog_x_total', 'X.', { a: '1' })).toBe(service.counter('voltlog_x_total', 'X.', { a: '1' }));
    expect(service.counter('voltlog_x_total', 'X.', { a: '1' })).not.toBe(service.counter('voltlog_x_total', 'X.', { a: '2' }));
  });

  it('read a gauge when asked, and keep services of one process apart', async () => {
    const { metrics, metricsText } = telemetry();
    let open = 3;
    metrics('connection').gauge('voltlog_connections', 'Open sockets.', () => open);
    metrics('session').gauge('voltlog_sessions_active', 'Active sessions.', () => 7);
    expect(await metricsText()).toMatch(/voltlog_connections\{[^}]*service="connection"[^}]*\} 3/);
    open = 4;
    const text = await metricsText();
    expect(text).toMatch(/voltlog_connections\{[^}]*\} 4/);
    expect(text).toMatch(/voltlog_sessions_active\{[^}]*service="session"[^}]*\} 7/);
  });
});

describe('histograms', () => {
  it('count values up to each boundary, one series per set of labels; one without a value does not come out', async () => {
    const { metrics, metricsText } = telemetry();
    const connection = metrics('connection');
    connection.histogram('voltlog_unused_seconds', 'Unused.');
    const boots = connection.histogram('voltlog_call_duration_seconds', 'Calls.', { action: 'Boot', direction: 'in' });
    for (const seconds of [0, 0.001, 0.0011, 0.3, 61]) boots.record(seconds);
    connection.histogram('voltlog_call_duration_seconds', 'Calls.', { direction: 'in', action: 'Boot' }).record(60);
    metrics('session').histogram('voltlog_call_duration_seconds', 'Calls.', { action: 'Boot', direction: 'in' }).record(2);
    const text = await metricsText();
    const value = (suffix: string, service: string, le?: string): string | undefined =>
      text
        .split('\n')
        .find((line) =>
          [`voltlog_call_duration_seconds_${suffix}{`, `service="${service}"`, ...(le === undefined ? [] : [`le="${le}"`])].every((part) =>
            line.includes(part),
          ),
        )
        ?.split(' ')
        .at(-1);
    expect(['0.001', '0.0025', '0.25', '0.5', '30', '60', '+Inf'].map((le) => value('bucket', 'connection', le))).toEqual([
      '2',
      '3',
      '3',
      '4',
      '4',
      '5',
      '6',
    ]);
    expect([value('count', 'connection'), Number(value('sum', 'connection')).toFixed(4)]).toEqual(['6', '121.3021']);
    expect([value('bucket', 'session', '1'), value('bucket', 'session', '2.5'), value('count', 'session')]).toEqual(['0', '1', '1']);
    expect(text).toMatch(/# TYPE voltlog_call_duration_seconds histogram/);
    expect(text).not.toContain('voltlog_unused_seconds');
  });
});

describe('traces', () => {
  it('join what one service started with what another goes on with', () => {
    const exporter = new InMemorySpanExporter();
    const { tracing } = telemetry({ spanProcessor: new SimpleSpanProcessor({ exporter }) });
    const call = tracing('connection').start('StartTransaction');
    const consumed = tracing('session').continue('fold', call?.traceparent);
    consumed?.end();
    call?.end();
    const [inner, outer] = exporter.getFinishedSpans();
    expect(inner?.spanContext().traceId).toBe(outer?.spanContext().traceId);
    expect(inner?.parentSpanContext?.spanId).toBe(outer?.spanContext().spanId);
  });

  it('are not made without a place to send them, for what is not sampled, or from a broken traceparent', () => {
    const exporter = new InMemorySpanExporter();
    expect(telemetry().tracing('connection').start('x')).toBeUndefined();
    const { tracing } = telemetry({ traceRatio: 0, spanProcessor: new SimpleSpanProcessor({ exporter }) });
    expect(tracing('connection').start('x')).toBeUndefined();
    expect(tracing('session').continue('x', '00-not-a-trace')).toBeUndefined();
    expect(tracing('session').continue('x', `00-${'a'.repeat(32)}-${'b'.repeat(16)}-00`)).toBeUndefined();
    expect(tracing('session').continue('x', `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`)).toBeDefined();
  });
});

describe('logs', () => {
  it('are JSON lines in which tokens and passwords do not appear', () => {
    const lines: string[] = [];
    const { logger } = telemetry({ logLevel: 'info', logTo: { write: (line: string) => void lines.push(line) } });
    logger.info({ idToken: 'SECRET-1', request: { password: 'SECRET-2' }, stationId: 'CS-1' }, 'hello');
    const line = JSON.parse(lines[0] ?? '{}') as Record<string, unknown>;
    expect(line).toMatchObject({ level: 'info', instance: 'test-1', stationId: 'CS-1', msg: 'hello', idToken: '***' });
    expect(lines[0]).not.toContain('SECRET');
  });
});
