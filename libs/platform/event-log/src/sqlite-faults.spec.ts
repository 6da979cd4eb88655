import { type ChildProcess, spawn } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { OperatingError } from '@voltlog/kernel';
import { pino } from 'pino';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { sampleEvent, until } from './event-log.contract.js';
import type { EventLog } from './event-log.js';
import { encodeRecord } from './record-codec.js';
import { openSqliteEventLog, type SqliteEventLogOptions } from './sqlite-event-log.js';

const PATIENCE_MS = 5_000;
const folder = mkdtempSync(join(tmpdir(), 'event-log-faults-'));
let serial = 0;
const newPath = (): string => join(folder, String((serial += 1)), 'log.sqlite');

const logs: EventLog[] = [];
const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await Promise.all(logs.splice(0).map((log) => log.close()));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function opened(options: SqliteEventLogOptions): Promise<EventLog> {
  const log = await openSqliteEventLog(options);
  logs.push(log);
  return log;
}

/** Numbers of all records of a topic, in order. */
async function numbersOf(log: EventLog, topic: string, group = `reader-${(serial += 1)}`): Promise<number[]> {
  const numbers: number[] = [];
  const subscription = await log.subscribe({
    group,
    topics: [topic],
    handle: async (batch) => void numbers.push(...batch.map(({ event }) => (event.data as { n: number }).n)),
  });
  expect(await log.caughtUp({ group, topic, key: 'key', deadlineMs: PATIENCE_MS })).toBe(true);
  await subscription.stop();
  return numbers;
}

/** Leaves the files as a crash at this moment would: the log is still open. */
function crashCopy(path: string): string {
  const copy = newPath();
  cpSync(dirname(path), dirname(copy), { recursive: true });
  return copy;
}

/** The only file with records of a small log. */
const segmentOf = (path: string): string => join(`${path}-segments`, '0'.repeat(16));

/** Its records, without the zeros behind them. */
function recordsOf(path: string): Buffer {
  const bytes = readFileSync(segmentOf(path));
  return bytes.subarray(0, bytes.findLastIndex((byte) => byte !== 0) + 1);
}

/** As a power cut would: the records are there, and the database of a moment before, which knows of the first record alone. */
async function crashCopyOf(count: number): Promise<string> {
  const path = newPath();
  const log = await opened({ path, lingerMs: 0 });
  await appendOneByOne(log, 1);
  const copy = crashCopy(path);
  await appendOneByOne(log, count - 1, 1);
  copyFileSync(segmentOf(path), segmentOf(copy));
  return copy;
}

async function appendOneByOne(log: EventLog, count: number, from = 0): Promise<void> {
  for (let n = from; n < from + count; n += 1) await log.append('topic', 'key', [sampleEvent(n)]);
}

const risingTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

it('a file that is a link is synced where it really is', async () => {
  const real = newPath();
  const link = newPath();
  for (const path of [real, link]) mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(real, '');
  symlinkSync(real, link);
  await appendOneByOne(await opened({ path: link }), 3);
  expect([existsSync(`${link}-wal`), existsSync(`${link}-segments`)]).toEqual([false, false]);
  const log = await opened({ path: crashCopy(real) });
  expect(await numbersOf(log, 'topic')).toEqual(risingTo(3));
});

describe('a crash', () => {
  it('loses nothing that was acknowledged', async () => {
    const path = newPath();
    const log = await opened({ path, lingerMs: 0 });
    await appendOneByOne(log, 50);
    expect(await numbersOf(await opened({ path: crashCopy(path) }), 'topic')).toEqual(risingTo(50));
  });

  for (const share of [0.05, 0.3, 0.62, 0.999]) {
    it(`in the middle of a write (${share} of the file is there) leaves whole records, and goes on`, async () => {
      const copy = await crashCopyOf(60);
      truncateSync(segmentOf(copy), Math.floor(recordsOf(copy).length * share));
      const again = await opened({ path: copy, lingerMs: 0 });
      const kept = await numbersOf(again, 'topic');
      expect(kept).toEqual(risingTo(kept.length));
      expect(kept.length).toBeGreaterThanOrEqual(Math.floor(60 * share) - 1);
      expect(kept.length).toBeLessThan(60);
      if (share > 0.9) expect(kept.length).toBe(59);
      await appendOneByOne(again, 1, kept.length);
      expect(await numbersOf(again, 'topic')).toEqual(risingTo(kept.length + 1));
    });
  }

  it('with rubbish as the last record leaves the records before it, and no trace of the rubbish behind the next', async () => {
    const copy = await crashCopyOf(20);
    const records = recordsOf(copy);
    records.fill(0xa5, records.length - 100);
    writeFileSync(segmentOf(copy), Buffer.concat([records, Buffer.alloc(5_000, 0xa5)]));
    const log = await opened({ path: copy, lingerMs: 0 });
    expect(await numbersOf(log, 'topic')).toEqual(risingTo(19));
    await appendOneByOne(log, 1, 19);
    expect(await numbersOf(await opened({ path: crashCopy(copy) }), 'topic')).toEqual(risingTo(20));
  });
});

