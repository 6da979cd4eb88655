import type { Budget } from '@voltlog/authorization-contract';
import { expect, it } from 'vitest';
import type { Collections, SessionUseDoc } from './documents.js';
import { Usage } from './usage.js';

it('keeps what is stored while it reads', async () => {
  const now = Date.parse('2026-11-02T08:00:00.000Z');
  const use = (energyWh: number): SessionUseDoc => ({
    id: 's',
    stationId: 'CP-1',
    tokenKey: 'T',
    startedAt: '2026-11-02T07:00:00.000Z',
    energyWh,
    open: true,
  });
  let page = Promise.withResolvers<unknown>();
  const sessionUses = { find: () => page.promise } as unknown as Collections['sessionUses'];
  const usage = new Usage({ sessionUses }, { now: () => now });
  const budget = { timeZone: 'UTC', currency: 'EUR' } as Budget;
  const used = () => usage.usedOf({ scope: 'token:T', budget });
  for (const [before, after] of [
    [1_000, 2_000],
    [2_000, 3_000],
  ] as const) {
    page = Promise.withResolvers();
    const reads = usage.load(['token:T']);
    usage.stored([use(after)]);
    page.resolve({ docs: [use(before)], next: undefined });
    await reads;
    expect(JSON.stringify(used())).toContain(String(after));
  }
});
