import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { OperatingError } from '@voltlog/kernel';
import { openFile, SQLITE_BUSY } from '@voltlog/sqlite';

/** Counts changes of the tables that an older program could not read. 2: the lines of chunks are in files beside the database. */
const FORMAT = 2;

const SQLITE_LOCKED = 6;

/**
 * Opens the log's database for this process alone: what topics there are, where their records lie, how far each group is.
 *
 * @throws {OperatingError} `LogInUse` when another process has it open, `LogUnreadable` when the file is not an event log
 */
export function openDatabase(path: string): { db: DatabaseSync; close: () => void } {
  const ownerFile = `${path}.owner`;
  const inMemory = path === ':memory:';
  let file: ReturnType<typeof openFile> | undefined;
  try {
    if (!inMemory) mkdirSync(dirname(path), { recursive: true });
    file = openFile(path);
    const { db, close } = file;
    prepare(db, path);
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

function prepare(db: DatabaseSync, path: string): void {
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
    CREATE TABLE IF NOT EXISTS saved (id INTEGER PRIMARY KEY CHECK (id = 1), byte INTEGER NOT NULL, last INTEGER NOT NULL, crc INTEGER NOT NULL) STRICT;
    ${chunksBefore(db, format)}
    DROP TABLE IF EXISTS probe;
    PRAGMA user_version = ${FORMAT};
    COMMIT`);
}

/** The tables of chunks of a log that had no files get the columns for them. */
function chunksBefore(db: DatabaseSync, format: number): string {
  if (format !== 1) return '';
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB 'records_[0-9]*'").all();
  return tables.map(({ name }) => `ALTER TABLE ${name} ADD COLUMN place INTEGER; ALTER TABLE ${name} ADD COLUMN bytes INTEGER;`).join('\n');
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
