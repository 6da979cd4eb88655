import { randomFillSync } from 'node:crypto';
import { openSqliteEventLog } from '@voltlog/event-log';
import { type Decider, decided, type EventEnvelope, OperatingError, refused, uuidV7Source } from '@voltlog/kernel';
import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { Aggregates } from './aggregates.js';
import { OutboxRelay } from './outbox-relay.js';
import { openSqliteStore } from './sqlite/sqlite-store.js';
import type { Store } from './store.js';

interface Account {
  readonly balance: number;
  readonly entries: number;
}
type Command = { readonly add: number } | { readonly boom: true };
type Event = { readonly type: 'voltlog.test.Added.v1'; readonly data: { readonly amount: number } };

/** Adds; nothing for 0, refuses what would go below 0. */
const account: Decider<Command, Account, Event, 'Overdrawn'> = {
  initialState: { balance: 0, entries: 0 },
  decide(command, state) {
    if ('boom' in command) throw new Error('boom');
    if (command.add === 0) return decided();
    if (state.balance + command.add < 0) return refused('Overdrawn' as const);
    return decided({ type: 'voltlog.test.Added.v1', data: { amount: command.add } });
  },
  evolve: (state, event) => ({ balance: state.balance + event.data.amount, entries: state.entries + 1 }),
};

const clock = { now: () => Date.now() };
const ids = uuidV7Source(clock.now, randomFillSync);
const silent = { warn: () => undefined, error: () => undefined };

const aggregatesOf = (store: Store, more: { cacheMax?: number; relay?: Pick<OutboxRelay, 'publish'> } = {}) =>
  new Aggregates({ streams: store.streams, decider: account, source: '/test/a', ids, clock, ...more });

const input = (streamId: string, causationId: string, add: number) => ({ streamId, causationId, command: { add } });

