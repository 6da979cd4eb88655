import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mayStop, type Payer } from './stop.js';

const payer = (tokenKey: string, more: Partial<Payer> = {}): Payer => ({
  tokenKey,
  groupIds: [],
  contractIds: [],
  registered: true,
  ...more,
});
const MASTER = 'MASTER';
const words = (...of: string[]) => fc.uniqueArray(fc.constantFrom(...of), { maxLength: 2 });
const registered = (name: string, groups: readonly string[], contracts: readonly string[]) =>
  fc.record({
    tokenKey: fc.constant(name),
    groupIds: words(...groups),
    contractIds: words(...contracts),
    registered: fc.constant(true),
  });

describe('who may stop a session', () => {
  it.each([
    ['the same token', payer('A'), payer('A'), true],
    ['another token', payer('B'), payer('A'), false],
    ['one of the same group, in any case', payer('B', { groupIds: ['fleet'] }), payer('A', { groupIds: ['FLEET'] }), true],
    ['one of another group', payer('B', { groupIds: ['other'] }), payer('A', { groupIds: ['FLEET'] }), false],
    ['one of the same contract', payer('B', { contractIds: ['C'] }), payer('A', { contractIds: ['C'] }), true],
    ['one of another contract', payer('B', { contractIds: ['D'] }), payer('A', { contractIds: ['C'] }), false],
    ['a master pass', payer('B', { groupIds: ['master'] }), payer('A'), true],
    ['a stranger, where the session is of a master pass', payer('B'), payer('A', { groupIds: ['MASTER'] }), false],
    ['one whose groups nobody here knows', payer('B', { registered: false }), payer('A', { groupIds: ['FLEET'] }), true],
    ['one that is not ours, where there is no group', payer('B', { registered: false }), payer('A'), false],
    [
      'one with a group, of a session whose token is not ours',
      payer('B', { groupIds: ['FLEET'] }),
      payer('A', { registered: false }),
      true,
    ],
    ['one without, of a session whose token is not ours', payer('B'), payer('A', { registered: false }), false],
  ])('%s', (_who, stopper, running, may) => {
    expect(mayStop(stopper, running, MASTER)).toBe(may);
  });

  it('no one is a master pass where there is none', () => {
    expect(mayStop(payer('B', { groupIds: ['MASTER'] }), payer('A'), undefined)).toBe(false);
  });

  it('is mutual but for the master pass, and never refuses what has a group or a contract in common', () => {
    const one = registered('A', ['g', 'h', 'I'], ['C', 'D']);
    const other = registered('B', ['G', 'H', 'j'], ['C', 'E']);
    fc.assert(
      fc.property(one, other, (a, b) => {
        const upper = (ids: readonly string[]) => ids.map((id) => id.toUpperCase());
        const shared =
          upper(a.groupIds).some((id) => upper(b.groupIds).includes(id)) || a.contractIds.some((id) => b.contractIds.includes(id));
        expect(mayStop(a, b, undefined)).toBe(shared);
        expect(mayStop(b, a, undefined)).toBe(shared);
      }),
    );
  });
});
