import { RequestError } from '@voltlog/kernel';
import { checkLimit, decodeCursor, encodeCursor, segmentsOf, sortKey, sortOf } from '../keyset.js';
import { checkQuery, fieldReader, type Shape } from '../shape.js';
import type { Collection, Page, Query, Upsert } from '../store.js';
import { columnOf, type SqlValue, segmentSql, sqlValue, whereSql } from './sqlite-query.js';
import { attempt } from './sqlite-streams.js';
import type { Table } from './sqlite-table.js';
import type { WriteQueue } from './write-queue.js';

/** Documents deleted in one transaction by `deleteWhere`. */
const DELETE_SLICE = 1_000;

interface Prepared {
  readonly id: string;
  readonly text: string;
  readonly version: number | null;
  readonly fields: readonly SqlValue[];
  readonly expected: number | undefined;
  readonly likelyNew: boolean;
}

/** A collection as a table of JSON documents. The table changes when another is swapped in. */
export class SqliteCollection<Doc extends { readonly id: string }> implements Collection<Doc> {
  readonly #readers: readonly ((doc: object) => unknown)[];

  constructor(
    readonly shape: Shape,
    private readonly queue: WriteQueue,
    private readonly table: () => Table,
  ) {
    this.#readers = shape.fields.map(fieldReader);
  }

  get(id: string): Promise<Doc | undefined> {
    return attempt(() => {
      const { rows, get } = this.table();
      const row = rows.none ? undefined : get.get(id);
      return row === undefined ? undefined : this.#parse(id, row['doc']);
    });
  }

  getMany(ids: readonly string[]): Promise<ReadonlyMap<string, Doc>> {
    return attempt(() => {
      const docs = new Map<string, Doc>();
      const { rows, getMany } = this.table();
      if (rows.none) return docs;
      for (const row of getMany.iterate(JSON.stringify(ids))) {
        const id = String(row['id']);
        docs.set(id, this.#parse(id, row['doc']));
      }
      return docs;
    });
  }

  find(query: Query): Promise<Page<Doc>> {
    return attempt(() => {
      const sort = sortOf(query);
      checkQuery(this.shape, query.where, sort[0]);
      checkLimit(query.limit);
      const position = query.after === undefined ? undefined : decodeCursor(sort, query.after);
      const docs: Doc[] = [];
      if (this.table().rows.none) return { docs };
      for (const segment of segmentsOf(sort[0], sort[1], position)) {
        const args: SqlValue[] = [];
        const conditions = [whereSql(query.where, args), segmentSql(segment, sort, position, args)].filter((sql) => sql !== '');
        const rows = this.#select(conditions, sort, segment === 'null' || segment === 'after-id').all(
          ...args,
          query.limit + 1 - docs.length,
        );
        for (const row of rows) docs.push(this.#parse(String(row['id']), row['doc']));
        if (docs.length > query.limit) break;
      }
      if (docs.length <= query.limit) return { docs };
      docs.pop();
      const last = docs.at(-1) as Doc;
      return { docs, next: encodeCursor(sort, { key: sort[0] === 'id' ? null : sortKey(fieldReader(sort[0])(last)), id: last.id }) };
    });
  }

  #select(conditions: readonly string[], [field, direction]: readonly [string, 1 | -1], sameKey: boolean) {
    const table = this.table();
    const way = direction === 1 ? 'ASC' : 'DESC';
    const order = field === 'id' || sameKey ? `id ${way}` : `${columnOf(field)} ${way}, id ${way}`;
    const filter = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
    return table.prepare(`SELECT id, doc FROM ${table.name}${filter} ORDER BY ${order} LIMIT ?`);
  }

  count(where?: Query['where']): Promise<number> {
    return attempt(() => {
      checkQuery(this.shape, where);
      const args: SqlValue[] = [];
      const filter = whereSql(where, args);
      const table = this.table();
      return Number(table.prepare(`SELECT count(*) AS n FROM ${table.name}${filter === '' ? '' : ` WHERE ${filter}`}`).get(...args)?.['n']);
    });
  }