describe('files with records that are not what was written', () => {
  it('a file that was cut, or is gone: the log is refused and left as it is', async () => {
    const path = newPath();
    const log = await openSqliteEventLog({ path, lingerMs: 0 });
    await appendOneByOne(log, 20);
    await log.close();
    const { length } = recordsOf(path);
    truncateSync(segmentOf(path), length - 1);
    await expect(openSqliteEventLog({ path })).rejects.toMatchObject({
      code: 'LogUnreadable',
      message: expect.stringContaining(segmentOf(path)),
    });
    expect(statSync(segmentOf(path)).size).toBe(length - 1);
    rmSync(segmentOf(path));
    await expect(openSqliteEventLog({ path })).rejects.toMatchObject({ code: 'LogUnreadable', message: expect.stringContaining(path) });
  });

  it('of another database: the log is refused', async () => {
    const copy = await crashCopyOf(3);
    rmSync(copy);
    await expect(openSqliteEventLog({ path: copy })).rejects.toMatchObject({
      code: 'LogUnreadable',
      message: expect.stringContaining(copy),
    });
  });

  it('a damaged record holds up who reads it, is told, and harms nobody else; once the file is mended they go on', async () => {
    const path = newPath();
    const log = await openSqliteEventLog({ path, lingerMs: 0 });
    await appendOneByOne(log, 20);
    await log.close();
    const records = readFileSync(segmentOf(path));
    const damaged = Buffer.from(records);
    damaged[60] = (damaged[60] as number) ^ 1;
    writeFileSync(segmentOf(path), damaged);
    const warnings: string[] = [];
    const logger = pino({ level: 'warn' }, { write: (line) => void warnings.push(String(JSON.parse(line).err?.message)) });
    const again = await opened({ path, lingerMs: 0, logger });
    const seen: number[] = [];
    await again.subscribe({
      group: 'reader',
      topics: ['topic'],
      handle: async (batch) => void seen.push(...batch.map(({ event }) => (event.data as { n: number }).n)),
    });
    await until(() => warnings.length > 0, PATIENCE_MS, 'a warning');
    expect(warnings[0]).toContain('is damaged at byte 0');
    await again.append('other', 'key', [sampleEvent(0)]);
    expect(await numbersOf(again, 'other')).toEqual([0]);
    expect(seen).toEqual([]);
    writeFileSync(segmentOf(path), records);
    await until(() => seen.length === 20, PATIENCE_MS, 'all records');
    expect(seen).toEqual(risingTo(20));
  });
});

describe('a log of before it had files for records', () => {
  it('is read and continued, also by a group in the middle of it', async () => {
    const path = newPath();
    mkdirSync(dirname(path), { recursive: true });
    const db = new DatabaseSync(path);
    db.exec(`
      CREATE TABLE topics (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, partitions INTEGER NOT NULL, retention_ms INTEGER) STRICT;
      CREATE TABLE positions (grp TEXT, topic TEXT, partition INTEGER, position INTEGER NOT NULL, PRIMARY KEY (grp, topic, partition)) STRICT, WITHOUT ROWID;
      CREATE TABLE probe (body BLOB NOT NULL) STRICT;
      INSERT INTO topics (name, partitions) VALUES ('topic', 1);
      INSERT INTO positions VALUES ('half', 'topic', 0, 3);
      CREATE TABLE records_1_0 (o INTEGER PRIMARY KEY, n INTEGER NOT NULL, at INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
      PRAGMA user_version = 1`);
    const insert = db.prepare('INSERT INTO records_1_0 (o, n, at, body) VALUES (?, 2, 1000, ?)');
    for (const n of [0, 2, 4]) insert.run(n, [n, n + 1].map((each) => encodeRecord('key', sampleEvent(each))).join(''));
    db.close();
    const log = await openSqliteEventLog({ path, lingerMs: 0 });
    await appendOneByOne(log, 4, 6);
    expect(await numbersOf(log, 'topic')).toEqual(risingTo(10));
    expect(await numbersOf(log, 'topic', 'half')).toEqual([3, 4, 5, 6, 7, 8, 9]);
    await log.close();
    const again = await opened({ path });
    await appendOneByOne(again, 1, 10);
    expect(await numbersOf(again, 'topic')).toEqual(risingTo(11));
  });
});

