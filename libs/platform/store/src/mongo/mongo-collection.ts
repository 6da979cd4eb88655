import { randomUUID } from 'node:crypto';
import { OperatingError, RequestError } from '@voltlog/kernel';
import type { mongo } from 'mongoose';
import { checkLimit, decodeCursor, encodeCursor, segmentsOf, sortKey, sortOf } from '../keyset.js';
import { checkQuery, fieldReader, type Shape } from '../shape.js';
import type { Collection, Page, Query, Upsert } from '../store.js';
import { Coalescer } from './coalescer.js';
import { bulkErrors, DUPLICATE_KEY, INDEX_NOT_FOUND } from './mongo-errors.js';
import { type Filter, segmentFilter, whereFilter } from './mongo-query.js';

/** Documents deleted by one request of `deleteWhere`. */
const DELETE_SLICE = 1_000;
/** A document is found by `_id`; `_w` names the write that made it, where one had to be told from another. */
const HIDDEN = { _id: 0, _w: 0 } as const;

/** A stored document. */
export interface Stored extends mongo.Document {
  readonly _id: string;
}

/** Outcome of one write of a bulk: known, or to be looked up by its token. */
interface Pending {
  readonly index: number;
  readonly id: string;
  readonly token: string;
}

/** A read model as a MongoDB collection: documents as they are, with `_id` beside `id`. */
export class MongoCollection<Doc extends { readonly id: string }> implements Collection<Doc> {
  readonly #upserts: Coalescer<Upsert<Doc>, boolean>;

