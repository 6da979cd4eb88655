import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { MongoDBContainer } from '@testcontainers/mongodb';
import { createConnection } from 'mongoose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commitOf } from './contract/streams.contract.js';
import { openMongoStore } from './mongo/mongo-store.js';
import { MongoTimers } from './mongo/mongo-timers.js';
import { describeStore, type SessionDoc, sessionSchema } from './store.contract.js';

let url = process.env['MONGO_URL'];
let stop: (() => Promise<unknown>) | undefined;
let database = '';
const used: string[] = [];

beforeAll(async () => {
  if (url !== undefined) return;
  const container = await new MongoDBContainer(process.env['VOLTLOG_MONGO_IMAGE'] ?? 'ev/mongo:6.0.5').start();
  url = `${container.getConnectionString()}?directConnection=true`;
  stop = () => container.stop();
});

afterAll(async () => {
  if (stop !== undefined) return void (await stop());
  const connection = await createConnection(url ?? '').asPromise();
  for (const name of used) await connection.useDb(name).dropDatabase();
  await connection.close();
});

const open = () => openMongoStore({ url: url ?? '', database });

describeStore('mongo', {
  open: () => {
    database = `store-${randomUUID().slice(0, 8)}`;
    used.push(database);
    return open();
  },
  reopen: open,
  another: open,
});

/** A way to the database that can be cut. */
class Road {
  #server: Server | undefined;
  readonly #sockets = new Set<Socket>();
  #port = 0;

  constructor(private readonly to: URL) {}

  get url(): string {
    return `mongodb://127.0.0.1:${this.#port}/?directConnection=true`;
  }

  async open(): Promise<void> {
    this.#server = createServer((socket) => {
      const onward = connect(Number(this.to.port), this.to.hostname);
      for (const one of [socket, onward]) {
        this.#sockets.add(one);
        one
          .on('error', () => undefined)
          .on('close', () => {
            this.#sockets.delete(one);
            socket.destroy();
            onward.destroy();
          });
      }
      socket.pipe(onward).pipe(socket);
    });
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async cut(): Promise<void> {
    this.#server?.close();
    for (const socket of this.#sockets) socket.destroy();
    if (this.#server !== undefined) await once(this.#server, 'close');
  }
}

describe('mongo: the way to the database', () => {
  it('is cut: a short outage is waited out, a long one is an OperatingError, and nothing has to be done afterwards', async () => {
    database = `store-${randomUUID().slice(0, 8)}`;
    used.push(database);
    const road = new Road(new URL(url ?? ''));
    await road.open();
    const store = await openMongoStore({ url: road.url, database });
    const sessions = await store.collection<SessionDoc>('sessions', sessionSchema);
    expect(await store.streams.append([commitOf('s', 1)])).toEqual(['appended']);
    await road.cut();
    const waiting = [store.streams.append([commitOf('s', 2), commitOf('t', 1)]), store.streams.append([commitOf('u', 1)])];
    const upserting = sessions.upsert([{ doc: { id: 'a', version: 1 }, expectedVersion: 0 }]);
    await road.open();
    expect((await Promise.all(waiting)).flat()).toEqual(['appended', 'appended', 'appended']);
    expect(await upserting).toEqual([true]);
    await road.cut();
    const failing = await Promise.allSettled([
      store.streams.append([commitOf('s', 3)]),
      sessions.get('a'),
      store.health(),
      store.timers.cancel(['x']),
    ]);
    for (const result of failing)
      expect(result).toMatchObject({ status: 'rejected', reason: { name: 'OperatingError', code: 'StoreUnavailable' } });
    await expect(openMongoStore({ url: road.url, database })).rejects.toMatchObject({ code: 'StoreUnavailable' });
    await road.open();
    expect(await store.streams.append([commitOf('s', 3)])).toEqual(['appended']);
    await store.health();
    expect((await store.streams.load(['s'])).get('s')).toHaveLength(3);
    await store.close();
    await expect(store.streams.append([commitOf('s', 4)])).rejects.toMatchObject({ code: 'StoreUnavailable' });
    await road.cut();
  });

  it('loses an answer: the commit that got in counts as appended, not as a duplicate of itself', async () => {
    database = `store-${randomUUID().slice(0, 8)}`;
    used.push(database);
    const store = await open();
    const sessions = await store.collection<SessionDoc>('sessions', sessionSchema);
    const commits = [commitOf('s', 1), commitOf('s', 2)];
    expect(await store.streams.append(commits)).toEqual(['appended', 'appended']);
    expect(await store.streams.append([...commits, commitOf('s', 3)])).toEqual(['appended', 'appended', 'appended']);
    expect((await store.streams.load(['s'])).get('s')).toHaveLength(3);
    expect(await sessions.upsert([{ doc: { id: 'a', version: 2 }, expectedVersion: 1 }])).toEqual([false]);
    await store.close();
  });

  it('loses an answer: the timers that were claimed are handed out, and no more than were asked for', async () => {
    const name = `store-${randomUUID().slice(0, 8)}`;
    used.push(name);
    const connection = await createConnection(url ?? '').asPromise();
    const timers = new MongoTimers(connection.useDb(name).collection('timers'), async (work) => {
      await work();
      return work();
    });
    const dueAt = '2026-11-25T10:00:00.000Z';
    await timers.schedule(['a', 'b', 'c'].map((id) => ({ id, kind: 'Expiry', dueAt, payload: null })));
    const claim = () => timers.claim({ kind: 'Expiry', now: dueAt, leaseMs: 30_000, limit: 2 });
    expect(await claim()).toHaveLength(2);
    expect(await claim()).toHaveLength(1);
    expect(await claim()).toEqual([]);
    await connection.close();
  });
});
