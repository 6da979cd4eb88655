import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DatabaseSync, type StatementSync } from 'node:sqlite';
import { OperatingError, RequestError } from '@voltlog/kernel';
import { Checkpoints, WalSync } from '@voltlog/sqlite';
import type { Schema } from 'mongoose';
import { FolderFiles } from '../files/folder-files.js';
import { type Shape, shapeOf } from '../shape.js';
import type { Collection, Store } from '../store.js';
import { SqliteCollection } from './sqlite-collection.js';
import { openDatabase } from './sqlite-database.js';
import { SqliteStreams } from './sqlite-streams.js';
import { ensureTable, Rows, Table } from './sqlite-table.js';
import { SqliteTimers } from './sqlite-timers.js';
import { REST_MS, WriteQueue } from './write-queue.js';

export interface SqliteStoreOptions {
  /** The database file, made when missing with its folder; `:memory:` keeps nothing. One file per service. */
  readonly path: string;
  /** Largest size of the file; beyond it writes are refused. Absent: the disk. */
  readonly maxBytes?: number;
}

/** Opens the embedded store. @throws {OperatingError} `StoreInUse`, `StoreUnreadable` */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  return new SqliteStore(options);
}

/** An open collection and the table that it has now. */
interface Opened {
  readonly collection: SqliteCollection<{ readonly id: string }>;
  table: Table | undefined;
}

class SqliteStore implements Store {
  readonly shared = false;
  readonly streams: SqliteStreams;
  readonly timers: SqliteTimers;
  /** In a folder beside the database; of one in memory, in a folder that goes with it. */
  readonly files: FolderFiles;
  readonly #forgetFiles: () => void;
  readonly #db: DatabaseSync;
  readonly #closeFile: () => void;
  readonly #checkpoints: Checkpoints;
  readonly #sync: WalSync | undefined;
  readonly #queue: WriteQueue;
  readonly #touch: StatementSync;
  readonly #opened = new Map<string, Opened>();
  /** By table: names are never used twice. */
  readonly #rows = new Map<string, Rows>();
  #closed = false;

  constructor(options: SqliteStoreOptions) {
    const { db, close } = openDatabase(options.path, options.maxBytes);
    this.#db = db;
    this.#closeFile = close;
    this.#checkpoints = new Checkpoints(db, options.path);
    this.#sync = WalSync.of(db);
    this.#queue = new WriteQueue(db, this.#sync, options.path === ':memory:' ? 0 : REST_MS, this.#checkpoints);
    this.streams = new SqliteStreams(db, this.#queue);
    this.timers = new SqliteTimers(db, this.#queue);
    // Made when the first file is written.
    const folder =
      options.path === ':memory:' ? join(tmpdir(), `voltlog-files-${randomUUID()}`) : `${options.path.replace(/\.db$/, '')}.files`;
    this.files = new FolderFiles(folder);
    this.#forgetFiles = () => (options.path === ':memory:' ? rmSync(folder, { recursive: true, force: true }) : undefined);
    this.#queue.hooks = this.streams;
    this.#touch = db.prepare("INSERT INTO meta (key, value) VALUES ('health', '') ON CONFLICT DO UPDATE SET value = excluded.value");
    this.#dropForgotten();
  }

  async collection<Doc extends { readonly id: string }>(name: string, schema: Schema): Promise<Collection<Doc>> {
    const shape = shapeOf(name, schema);
    const known = this.#opened.get(name);
    if (known !== undefined && known.table !== undefined && JSON.stringify(known.collection.shape) === JSON.stringify(shape)) {
      return known.collection as unknown as Collection<Doc>;
    }
    const table = await this.#queue.write(() => ensureTable(this.#db, shape));
    const opened: Opened = {
      collection: new SqliteCollection(shape, this.#queue, () => opened.table ?? gone(name)),
      table: this.#table(table, shape),
    };
    this.#opened.set(name, opened);
    return opened.collection as unknown as Collection<Doc>;
  }

  #table(name: string, shape: Shape): Table {
    let rows = this.#rows.get(name);
    if (rows === undefined) {
      rows = new Rows(this.#db, name);
      this.#rows.set(name, rows);
    }
    return new Table(this.#db, name, shape, rows);
  }

  async swapCollection(rebuilt: string, live: string): Promise<void> {
    const from = this.#opened.get(rebuilt);
    const to = this.#opened.get(live);
    const before = { from: from?.table, to: to?.table };
    try {
      // The open collections change tables inside the transaction: a write behind it in the same one goes to the new table.
      await this.#queue.write(() => {
        const table = this.#rename(rebuilt, live);
        if (to !== undefined) to.table = this.#table(table, to.collection.shape);
        if (from !== undefined) from.table = undefined;
      });
    } catch (error) {
      if (to !== undefined) to.table = before.to;
      if (from !== undefined) from.table = before.from;
      throw error;
    }
    this.#opened.delete(rebuilt);
    await this.#queue.write(() => this.#dropForgotten());
  }

  #rename(rebuilt: string, live: string): string {
    const table = this.#db.prepare('SELECT tbl FROM collections WHERE name = ?').get(rebuilt)?.['tbl'];
    if (table === undefined) throw new RequestError('NOT_FOUND', `there is no collection ${rebuilt}`, 'NoCollection');
    this.#db.prepare('DELETE FROM collections WHERE name = ?').run(live);
    this.#db.prepare('UPDATE collections SET name = ? WHERE name = ?').run(live, rebuilt);
    return String(table);
  }

  /** Drops tables that no collection has any more: of a swap, or of one that a crash cut short. */
  #dropForgotten(): void {
    const tables = this.#db
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB 'c_[0-9]*' AND name NOT IN (SELECT tbl FROM collections)")
      .all();
    for (const row of tables) {
      const table = String(row['name']);
      this.#rows.delete(table);
      this.#db.exec(`DROP TABLE ${table}`);
    }
  }

  async health(): Promise<void> {
    await this.#queue.write(() => this.#touch.run());
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.streams.marksWaiting)
      await this.health().catch((error: unknown) => (error instanceof OperatingError ? undefined : Promise.reject(error)));
    await this.#queue.close();
    await this.#checkpoints.close();
    await this.#sync?.close();
    this.#closeFile();
    this.#forgetFiles();
  }
}

function gone(name: string): never {
  throw new RequestError('FAILED_PRECONDITION', `the collection ${name} has been swapped away; open it anew`, 'NoCollection');
}
