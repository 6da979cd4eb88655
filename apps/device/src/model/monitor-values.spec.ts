import { STATION_TOPIC } from '@voltlog/connection-contract';
import type { LogRecord } from '@voltlog/event-log';
import { openTestContext, type TestContext } from '@voltlog/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { MonitorValues } from './monitor-values.js';

let context: TestContext;
let values: MonitorValues;
/** `<collection> <method>` of each call to the store. */
let calls: string[];
beforeEach(async () => {
  context = await openTestContext('device');
  calls = [];
  const collection: TestContext['store']['collection'] = async (name, schema) =>
    new Proxy(await context.store.collection(name, schema), {
      get(target, key: string) {
        const method: unknown = Reflect.get(target, key);
        if (typeof method !== 'function') return method;
        return (...args: unknown[]) => {
          calls.push(`${name} ${key}`);
          return method.apply(target, args) as unknown;
        };
      },
    }) as never;
  values = await MonitorValues.open({ store: { ...context.store, collection } });
});
afterEach(() => context.close());

const STATION = 'CS-1';
let offset = 0;
/** A fact that was received at a minute past eight. */
const record = (minute: number, data: object): LogRecord => ({
  topic: STATION_TOPIC,
  partition: 0,
  offset: (offset += 1),
  key: STATION,
  event: { id: `e${offset}`, type: '', source: '/test', subject: STATION, time: at(minute), data: { stationId: STATION, ...data } },
});
const at = (minute: number): string => `2026-11-02T08:${String(minute).padStart(2, '0')}:00.000Z`;
const opened = (streamId: number, variableMonitoringId: number) => record(0, { streamId, variableMonitoringId });
const reported = (minute: number, streamId: number, value: string, told = at(minute)) =>
  record(minute, { streamId, pending: 0, values: [{ at: told, value }] });
const last = async (monitorId: number) => (await values.of(STATION, [monitorId])).get(monitorId)?.value;

it('are not held up by a clock that was ahead: what comes once it is right is newer', async () => {
  await values.take([record(1, { events: [{ monitorId: 5, value: 'ahead', at: '2031-01-01T00:00:00.000Z' }] })]);
  expect(await last(5)).toBe('ahead');
  await values.take([record(2, { events: [{ monitorId: 5, value: 'right', at: at(2) }] })]);
  expect(await last(5)).toBe('right');
  await values.take([opened(1, 5), reported(3, 1, 'ahead', '2031-01-01T00:00:00.000Z'), reported(4, 1, 'right again')]);
  expect(await last(5)).toBe('right again');
  // What was measured before is older, whenever it comes.
  await values.take([reported(5, 1, 'old', at(3))]);
  expect(await last(5)).toBe('right again');
});

it('take one read and one write for a batch, however many messages of streams it holds', async () => {
  await values.take([opened(1, 5), opened(2, 6)]);
  calls.length = 0;
  await values.take(Array.from({ length: 50 }, (_, i) => reported(i, 1 + (i % 2), String(i))));
  expect(calls).toEqual(['event_streams getMany', 'monitor_values getMany', 'monitor_values upsert']);
  expect([await last(5), await last(6)]).toEqual(['48', '49']);
});

it('follow streams that are opened, moved to another monitor and closed within a batch, and give the same when it comes again', async () => {
  const batch = [
    opened(1, 5),
    reported(1, 1, 'a'),
    opened(1, 6),
    reported(2, 1, 'b'),
    record(3, { streamId: 1 }),
    reported(4, 1, 'nobody'),
    opened(2, 7),
  ];
  for (const _ of ['first', 'again']) {
    await values.take(batch);
    expect([await last(5), await last(6)]).toEqual(['a', 'b']);
  }
  await values.take([reported(5, 1, 'nobody'), reported(5, 2, 'c')]);
  expect([await last(5), await last(6), await last(7)]).toEqual(['a', 'b', 'c']);
});
