import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeCollections } from './contract/collections.contract.js';
import { commitOf } from './contract/streams.contract.js';
import { smallDocuments } from './shape.js';
import { openSqliteStore } from './sqlite/sqlite-store.js';
import { describeStore, type SessionDoc, type StoreHarness, sessionSchema } from './store.contract.js';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'voltlog-store-'));
  path = join(folder, 'nested', 'service.db');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const harness: StoreHarness = {
  open: () => openSqliteStore({ path }),
  reopen: () => openSqliteStore({ path }),
  another: async (store) => store,
};
describeStore('sqlite', harness);
describeCollections('sqlite, small documents', harness, smallDocuments(sessionSchema.clone()));

describe('sqlite: the file', () => {
  it('is refused to a second process, in words', async () => {
    const store = await openSqliteStore({ path });
    await expect(openSqliteStore({ path })).rejects.toMatchObject({
      code: 'StoreInUse',
      message: expect.stringContaining(`process ${process.pid}`),
    });
    const script = `import { DatabaseSync } from 'node:sqlite'; try { new DatabaseSync(${JSON.stringify(path)}).exec('SELECT * FROM commits'); console.log('read') } catch (error) { console.log(error.errcode) }`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
    expect(stdout.trim()).toBe('5');
    await store.close();
    await (await openSqliteStore({ path })).close();
  });

  it('is refused when it is no store, or a newer one', async () => {
    const other = join(folder, 'other.db');
    writeFileSync(other, 'not a database at all, only text '.repeat(100));
    await expect(openSqliteStore({ path: other })).rejects.toMatchObject({ code: 'StoreUnreadable' });
    await (await openSqliteStore({ path })).close();
    const db = new DatabaseSync(path);
    db.exec('PRAGMA user_version = 99');
    db.close();
    await expect(openSqliteStore({ path })).rejects.toMatchObject({ code: 'StoreUnreadable', message: expect.stringContaining('newer') });
  });

  it('keeps small documents in one tree, and those of a collection that was made before as they are', async () => {
    const small = smallDocuments(sessionSchema.clone());
    const store = await openSqliteStore({ path });
    await (await store.collection<SessionDoc>('before', sessionSchema)).upsert([{ doc: { id: 'a', stationId: 'A', state: 'Ended' } }]);
    await (await store.collection<SessionDoc>('new', small)).upsert([{ doc: { id: 'a', stationId: 'A', state: 'Ended' } }]);
    await store.close();
    const again = await openSqliteStore({ path });
    for (const name of ['before', 'new']) {
      const collection = await again.collection<SessionDoc>(name, small);
      await collection.upsert([{ doc: { id: 'b', stationId: 'A', state: 'Active' } }]);
      expect(await collection.deleteWhere({ state: 'Ended' })).toBe(1);
      expect((await collection.find({ where: { stationId: 'A' }, limit: 5 })).docs.map(({ id }) => id)).toEqual(['b']);
    }
    await again.close();
    const db = new DatabaseSync(path);
    const kinds = db.prepare("SELECT sql FROM sqlite_schema WHERE name GLOB 'c_?' ORDER BY name").all();
    expect(kinds.map(({ sql }) => String(sql).includes('WITHOUT ROWID'))).toEqual([false, true]);
    db.close();
  });

  it('says the id of a document once, and reads those of an older program, which had it in their text too', async () => {
    const store = await openSqliteStore({ path });
    const sessions = await store.collection<SessionDoc>('sessions', sessionSchema);
    await sessions.upsert([{ doc: { id: 'old', note: 'a' } }, { doc: { note: 'b', id: 'new "one"' } }, { doc: { id: 'bare' } }]);
    await store.close();
    const db = new DatabaseSync(path);
    const texts = db.prepare('SELECT doc FROM c_1 ORDER BY id DESC').all();
    expect(texts.map((row) => row['doc'])).toEqual(['{"note":"a"}', '{"note":"b"}', '{}']);
    db.prepare('UPDATE c_1 SET doc = ? WHERE id = ?').run('{"id":"old","note":"c"}', 'old');
    db.exec('PRAGMA user_version = 2');
    db.close();
    const again = await openSqliteStore({ path });
    const read = await again.collection<SessionDoc>('sessions', sessionSchema);
    const all = [{ id: 'bare' }, { id: 'new "one"', note: 'b' }, { id: 'old', note: 'c' }];
    expect((await read.find({ limit: 5 })).docs).toEqual(all);
    expect([...(await read.getMany(['old', 'bare', 'new "one"'])).values()]).toEqual(expect.arrayContaining(all));
    expect(await read.get('new "one"')).toEqual(all[1]);
    await again.close();
  });

  it('that is full refuses whole writes, keeps what was there, and goes on when there is room', async () => {
    const store = await openSqliteStore({ path, maxBytes: 400_000 });
    const sessions = await store.collection<SessionDoc>('sessions', sessionSchema);
    await sessions.upsert([{ doc: { id: 'big', note: 'x'.repeat(60_000) } }]);
    await store.streams.append([commitOf('s', 1)]);
    const large = (version: number) => commitOf('s', version, `c${version}`, 'y'.repeat(50_000));
    await expect(store.streams.append([2, 3, 4, 5, 6, 7, 8, 9, 10].map(large))).rejects.toMatchObject({
      name: 'OperatingError',
      code: 'StoreUnavailable',
    });
    expect((await store.streams.load(['s'])).get('s')).toHaveLength(1);
    expect(await store.streams.append([large(2)])).toEqual(['appended']);
    await expect(store.streams.append([3, 4, 5, 6, 7, 8, 9].map(large))).rejects.toMatchObject({ code: 'StoreUnavailable' });
    await sessions.delete(['big']);
    expect(await store.streams.append([large(3)])).toEqual(['appended']);
    await store.health();
    await store.close();
    const again = await openSqliteStore({ path });
    expect((await again.streams.load(['s'])).get('s')?.map((commit) => commit.version)).toEqual([1, 2, 3]);
    await again.close();
  });

  it('keeps what was acknowledged when the process is killed', async () => {
    const store = await openSqliteStore({ path });
    await store.streams.append([commitOf('s', 1), commitOf('s', 2)]);
    await store.streams.markPublished([{ streamId: 's', version: 1 }]);
    // What lies on the disk now is what a killed process leaves.
    const copy = join(folder, 'copy.db');
    const { copyFileSync } = await import('node:fs');
    for (const suffix of ['', '-wal']) copyFileSync(path + suffix, copy + suffix);
    const left = await openSqliteStore({ path: copy });
    expect((await left.streams.load(['s'])).get('s')).toHaveLength(2);
    expect((await left.streams.unpublished(5)).map((commit) => commit.version)).toEqual([1, 2]);
    await left.close();
    await store.close();
  });

  it('fails only the write that is wrong among those that share a transaction', async () => {
    const store = await openSqliteStore({ path });
    const sessions = await store.collection<SessionDoc>('sessions', sessionSchema);
    const [good, bad, other] = await Promise.allSettled([
      store.streams.append([commitOf('s', 1)]),
      store.streams.append([{ ...commitOf('t', 1), at: undefined as unknown as string }]),
      sessions.upsert([{ doc: { id: 'a' } }]),
    ]);
    expect([good?.status, bad?.status, other?.status]).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await store.streams.append([commitOf('s', 2), commitOf('t', 1)])).toEqual(['appended', 'appended']);
    await store.close();
    await expect(store.streams.append([commitOf('s', 3)])).rejects.toMatchObject({ code: 'StoreUnavailable' });
  });

  it('answers its queries from an index', async () => {
    const store = await openSqliteStore({ path });
    const sessions = await store.collection<SessionDoc>('sessions', sessionSchema);
    await sessions.upsert([{ doc: { id: 'a', state: 'x' } }]);
    await store.close();
    const db = new DatabaseSync(path);
    const plan = (sql: string) =>
      db
        .prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .all()
        .map((row) => String(row['detail']))
        .join('; ');
    expect(
      plan(`SELECT doc FROM c_1 WHERE "f:state" = 'x' AND "f:startedAt" IS NOT NULL ORDER BY "f:startedAt" DESC, id DESC LIMIT 5`),
    ).toMatch(/^SEARCH c_1 USING INDEX [^;]*$/);
    expect(plan(`SELECT doc FROM c_1 WHERE "f:energyWh" > 4 ORDER BY "f:energyWh" ASC, id ASC LIMIT 5`)).toMatch(
      /^SEARCH c_1 USING INDEX [^;]*$/,
    );
    expect(plan(`SELECT id, doc FROM c_1 WHERE id IN (SELECT value FROM json_each('[]'))`)).toMatch(/^SEARCH c_1 USING INDEX/);
    db.close();
  });
});
