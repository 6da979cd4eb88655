import { randomBytes } from 'node:crypto';
import { openMongoStore, openSqliteStore, type Store } from '@voltlog/store';
import { createConnection } from 'mongoose';

export interface TestMongo {
  readonly url: string;
  stop(): Promise<unknown>;
}

/** The MongoDB of `MONGO_URL`, else one in a container. */
export async function startTestMongo(): Promise<TestMongo> {
  const given = process.env['MONGO_URL'] ?? '';
  if (given !== '') return { url: given, stop: async () => {} };
  // Most specs need none of it.
  const { MongoDBContainer } = await import('@testcontainers/mongodb');
  const container = await new MongoDBContainer(process.env['VOLTLOG_MONGO_IMAGE'] ?? 'ev/mongo:6.0.5').start();
  return { url: `${container.getConnectionString()}?directConnection=true`, stop: () => container.stop() };
}

export const STORE_KINDS = ['MongoDB', 'SQLite'] as const;
export type StoreKind = (typeof STORE_KINDS)[number];

/** A store of each kind, as several instances of a service have it; that of SQLite is in memory, and one. */
export class TestStores {
  private constructor(
    private readonly mongo: TestMongo,
    private readonly database: string,
    private readonly stores: Readonly<Record<StoreKind, readonly Store[]>>,
  ) {}

  static async open(instances = 1): Promise<TestStores> {
    const mongo = await startTestMongo();
    const database = `voltlog_test_${randomBytes(4).toString('hex')}`;
    const each = Array.from({ length: instances }, () => openMongoStore({ url: mongo.url, database }));
    const sqlite = await openSqliteStore({ path: ':memory:' });
    return new TestStores(mongo, database, { MongoDB: await Promise.all(each), SQLite: each.map(() => sqlite) });
  }

  /** One per instance. */
  of(kind: StoreKind): readonly Store[] {
    return this.stores[kind];
  }

  async close(): Promise<void> {
    for (const store of new Set(Object.values(this.stores).flat())) await store.close();
    const connection = await createConnection(this.mongo.url).asPromise();
    await connection.useDb(this.database).dropDatabase();
    await connection.close();
    await this.mongo.stop();
  }
}