  constructor(
    private readonly shape: Shape,
    private readonly documents: mongo.Collection<Stored>,
    private readonly call: <T>(work: () => Promise<T>) => Promise<T>,
  ) {
    this.#upserts = new Coalescer(
      (writes) => this.#upsertAll(writes),
      (error) => error instanceof OperatingError,
    );
  }

  /** Makes the indexes of the shape and drops those that no shape asks for any more. */
  static async ensure(shape: Shape, documents: mongo.Collection<Stored>): Promise<void> {
    const specs = shape.indexes.map(({ fields, sparse }) => {
      const key = Object.fromEntries([...fields, '_id'].map((field) => [field, 1] as const));
      const name = Object.keys(key)
        .map((field) => `${field}_1`)
        .join('_');
      if (!sparse) return { key, name };
      // Not `sparse`: every document has an `_id`. A name of its own: an older version, started again, makes its whole index beside it.
      return { key, name: `${name}_sparse`, partialFilterExpression: { [fields[0] ?? '']: { $exists: true } } };
    });
    const wanted = new Set(['_id_', ...specs.map(({ name }) => name)]);
    const present = await documents.indexes().catch(() => []);
    for (const { name } of present) if (!wanted.has(String(name))) await dropIndex(documents, String(name));
    if (specs.length > 0) await documents.createIndexes(specs);
  }

  async get(id: string): Promise<Doc | undefined> {
    const found = await this.call(() => this.documents.findOne({ _id: id }, { projection: HIDDEN }));
    return found === null ? undefined : docOf<Doc>(found);
  }

  async getMany(ids: readonly string[]): Promise<ReadonlyMap<string, Doc>> {
    const docs = new Map<string, Doc>();
    if (ids.length === 0) return docs;
    const found = await this.call(() => this.documents.find({ _id: { $in: [...ids] } }, { projection: HIDDEN }).toArray());
    for (const one of found) {
      const doc = docOf<Doc>(one);
      docs.set(doc.id, doc);
    }
    return docs;
  }

  async find(query: Query): Promise<Page<Doc>> {
    const sort = sortOf(query);
    checkQuery(this.shape, query.where, sort[0]);
    checkLimit(query.limit);
    const position = query.after === undefined ? undefined : decodeCursor(sort, query.after);
    const where = whereFilter(query.where);
    const docs: Doc[] = [];
    for (const segment of segmentsOf(sort[0], sort[1], position)) {
      const filters = [...where, ...segmentFilter(segment, sort, position)];
      const order: Record<string, 1 | -1> =
        sort[0] === 'id' || segment === 'null' || segment === 'after-id' ? { _id: sort[1] } : { [sort[0]]: sort[1], _id: sort[1] };
      const limit = query.limit + 1 - docs.length;
      const found = await this.call(() => this.documents.find(all(filters), { projection: HIDDEN }).sort(order).limit(limit).toArray());
      for (const one of found) docs.push(docOf<Doc>(one));
      if (docs.length > query.limit) break;
    }
    if (docs.length <= query.limit) return { docs };
    docs.pop();
    const last = docs.at(-1) as Doc;
    return { docs, next: encodeCursor(sort, { key: sort[0] === 'id' ? null : sortKey(fieldReader(sort[0])(last)), id: last.id }) };
  }

  async count(where?: Query['where']): Promise<number> {
    checkQuery(this.shape, where);
    return this.call(() => this.documents.countDocuments(all(whereFilter(where))));
  }

  async upsert(writes: readonly Upsert<Doc>[]): Promise<readonly boolean[]> {
    for (const { doc } of writes) {
      if (typeof doc.id !== 'string')
        throw new RequestError('INVALID_ARGUMENT', `collection ${this.shape.name}: a document without a string id`, 'BadDocument');
    }
    return this.#upserts.submit(writes);
  }

  /** An unordered bulk may run in any order: a document that is written twice is written by two bulks. */
  async #upsertAll(writes: readonly Upsert<Doc>[]): Promise<readonly boolean[]> {
    const results: boolean[] = new Array(writes.length).fill(true);
    let wave = writes.map((_, i) => i);
    while (wave.length > 0) {
      const taken = new Set<string>();
      const later: number[] = [];
      const now = wave.filter((i) => {
        const { id } = (writes[i] as Upsert<Doc>).doc;
        if (!taken.has(id)) return taken.add(id);
        later.push(i);
        return false;
      });
      await this.#bulk(now, writes, results);
      wave = later;
    }
    return results;
  }

  async #bulk(now: readonly number[], writes: readonly Upsert<Doc>[], results: boolean[]): Promise<void> {
    const pending: Pending[] = [];
    const operations = now.map((index): mongo.AnyBulkWriteOperation<Stored> => {
      const { doc, expectedVersion, likelyNew } = writes[index] as Upsert<Doc>;
      if (expectedVersion === undefined && likelyNew === true) return { insertOne: { document: { _id: doc.id, ...doc } } };
      if (expectedVersion === undefined) return replacementOf(doc);
      const token = randomUUID();
      pending.push({ index, id: doc.id, token });
      const document = { ...doc, _w: token };
      if (expectedVersion === 0) return { insertOne: { document: { _id: doc.id, ...document } } };
      return { replaceOne: { filter: { _id: doc.id, version: expectedVersion }, replacement: document } };
    });
    let written = pending.length;
    try {
      const result = await this.call(() => this.documents.bulkWrite(operations, { ordered: false }));
      written = result.matchedCount + result.insertedCount + result.upsertedCount;
    } catch (error) {
      await this.#settleErrors(bulkErrors(error), now, writes);
      written = -1;
    }
    if (pending.length > 0 && written !== now.length) await this.#lookUp(pending, results);
  }

  /** What met the `_id` of a document that is there: likely new and was not, or two upserts at once. A plain replacement now. */
  async #settleErrors(
    errors: ReadonlyMap<number, { code: number; message: string }>,
    now: readonly number[],
    writes: readonly Upsert<Doc>[],
  ): Promise<void> {
    const again: mongo.AnyBulkWriteOperation<Stored>[] = [];
    for (const [place, { code, message }] of errors) {
      const { doc, expectedVersion } = writes[now[place] as number] as Upsert<Doc>;
      if (code !== DUPLICATE_KEY)
        throw new RequestError('INVALID_ARGUMENT', `collection ${this.shape.name}, document ${doc.id}: ${message}`, 'BadDocument');
      if (expectedVersion === undefined) again.push(replacementOf(doc));
    }
    if (again.length > 0) await this.call(() => this.documents.bulkWrite(again, { ordered: false }));
  }

  /** The server counts what a bulk matched and does not say which: the documents do. */
  async #lookUp(pending: readonly Pending[], results: boolean[]): Promise<void> {
    const tokens = pending.map(({ token }) => token);
    const found = await this.call(() =>
      this.documents.find({ _id: { $in: pending.map(({ id }) => id) }, _w: { $in: tokens } }, { projection: { _w: 1 } }).toArray(),
    );
    const byId = new Map(found.map((one) => [one._id, String(one['_w'])]));
    for (const { index, id, token } of pending) results[index] = byId.get(id) === token;
  }

  async delete(ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await this.call(() => this.documents.deleteMany({ _id: { $in: [...ids] } }));
  }

  async deleteWhere(where: NonNullable<Query['where']>): Promise<number> {
    checkQuery(this.shape, where);
    const filter = all(whereFilter(where));
    let deleted = 0;
    for (;;) {
      const slice = await this.call(() =>
        this.documents
          .find(filter, { projection: { _id: 1 } })
          .limit(DELETE_SLICE)
          .toArray(),
      );
      if (slice.length === 0) return deleted;
      // The condition again: a document may have changed since.
      const { deletedCount } = await this.call(() =>
        this.documents.deleteMany(all([{ _id: { $in: slice.map((one) => one._id) } }, ...whereFilter(where)])),
      );
      deleted += deletedCount;
    }
  }
}

/** Every value in it was checked by the query's own words. */
const all = (filters: readonly Filter[]): mongo.Filter<Stored> =>
  (filters.length === 0 ? {} : { $and: [...filters] }) as mongo.Filter<Stored>;

const replacementOf = (doc: { readonly id: string }): mongo.AnyBulkWriteOperation<Stored> => ({
  replaceOne: { filter: { _id: doc.id }, replacement: { ...doc }, upsert: true },
});

/** Only this adapter writes the collection, and only documents of its type. */
const docOf = <Doc>(stored: mongo.Document): Doc => stored as unknown as Doc;

/** Another instance that starts at the same time may have been faster. */
async function dropIndex(documents: mongo.Collection<Stored>, name: string): Promise<void> {
  try {
    await documents.dropIndex(name);
  } catch (error) {
    if ((error as { code?: unknown }).code !== INDEX_NOT_FOUND) throw error;
  }
}
