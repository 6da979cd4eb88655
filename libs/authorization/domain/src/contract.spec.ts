import type { ContractEvent } from '@voltlog/authorization-contract';
import { fold } from '@voltlog/kernel';
import { given } from '@voltlog/testing';
import { describe, expect, it } from 'vitest';
import { type ContractCommand, contractDecider, type PutContract, UNKNOWN_CONTRACT } from './contract.js';

const now = Date.parse('2026-11-02T08:00:00.000Z');
const at = '2026-11-02T08:00:00.000Z';
const put = (more: Partial<PutContract> = {}): PutContract => ({
  kind: 'PutContract',
  contractId: 'C',
  name: 'Fleet',
  status: 'Active',
  concurrentTransactionsMax: 1,
  note: '',
  expectedRevision: 0,
  mustBeNew: false,
  now,
  ...more,
});
const permit = (transactionKey: string, running = false): ContractCommand => ({
  kind: 'PermitTransaction',
  transactionKey,
  stationId: transactionKey.split('/')[0] ?? '',
  evseId: 1,
  startedAt: at,
  running,
  now,
});
const registered: ContractEvent = {
  type: 'voltlog.authorization.ContractRegistered.v1',
  data: { contractId: 'C', name: 'Fleet', status: 'Active', concurrentTransactionsMax: 1, note: '', at },
};
const taken = (transactionKey: string, overLimit = false): ContractEvent => ({
  type: 'voltlog.authorization.ContractTransactionPermitted.v1',
  data: {
    contractId: 'C',
    transactionKey,
    stationId: transactionKey.split('/')[0] ?? '',
    evseId: 1,
    startedAt: at,
    overLimit,
    at,
  },
});
const contract = (events: readonly ContractEvent[]) => given(contractDecider, ...events);

describe('a contract', () => {
  it('is registered, and replaced as a whole', () => {
    expect(contractDecider.decide(put(), UNKNOWN_CONTRACT)).toMatchObject({ ok: true, events: [registered] });
    const state = fold(contractDecider, [registered]);
    expect(contractDecider.decide(put(), state)).toMatchObject({ ok: true, events: [] });
    const limited = put({ sessionLimit: { energyWh: 1 }, budget: { sessionsPerDay: 2, timeZone: 'UTC' }, siteIds: ['a'] });
    const decision = contractDecider.decide(limited, state);
    expect(decision).toMatchObject({ ok: true, events: [{ type: 'voltlog.authorization.ContractChanged.v1' }] });
    const after = fold(contractDecider, decision.ok ? decision.events : [], state);
    expect(after).toMatchObject({ revision: 2, createdAt: at, siteIds: ['a'], sessionLimit: { energyWh: 1 } });
    expect(contractDecider.decide(limited, after)).toMatchObject({ ok: true, events: [] });
    expect(contractDecider.decide(put({ expectedRevision: 1 }), after)).toMatchObject({ ok: false, refusal: 'RevisionMismatch' });
    expect(contractDecider.decide(put({ expectedRevision: 2 }), after)).toMatchObject({ ok: true });
  });

  it('that must be new is made, and changes none', () => {
    contract([])
      .when(put({ mustBeNew: true }))
      .then(registered);
    contract([registered])
      .when(put({ mustBeNew: true }))
      .thenRefuses('ContractExists');
  });

  it('gives a place to as many as it allows, the same one again for nothing, and one more to what runs already', () => {
    contract([registered]).when(permit('S/a')).then(taken('S/a'));
    contract([registered, taken('S/a')])
      .when(permit('S/a'))
      .thenNothing();
    contract([registered, taken('S/a')])
      .when(permit('T/b'))
      .thenRefuses('ConcurrentLimit');
    contract([registered, taken('S/a')])
      .when(permit('T/b', true))
      .then(taken('T/b', true));
    contract([]).when(permit('S/a')).thenRefuses('ContractUnknown');
  });

  it('has the place back when it is released', () => {
    const decision = contractDecider.decide(
      { kind: 'ReleaseTransaction', transactionKey: 'S/a', cause: 'Ended', now },
      fold(contractDecider, [registered, taken('S/a')]),
    );
    expect(fold(contractDecider, [registered, taken('S/a'), ...(decision.ok ? decision.events : [])])).toMatchObject({ places: [] });
  });
});
