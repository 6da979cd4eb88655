import type { Collection } from '@voltlog/store';
import { openTestContext, type TestContext } from '@voltlog/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Grant, type GrantDoc, type Granted, Grants, grantSchema } from './grants.js';
import type { Scope } from './usage.js';

let context: TestContext;
let docs: Collection<GrantDoc>;
let calls: string[];
/** Done once before the next write, as another instance would. */
let meanwhile: (() => Promise<unknown>) | undefined;
let grants: Grants;
beforeEach(async () => {
  context = await openTestContext('authorization');
  docs = await context.store.collection<GrantDoc>('grants', grantSchema);
  calls = [];
  meanwhile = undefined;
  const counting: Pick<typeof docs, 'getMany' | 'upsert'> = {
    getMany: (ids) => {
      calls.push(`read ${ids.length}`);
      return docs.getMany(ids);
    },
    upsert: async (writes) => {
      calls.push(`write ${writes.length}`);
      const first = meanwhile;
      meanwhile = undefined;
      await first?.();
      return docs.upsert(writes);
    },
  };
  grants = new Grants(counting, context.clock);
});
afterEach(() => context.close());

const grant = (transactionKey: string): Grant => ({
  transactionKey,
  startedAt: '2026-11-02T08:00:00.000Z',
  energyWh: 0,
  until: new Date(context.clock.now() + 60_000).toISOString(),
});
/** Puts a start into a budget. */
const put = (scope: Scope, transactionKey: string, at = grants): Promise<void> =>
  at.change([scope], (granted: Granted) => {
    const others = (granted.get(scope) ?? []).filter((each) => each.transactionKey !== transactionKey);
    granted.set(scope, [...others, grant(transactionKey)]);
  });
const given = async (scope: Scope) => (await grants.read([scope])).get(scope)?.map(({ transactionKey }) => transactionKey);

it('are changed with one read and one write by all who wait, each after the one before', async () => {
  const first = put('token:A', 'a0');
  const others: Promise<void>[] = [];
  meanwhile = async () => {
    for (let i = 1; i < 20; i += 1) others.push(put(i % 2 === 0 ? 'token:A' : 'token:B', `t${i}`));
  };
  await first;
  await Promise.all(others);
  expect(calls).toEqual(['read 1', 'write 1', 'read 2', 'write 2']);
  expect(await given('token:A')).toEqual(['a0', 't2', 't4', 't6', 't8', 't10', 't12', 't14', 't16', 't18']);
  expect(await given('token:B')).toHaveLength(10);
});

it('are changed again only where another instance was quicker', async () => {
  const other = new Grants(docs, context.clock);
  meanwhile = () => put('token:A', 'quicker', other);
  await Promise.all([put('token:A', 'a'), put('token:B', 'b')]);
  expect(calls).toEqual(['read 2', 'write 2', 'read 1', 'write 1']);
  expect(await given('token:A')).toEqual(['quicker', 'a']);
  expect(await given('token:B')).toEqual(['b']);
});

it('are changed by the others when one change fails, and by those after a failed write', async () => {
  const broken = grants.change(['token:B'], () => {
    throw new Error('a bug');
  });
  const [outcome] = await Promise.allSettled([broken, put('token:A', 'a')]);
  expect(outcome).toMatchObject({ status: 'rejected', reason: new Error('a bug') });
  expect(await given('token:A')).toEqual(['a']);
  meanwhile = () => Promise.reject(new Error('the store is away'));
  await expect(put('token:A', 'b')).rejects.toThrow('away');
  await put('token:A', 'c');
  expect(await given('token:A')).toEqual(['a', 'c']);
});
