import { OperatingError } from '@voltlog/kernel';
import { describe, expect, it } from 'vitest';
import { commitOf } from './contract/streams.contract.js';
import { OutboxRelay } from './outbox-relay.js';
import { openSqliteStore } from './sqlite/sqlite-store.js';

const silent = { warn: () => undefined, error: () => undefined };

/** A log that takes what it is given, or refuses. */
function fakeLog() {
  const log = {
    away: false,
    appends: [] as { topic: string; key: string; ids: string[] }[],
    append: async (topic: string, key: string, events: readonly { id: string }[]): Promise<void> => {
      if (log.away) throw new OperatingError('LogUnavailable', 'away');
      log.appends.push({ topic, key, ids: events.map((event) => event.id) });
    },
  };
  return log;
}

describe('OutboxRelay', () => {
  it('puts what waits for one key into one append, and marks it', async () => {
    const store = await openSqliteStore({ path: ':memory:' });
    const log = fakeLog();
    const relay = new OutboxRelay({
      streams: store.streams,
      log,
      topic: 't',
      logger: silent,
      keyOf: (commit) => commit.streamId.slice(0, 1),
    });
    relay.start();
    await relay.stop();
    const commits = [commitOf('a1', 1), commitOf('b1', 1), commitOf('a2', 1), commitOf('a1', 2)];
    await store.streams.append(commits);
    const second = new OutboxRelay({
      streams: store.streams,
      log,
      topic: 't',
      logger: silent,
      keyOf: (commit) => commit.streamId.slice(0, 1),
    });
    second.start();
    await expect.poll(() => log.appends.length).toBe(2);
    expect(log.appends.map(({ key, ids }) => [key, ids.length])).toEqual([
      ['a', 3],
      ['b', 1],
    ]);
    await second.stop();
    expect(await store.streams.unpublished(1)).toEqual([]);
    await store.close();
  });

  it('puts the commits of a stream on the topic of its kind', async () => {
    const store = await openSqliteStore({ path: ':memory:' });
    const log = fakeLog();
    await store.streams.append([commitOf('a:1', 1), commitOf('b:1', 1)]);
    const topic = (commit: { readonly streamId: string }): string => `topic-${commit.streamId.slice(0, 1)}`;
    const relay = new OutboxRelay({ streams: store.streams, log, topic, logger: silent, keyOf: (commit) => commit.streamId.slice(2) });
    relay.start();
    await relay.stop();
    expect(log.appends.map(({ topic: name, key }) => [name, key])).toEqual([
      ['topic-a', '1'],
      ['topic-b', '1'],
    ]);
    await store.close();
  });

  it('takes more than it can hold while the log is away, and loses nothing', async () => {
    const store = await openSqliteStore({ path: ':memory:' });
    const log = fakeLog();
    const relay = new OutboxRelay({ streams: store.streams, log, topic: 't', logger: silent });
    relay.start();
    log.away = true;
    for (let version = 1; version <= 30; version += 1) {
      const commits = Array.from({ length: 1_000 }, (_, s) => commitOf(`s${s}`, version));
      await store.streams.append(commits);
      relay.publish(commits);
    }
    expect(relay.pending).toBeLessThanOrEqual(21_000);
    log.away = false;
    await expect.poll(async () => (await store.streams.unpublished(1)).length, { timeout: 15_000 }).toBe(0);
    await relay.stop();
    const seen = new Map<string, string[]>();
    for (const { key, ids } of log.appends) seen.set(key, [...(seen.get(key) ?? []), ...ids]);
    const stored = (await store.streams.load(['s0', 's999'])).entries();
    for (const [streamId, commits] of stored)
      expect(seen.get(streamId)).toEqual(commits.flatMap((commit) => commit.events.map((event) => event.id)));
    expect([...seen.values()].flat()).toHaveLength(30_000);
    await store.close();
  });

  it('does not publish twice what its writer hands over late', async () => {
    const store = await openSqliteStore({ path: ':memory:' });
    const log = fakeLog();
    const commits = [commitOf('s', 1), commitOf('s', 2)];
    await store.streams.append(commits);
    const relay = new OutboxRelay({ streams: store.streams, log, topic: 't', logger: silent });
    relay.start();
    await expect.poll(() => log.appends.length).toBe(1);
    relay.publish(commits);
    await store.streams.append([commitOf('s', 3)]);
    relay.publish((await store.streams.load(['s'])).get('s')?.slice(2) ?? []);
    await relay.stop();
    expect(log.appends.map(({ ids }) => ids.length)).toEqual([2, 1]);
    await store.close();
  });

  it('stops within its bound when the log stays away', async () => {
    const store = await openSqliteStore({ path: ':memory:' });
    const log = fakeLog();
    log.away = true;
    const commit = commitOf('s', 1);
    await store.streams.append([commit]);
    const relay = new OutboxRelay({ streams: store.streams, log, topic: 't', logger: silent });
    relay.start();
    const start = Date.now();
    await relay.stop();
    expect(Date.now() - start).toBeLessThan(7_000);
    expect(await store.streams.unpublished(1)).toHaveLength(1);
    await store.close();
  });
});
