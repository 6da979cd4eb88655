import type { TokenEvent } from '@voltlog/authorization-contract';
import { fold } from '@voltlog/kernel';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PermitTransaction } from './places.js';
import { type PutToken, type TokenCommand, tokenDecider } from './token.decider.js';
import { type TokenState, UNKNOWN_TOKEN } from './token.state.js';

const now = Date.parse('2026-11-02T08:00:00.000Z');
const put = (more: Partial<PutToken> = {}): PutToken => ({
  kind: 'PutToken',
  idToken: 'CARD',
  type: 'ISO14443',
  expectedRevision: 0,
  mustBeNew: false,
  now,
  ...more,
});
const permit = (key: string, more: Partial<PermitTransaction> = {}): PermitTransaction => {
  const [stationId = ''] = key.split('/');
  return {
    kind: 'PermitTransaction',
    transactionKey: key,
    stationId,
    evseId: 0,
    startedAt: '2026-11-02T08:00:00.000Z',
    running: false,
    now,
    ...more,
  };
};
const release = (transactionKey: string): TokenCommand => ({ kind: 'ReleaseTransaction', transactionKey, cause: 'Ended', now });

const given = (...commands: readonly TokenCommand[]) => {
  let state: TokenState = UNKNOWN_TOKEN;
  for (const command of commands) {
    const decision = tokenDecider.decide(command, state);
    if (decision.ok) state = fold(tokenDecider, decision.events, state);
  }
  return {
    state,
    when: (command: TokenCommand) => {
      const decision = tokenDecider.decide(command, state);
      return {
        thenRefuses: (refusal: string) => expect(decision).toEqual({ ok: false, refusal }),
        thenHappens: (...types: readonly string[]) =>
          expect(decision.ok ? decision.events.map((event) => event.type.split('.')[2]) : decision.refusal).toEqual(types),
      };
    },
  };
};

describe('a token', () => {
  it('is registered once, then changed; the same again is no change', () => {
    given().when(put()).thenHappens('TokenRegistered');
    given(put())
      .when(put({ status: 'Blocked' }))
      .thenHappens('TokenChanged');
    given(put()).when(put()).thenHappens();
  });

  it('keeps its first spelling, and what is not given', () => {
    const { state } = given(
      put({ note: 'a', expiresAt: '2027-01-01T00:00:00.000Z', groupId: 'G' }),
      put({ idToken: 'card', type: '', status: 'Blocked' }),
    );
    expect(state).toMatchObject({
      idToken: 'CARD',
      type: 'ISO14443',
      status: 'Blocked',
      note: 'a',
      expiresAt: '2027-01-01T00:00:00.000Z',
      groupId: 'G',
      revision: 2,
    });
    expect(
      given(put({ expiresAt: '2027-01-01T00:00:00.000Z', groupId: 'G' }), put({ expiresAt: null, groupId: '' })).state,
    ).not.toHaveProperty('expiresAt');
  });

  it('counts only what operators changed as a revision', () => {
    given(put({ concurrentTransactionsMax: 1 }), permit('S/a'), release('S/a'))
      .when(put({ note: 'x', expectedRevision: 1 }))
      .thenHappens('TokenChanged');
    given(put())
      .when(put({ note: 'x', expectedRevision: 2 }))
      .thenRefuses('RevisionMismatch');
    given()
      .when(put({ expectedRevision: 1 }))
      .thenRefuses('RevisionMismatch');
  });

  it('that must be new is made, and changes none', () => {
    given()
      .when(put({ mustBeNew: true }))
      .thenHappens('TokenRegistered');
    given(put())
      .when(put({ mustBeNew: true }))
      .thenRefuses('TokenExists');
  });

  it('gives a place to each transaction up to its limit', () => {
    const limited = put({ concurrentTransactionsMax: 2 });
    given(limited, permit('S/a')).when(permit('T/b')).thenHappens('TransactionPermitted');
    given(limited, permit('S/a'), permit('T/b')).when(permit('U/c')).thenRefuses('ConcurrentLimit');
    given(limited, permit('S/a'), permit('T/b')).when(permit('S/a')).thenHappens();
    given(limited, permit('S/a'), permit('T/b'), release('S/a')).when(permit('U/c')).thenHappens('TransactionPermitted');
    given(limited, permit('S/a'), permit('T/b'))
      .when(permit('U/c', { running: true }))
      .thenHappens('TransactionPermitted');
  });

  it('needs no place without a limit, and gives none without a token', () => {
    given(put()).when(permit('S/a')).thenHappens();
    given().when(permit('S/a')).thenRefuses('TokenUnknown');
    given(put({ concurrentTransactionsMax: 1 }))
      .when(release('S/a'))
      .thenHappens();
  });

  it('ends what was on an EVSE when another transaction begins there later', () => {
    const before = [put({ concurrentTransactionsMax: 1 }), permit('S/a', { evseId: 1 })];
    given(...before)
      .when(permit('S/b', { evseId: 1, startedAt: '2026-11-02T08:00:00.001Z' }))
      .thenHappens('TransactionReleased', 'TransactionPermitted');
    given(...before)
      .when(permit('S/b', { evseId: 1 }))
      .thenRefuses('ConcurrentLimit');
    given(...before)
      .when(permit('T/b', { evseId: 1, startedAt: '2026-11-02T09:00:00.000Z' }))
      .thenRefuses('ConcurrentLimit');
    given(put({ concurrentTransactionsMax: 1 }), permit('S/a'))
      .when(permit('S/b', { startedAt: '2026-11-02T09:00:00.000Z' }))
      .thenRefuses('ConcurrentLimit');
  });

  it('never has more places than its limit unless one was running already, and folds alike however it is split', () => {
    const key = fc.constantFrom('S/a', 'S/b', 'T/c', 'U/d');
    const command: fc.Arbitrary<TokenCommand> = fc.oneof(
      key.map((each) => permit(each)),
      key.map(release),
      fc.constant(put({ note: 'x' })),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3 }), fc.array(command), (limit, commands) => {
        const events: TokenEvent[] = [];
        let state: TokenState = UNKNOWN_TOKEN;
        for (const each of [put({ concurrentTransactionsMax: limit }), ...commands]) {
          const decision = tokenDecider.decide(each, state);
          if (!decision.ok) continue;
          events.push(...decision.events);
          state = fold(tokenDecider, decision.events, state);
          expect(state.kind === 'known' ? state.places.length : 0).toBeLessThanOrEqual(limit);
        }
        expect(fold(tokenDecider, JSON.parse(JSON.stringify(events)) as TokenEvent[])).toEqual(state);
      }),
    );
  });
});
