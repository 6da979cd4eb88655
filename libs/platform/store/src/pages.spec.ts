import { afterEach, expect, it } from 'vitest';
import { pages } from './pages.js';
import { openSqliteStore } from './sqlite/sqlite-store.js';
import { type SessionDoc, sessionSchema } from './store.contract.js';
import type { Store } from './store.js';

let store: Store;
afterEach(() => store.close());

it.each([
  [0, [[]]],
  [2, [['0', '1']]],
  [5, [['0', '1'], ['2', '3'], ['4']]],
])('reads %i documents page by page', async (count, expected) => {
  store = await openSqliteStore({ path: ':memory:' });
  const sessions = await store.collection<SessionDoc>('sessions', sessionSchema);
  await sessions.upsert(Array.from({ length: count }, (_, id) => ({ doc: { id: `${id}` } })));
  const read: string[][] = [];
  for await (const docs of pages(sessions, { limit: 2 })) read.push(docs.map(({ id }) => id));
  expect(read).toEqual(expected);
});

it('reads no page that nobody wants any more', async () => {
  store = await openSqliteStore({ path: ':memory:' });
  const sessions = await store.collection<SessionDoc>('sessions', sessionSchema);
  await sessions.upsert(['a', 'b', 'c'].map((id) => ({ doc: { id } })));
  let reads = 0;
  const counted = { find: (query: Parameters<typeof sessions.find>[0]) => sessions.find(query).finally(() => (reads += 1)) };
  for await (const [doc] of pages(counted, { limit: 1 })) if (doc?.id === 'b') break;
  expect(reads).toBe(2);
});