  upsert(writes: readonly Upsert<Doc>[]): Promise<readonly boolean[]> {
    if (writes.length === 0) return Promise.resolve([]);
    try {
      const prepared = writes.map((write) => this.#prepare(write));
      return this.queue.write(() => {
        const table = this.table();
        table.rows.written();
        return prepared.map((write) => upsertOne(table, write));
      }, prepared.length);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #prepare({ doc, expectedVersion, likelyNew = false }: Upsert<Doc>): Prepared {
    if (typeof doc.id !== 'string')
      throw new RequestError('INVALID_ARGUMENT', `collection ${this.shape.name}: a document without a string id`, 'BadDocument');
    const fields: SqlValue[] = [];
    for (const read of this.#readers) fields.push(sqlValue(read(doc)));
    const version = (doc as { version?: unknown }).version;
    return {
      id: doc.id,
      text: textOf(doc),
      version: typeof version === 'number' ? version : null,
      fields,
      expected: expectedVersion,
      likelyNew,
    };
  }

  async delete(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    const rows = await this.queue.write(() => {
      const table = this.table();
      for (const id of ids) table.remove.run(id);
      return table.rows;
    }, ids.length);
    rows.look();
  }

  async deleteWhere(where: NonNullable<Query['where']>): Promise<number> {
    checkQuery(this.shape, where);
    let deleted = 0;
    for (;;) {
      const { rows, count } = await this.queue.write(() => {
        const args: SqlValue[] = [];
        const filter = whereSql(where, args);
        const table = this.table();
        const inner = `SELECT id FROM ${table.name}${filter === '' ? '' : ` WHERE ${filter}`} LIMIT ${DELETE_SLICE}`;
        return {
          rows: table.rows,
          count: Number(table.prepare(`DELETE FROM ${table.name} WHERE id IN (${inner})`).run(...args).changes),
        };
      });
      deleted += count;
      if (count < DELETE_SLICE) {
        rows.look();
        return deleted;
      }
    }
  }

  #parse(id: string, text: unknown): Doc {
    return { id, ...JSON.parse(String(text)) } as Doc;
  }
}

/** A document without its id, which has a column of its own. One of an older program may have both. */
function textOf(doc: { readonly id: string }): string {
  const { id: _, ...fields } = doc;
  return JSON.stringify(fields);
}

/**
 * Most updates of unknown documents leave the indexed fields as they are: that is tried first, and touches no index. One of a known version is
 * most often the next state of its document, and changes some.
 */
function upsertOne(table: Table, write: Prepared): boolean {
  const { id, text, version, fields, expected, likelyNew } = write;
  if (expected === 0) return table.insertOnly.run(text, version, ...fields, id).changes === 1;
  if (expected !== undefined) {
    if (fields.length > 0) return updateChanged(table, write);
    return table.touchExpected.run(text, version, id, expected).changes === 1;
  }
  if (fields.length > 0 && !likelyNew && (table.touch.run(text, version, id, ...fields).changes === 1 || updateChanged(table, write)))
    return true;
  table.insert.run(text, version, ...fields, id);
  return true;
}

/** @returns false when there is no such document, or not in the expected version */
function updateChanged(table: Table, { id, text, version, fields, expected }: Prepared): boolean {
  const stored = table.stored.get(id) as readonly unknown[] | undefined;
  if (stored === undefined || (expected !== undefined && stored[0] !== expected)) return false;
  const changed: number[] = [];
  for (let at = 0; at < fields.length; at += 1) if (stored[at + 1] !== fields[at]) changed.push(at);
  const values: SqlValue[] = changed.map((at) => fields[at] as SqlValue);
  table.update(changed).run(...values, text, version, id);
  return true;
}
