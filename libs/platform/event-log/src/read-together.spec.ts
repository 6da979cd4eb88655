import { OperatingError } from '@voltlog/kernel';
import { afterEach, expect, it } from 'vitest';
import type { EventLog, LogRecord } from './event-log.js';
import { deadLetterTopic } from './event-log.js';
import { readTogether } from './read-together.js';
import { openSqliteEventLog } from './sqlite-event-log.js';

const TOPIC = 'facts';
const OTHER = 'others';
let log: EventLog;
afterEach(() => log.close());

async function setting() {
  log = await openSqliteEventLog({ path: ':memory:' });
  await log.ensureTopics([TOPIC, OTHER].map((name) => ({ name, partitions: 1 })));
  const together = readTogether(log, { group: 'all', topic: TOPIC });
  const append = (type: string, topic = TOPIC) =>
    log.append(topic, 'k', [{ id: type, type, source: '/test', subject: 's', time: '2026-01-01T00:00:00.000Z', data: {} }]);
  return { together, append, caughtUp: () => log.caughtUp({ group: 'all', topic: TOPIC, deadlineMs: 5_000 }) };
}

const typesOf = (batch: readonly LogRecord[]): string[] => batch.map(({ event }) => event.type);

it('gives each its own types, out of one group', async () => {
  const { together, append, caughtUp } = await setting();
  const seen: Record<string, string[]> = { a: [], b: [], all: [], other: [] };
  const take = (name: string) => async (batch: readonly LogRecord[]) => void seen[name]?.push(...typesOf(batch));
  await together.log.subscribe({ group: 'a', topics: [TOPIC], types: ['A'], handle: take('a') });
  await together.log.subscribe({ group: 'b', topics: [TOPIC], types: ['A', 'B'], handle: take('b') });
  await together.log.subscribe({ group: 'c', topics: [TOPIC], handle: take('all') });
  await together.log.subscribe({ group: 'd', topics: [OTHER], handle: take('other') });
  await together.start();
  for (const type of ['A', 'B', 'C']) await append(type);
  await append('A', OTHER);
  expect(await caughtUp()).toBe(true);
  expect(await log.caughtUp({ group: 'd', topic: OTHER, deadlineMs: 5_000 })).toBe(true);
  expect(seen).toEqual({ a: ['A'], b: ['A', 'B'], all: ['A', 'B', 'C'], other: ['A'] });
});

it('gives all of them the batch again when one could not handle it', async () => {
  const { together, append, caughtUp } = await setting();
  const seen: string[] = [];
  let fails = 2;
  await together.log.subscribe({ group: 'a', topics: [TOPIC], types: ['A'], handle: async () => void seen.push('a') });
  await together.log.subscribe({
    group: 'b',
    topics: [TOPIC],
    types: ['A'],
    handle: async () => {
      if ((fails -= 1) >= 0) throw new OperatingError('StoreUnavailable', 'away');
      seen.push('b');
    },
  });
  await together.start();
  await append('A');
  expect(await caughtUp()).toBe(true);
  expect(seen).toEqual(['a', 'a', 'a', 'b']);
});

it('puts aside what one of them takes for broken, and waits for what is outside first', async () => {
  const { together, append, caughtUp } = await setting();
  let away = 1;
  const seen: string[] = [];
  await together.log.subscribe({
    group: 'a',
    topics: [TOPIC],
    types: ['A', 'B'],
    handle: async (batch) => void seen.push(...typesOf(batch)),
  });
  await together.log.subscribe({ group: 'b', topics: [TOPIC], types: ['A'], handle: () => Promise.reject(new Error('a bug')) });
  await together.log.subscribe({
    group: 'c',
    topics: [TOPIC],
    types: ['A'],
    handle: async () => {
      if ((away -= 1) >= 0) throw new OperatingError('StoreUnavailable', 'away');
    },
  });
  await together.start();
  await append('A');
  await append('B');
  expect(await caughtUp()).toBe(true);
  expect(away).toBeLessThan(0);
  expect(seen).toContain('B');
  const dead: LogRecord[] = [];
  await log.subscribe({ group: 'dead', topics: [deadLetterTopic(TOPIC)], handle: async (batch) => void dead.push(...batch) });
  await expect
    .poll(() => dead.map(({ event, deadLetter }) => [event.type, deadLetter?.group, deadLetter?.cause]))
    .toEqual([['A', 'all', 'Error: a bug']]);
});

it('begins where the one furthest behind of those stood who read by themselves before', async () => {
  const { together, append, caughtUp } = await setting();
  const handle = () => Promise.resolve();
  for (const group of ['b', 'a']) {
    await append(group);
    const alone = await log.subscribe({ group, topics: [TOPIC], handle });
    expect(await log.caughtUp({ group, topic: TOPIC, deadlineMs: 5_000 })).toBe(true);
    await alone.stop();
  }
  await append('C');
  const seen: string[] = [];
  await together.log.subscribe({ group: 'a', topics: [TOPIC], handle: async (batch) => void seen.push(...typesOf(batch)) });
  await together.log.subscribe({ group: 'b', topics: [TOPIC], handle });
  await together.start();
  expect(await caughtUp()).toBe(true);
  expect(seen).toEqual(['a', 'C']);
});

it('takes nobody once it reads, and nobody with options of their own', async () => {
  const { together } = await setting();
  const handle = () => Promise.resolve();
  await expect(together.log.subscribe({ group: 'a', topics: [TOPIC], batchMax: 7, handle })).rejects.toThrow('options of their own');
  const subscription = await together.log.subscribe({ group: 'a', topics: [TOPIC], handle });
  await together.start();
  await expect(together.log.subscribe({ group: 'b', topics: [TOPIC], handle })).rejects.toThrow('reads facts already');
  await subscription.stop();
});

it('can be stopped when it could not be begun', async () => {
  const { together } = await setting();
  const subscription = await together.log.subscribe({ group: 'a', topics: [TOPIC], handle: () => Promise.resolve() });
  await log.close();
  await expect(together.start()).rejects.toMatchObject({ code: 'LogUnavailable' });
  await subscription.stop();
});
