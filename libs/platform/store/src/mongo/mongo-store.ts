import { OperatingError, RequestError } from '@voltlog/kernel';
import { type Connection, createConnection, mongo, type Schema } from 'mongoose';
import { GridFiles } from '../files/grid-files.js';
import { shapeOf } from '../shape.js';
import type { Collection, Store } from '../store.js';
import { MongoCollection } from './mongo-collection.js';
import { unavailable, whileAway } from './mongo-errors.js';
import { MongoStreams } from './mongo-streams.js';
import { MongoTimers } from './mongo-timers.js';

/** How long the driver looks for a primary before one try counts as failed, milliseconds. */
const SELECTION_TIMEOUT_MS = 5_000;
const CONNECT_TIMEOUT_MS = 5_000;
/** A request that is not answered so long counts as failed, milliseconds. */
const SOCKET_TIMEOUT_MS = 20_000;
const POOL_MAX = 20;
const NAMESPACE_NOT_FOUND = 26;

export interface MongoStoreOptions {
  /** `mongodb://...`; a replica set, since writes are acknowledged by its majority. */
  readonly url: string;
  /** One database per service. */
  readonly database: string;
}

/** Connects to MongoDB and makes the indexes that are missing. @throws {OperatingError} `StoreUnavailable` after 10 s without an answer */
export async function openMongoStore(options: MongoStoreOptions): Promise<Store> {
  const connection = createConnection();
  try {
    await whileAway(
      () =>
        connection.openUri(options.url, {
          dbName: options.database,
          autoIndex: false,
          autoCreate: false,
          ignoreUndefined: true,
          // Every write here may be made twice, so `whileAway` repeats it; the server's own record of each retryable write costs as much as the write.
          retryWrites: false,
          writeConcern: { w: 'majority', journal: true },
          serverSelectionTimeoutMS: SELECTION_TIMEOUT_MS,
          connectTimeoutMS: CONNECT_TIMEOUT_MS,
          socketTimeoutMS: SOCKET_TIMEOUT_MS,
          maxPoolSize: POOL_MAX,
        }),
      () => false,
    );
    const store = new MongoStore(connection, databaseOf(connection));
    await store.ensure();
    return store;
  } catch (error) {
    await connection.destroy().catch(() => undefined);
    throw error instanceof OperatingError ? error : unavailable(error);
  }
}

function databaseOf(connection: Connection): mongo.Db {
  if (connection.db === undefined) throw new OperatingError('StoreUnavailable', 'the connection has no database');
  return connection.db;
}

class MongoStore implements Store {
  readonly shared = true;
  readonly streams: MongoStreams;
  readonly timers: MongoTimers;
  readonly files: GridFiles;
  #closed = false;

  constructor(
    private readonly connection: Connection,
    private readonly db: mongo.Db,
  ) {
    this.streams = new MongoStreams(db.collection('streams'), this.#call);
    this.timers = new MongoTimers(db.collection('timers'), this.#call);
    this.files = new GridFiles(db, this.#call);
  }

  readonly #call = <T>(work: () => Promise<T>): Promise<T> => {
    if (this.#closed) return Promise.reject(new OperatingError('StoreUnavailable', 'the store is closed'));
    return whileAway(work, () => this.#closed);
  };

  async ensure(): Promise<void> {
    await this.#call(() => MongoStreams.ensure(this.db.collection('streams')));
    await this.#call(() => MongoTimers.ensure(this.db.collection('timers')));
  }

  async collection<Doc extends { readonly id: string }>(name: string, schema: Schema): Promise<Collection<Doc>> {
    const shape = shapeOf(name, schema);
    if (name === 'streams' || name === 'timers' || name.startsWith('files.'))
      throw new RequestError('INVALID_ARGUMENT', `the name ${name} is taken`, 'UnsupportedName');
    const documents = this.db.collection<{ readonly _id: string }>(name);
    await this.#call(() => this.db.createCollection(name).catch(unlessThere));
    await this.#call(() => MongoCollection.ensure(shape, documents));
    return new MongoCollection<Doc>(shape, documents, this.#call);
  }

  async swapCollection(rebuilt: string, live: string): Promise<void> {
    try {
      await this.#call(() => this.db.renameCollection(rebuilt, live, { dropTarget: true }));
    } catch (error) {
      if (!(error instanceof mongo.MongoServerError) || error.code !== NAMESPACE_NOT_FOUND) throw error;
      throw new RequestError('NOT_FOUND', `there is no collection ${rebuilt}`, 'NoCollection');
    }
  }

  async health(): Promise<void> {
    const { isWritablePrimary } = await this.#call(() => this.db.command({ hello: 1 }));
    if (isWritablePrimary !== true) throw new OperatingError('StoreUnavailable', 'the database has no primary');
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.connection.close();
  }
}

/** Another instance may be faster. */
function unlessThere(error: unknown): void {
  if (!(error instanceof mongo.MongoServerError) || error.codeName !== 'NamespaceExists') throw error;
}
