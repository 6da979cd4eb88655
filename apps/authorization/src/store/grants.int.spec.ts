import type { Store } from '@voltlog/store';
import { STORE_KINDS, TestStores } from '@voltlog/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Grant, type GrantDoc, type Granted, Grants, grantSchema } from './grants.js';
import type { Scope } from './usage.js';

const INSTANCES = 3;
/** What one budget lets in, of what is asked for at once. */
const LET_IN = 20;
const ASKED = 60;

let stores: TestStores;
const clock = { ms: Date.parse('2026-11-26T10:00:00.000Z'), now: () => clock.ms };

beforeAll(async () => {
  stores = await TestStores.open(INSTANCES);
});
afterAll(() => stores?.close());

const open = (store: Store) => store.collection<GrantDoc>('grants', grantSchema);
const grant = (transactionKey: string): Grant => ({
  transactionKey,
  startedAt: '2026-11-26T09:00:00.000Z',
  energyWh: 1_000,
  until: new Date(clock.ms + 120_000).toISOString(),
});

describe.each(STORE_KINDS)('what starts were let in for, kept in %s', (kind) => {
  let instances: readonly Grants[];
  beforeAll(async () => {
    instances = await Promise.all(stores.of(kind).map(async (store) => new Grants(await open(store), clock)));
  });
  const at = (index: number): Grants => instances[index % INSTANCES] as Grants;

  /** Takes a part of both budgets, while each has one left. */
  async function ask(index: number, scopes: readonly Scope[]): Promise<boolean> {
    let isIn = false;
    await at(index).change(scopes, (granted: Granted) => {
      isIn = scopes.every((scope) => (granted.get(scope) ?? []).length < LET_IN);
      if (isIn) for (const scope of scopes) granted.set(scope, [...(granted.get(scope) ?? []), grant(`S${index}/t`)]);
    });
    return isIn;
  }

  it('never exceed the budget, however many instances are asked in the same moment, and end by themselves', async () => {
    const scopes = (index: number): readonly Scope[] => ['contract:C', `token:T${index}`];
    const answers = await Promise.all(Array.from({ length: ASKED }, (_, index) => ask(index, scopes(index))));
    expect(answers.filter(Boolean)).toHaveLength(LET_IN);
    for (let index = 0; index < INSTANCES; index += 1) {
      const keys = (await at(index).read(['contract:C'])).get('contract:C')?.map(({ transactionKey }) => transactionKey);
      expect(new Set(keys).size).toBe(LET_IN);
      expect(keys).toEqual(expect.arrayContaining(answers.flatMap((isIn, start) => (isIn ? [`S${start}/t`] : []))));
    }
    expect(await ask(ASKED, ['contract:C'])).toBe(false);
    clock.ms += 120_000;
    expect(await ask(ASKED + 1, ['contract:C'])).toBe(true);
    expect((await at(2).read(['contract:C'])).get('contract:C')).toMatchObject([{ transactionKey: `S${ASKED + 1}/t`, energyWh: 1_000 }]);
  });
});
