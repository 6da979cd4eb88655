import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isoTime } from '@voltlog/kernel';
import { mongo } from 'mongoose';
import type { FileStore, StoredFile, WriteFile } from '../store.js';
import { BoundedSource, checkFileId, fileExists, fileUnknown, Reserved } from './bounded-source.js';

/** What a crash left of a file under way is removed after so long, ms: none takes a day. */
const ABANDONED_MS = 86_400_000;
const DUPLICATE_KEY = 11_000;
const BUCKET = 'files';

interface GridDoc {
  readonly _id: mongo.ObjectId;
  readonly filename: string;
  readonly length: number;
  readonly metadata?: { readonly complete?: true; readonly sha256: string; readonly createdAt: string; readonly expiresAt?: string };
}

type Call = <T>(work: () => Promise<T>) => Promise<T>;

/** Files in GridFS. A file is there once it is marked complete; that it is being written is noted before its first piece. */
export class GridFiles implements FileStore {
  private readonly bucket: mongo.GridFSBucket;
  private readonly files: mongo.Collection<GridDoc>;
  private readonly underWay: mongo.Collection<{ readonly _id: mongo.ObjectId; readonly at: string }>;
  private readonly reserved = new Reserved();
  private ready: Promise<unknown> | undefined;

  constructor(
    db: mongo.Db,
    private readonly call: Call,
  ) {
    this.bucket = new mongo.GridFSBucket(db, { bucketName: BUCKET });
    this.files = db.collection<GridDoc>(`${BUCKET}.files`);
    this.underWay = db.collection(`${BUCKET}.underway`);
  }

  async write(id: string, source: AsyncIterable<Uint8Array>, options: WriteFile): Promise<StoredFile> {
    await this.indexed();
    if ((await this.stat(checkFileId(id))) !== undefined) throw fileExists(id);
    const bounded = new BoundedSource(source, options, await this.usedBytes(), this.reserved);
    const key = new mongo.ObjectId();
    try {
      await this.call(() => this.underWay.insertOne({ _id: key, at: options.now }));
      await pipeline(Readable.from(bounded), this.bucket.openUploadStreamWithId(key, id));
      const { now: createdAt, expiresAt } = options;
      const facts = { sha256: bounded.sha256(), createdAt, ...(expiresAt === undefined ? {} : { expiresAt }) };
      await this.call(() => this.files.updateOne({ _id: key }, { $set: { metadata: { complete: true, ...facts } } }));
      await this.call(() => this.underWay.deleteOne({ _id: key }));
      return { id, sizeBytes: bounded.bytes, ...facts };
    } catch (error) {
      await this.remove(key).catch(() => undefined);
      throw error instanceof mongo.MongoServerError && error.code === DUPLICATE_KEY ? fileExists(id) : error;
    } finally {
      bounded.release();
    }
  }

  async stat(id: string): Promise<StoredFile | undefined> {
    const doc = await this.find(id);
    return doc === undefined ? undefined : toFile(doc);
  }

  async read(id: string, range?: { readonly start: number; readonly end: number }): Promise<Readable> {
    const doc = await this.find(checkFileId(id));
    if (doc === undefined) throw fileUnknown(id);
    // Its end is the first byte that is left out.
    const options = range === undefined ? {} : { start: range.start, end: range.end + 1 };
    return this.bucket.openDownloadStream(doc._id, options);
  }

  async keep(id: string, expiresAt: string | undefined): Promise<boolean> {
    const change =
      expiresAt === undefined ? { $unset: { 'metadata.expiresAt': '' as const } } : { $set: { 'metadata.expiresAt': expiresAt } };
    const { matchedCount } = await this.call(() => this.files.updateOne({ filename: id, 'metadata.complete': true }, change));
    return matchedCount > 0;
  }

  async delete(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      const doc = await this.find(id);
      if (doc !== undefined) await this.remove(doc._id);
    }
  }

  async deleteExpired(now: string): Promise<number> {
    await this.indexed();
    const over = await this.call(() => this.files.find({ 'metadata.expiresAt': { $lte: now } }).toArray());
    for (const { _id } of over) await this.remove(_id);
    const at = isoTime(Date.parse(now) - ABANDONED_MS);
    const abandoned = await this.call(() => this.underWay.find({ at: { $lt: at } }).toArray());
    for (const { _id } of abandoned) {
      const doc = await this.call(() => this.files.findOne({ _id }));
      if (doc?.metadata?.complete === true) await this.call(() => this.underWay.deleteOne({ _id }));
      else await this.remove(_id);
    }
    return over.length;
  }

  async usedBytes(): Promise<number> {
    const [sum] = await this.call(() =>
      this.files.aggregate<{ readonly bytes: number }>([{ $group: { _id: null, bytes: { $sum: '$length' } } }]).toArray(),
    );
    return sum?.bytes ?? 0;
  }

  /** Two of one id cannot both be complete. */
  private indexed(): Promise<unknown> {
    this.ready ??= this.call(async () => {
      await this.files.createIndex({ filename: 1 }, { unique: true, partialFilterExpression: { 'metadata.complete': true }, name: 'one' });
      await this.files.createIndex({ 'metadata.expiresAt': 1 });
    }).catch((error: unknown) => {
      this.ready = undefined;
      throw error;
    });
    return this.ready;
  }

  private async find(id: string): Promise<GridDoc | undefined> {
    return (await this.call(() => this.files.findOne({ filename: id, 'metadata.complete': true }))) ?? undefined;
  }

  private async remove(key: mongo.ObjectId): Promise<void> {
    // The bucket deletes the file first and then its pieces; of a file that was never complete there may be pieces only.
    await this.bucket.delete(key).catch((error: unknown) => {
      if (!(error instanceof mongo.MongoRuntimeError)) throw error;
    });
    await this.call(() => this.underWay.deleteOne({ _id: key }));
  }
}

const toFile = ({ filename, length, metadata }: GridDoc): StoredFile => ({
  id: filename,
  sizeBytes: length,
  sha256: metadata?.sha256 ?? '',
  createdAt: metadata?.createdAt ?? '',
  ...(metadata?.expiresAt === undefined ? {} : { expiresAt: metadata.expiresAt }),
});
