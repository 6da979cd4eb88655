import { readdirSync, readFileSync } from 'node:fs';
import type { AuthorizationDecided, ContractEvent, TokenEvent } from '@voltlog/authorization-contract';
import { type ContractState, contractDecider, type TokenState, tokenDecider } from '@voltlog/authorization-domain';
import { describe, expect, it } from 'vitest';
import { toDecision, toDecisionDoc } from './projections/decision-projection.js';

const folder = new URL('../../../libs/authorization/contract/samples/', import.meta.url);
const samples = readdirSync(folder)
  .toSorted()
  .map((name) => ({ type: name.replace(/(\.\d+)?\.json$/, ''), data: JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as unknown }));
const of = (type: string): readonly TokenEvent[] =>
  samples.filter((sample) => sample.type === `voltlog.authorization.${type}.v1`) as readonly TokenEvent[];

describe('samples of authorization', () => {
  it('still fold to the same token', () => {
    let state: TokenState = tokenDecider.initialState;
    for (const event of of('TokenRegistered').slice(0, 2)) state = tokenDecider.evolve(state, event);
    expect(state).toMatchObject({
      kind: 'known',
      idToken: 'NL-TNM-C00122045-K',
      concurrentTransactionsMax: 1,
      groupId: 'FLEET-7',
      revision: 1,
    });
    for (const event of of('TransactionPermitted')) state = tokenDecider.evolve(state, event);
    expect(state).toMatchObject({ places: [{ transactionKey: 'CP-0001/7d1c0d0e5a6b4f2f', stationId: 'CP-0001', evseId: 1 }] });
    for (const event of [...of('TransactionReleased'), ...of('TokenChanged')]) state = tokenDecider.evolve(state, event);
    expect(state).toMatchObject({ status: 'Blocked', places: [], revision: 2, createdAt: '2026-11-02T09:00:01.000Z' });
  });

  it('still fold to the same token with rules', () => {
    const [, , event] = of('TokenRegistered');
    expect(event === undefined ? undefined : tokenDecider.evolve(tokenDecider.initialState, event)).toMatchObject({
      contractId: 'C-2041',
      siteIds: ['site-north'],
      budget: { sessionsPerDay: 2, timeZone: 'UTC' },
      validFrom: '2026-11-01T00:00:00.000Z',
    });
  });

  it('still fold to the same contract', () => {
    let state: ContractState = contractDecider.initialState;
    const fold = (...types: readonly string[]) => {
      for (const event of types.flatMap(of) as unknown as readonly ContractEvent[]) state = contractDecider.evolve(state, event);
      return state;
    };
    expect(fold('ContractRegistered', 'ContractTransactionPermitted')).toMatchObject({
      sessionLimit: { cost: { amount: '30.00', currency: 'EUR' } },
      budget: { costPerMonth: '250.00' },
      places: [{ transactionKey: 'CP-0001/7d1c0d0e5a6b4f2f' }],
      revision: 1,
    });
    expect(fold('ContractTransactionReleased', 'ContractChanged')).toMatchObject({ status: 'Blocked', places: [], revision: 2 });
    expect(state).not.toHaveProperty('budget');
  });

  it('still make the same decisions to list', () => {
    const decisions = samples
      .filter((sample) => sample.type === 'voltlog.authorization.AuthorizationDecided.v1')
      .map(({ data }) => data as AuthorizationDecided);
    expect(decisions).toHaveLength(4);
    for (const decided of decisions) expect(toDecision(toDecisionDoc(decided))).toEqual(decided);
  });
});
