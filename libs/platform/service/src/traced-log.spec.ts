import { type EventLog, openSqliteEventLog } from '@voltlog/event-log';
import type { EventEnvelope } from '@voltlog/kernel';
import type { Span, Tracing } from '@voltlog/telemetry';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tracedLog } from './traced-log.js';

const event = (id: string, traceparent?: string): EventEnvelope => ({
  id,
  type: 'voltlog.test.Happened.v1',
  source: '/test',
  subject: 'key',
  time: '2026-11-23T10:00:00.000Z',
  data: {},
  ...(traceparent === undefined ? {} : { traceparent }),
});

describe('the log of a service that is traced', () => {
  let log: EventLog;
  let told: string[];
  beforeEach(async () => {
    log = await openSqliteEventLog({ path: ':memory:' });
    told = [];
  });
  afterEach(() => log.close());

  const tracing: Tracing = {
    start: () => undefined,
    continue: (name, traceparent): Span | undefined =>
      traceparent === undefined
        ? undefined
        : {
            traceparent,
            run: (work) => {
              told.push(`run ${traceparent}`);
              return work();
            },
            set: () => undefined,
            fail: () => told.push(`fail ${traceparent}`),
            end: () => told.push(`end ${name} ${traceparent}`),
          },
  };

  it('ends one span for each record that carries a trace, and none for others', async () => {
    const traced = tracedLog(log, tracing);
    await traced.append('topic', 'key', [event('1', 'trace-1'), event('2'), event('3', 'trace-3')]);
    await traced.subscribe({ group: 'group', topics: ['topic'], handle: async (batch) => void told.push(`handled ${batch.length}`) });
    expect(await traced.caughtUp({ group: 'group', topic: 'topic', key: 'key', deadlineMs: 5_000 })).toBe(true);
    expect(told).toEqual(['handled 3', 'end group voltlog.test.Happened.v1 trace-1', 'end group voltlog.test.Happened.v1 trace-3']);
  });

  it('runs the work of a single trace under it, marks what failed, and leaves the failure to the log', async () => {
    const traced = tracedLog(log, tracing);
    await traced.append('topic', 'key', [event('1', 'trace-1')]);
    let tries = 0;
    const handle = async (): Promise<void> => {
      tries += 1;
      if (tries === 1) throw new Error('once');
    };
    await traced.subscribe({ group: 'group', topics: ['topic'], handle });
    expect(await traced.caughtUp({ group: 'group', topic: 'topic', key: 'key', deadlineMs: 5_000 })).toBe(true);
    expect(tries).toBe(2);
    expect(told.map((line) => line.split(' ')[0])).toEqual(['run', 'fail', 'end', 'run', 'end']);
  });
});
