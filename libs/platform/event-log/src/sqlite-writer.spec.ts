import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, it, vi } from 'vitest';
import { sampleEvent } from './event-log.contract.js';
import type { LogRecord } from './event-log.js';
import { encodeRecord } from './record-codec.js';
import type { FrameHead } from './segment-frame.js';
import type { LogEnd, PlacedFrame } from './segments.js';
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

interface Write {
  resolve(): void;
  reject(error: unknown): void;
}

/** A writer whose writes end when the test says so. */
function harness(sync: () => Promise<void> = () => Promise.resolve()) {
  const path = join(folder, String((serial += 1)), 'log.sqlite');
  const { db, close } = openDatabase(path);
  closing.push(close);
  const writes: Write[] = [];
  const texts: string[] = [];
  const segments = {
    first: 0,
    body: (place: number) => texts[place] as string,
    append: (bodies: readonly (FrameHead & { readonly text: string })[]) =>
      new Promise<{ frames: PlacedFrame[]; end: LogEnd }>((resolve, reject) => {
        const written = (): void => {
          const frames = bodies.map(({ text, ...head }) => ({ ...head, place: texts.push(text) - 1, bytes: text.length, crc: 0 }));
          resolve({ frames, end: { byte: texts.length, last: texts.length - 1, crc: 0 } });
        };
        writes.push({ resolve: written, reject });
      }),
    probe: () => new Promise<void>((resolve, reject) => void writes.push({ resolve, reject })),
  };
  const partition = new Partition(db, 'topic', 1, 0, segments);
  const options = { lingerMs: 0, logger: undefined, now: () => 1_000, committed: () => undefined };
  const writer = new SqliteWriter(db, { ...options, segments, sync: { sync } });
  const append = (n: number) => {
    const event = sampleEvent(n);
    return writer.append(partition, 'key', [event], encodeRecord('key', event));
  };
  const cursor = new Cursor(new Group('group', () => undefined), partition, 0);
  /** What a consumer that is behind reads from the files. */
  const read = (): unknown[] => {
    const records: LogRecord[] = [];
    partition.take(cursor, 100, records);
    return records.map(({ event }) => event.data);
  };
  const begun = (count: number) => expect.poll(() => writes.length, { interval: 1 }).toBe(count);
  return { db, partition, writer, writes, append, read, begun };
}

it('acknowledges and hands over only what is durable, and writes the next behind it', async () => {
  const { partition, writes, append, read, begun } = harness();
  const settled: number[] = [];
  const first = append(1).then(() => settled.push(1));
  await begun(1);
  const second = append(2).then(() => settled.push(2));
  expect([settled, partition.end, read()]).toEqual([[], 0, []]);
  writes[0]?.resolve();
  await first;
  await begun(2);
  expect([settled, partition.end, read()]).toEqual([[1], 1, [{ n: 1 }]]);
  writes[1]?.resolve();
  await second;
  expect([settled, partition.end, read()]).toEqual([[1, 2], 2, [{ n: 2 }]]);
});

it('refuses what could not be written, and gives its place to the next', async () => {
  const { partition, writer, writes, append, read, begun } = harness();
  const refused = append(1);
  refused.catch(() => undefined);
  await begun(1);
  writes[0]?.reject(new Error('EIO: i/o error, fdatasync'));
  await expect(refused).rejects.toMatchObject({ code: 'LogUnavailable', message: expect.stringContaining('EIO') });
  const again = append(2);
  await begun(2);
  writes[1]?.resolve();
  await again;
  expect([partition.end, read()]).toEqual([1, [{ n: 2 }]]);
  await writer.health();
});

it('reads each record once, whether or not the database knows its place', async () => {
  const { db, writer, writes, append, read, begun } = harness();
  for (let n = 0; n < 3; n += 1) {
    const appended = append(n);
    await begun(n + 1);
    writes[n]?.resolve();
    await appended;
  }
  const rows = () => db.prepare('SELECT o, place FROM records_1_0 ORDER BY o').all();
  expect(rows().length).toBeLessThan(3);
  expect(read()).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }]);
  await writer.close();
  expect(rows()).toMatchObject([0, 1, 2].map((n) => ({ o: n, place: n })));
  expect(db.prepare('SELECT byte FROM saved').all()).toMatchObject([{ byte: 3 }]);
});

it('makes safe what a failed sync of the database left open before it writes more there', async () => {
  const outcomes = [Promise.reject(new Error('EIO')), Promise.resolve()];
  outcomes[0]?.catch(() => undefined);
  const { db, writer, writes, append, begun } = harness(() => outcomes.shift() as Promise<void>);
  const appended = append(0);
  await begun(1);
  writes[0]?.resolve();
  await appended;
  // Files may be deleted up to here, and no power cut makes the database ask for them.
  expect(writer.safe).toBe(0);
  const walOf = () => Number(db.prepare('PRAGMA wal_checkpoint(NOOP)').get()?.['log']);
  const before = walOf();
  const next = append(1);
  await begun(2);
  writes[1]?.resolve();
  await next;
  await writer.close();
  // The write-ahead log began anew: only the second save is in it.
  expect(walOf()).toBeLessThan(before);
  expect(outcomes).toEqual([]);
  expect(writer.safe).toBe(2);
});

it('is idle only when the last write has ended', async () => {
  const { writer, writes, append, begun } = harness();
  const appended = append(1);
  await begun(1);
  let idle = false;
  const waited = writer.idle().then(() => {
    idle = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(idle).toBe(false);
  writes[0]?.resolve();
  await Promise.all([appended, waited]);
});

it('is not healthy while a write hangs, and is again once it ends', async () => {
  const { writer, writes, append, begun } = harness();
  const appended = append(1);
  await begun(1);
  await writer.health();
  const later = performance.now() + 31_000;
  const clock = vi.spyOn(performance, 'now').mockReturnValue(later);
  await expect(writer.health()).rejects.toThrow('the disk does not answer');
  clock.mockRestore();
  writes[0]?.resolve();
  await appended;
  await writer.health();
});

it('after a failure is healthy as soon as something could be written, without an append', async () => {
  const { partition, writer, writes, append, begun } = harness();
  const refused = append(1);
  refused.catch(() => undefined);
  await begun(1);
  writes[0]?.reject(new Error('ENOSPC: no space left on device, write'));
  await expect(refused).rejects.toThrow('ENOSPC');
  const sick = writer.health();
  sick.catch(() => undefined);
  await begun(2);
  writes[1]?.reject(new Error('ENOSPC: no space left on device, write'));
  await expect(sick).rejects.toMatchObject({ code: 'LogUnavailable', message: expect.stringContaining('ENOSPC') });
  const well = writer.health();
  await begun(3);
  writes[2]?.resolve();
  await well;
  await writer.health();
  expect([writes.length, partition.end]).toEqual([3, 0]);
});

it('is not healthy while the database cannot be told of what was appended, loses nothing of it, and is again by itself', async () => {
  const { db, writer, writes, append, read, begun } = harness();
  db.exec('PRAGMA query_only = 1');
  const appended = append(0);
  await begun(1);
  writes[0]?.resolve();
  await appended;
  await expect(writer.health()).rejects.toMatchObject({ code: 'LogUnavailable', message: expect.stringContaining('readonly') });
  expect(read()).toEqual([{ n: 0 }]);
  db.exec('PRAGMA query_only = 0');
  await writer.health();
  expect(db.prepare('SELECT o FROM records_1_0').all()).toMatchObject([{ o: 0 }]);
});