describe('a second process on the same file', () => {
  it('is refused and told whom to stop; gets the log once the first one is gone, however it went', async () => {
    const path = newPath();
    mkdirSync(join(path, '..'), { recursive: true });
    const holder = spawn(process.execPath, [
      '-e',
      `const { DatabaseSync } = require('node:sqlite');
       const db = new DatabaseSync(${JSON.stringify(path)});
       db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; CREATE TABLE IF NOT EXISTS t (a)');
       require('node:fs').writeFileSync(${JSON.stringify(`${path}.owner`)}, 'process ' + process.pid + ' on here');
       console.log('held'); setInterval(() => db.isOpen, 1000);`,
    ]);
    children.push(holder);
    await new Promise<void>((resolve) => holder.stdout?.once('data', () => resolve()));
    await expect(openSqliteEventLog({ path })).rejects.toMatchObject({
      name: 'OperatingError',
      code: 'LogInUse',
      message: expect.stringContaining(`process ${holder.pid} on here`),
    });
    holder.kill('SIGKILL');
    await new Promise<void>((resolve) => holder.once('exit', () => resolve()));
    await (await opened({ path })).append('topic', 'key', [sampleEvent(0)]);
  });

  it('is refused within one process too, and not after closing', async () => {
    const path = newPath();
    const first = await openSqliteEventLog({ path });
    await expect(openSqliteEventLog({ path })).rejects.toMatchObject({
      code: 'LogInUse',
      message: expect.stringContaining(`process ${process.pid}`),
    });
    await first.close();
    await opened({ path });
  });
});

describe('a file that is no event log', () => {
  it('is refused and left as it is', async () => {
    const path = newPath();
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, 'my letters\n'.repeat(1000));
    await expect(openSqliteEventLog({ path })).rejects.toMatchObject({ code: 'LogUnreadable', message: expect.stringContaining(path) });
    expect(readFileSync(path, 'utf8')).toBe('my letters\n'.repeat(1000));
  });
});

describe('no space left', () => {
  it('refuses appends, keeps what was acknowledged, and goes on by itself when there is room', async () => {
    const path = newPath();
    let now = 1_000_000;
    const log = await opened({ path, lingerMs: 0, maxBytes: 400_000, now: () => now, retentionEveryMs: 20 });
    await log.ensureTopics([{ name: 'topic', partitions: 1, retentionMs: 60_000 }]);
    const filler = (n: number) => sampleEvent(n, 'voltlog.test.Happened.v1', { data: { n, text: 'x'.repeat(5_000) } });
    let acknowledged = 0;
    const refusal = await (async () => {
      try {
        for (; acknowledged < 1_000; acknowledged += 1) await log.append('topic', 'key', [filler(acknowledged)]);
        return undefined;
      } catch (error) {
        return error;
      }
    })();
    expect(refusal).toBeInstanceOf(OperatingError);
    expect(refusal).toMatchObject({ code: 'LogUnavailable' });
    await expect(log.health()).rejects.toMatchObject({ code: 'LogUnavailable' });
    expect(acknowledged).toBeGreaterThan(10);
    expect(await numbersOf(log, 'topic')).toEqual(risingTo(acknowledged));
    now += 120_000;
    await until(
      () =>
        log.append('topic', 'key', [filler(acknowledged)]).then(
          () => true,
          () => false,
        ),
      PATIENCE_MS,
      'an append after retention made room',
    );
    await log.health();
    expect((await numbersOf(log, 'topic')).at(-1)).toBe(acknowledged);
  });
});

describe('retention', () => {
  it('deletes what is older than the topic keeps, never what is not, and goes on with the same offsets', async () => {
    let now = 1_000_000;
    const path = newPath();
    const log = await opened({ path, lingerMs: 0, now: () => now, retentionEveryMs: 10 });
    await log.ensureTopics([
      { name: 'topic', partitions: 1, retentionMs: 1_000 },
      { name: 'kept', partitions: 1 },
    ]);
    await appendOneByOne(log, 600);
    await log.append('kept', 'key', [sampleEvent(0)]);
    now += 900;
    await appendOneByOne(log, 5, 600);
    now += 200;
    await until(async () => (await numbersOf(log, 'topic')).length === 5, PATIENCE_MS, 'the old ones are gone');
    expect(await numbersOf(log, 'topic')).toEqual([600, 601, 602, 603, 604]);
    expect(await numbersOf(log, 'kept')).toEqual([0]);
    now += 10_000;
    await until(async () => (await numbersOf(log, 'topic')).length === 1, PATIENCE_MS, 'all but the newest are gone');
    expect(await numbersOf(log, 'topic')).toEqual([604]);
    await appendOneByOne(log, 1, 605);
    await until(async () => !(await numbersOf(log, 'topic')).includes(604), PATIENCE_MS, 'the one that is no longer the newest is gone');
    expect(await numbersOf(log, 'topic')).toEqual([605]);
  });
});

describe('a slow consumer', () => {
  it('reads from the file what memory no longer holds', async () => {
    const log = await opened({ path: newPath() });
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const seen: number[] = [];
    await log.subscribe({
      group: 'slow',
      topics: ['topic'],
      handle: async (batch) => {
        await held;
        seen.push(...batch.map(({ event }) => (event.data as { n: number }).n));
      },
    });
    for (let round = 0; round < 30; round += 1) {
      await Promise.all(Array.from({ length: 1_000 }, (_, i) => log.append('topic', 'key', [sampleEvent(round * 1_000 + i)])));
    }
    release();
    await until(() => seen.length === 30_000, PATIENCE_MS, 'all records');
    expect(seen).toEqual(risingTo(30_000));
  });
});
