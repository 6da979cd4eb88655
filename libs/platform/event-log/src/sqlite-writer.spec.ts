import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, it, vi } from 'vitest';
import { sampleEvent } from './event-log.contract.js';
import type { LogRecord } from './event-log.js';
import { encodeRecord } from './record-codec.js';
import { openDatabase } from './sqlite-database.js';
import { Cursor, Group } from './sqlite-group.js';
import { Partition } from './sqlite-partition.js';
import { SqliteWriter } from './sqlite-writer.js';

const folder = mkdtempSync(join(tmpdir(), 'event-log-writer-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let serial = 0;
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

interface Sync {
  resolve(): void;
  reject(error: unknown): void;
}

/** A writer whose syncs end when the test says so. */
function harness() {
  const { db, close } = openDatabase(join(folder, String((serial += 1)), 'log.sqlite'));
  closing.push(close);
  const partition = new Partition(db, 'topic', 0, 'records_1_0');
  const syncs: Sync[] = [];
  const sync = { sync: () => new Promise<void>((resolve, reject) => void syncs.push({ resolve, reject })) };
  const options = { lingerMs: 0, logger: undefined, now: () => 1_000, committed: () => undefined, pause: () => undefined };
  const writer = new SqliteWriter(db, { ...options, sync });
  const append = (n: number) => {
    const event = sampleEvent(n);
    return writer.append(partition, 'key', [event], encodeRecord('key', event));
  };
  const cursor = new Cursor(new Group('group', () => undefined), partition, 0);
  /** What a consumer that is behind reads from the file. */
  const read = (): unknown[] => {
    const records: LogRecord[] = [];
    partition.take(cursor, 100, records);
    return records.map(({ event }) => event.data);
  };
  const begun = (count: number) => expect.poll(() => syncs.length).toBe(count);
  return { db, partition, writer, syncs, append, read, begun };
}

it('acknowledges and hands over only what is synced, and writes the next behind it', async () => {
  const { partition, syncs, append, read, begun } = harness();
  const settled: number[] = [];
  const first = append(1).then(() => settled.push(1));
  await begun(1);
  const second = append(2).then(() => settled.push(2));
  expect([settled, partition.end, read()]).toEqual([[], 0, []]);
  syncs[0]?.resolve();
  await first;
  await begun(2);
  expect([settled, partition.end, read()]).toEqual([[1], 1, [{ n: 1 }]]);
  syncs[1]?.resolve();
  await second;
  expect([settled, partition.end, read()]).toEqual([[1, 2], 2, [{ n: 2 }]]);
});

it('refuses what a failed sync left open, and makes it safe before anything is written behind it', async () => {
  const { db, partition, writer, syncs, append, read, begun } = harness();
  const refused = append(1);
  refused.catch(() => undefined);
  await begun(1);
  syncs[0]?.reject(new Error('EIO: i/o error, fdatasync'));
  await expect(refused).rejects.toMatchObject({ code: 'LogUnavailable', message: expect.stringContaining('EIO') });
  expect(read()).toEqual([]);
  const again = append(2);
  await begun(2);
  // Moved into the file and synced there: all that is left in the log is the second.
  expect(partition.end).toBe(1);
  expect(db.prepare('PRAGMA wal_checkpoint(NOOP)').get()).toMatchObject({ busy: 0, checkpointed: 0 });
  syncs[1]?.resolve();
  await again;
  expect(read()).toEqual([{ n: 1 }, { n: 2 }]);
  writer.health();
});

it('is idle only when the last sync has ended', async () => {
  const { writer, syncs, append, begun } = harness();
  const appended = append(1);
  await begun(1);
  let idle = false;
  const waited = writer.idle().then(() => {
    idle = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(idle).toBe(false);
  syncs[0]?.resolve();
  await Promise.all([appended, waited]);
});

it('is not healthy while a sync hangs, and is again once it ends', async () => {
  const { writer, syncs, append, begun } = harness();
  const appended = append(1);
  await begun(1);
  writer.health();
  const later = performance.now() + 31_000;
  const clock = vi.spyOn(performance, 'now').mockReturnValue(later);
  expect(() => writer.health()).toThrow('does not answer a sync');
  clock.mockRestore();
  syncs[0]?.resolve();
  await appended;
  writer.health();
});
