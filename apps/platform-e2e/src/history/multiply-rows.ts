import { statSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import type { Variations } from './variations.js';

/** Copies of one transaction. */
const TRANSACTION_COPIES = 50_000;

export interface MultiplyOptions {
  /** A service's store; nobody has it open. */
  readonly path: string;
  /** `commits`, or names of collections; all their rows are copied. */
  readonly tables: readonly string[];
  readonly copies: number;
  readonly variations: Variations;
}

/**
 * Copies rows within a store, varied. The layout is the store's, and so are the indexes: rows are inserted in the order of the copies, so that
 * pages are as full as they would be had the service written them. Copied commits count as published.
 *
 * @returns the rows that one copy has, and the size of the file
 */
export function multiplyRows({ path, tables, copies, variations }: MultiplyOptions): { readonly rows: number; readonly bytes: number } {
  const db = new DatabaseSync(path);
  // Of use only here: a crash loses the file.
  db.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -4000000');
  const inserts = tables.flatMap((name) => insertsOf(db, name, variations));
  for (let number = 0; number < copies; number += 1) {
    if (number % TRANSACTION_COPIES === 0) db.exec(number === 0 ? 'BEGIN' : 'COMMIT; BEGIN');
    variations.select(number);
    for (const insert of inserts) insert();
  }
  if (copies > 0) db.exec('COMMIT');
  db.prepare("UPDATE meta SET value = json_set(value, '$.upTo', (SELECT max(n) FROM commits)) WHERE key = 'published'").run();
  db.exec('PRAGMA journal_mode = WAL');
  db.close();
  return { rows: inserts.length, bytes: statSync(path).size };
}

function insertsOf(db: DatabaseSync, name: string, variations: Variations): (() => void)[] {
  const table = name === 'commits' ? name : String(db.prepare('SELECT tbl FROM collections WHERE name = ?').get(name)?.['tbl']);
  const columns = db
    .prepare(`SELECT name FROM pragma_table_info('${table}')`)
    .all()
    .map((row) => String(row['name']))
    .filter((column) => column !== 'n');
  const quoted = columns.map((column) => `"${column}"`).join(', ');
  const insert = db.prepare(`INSERT INTO ${table} (${quoted}) VALUES (${columns.map(() => '?').join(', ')})`);
  return db
    .prepare(`SELECT ${quoted} FROM ${table}`)
    .all()
    .map((row) => {
      const makers = columns.map((column): (() => SQLInputValue) => {
        const value = row[column] as SQLInputValue;
        return typeof value === 'string' ? variations.prepare(value) : () => value;
      });
      return () => void insert.run(...makers.map((make) => make()));
    });
}