describe('Aggregates', () => {
  it('answers each input in order and folds inputs of one stream on one another', async () => {
    const store = await openSqliteStore({ path: ':memory:' });
    const aggregates = aggregatesOf(store);
    const done = await aggregates.execute([
      input('a', '1', 5),
      input('b', '2', 1),
      input('a', '3', -7),
      input('a', '4', -5),
      input('a', '5', 0),
    ]);
    expect(done.map(({ outcome, state, version }) => [outcome, state.balance, version])).toEqual([
      ['committed', 5, 1],
      ['committed', 1, 1],
      ['refused', 5, 1],
      ['committed', 0, 2],
      ['unchanged', 0, 2],
    ]);
    expect(done[2]?.refusal).toBe('Overdrawn');
    expect(done[0]?.events[0]).toMatchObject({
      type: 'voltlog.test.Added.v1',
      subject: 'a',
      source: '/test/a',
      causationId: '1',
      data: { amount: 5 },
    });
    expect(await aggregates.load('a')).toEqual({ state: { balance: 0, entries: 2 }, version: 2 });
    await store.close();
  });

  it.each([0, 1, 2, 10_000])('knows a repeated input, hot or cold (cache of %i)', async (cacheMax) => {
    const store = await openSqliteStore({ path: ':memory:' });
    const aggregates = aggregatesOf(store, { cacheMax });
    const batch = [input('a', '1', 5), input('b', '1', 6), input('a', '2', 7), input('c', '3', 1)];
    await aggregates.execute(batch);
    for (const again of [aggregates, aggregatesOf(store, { cacheMax })]) {
      const done = await again.execute([...batch, input('a', '9', 1), input('a', '9', 1)]);
      expect(done.slice(0, 4).map(({ outcome, state }) => [outcome, state.balance >= 1])).toEqual(
        Array.from({ length: 4 }, () => ['duplicate', true]),
      );
      expect(done.at(-1)?.outcome).toBe('duplicate');
    }
    expect(await aggregates.load('a')).toMatchObject({ state: { balance: 13, entries: 3 } });
    await store.close();
  });

  it('loads and decides again when another writer was faster', async () => {
    const store = await openSqliteStore({ path: ':memory:' });
    const [first, second] = [aggregatesOf(store), aggregatesOf(store)];
    await first.execute([input('a', '1', 10)]);
    await second.execute([input('a', '2', 10)]);
    const [stale, next] = await first.execute([input('a', '3', -5), input('a', '4', -16)]);
    expect(stale).toMatchObject({ outcome: 'committed', state: { balance: 15 }, version: 3 });
    expect(next).toMatchObject({ outcome: 'refused', state: { balance: 15 } });
    await store.close();
  });

  it('stops after a bounded number of conflicts', async () => {
    const store = await openSqliteStore({ path: ':memory:' });
    const append = vi.spyOn(store.streams, 'append').mockImplementation(async (commits) => commits.map(() => 'conflict' as const));
    await expect(aggregatesOf(store).execute([input('a', '1', 1)])).rejects.toMatchObject({ code: 'TooManyConflicts' });
    expect(append.mock.calls.length).toBeLessThan(20);
    await store.close();
  });

  it('rejects only the call whose input breaks the decider', async () => {
    const store = await openSqliteStore({ path: ':memory:' });
    const aggregates = aggregatesOf(store);
    const bad = aggregates.execute([input('a', '1', 3), { streamId: 'a', causationId: '2', command: { boom: true } }]);
    const good = aggregates.execute([input('a', '3', 4)]);
    await expect(bad).rejects.toThrow('boom');
    expect(await good).toMatchObject([{ outcome: 'committed', state: { balance: 4 } }]);
    expect(await aggregates.load('a')).toMatchObject({ version: 1 });
    await store.close();
  });

  it('loads what is appended, not what is being decided, and does not wait for a busy instance', async () => {
    const store = await openSqliteStore({ path: ':memory:' });
    const aggregates = aggregatesOf(store);
    await aggregates.execute([input('a', '1', 1)]);
    const busy = aggregates.execute([input('a', '2', 1)]);
    let gate: () => void = () => undefined;
    const append = store.streams.append.bind(store.streams);
    vi.spyOn(store.streams, 'append').mockImplementation(async (commits) => {
      await new Promise<void>((resolve) => {
        gate = resolve;
      });
      return append(commits);
    });
    await expect.poll(() => vi.mocked(store.streams.append).mock.calls.length).toBe(1);
    expect(await aggregates.load('a')).toMatchObject({ state: { balance: 1 }, version: 1 });
    gate();
    await busy;
    expect(await aggregates.load('a')).toMatchObject({ state: { balance: 2 }, version: 2 });
    await store.close();
  });

  it('forgets what was decided when the store fails', async () => {
    const store = await openSqliteStore({ path: ':memory:' });
    const aggregates = aggregatesOf(store);
    await aggregates.execute([input('a', '1', 1)]);
    const append = vi.spyOn(store.streams, 'append').mockRejectedValueOnce(new OperatingError('StoreUnavailable', 'away'));
    await expect(aggregates.execute([input('a', '2', 1)])).rejects.toMatchObject({ code: 'StoreUnavailable' });
    append.mockRestore();
    expect(await aggregates.execute([input('a', '2', 1)])).toMatchObject([{ outcome: 'committed', state: { balance: 2 }, version: 2 }]);
    await store.close();
  });

  it('ends the same whatever the splitting, the repetition and the cache', async () => {
    const step = fc.record({
      streamId: fc.constantFrom('a', 'b', 'ü'),
      add: fc.integer({ min: -3, max: 5 }),
      cut: fc.boolean(),
      again: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.constantFrom(0, 1, 100), async (steps, cacheMax) => {
        const store = await openSqliteStore({ path: ':memory:' });
        const aggregates = aggregatesOf(store, { cacheMax });
        let batch: ReturnType<typeof input>[] = [];
        const expected = new Map<string, number>();
        for (const [i, { streamId, add, cut, again }] of steps.entries()) {
          const balance = expected.get(streamId) ?? 0;
          if (balance + add >= 0 && add !== 0) expected.set(streamId, balance + add);
          batch.push(input(streamId, String(i), add));
          if (again && balance + add >= 0 && add !== 0) batch.push(input(streamId, String(i), add));
          if (!cut) continue;
          await aggregates.execute(batch);
          batch = [];
        }
        await aggregates.execute(batch);
        for (const [streamId, balance] of expected) {
          expect((await aggregates.load(streamId)).state.balance).toBe(balance);
          expect((await aggregatesOf(store).load(streamId)).state.balance).toBe(balance);
        }
        await store.close();
      }),
      { numRuns: 60 },
    );
  });
});

describe('Aggregates with OutboxRelay', () => {
  it('publishes every commit to the topic, in the order of the stream', async () => {
    const store = await openSqliteStore({ path: ':memory:' });
    const log = await openSqliteEventLog({ path: ':memory:' });
    const relay = new OutboxRelay({ streams: store.streams, log, topic: 'test.account.v1', logger: silent });
    relay.start();
    const aggregates = aggregatesOf(store, { relay });
    for (let round = 0; round < 5; round += 1) {
      await aggregates.execute(Array.from({ length: 40 }, (_, i) => input(`s${i % 7}`, `${round}-${i}`, 1 + round * 100 + i)));
    }
    await relay.stop();
    const seen: EventEnvelope[] = [];
    await log.subscribe({
      group: 'g',
      topics: ['test.account.v1'],
      handle: async (batch) => void seen.push(...batch.map((record) => record.event)),
    });
    await expect.poll(() => seen.length).toBe(200);
    for (let s = 0; s < 7; s += 1) {
      const stream = await store.streams.load([`s${s}`]);
      const stored = stream.get(`s${s}`)?.flatMap((commit) => commit.events.map((event) => event.id));
      expect(seen.filter((event) => event.subject === `s${s}`).map((event) => event.id)).toEqual(stored);
    }
    expect(await store.streams.unpublished(10)).toEqual([]);
    await log.close();
    await store.close();
  });
});
