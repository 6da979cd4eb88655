import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { OperatingError } from '@voltlog/kernel';
import { openFile, SQLITE_BUSY } from '@voltlog/sqlite';

/** Counts changes of the tables that an older program could not read. */
const FORMAT = 1;

/**
 * A row is all records of a commit: some kB at rest, some hundred under load. With SQLite's usual 4 kB each of its pages is written and moved by itself, which
 * costs twice the CPU.
 */
const PAGE_BYTES = 16_384;

const SQLITE_LOCKED = 6;

/**
 * Opens the log's database for this process alone: write-ahead log, every commit synced to the disk.
 *
 * @throws {OperatingError} `LogInUse` when another process has it open, `LogUnreadable` when the file is not an event log
 */
export function openDatabase(path: string, maxBytes?: number): { db: DatabaseSync; close: () => void } {
  const ownerFile = `${path}.owner`;
  const inMemory = path === ':memory:';
  let file: ReturnType<typeof openFile> | undefined;
  try {
    if (!inMemory) mkdirSync(dirname(path), { recursive: true });
    file = openFile(path, PAGE_BYTES);
    const { db, close } = file;
    prepare(db, path, maxBytes);
    if (!inMemory) signOwner(ownerFile);
    return {
      db,
      close: () => {
        close();
        if (!inMemory) rmSync(ownerFile, { force: true });
      },
    };
  } catch (error) {
    file?.close();
    if (error instanceof OperatingError) throw error;
    throw opened(error, path, ownerFile);
  }
}

function prepare(db: DatabaseSync, path: string, maxBytes: number | undefined): void {
  db.exec('PRAGMA cache_size = -8000; PRAGMA auto_vacuum = NONE');
  const format = Number(db.prepare('PRAGMA user_version').get()?.['user_version']);
  if (format > FORMAT)
    throw new OperatingError(
      'LogUnreadable',
      `the event log ${path} was written by a newer version (format ${format}, this one reads ${FORMAT})`,
    );
  db.exec(`
    BEGIN EXCLUSIVE;
    CREATE TABLE IF NOT EXISTS topics (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, partitions INTEGER NOT NULL, retention_ms INTEGER) STRICT;
    CREATE TABLE IF NOT EXISTS positions (grp TEXT, topic TEXT, partition INTEGER, position INTEGER NOT NULL, PRIMARY KEY (grp, topic, partition)) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS probe (body BLOB NOT NULL) STRICT;
    PRAGMA user_version = ${FORMAT};
    COMMIT`);
  if (maxBytes !== undefined) {
    const pageSize = Number(db.prepare('PRAGMA page_size').get()?.['page_size']);
    db.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(maxBytes / pageSize))}`);
  }
}

function opened(error: unknown, path: string, ownerFile: string): OperatingError {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : undefined;
  if (code === SQLITE_BUSY || code === SQLITE_LOCKED) {
    return new OperatingError(
      'LogInUse',
      `the event log ${path} is in use by ${ownerOf(ownerFile)}: stop that one first, or choose another data folder`,
      { cause: error },
    );
  }
  return new OperatingError(
    'LogUnreadable',
    `the event log ${path} cannot be opened: ${error instanceof Error ? error.message : String(error)}`,
    { cause: error },
  );
}

/** Only for the message a second process gets: a full disk must not keep the log from being read. */
function signOwner(ownerFile: string): void {
  try {
    writeFileSync(ownerFile, `process ${process.pid} on ${hostname()}\n`);
  } catch {
    rmSync(ownerFile, { force: true });
  }
}

function ownerOf(ownerFile: string): string {
  try {
    return readFileSync(ownerFile, 'utf8').trim();
  } catch {
    return 'another process';
  }
}
