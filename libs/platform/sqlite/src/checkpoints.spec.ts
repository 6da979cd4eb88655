import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Checkpoints } from './checkpoints.js';
import { openFile } from './file.js';

const folder = mkdtempSync(join(tmpdir(), 'voltlog-checkpoints-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const MEGABYTE = 1_048_576;
const DEADLINE_MS = 15_000;

describe('checkpoints', () => {
  it('keep the write-ahead log bounded while it is written to, by a writer that waits when it is asked to, and lose nothing', async () => {
    const path = join(folder, 'waiting.db');
    const { db, close } = openFile(path);
    const checkpoints = new Checkpoints(db, path);
    db.exec('CREATE TABLE t (n INTEGER PRIMARY KEY, body BLOB NOT NULL)');
    const insert = db.prepare(`INSERT INTO t (body) VALUES (zeroblob(${MEGABYTE}))`);
    const deadline = performance.now() + DEADLINE_MS;
    const size = () => statSync(`${path}-wal`).size;
    let written = 0;
    let waits = 0;
    // The log's file never shrinks: it stays behind what was written once the log began anew.
    while ((waits === 0 || written * MEGABYTE < size() + 100 * MEGABYTE) && performance.now() < deadline) {
      for (let n = 0; n < 4; n += 1) insert.run();
      written += 4;
      checkpoints.committed();
      const pause = checkpoints.pause();
      if (pause !== undefined) waits += 1;
      await (pause ?? new Promise((resolve) => setImmediate(resolve)));
    }
    expect(waits).toBeGreaterThan(0);
    expect(written * MEGABYTE - size()).toBeGreaterThanOrEqual(100 * MEGABYTE);
    await checkpoints.close();
    close();
    const again = openFile(path);
    expect(again.db.prepare('SELECT count(*) AS n FROM t').get()).toEqual({ n: written });
    expect(again.db.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
    again.close();
  });

  it('of what is in memory cost nothing', async () => {
    const { db, close } = openFile(':memory:');
    const checkpoints = new Checkpoints(db, ':memory:');
    checkpoints.committed();
    await checkpoints.close();
    close();
  });
});

describe('a file', () => {
  it('is opened once, and again when it was closed', () => {
    const path = join(folder, 'one ? file#.db');
    const first = openFile(path);
    first.db.exec('CREATE TABLE t (a)');
    expect(() => openFile(path)).toThrow(expect.objectContaining({ errcode: 5 }));
    first.close();
    const second = openFile(path);
    expect(second.db.prepare('SELECT count(*) AS n FROM t').get()).toEqual({ n: 0 });
    second.close();
    expect(readdirSync(folder)).toContain('one ? file#.db');
  });
});
