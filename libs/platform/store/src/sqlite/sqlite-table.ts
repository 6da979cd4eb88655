import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { BoundedCache } from '../bounded-cache.js';
import type { Shape } from '../shape.js';
import { columnOf } from './sqlite-query.js';

/** Statements of queries kept prepared per table; the statements of writes are kept apart. */
const STATEMENTS_MAX = 64;

/**
 * Whether a table has rows at all, known without asking: reads of a collection that nobody uses (reservations, subscriptions, budgets) are
 * the most frequent ones of a platform that has none. This process alone writes the file. Shared by whatever reads the table.
 */
export class Rows {
  readonly #first: StatementSync;
  #none = false;

  constructor(db: DatabaseSync, table: string) {
    this.#first = db.prepare(`SELECT 1 FROM ${table} LIMIT 1`);
    this.look();
  }

  get none(): boolean {
    return this.#none;
  }

  /** A row is about to be written; a write that fails leaves this as it is, which costs a question. */
  written(): void {
    this.#none = false;
  }

  /** Rows were deleted, and that is committed. */
  look(): void {
    this.#none = this.#first.get() === undefined;
  }
}

/** The table behind a collection: the document as JSON, its version, and a column for each indexed field. */
export class Table {
  readonly get: StatementSync;
  readonly getMany: StatementSync;
  readonly insert: StatementSync;
  readonly insertOnly: StatementSync;
  /** The version and the indexed fields of a document as they are stored, as an array. */
  readonly stored: StatementSync;
  readonly touch: StatementSync;
  /** For tables without indexed fields. */
  readonly touchExpected: StatementSync;
  readonly remove: StatementSync;
  readonly #columns: readonly string[];
  readonly #statements = new BoundedCache<StatementSync>(STATEMENTS_MAX);
  /** By the numbers of the fields that changed, a much shorter key than their statement. */
  readonly #updates = new BoundedCache<StatementSync>(STATEMENTS_MAX);

  constructor(
    private readonly db: DatabaseSync,
    readonly name: string,
    shape: Shape,
    readonly rows: Rows,
  ) {
    const columns = shape.fields.map(columnOf);
    const all = ['doc', 'v', ...columns];
    const same = columns.map((column) => ` AND ${column} IS ?`).join('');
    this.get = db.prepare(`SELECT doc FROM ${name} WHERE id = ?`);
    this.getMany = db.prepare(`SELECT id, doc FROM ${name} WHERE id IN (SELECT value FROM json_each(?))`);
    const insert = `INSERT INTO ${name} (${all.join(', ')}, id) VALUES (${all.map(() => '?').join(', ')}, ?)`;
    this.insert = db.prepare(
      `${insert} ON CONFLICT (id) DO UPDATE SET ${all.map((column) => `${column} = excluded.${column}`).join(', ')}`,
    );
    this.insertOnly = db.prepare(`${insert} ON CONFLICT DO NOTHING`);
    this.#columns = columns;
    this.stored = db.prepare(`SELECT ${['v', ...columns].join(', ')} FROM ${name} WHERE id = ?`);
    this.stored.setReturnArrays(true);
    this.touch = db.prepare(`UPDATE ${name} SET doc = ?, v = ? WHERE id = ?${same}`);
    this.touchExpected = db.prepare(`UPDATE ${name} SET doc = ?, v = ? WHERE id = ? AND v = ?`);
    this.remove = db.prepare(`DELETE FROM ${name} WHERE id = ?`);
  }

  /** Writes a document and those of its fields, by number, that are not as they were: SQLite writes every index of a field it sets. */
  update(changed: readonly number[]): StatementSync {
    const key = changed.join();
    let statement = this.#updates.get(key);
    if (statement === undefined) {
      const sets = changed.map((at) => `${this.#columns[at]} = ?, `).join('');
      statement = this.db.prepare(`UPDATE ${this.name} SET ${sets}doc = ?, v = ? WHERE id = ?`);
      this.#updates.set(key, statement);
    }
    return statement;
  }

  /** The prepared statement of a text. */
  prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/** Makes a collection's table, or brings the one of an older program up to the shape. Runs inside a transaction. */
export function ensureTable(db: DatabaseSync, shape: Shape): string {
  const entry = db.prepare('SELECT tbl, fields FROM collections WHERE name = ?').get(shape.name);
  const table = entry === undefined ? newTable(db) : String(entry['tbl']);
  const known = entry === undefined ? [] : (JSON.parse(String(entry['fields'])) as string[]);
  if (entry === undefined)
    db.exec(`CREATE TABLE ${table} (id TEXT NOT NULL PRIMARY KEY, doc TEXT NOT NULL, v)${shape.small ? ' WITHOUT ROWID' : ''}`);
  const columns = new Set(
    db
      .prepare(`SELECT name FROM pragma_table_info('${table}')`)
      .all()
      .map((row) => String(row['name'])),
  );
  const added = shape.fields.filter((field) => !known.includes(field));
  for (const field of added) if (!columns.has(`f:${field}`)) db.exec(`ALTER TABLE ${table} ADD COLUMN ${columnOf(field)}`);
  if (added.length > 0 && entry !== undefined) fillColumns(db, table, added);
  ensureIndexes(db, table, shape);
  db.prepare('INSERT INTO collections (name, tbl, fields) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET fields = excluded.fields').run(
    shape.name,
    table,
    JSON.stringify(shape.fields),
  );
  return table;
}

/** Names are never used twice, so a table that is about to be dropped is in nobody's way. */
function newTable(db: DatabaseSync): string {
  const row = db
    .prepare(
      "SELECT coalesce(max(CAST(substr(name, 3) AS INTEGER)), 0) + 1 AS next FROM sqlite_schema WHERE type = 'table' AND name GLOB 'c_[0-9]*'",
    )
    .get();
  return `c_${Number(row?.['next'])}`;
}

function fillColumns(db: DatabaseSync, table: string, fields: readonly string[]): void {
  const sets = fields.map(
    (field) => `${columnOf(field)} = CASE WHEN json_type(doc, ?) IN ('object', 'array') THEN NULL ELSE json_extract(doc, ?) END`,
  );
  const paths = fields.map(
    (field) =>
      `$${field
        .split('.')
        .map((step) => `."${step}"`)
        .join('')}`,
  );
  db.prepare(`UPDATE ${table} SET ${sets.join(', ')}`).run(...paths.flatMap((path) => [path, path]));
}

function ensureIndexes(db: DatabaseSync, table: string, shape: Shape): void {
  const wanted = new Map(
    shape.indexes.map((index) => [`${table}_${index.sparse ? 's' : 'i'}_${Buffer.from(index.fields.join(' ')).toString('hex')}`, index]),
  );
  const present = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL").all(table);
  for (const row of present) if (!wanted.has(String(row['name']))) db.exec(`DROP INDEX ${String(row['name'])}`);
  for (const [name, { fields, sparse }] of wanted) {
    const columns = [...fields, 'id'].map(columnOf);
    const filter = sparse ? ` WHERE ${columns[0]} IS NOT NULL` : '';
    db.exec(`CREATE INDEX IF NOT EXISTS ${name} ON ${table} (${columns.join(', ')})${filter}`);
  }
}
