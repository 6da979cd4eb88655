import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { OperatingError } from '@voltlog/kernel';
import { openFile, SQLITE_BUSY } from '@voltlog/sqlite';

/** Counts changes of the tables that an older program could not read. */
const FORMAT = 4;
const SQLITE_LOCKED = 6;

/**
 * Opens a service's database for this process alone: write-ahead log, every commit synced to the disk.
 *
 * @throws {OperatingError} `StoreInUse` when another process has it open, `StoreUnreadable` when the file is not such a store
 */
export function openDatabase(path: string, maxBytes?: number): { db: DatabaseSync; close: () => void } {
  const ownerFile = `${path}.owner`;
  const inMemory = path === ':memory:';
  let file: ReturnType<typeof openFile> | undefined;
  try {
    if (!inMemory) mkdirSync(dirname(path), { recursive: true });
    file = openFile(path);
    const { db, close } = file;
    prepare(db, path, maxBytes);
    if (!inMemory) writeFileSync(ownerFile, `process ${process.pid} on ${hostname()}\n`);
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
    throw notOpened(error, path, ownerFile);
  }
}

function prepare(db: DatabaseSync, path: string, maxBytes: number | undefined): void {
  db.exec('PRAGMA cache_size = -8000');
  const format = Number(db.prepare('PRAGMA user_version').get()?.['user_version']);
  if (format > FORMAT) {
    throw new OperatingError(
      'StoreUnreadable',
      `the store ${path} was written by a newer version (format ${format}, this one reads ${FORMAT})`,
    );
  }
  db.exec(`
    BEGIN EXCLUSIVE;
    CREATE TABLE IF NOT EXISTS commits (n INTEGER PRIMARY KEY, s TEXT NOT NULL, v INTEGER NOT NULL, k TEXT NOT NULL, at TEXT NOT NULL, e TEXT NOT NULL) STRICT;
    CREATE UNIQUE INDEX IF NOT EXISTS commits_stream ON commits (s, v);
    CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS timers (id TEXT PRIMARY KEY, kind TEXT NOT NULL, due TEXT NOT NULL, payload TEXT NOT NULL, ready TEXT NOT NULL, claimed INTEGER NOT NULL) STRICT;
    CREATE INDEX IF NOT EXISTS timers_ready ON timers (kind, ready);
    CREATE TABLE IF NOT EXISTS collections (name TEXT PRIMARY KEY, tbl TEXT NOT NULL UNIQUE, fields TEXT NOT NULL) STRICT, WITHOUT ROWID;
    PRAGMA user_version = ${FORMAT};
    COMMIT`);
  if (maxBytes !== undefined) {
    const pageSize = Number(db.prepare('PRAGMA page_size').get()?.['page_size']);
    db.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(maxBytes / pageSize))}`);
  }
}

function notOpened(error: unknown, path: string, ownerFile: string): OperatingError {
  const code = sqliteCode(error);
  if (code === SQLITE_BUSY || code === SQLITE_LOCKED) {
    const text = `the store ${path} is in use by ${ownerOf(ownerFile)}: stop that one first, or choose another data folder`;
    return new OperatingError('StoreInUse', text, { cause: error });
  }
  const reason = error instanceof Error ? error.message : String(error);
  return new OperatingError('StoreUnreadable', `the store ${path} cannot be opened: ${reason}`, { cause: error });
}

function ownerOf(ownerFile: string): string {
  try {
    return readFileSync(ownerFile, 'utf8').trim();
  } catch {
    return 'another process';
  }
}

/** The primary result code of an error of SQLite; undefined for any other error. */
export function sqliteCode(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : undefined;
}
