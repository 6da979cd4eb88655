import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { WalSync } from '@voltlog/sqlite';
import { afterAll, afterEach, expect, it } from 'vitest';
import { commitOf } from '../contract/streams.contract.js';
import { openDatabase } from './sqlite-database.js';
import { SqliteStreams } from './sqlite-streams.js';
import { WriteQueue } from './write-queue.js';

const folder = mkdtempSync(join(tmpdir(), 'write-queue-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let serial = 0;
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

interface Sync {
  resolve(): void;
  reject(error: unknown): void;
}

/** Streams whose syncs end when the test says so. */
function harness(restMs = 0) {
  const { db, close } = openDatabase(join(folder, String((serial += 1)), 'store.sqlite'));
  const wal = WalSync.of(db);
  closing.push(close, () => wal?.close());
  const syncs: Sync[] = [];
  const sync = { sync: () => new Promise<void>((resolve, reject) => void syncs.push({ resolve, reject })) };
  const queue = new WriteQueue(db, sync, restMs, { committed: () => undefined, pause: () => undefined });
  const streams = new SqliteStreams(db, queue);
  queue.hooks = streams;
  const begun = (count: number) => expect.poll(() => syncs.length).toBe(count);
  const versions = async (): Promise<number[]> => (await streams.unpublished(10)).map(({ version }) => version);
  return { db, queue, streams, syncs, begun, versions };
}

it('acknowledges only what is synced, and writes what came meanwhile behind it', async () => {
  const { streams, syncs, begun } = harness();
  const settled: number[] = [];
  const first = streams.append([commitOf('s', 1)]).then(() => settled.push(1));
  await begun(1);
  const second = streams.append([commitOf('s', 2)]).then(() => settled.push(2));
  expect(settled).toEqual([]);
  syncs[0]?.resolve();
  await first;
  await begun(2);
  expect(settled).toEqual([1]);
  syncs[1]?.resolve();
  await second;
});

it('hands over to be published only what is synced', async () => {
  const { streams, syncs, begun, versions } = harness();
  const first = streams.append([commitOf('s', 1)]);
  await begun(1);
  expect(await versions()).toEqual([]);
  syncs[0]?.resolve();
  await first;
  const second = streams.append([commitOf('s', 2)]);
  await begun(2);
  expect(await versions()).toEqual([1]);
  syncs[1]?.resolve();
  await second;
  expect(await versions()).toEqual([1, 2]);
});

it('goes on handing over behind a transaction that was rolled back', async () => {
  const { queue, streams, syncs, begun, versions } = harness();
  const good = streams.append([commitOf('s', 1)]);
  const bad = queue.write(() => {
    throw new Error('a bug');
  });
  await expect(bad).rejects.toThrow('a bug');
  await begun(1);
  syncs[0]?.resolve();
  expect(await good).toEqual(['appended']);
  expect(await versions()).toEqual([1]);
});

it('refuses what a failed sync left open, and makes it safe before anything is written behind it', async () => {
  const { db, streams, syncs, begun, versions } = harness();
  const refused = streams.append([commitOf('s', 1)]);
  refused.catch(() => undefined);
  await begun(1);
  syncs[0]?.reject(new Error('EIO: i/o error, fdatasync'));
  await expect(refused).rejects.toMatchObject({ code: 'StoreUnavailable', message: expect.stringContaining('EIO') });
  expect(await versions()).toEqual([]);
  const again = streams.append([commitOf('s', 1), commitOf('s', 2)]);
  await begun(2);
  // Moved into the file and synced there: all that is left in the log is the second.
  expect(db.prepare('PRAGMA wal_checkpoint(NOOP)').get()).toMatchObject({ busy: 0, checkpointed: 0 });
  expect(await versions()).toEqual([1]);
  syncs[1]?.resolve();
  // The one that was refused tells by its causation that it is there.
  expect(await again).toEqual(['duplicate', 'conflict']);
  const next = streams.append([commitOf('s', 2)]);
  await begun(3);
  syncs[2]?.resolve();
  expect(await next).toEqual(['appended']);
});

it('loads what is not synced only once it is, and waits for nothing else', async () => {
  const { streams, syncs, begun } = harness();
  const safe = streams.append([commitOf('safe', 1)]);
  await begun(1);
  syncs[0]?.resolve();
  await safe;
  const first = streams.append([commitOf('s', 1)]);
  await begun(2);
  const settled: string[] = [];
  const load = streams.load(['s']).then((streams) => {
    settled.push('loaded');
    return streams;
  });
  expect((await streams.load(['safe', 'nothing'])).get('safe')).toHaveLength(1);
  syncs[1]?.resolve();
  await first;
  await begun(3);
  syncs[2]?.resolve();
  expect((await load).get('s')).toMatchObject([{ version: 1, published: false }]);
  expect(settled).toEqual(['loaded']);
});

it('tells nobody of a commit whose sync failed before it is safe, and makes it so for whoever loads it', async () => {
  const { db, streams, syncs, begun } = harness();
  const refused = streams.append([commitOf('s', 1)]);
  refused.catch(() => undefined);
  await begun(1);
  syncs[0]?.reject(new Error('EIO: i/o error, fdatasync'));
  await expect(refused).rejects.toMatchObject({ code: 'StoreUnavailable' });
  // Somebody reads in another connection: what is in the log cannot be moved into the file.
  const reader = new DatabaseSync(db.location() ?? '');
  closing.push(() => reader.close());
  reader.exec('BEGIN; SELECT count(*) FROM commits');
  db.exec('PRAGMA busy_timeout = 0');
  await expect(streams.load(['s'])).rejects.toMatchObject({ code: 'StoreUnavailable' });
  reader.exec('COMMIT');
  const load = streams.load(['s']);
  await begun(2);
  expect(db.prepare('PRAGMA wal_checkpoint(NOOP)').get()).toMatchObject({ busy: 0, log: 0 });
  syncs[1]?.resolve();
  expect((await load).get('s')).toMatchObject([{ version: 1, published: false }]);
});

it('is closed only when the last sync has ended, and takes nothing more', async () => {
  const { queue, streams, syncs, begun } = harness();
  const first = streams.append([commitOf('s', 1)]);
  await begun(1);
  const second = streams.append([commitOf('s', 2)]);
  let closed = false;
  const close = queue.close().then(() => {
    closed = true;
  });
  await expect(streams.append([commitOf('s', 3)])).rejects.toMatchObject({ code: 'StoreUnavailable' });
  syncs[0]?.resolve();
  await first;
  await begun(2);
  expect(closed).toBe(false);
  syncs[1]?.resolve();
  await Promise.all([second, close]);
});

it('lets what comes soon after a small transaction wait for more, and what comes after a large one not', async () => {
  const small = harness(200);
  const first = small.queue.write(() => undefined, 63);
  await small.begun(1);
  small.syncs[0]?.resolve();
  await first;
  const durable = performance.now();
  const second = small.queue.write(() => performance.now());
  await small.begun(2);
  small.syncs[1]?.resolve();
  expect((await second) - durable).toBeGreaterThan(190);

  const large = harness(3_600_000);
  const all = large.queue.write(() => undefined, 64);
  await large.begun(1);
  large.syncs[0]?.resolve();
  await all;
  const next = large.queue.write(() => 'written');
  await large.begun(2);
  large.syncs[1]?.resolve();
  expect(await next).toBe('written');
});
