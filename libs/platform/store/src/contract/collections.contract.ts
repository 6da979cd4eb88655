import * as fc from 'fast-check';
import { Schema } from 'mongoose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type SessionDoc, type StoreHarness, sessionSchema } from '../store.contract.js';
import type { Collection, Condition, Query, Store } from '../store.js';

const idsOf = (docs: readonly { id: string }[]): string[] => docs.map((doc) => doc.id);

/** Every page of a query, one after the other. */
async function pages(collection: Collection<SessionDoc>, query: Query, between?: (page: number) => Promise<void>): Promise<SessionDoc[]> {
  const docs: SessionDoc[] = [];
  let after: string | undefined;
  for (let page = 0; page < 1_000; page += 1) {
    const found = await collection.find({ ...query, ...(after === undefined ? {} : { after }) });
    expect(found.docs.length).toBeLessThanOrEqual(query.limit);
    docs.push(...found.docs);
    if (found.next === undefined) return docs;
    expect(found.docs).toHaveLength(query.limit);
    after = found.next;
    expect(after).toMatch(/^[\w-]+$/);
    await between?.(page);
  }
  throw new Error('pages do not end');
}

/** @param schema of the documents: the same shape, kept in another way perhaps */
export function describeCollections(name: string, harness: StoreHarness, schema: Schema = sessionSchema): void {
  describe(`${name}: collections`, () => {
    let store: Store;
    let sessions: Collection<SessionDoc>;
    const fill = (docs: readonly SessionDoc[]) => sessions.upsert(docs.map((doc) => ({ doc })));

    beforeEach(async () => {
      store = await harness.open();
      sessions = await store.collection<SessionDoc>('sessions', schema);
    });
    afterEach(() => store.close());

    it('gives back whole documents, by id or by ids', async () => {
      const doc: SessionDoc = {
        id: 'ä/1 ',
        stationId: 'CS',
        party: { country: 'NL' },
        note: { list: [1, 'two', null, { three: 3.5 }], big: 2 ** 45, on: true },
      };
      await fill([doc, { id: 'b' }]);
      expect(await sessions.get('ä/1 ')).toEqual(doc);
      expect(await sessions.get('ä/1')).toBeUndefined();
      expect([...(await sessions.getMany(['b', 'none', 'ä/1 '])).entries()].sort()).toEqual([
        ['b', { id: 'b' }],
        ['ä/1 ', doc],
      ]);
      expect(await sessions.getMany([])).toEqual(new Map());
      await fill([{ id: 'b', energyWh: 3 }]);
      await fill([{ id: 'b', state: 'Ended' }]);
      expect(await sessions.get('b')).toEqual({ id: 'b', state: 'Ended' });
      await sessions.delete(['b', 'none']);
      expect(await sessions.get('b')).toBeUndefined();
    });

    it('finds documents by what changed of each, one field here and another there', async () => {
      const doc = { id: 'a', stationId: 'A', state: 'Active', note: 'a' };
      await fill([doc, { ...doc, id: 'b' }, { ...doc, id: 'c' }]);
      await fill([
        { ...doc, stationId: 'B' },
        { ...doc, id: 'b', state: 'Ended' },
        { ...doc, id: 'c', stationId: 'B', state: 'Ended' },
      ]);
      const found = async (where: NonNullable<Query['where']>) => idsOf((await sessions.find({ where, limit: 5 })).docs);
      expect(await found({ stationId: 'B' })).toEqual(['a', 'c']);
      expect(await found({ stationId: 'A' })).toEqual(['b']);
      expect(await found({ state: 'Ended' })).toEqual(['b', 'c']);
      expect(await found({ state: 'Active' })).toEqual(['a']);
    });

    it('is empty, then not, then empty again, to every kind of read', async () => {
      const seen = async () => [
        await sessions.get('a'),
        (await sessions.getMany(['a', 'b'])).size,
        (await sessions.find({ where: { stationId: 'A' }, limit: 5 })).docs.length,
      ];
      const doc = { id: 'a', stationId: 'A' };
      expect(await seen()).toEqual([undefined, 0, 0]);
      await fill([doc]);
      expect(await seen()).toEqual([doc, 1, 1]);
      await sessions.delete(['a']);
      expect(await seen()).toEqual([undefined, 0, 0]);
      await sessions.upsert([{ doc, expectedVersion: 0 }]);
      expect(await seen()).toEqual([doc, 1, 1]);
      expect(await sessions.deleteWhere({ stationId: 'A' })).toBe(1);
      expect(await seen()).toEqual([undefined, 0, 0]);
      // A deletion and a write at the same time: whatever comes first, what was written last is there.
      await fill([{ id: 'b', stationId: 'A' }]);
      await Promise.all([sessions.delete(['b']), fill([doc])]);
      expect(await seen()).toEqual([doc, 1, 1]);
      await store.close();
      store = await harness.reopen();
      sessions = await store.collection<SessionDoc>('sessions', schema);
      expect(await seen()).toEqual([doc, 1, 1]);
    });

    it('writes an expected version only, and says so per document', async () => {
      expect(await sessions.upsert([{ doc: { id: 'a', version: 1 }, expectedVersion: 0 }, { doc: { id: 'b', version: 4 } }])).toEqual([
        true,
        true,
      ]);
      expect(
        await sessions.upsert([
          { doc: { id: 'a', version: 9 }, expectedVersion: 0 },
          { doc: { id: 'b', version: 5, state: 'x' }, expectedVersion: 4 },
          { doc: { id: 'a', version: 3 }, expectedVersion: 2 },
          { doc: { id: 'none', version: 2 }, expectedVersion: 1 },
          { doc: { id: 'c', version: 1 }, expectedVersion: 0 },
        ]),
      ).toEqual([false, true, false, false, true]);
      expect(await sessions.get('a')).toEqual({ id: 'a', version: 1 });
      expect(await sessions.get('b')).toEqual({ id: 'b', version: 5, state: 'x' });
      expect(await sessions.get('none')).toBeUndefined();
      expect(
        await sessions.upsert([
          { doc: { id: 'c', version: 2 }, expectedVersion: 1 },
          { doc: { id: 'c', version: 3 }, expectedVersion: 2 },
          { doc: { id: 'c', version: 9 }, expectedVersion: 1 },
        ]),
      ).toEqual([true, true, false]);
      expect(await sessions.get('c')).toEqual({ id: 'c', version: 3 });
    });

    it('writes what is likely new and was not as it writes anything else', async () => {
      await fill([{ id: 'old', stationId: 'A', state: 'Active' }]);
      const written = await sessions.upsert([
        { doc: { id: 'new', stationId: 'B' }, likelyNew: true },
        { doc: { id: 'old', stationId: 'C' }, likelyNew: true },
        { doc: { id: 'twice', stationId: 'D' }, likelyNew: true },
        { doc: { id: 'versioned', version: 1 }, expectedVersion: 0 },
        { doc: { id: 'old', version: 1 }, expectedVersion: 0 },
        { doc: { id: 'twice', stationId: 'E' }, likelyNew: true },
      ]);
      expect(written).toEqual([true, true, true, true, false, true]);
      expect(await sessions.get('new')).toEqual({ id: 'new', stationId: 'B' });
      expect(await sessions.get('old')).toEqual({ id: 'old', stationId: 'C' });
      expect(await sessions.get('twice')).toEqual({ id: 'twice', stationId: 'E' });
      expect((await sessions.find({ where: { stationId: { $in: ['A', 'B', 'C', 'D', 'E'] } }, limit: 10 })).docs).toHaveLength(3);
    });

    it('lets one of two writers with the same expectation win', async () => {
      const other = await harness.another(store);
      const theirs = other === store ? sessions : await other.collection<SessionDoc>('sessions', schema);
      for (const expectedVersion of [0, 1]) {
        const written = await Promise.all(
          [sessions, theirs, sessions, theirs].map((one, i) =>
            one.upsert([{ doc: { id: 'r', version: expectedVersion + 1, state: `w${i}` }, expectedVersion }]),
          ),
        );
        expect(written.flat().filter(Boolean)).toHaveLength(1);
      }
      if (other !== store) await other.close();
    });

    it('finds by equality, $in, ranges and $exists', async () => {
      await fill([
        { id: '1', stationId: 'A', energyWh: 1, party: { country: 'NL' } },
        { id: '2', stationId: 'B', energyWh: 5 },
        { id: '3', stationId: null, energyWh: 10, party: { country: 'DE' } },
        { id: '4', energyWh: 5.5 },
        { id: '5', stationId: 'a', energyWh: 'text' },
      ]);
      const found = async (where: Record<string, Condition>) => {
        const ids = idsOf((await sessions.find({ where, limit: 10 })).docs);
        expect(await sessions.count(where)).toBe(ids.length);
        return ids;
      };
      expect(await found({ stationId: 'A' })).toEqual(['1']);
      expect(await found({ stationId: { $in: ['B', 'a', 'zzz'] } })).toEqual(['2', '5']);
      expect(await found({ stationId: { $in: ['B', null] } })).toEqual(['2', '3', '4']);
      expect(await found({ stationId: { $in: [] } })).toEqual([]);
      expect(await found({ stationId: null })).toEqual(['3', '4']);
      expect(await found({ stationId: { $exists: true } })).toEqual(['1', '2', '5']);
      expect(await found({ stationId: { $exists: false } })).toEqual(['3', '4']);
      expect(await found({ energyWh: { $gt: 1, $lte: 5.5 } })).toEqual(['2', '4']);
      expect(await found({ energyWh: { $gte: 5 } })).toEqual(['2', '3', '4']);
      expect(await found({ energyWh: { $lt: 5 } })).toEqual(['1']);
      expect(await found({ energyWh: { $lt: 'z' } })).toEqual(['5']);
      expect(await found({ energyWh: { $gte: 5 }, stationId: { $exists: true } })).toEqual(['2']);
      expect(await found({ 'party.country': 'DE' })).toEqual(['3']);
      expect(await found({ id: { $in: ['4', '1'] } })).toEqual(['1', '4']);
      expect(await found({ id: { $gt: '2', $lt: '5' } })).toEqual(['3', '4']);
      expect(await found({ stationId: 'A', energyWh: 2 })).toEqual([]);
    });

    it('refuses what no index answers', async () => {
      const refusedAs = (reason: string, query: Query) =>
        expect(sessions.find(query)).rejects.toMatchObject({ name: 'RequestError', reason });
      await refusedAs('NotIndexed', { where: { note: 'x' }, limit: 1 });
      await refusedAs('NotIndexed', { where: { startedAt: 'x' }, limit: 1 });
      await refusedAs('NotIndexed', { sort: ['startedAt', 1], limit: 1 });
      await refusedAs('NotIndexed', { where: { stationId: 'x' }, sort: ['note', 1], limit: 1 });
      await refusedAs('BadLimit', { limit: 0 });
      await refusedAs('BadCursor', { limit: 1, after: 'x' });
      await refusedAs('BadCondition', { where: { energyWh: { $gt: 1, $lt: 'x' } }, limit: 1 });
      await refusedAs('BadCondition', { where: { energyWh: {} as Condition }, limit: 1 });
      await refusedAs('BadCondition', { where: { energyWh: { $where: '1' } as unknown as Condition }, limit: 1 });
      await expect(sessions.count({ note: 1 })).rejects.toMatchObject({ reason: 'NotIndexed' });
      await expect(sessions.deleteWhere({ note: 1 })).rejects.toMatchObject({ reason: 'NotIndexed' });
      const page = await fill([{ id: 'a' }, { id: 'b' }]).then(() => sessions.find({ limit: 1 }));
      await refusedAs('BadCursor', { limit: 1, sort: ['energyWh', 1], after: page.next as string });
      await expect(sessions.find({ where: { state: 'x' }, sort: ['startedAt', -1], limit: 1 })).resolves.toEqual({ docs: [] });
    });

    it('finds by a sparse index what has its field, and refuses to look there for what has not', async () => {
      const plain = new Schema({ stationId: String, state: String, startedAt: String }).index({ stationId: 1, startedAt: 1 });
      const sparse = new Schema({ stationId: String, state: String, startedAt: String })
        .index({ stationId: 1, startedAt: 1 }, { sparse: true })
        .index({ state: 1 });
      const before = await store.collection<SessionDoc>('few', plain);
      await before.upsert([{ doc: { id: 'a', stationId: 'A', state: 'x' } }, { doc: { id: 'b', state: 'x' } }]);
      await store.close();
      store = await harness.reopen();
      const few = await store.collection<SessionDoc>('few', sparse);
      await few.upsert([{ doc: { id: 'c', stationId: null } }, { doc: { id: 'd', stationId: 'B', state: 'x', startedAt: '2' } }]);
      const found = async (where: Query['where'], sort?: Query['sort']) =>
        idsOf((await few.find({ ...(where === undefined ? {} : { where }), ...(sort === undefined ? {} : { sort }), limit: 9 })).docs);
      expect(await found({ stationId: 'A' })).toEqual(['a']);
      expect(await found({ stationId: { $in: ['A', 'B'] } })).toEqual(['a', 'd']);
      expect(await found({ stationId: { $gte: 'B' } })).toEqual(['d']);
      expect(await found({ stationId: { $exists: true } }, ['stationId', -1])).toEqual(['d', 'a']);
      expect(await found({ state: 'x', stationId: null })).toEqual(['b']);
      expect(await found({ startedAt: '2', stationId: 'B' })).toEqual(['d']);
      for (const stationId of [null, { $exists: false }, { $in: ['A', null] }])
        await expect(found({ stationId })).rejects.toMatchObject({ reason: 'NotIndexed' });
      await expect(found(undefined, ['stationId', 1])).rejects.toMatchObject({ reason: 'NotIndexed' });
      await few.upsert([{ doc: { id: 'a', state: 'x' } }]);
      expect(await found({ stationId: { $exists: true } })).toEqual(['d']);
    });

    it('refuses a schema that one of the adapters could not keep', async () => {
      const shapes = [
        new Schema({ a: { type: String, unique: true } }),
        new Schema({ a: { type: [String], index: true } }),
        new Schema({ at: { type: Date, expires: 60 } }),
      ];
      for (const schema of shapes) await expect(store.collection('odd', schema)).rejects.toMatchObject({ reason: 'UnsupportedIndex' });
    });

    it.each([1, -1] as const)('pages through ties and missing values, direction %i', async (direction) => {
      await fill([
        ...Array.from({ length: 23 }, (_, i) => ({
          id: `t${String(i).padStart(2, '0')}`,
          energyWh: i % 4,
          stationId: i % 2 === 0 ? 'A' : 'B',
        })),
        { id: 'm1' },
        { id: 'm2' },
        { id: 'x', energyWh: 'text' },
      ]);
      const key = (doc: SessionDoc) => (doc.energyWh === undefined ? -1 : typeof doc.energyWh === 'string' ? 99 : doc.energyWh);
      const every = await pages(sessions, { sort: ['energyWh', direction], limit: 4 });
      const order = [...every].sort((a, b) => (key(a) - key(b) || (a.id < b.id ? -1 : 1)) * direction);
      expect(idsOf(every)).toEqual(idsOf(order));
      expect(every).toHaveLength(26);
      for (const limit of [1, 25, 26, 27])
        expect(idsOf(await pages(sessions, { sort: ['energyWh', direction], limit }))).toEqual(idsOf(order));
      expect(idsOf(await pages(sessions, { where: { stationId: 'A' }, sort: ['energyWh', direction], limit: 5 }))).toEqual(
        idsOf(order.filter((doc) => doc.stationId === 'A')),
      );
      expect(idsOf(await pages(sessions, { sort: ['id', direction], limit: 5 }))).toEqual(
        idsOf([...every].sort((a, b) => (a.id < b.id ? -1 : 1) * direction)),
      );
    });

    it('shows each document once while others come and go between the pages', async () => {
      await fill(Array.from({ length: 30 }, (_, i) => ({ id: `d${String(i).padStart(2, '0')}`, energyWh: (i % 3) * 10 })));
      const seen = await pages(sessions, { sort: ['energyWh', 1], limit: 4 }, async (page) => {
        await fill([
          { id: `before${page}`, energyWh: -1 },
          { id: `a${page}`, energyWh: 0 },
        ]);
        await sessions.delete([`before${page - 1}`]);
      });
      expect(idsOf(seen).filter((id) => id.startsWith('d'))).toEqual([...new Set(idsOf(seen).filter((id) => id.startsWith('d')))]);
      expect(idsOf(seen).filter((id) => id.startsWith('d'))).toHaveLength(30);
    });

    it('finds what a plain filter finds (property)', async () => {
      const doc = fc.record({
        stationId: fc.constantFrom('A', 'B', 'Ä', 'a'),
        energyWh: fc.integer({ min: 0, max: 5 }),
        state: fc.constantFrom('x', 'y'),
      });
      const query = fc.record({
        field: fc.constantFrom('stationId', 'state'),
        among: fc.subarray(['A', 'B', 'a', 'x']),
        from: fc.integer({ min: 0, max: 5 }),
        direction: fc.constantFrom(1 as const, -1 as const),
        limit: fc.integer({ min: 1, max: 7 }),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(doc, { maxLength: 20 }), query, async (docs, { field, among, from, direction, limit }) => {
          await sessions.deleteWhere({});
          const all = docs.map((one, i) => ({ ...one, id: `i${i}` }));
          await fill(all);
          const expected = all
            .filter((one) => among.includes(one[field as 'state']) && one.energyWh >= from)
            .sort((a, b) => (a.energyWh - b.energyWh || (a.id < b.id ? -1 : 1)) * direction);
          expect(
            await pages(sessions, { where: { [field]: { $in: among }, energyWh: { $gte: from } }, sort: ['energyWh', direction], limit }),
          ).toEqual(expected);
        }),
        { numRuns: 30 },
      );
    });

    it('holds 100 000 documents, deletes them in slices, and still finds in a moment', async () => {
      for (let from = 0; from < 100_000; from += 2_000) {
        await fill(
          Array.from({ length: 2_000 }, (_, i) => ({
            id: `n${from + i}`,
            stationId: `CS-${(from + i) % 1_000}`,
            state: (from + i) % 2 === 0 ? 'Active' : 'Ended',
            startedAt: new Date(1.7e12 + (from + i) * 1_000).toISOString(),
          })),
        );
      }
      expect(await sessions.count()).toBe(100_000);
      const start = performance.now();
      const page = await sessions.find({ where: { state: 'Active' }, sort: ['startedAt', -1], limit: 50 });
      expect(idsOf(page.docs).slice(0, 2)).toEqual(['n99998', 'n99996']);
      expect((await sessions.find({ where: { stationId: 'CS-7' }, limit: 200 })).docs).toHaveLength(100);
      expect(performance.now() - start).toBeLessThan(1_000);
      expect(await sessions.deleteWhere({ state: 'Ended' })).toBe(50_000);
      expect(await sessions.count({ state: 'Ended' })).toBe(0);
      expect(await sessions.count()).toBe(50_000);
    });

    it('indexes a field that a later version of the code asks for', async () => {
      const notes = await store.collection<SessionDoc>('notes', new Schema({ stationId: { type: String, index: true } }));
      await notes.upsert([
        { doc: { id: 'a', stationId: 'A', energyWh: 7, party: { country: 'NL' } } },
        { doc: { id: 'b', stationId: 'B', energyWh: 8 } },
      ]);
      await expect(notes.find({ where: { energyWh: 7 }, limit: 1 })).rejects.toMatchObject({ reason: 'NotIndexed' });
      await store.close();
      store = await harness.reopen();
      const later = await store.collection<SessionDoc>('notes', schema);
      expect(idsOf((await later.find({ where: { energyWh: { $gt: 7 } }, limit: 5 })).docs)).toEqual(['b']);
      expect(idsOf((await later.find({ where: { 'party.country': 'NL' }, limit: 5 })).docs)).toEqual(['a']);
      expect(idsOf((await later.find({ where: { 'party.country': null }, limit: 5 })).docs)).toEqual(['b']);
      await store.close();
      store = await harness.reopen();
      const less = await store.collection<SessionDoc>('notes', new Schema({ state: { type: String, index: true } }));
      await less.upsert([{ doc: { id: 'a', state: 'Ended', energyWh: 9 } }]);
      await store.close();
      store = await harness.reopen();
      const again = await store.collection<SessionDoc>('notes', schema);
      expect(idsOf((await again.find({ where: { energyWh: { $gte: 8 } }, limit: 5 })).docs)).toEqual(['a', 'b']);
    });

    it('is there after a restart', async () => {
      await fill([{ id: 'a', stationId: 'A', version: 3 }]);
      await store.close();
      store = await harness.reopen();
      sessions = await store.collection<SessionDoc>('sessions', schema);
      expect(await sessions.get('a')).toEqual({ id: 'a', stationId: 'A', version: 3 });
      expect(await sessions.upsert([{ doc: { id: 'a', version: 4 }, expectedVersion: 3 }])).toEqual([true]);
    });

    it('swaps a rebuilt collection in while the live one is read', async () => {
      await fill(Array.from({ length: 50 }, (_, i) => ({ id: `old${i}`, stationId: 'old' })));
      const rebuilt = await store.collection<SessionDoc>('sessions__rebuild', schema);
      await rebuilt.upsert(Array.from({ length: 50 }, (_, i) => ({ doc: { id: `new${i}`, stationId: 'new' } })));
      const reading = { on: true };
      const readers = Array.from({ length: 4 }, async () => {
        const counts = new Set<string>();
        while (reading.on) {
          const { docs } = await sessions.find({ limit: 100 });
          counts.add(`${docs.length} ${[...new Set(docs.map((doc) => doc.stationId))].join()}`);
          await new Promise((resolve) => setImmediate(resolve));
        }
        return counts;
      });
      await store.swapCollection('sessions__rebuild', 'sessions');
      expect(await sessions.get('new1')).toMatchObject({ stationId: 'new' });
      expect(await sessions.upsert([{ doc: { id: 'new0', stationId: 'new', version: 1 } }])).toEqual([true]);
      reading.on = false;
      for (const counts of await Promise.all(readers)) for (const count of counts) expect(['50 old', '50 new']).toContain(count);
      expect(await sessions.count()).toBe(50);
      expect(await sessions.count({ stationId: 'new' })).toBe(50);
      await expect(store.swapCollection('nothing', 'sessions')).rejects.toMatchObject({ reason: 'NoCollection' });
      expect(await (await store.collection<SessionDoc>('sessions__rebuild', schema)).count()).toBe(0);
      await store.close();
      store = await harness.reopen();
      expect(await (await store.collection<SessionDoc>('sessions', schema)).count()).toBe(50);
    });
  });
}
