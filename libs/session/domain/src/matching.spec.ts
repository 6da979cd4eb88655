import type { SessionEnd } from '@voltlog/session-contract';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { joinClaim, noClaims } from './claims.js';
import { type Candidate, chooseSession, matchOrphans, type OrphanEnd, supersessions } from './matching.js';

const T0 = Date.parse('2026-03-01T08:00:00.000Z');
const at = (minutes: number): string => new Date(T0 + minutes * 60_000).toISOString();

function session(
  sessionId: string,
  { minute = 0, evseId = 1, meterStartWh = 1000, end }: { minute?: number; evseId?: number; meterStartWh?: number; end?: SessionEnd } = {},
): Candidate {
  const start = {
    transactionKey: sessionId,
    evseId,
    connectorId: 1,
    startedAt: at(minute),
    receivedAt: at(minute),
    offline: false,
    meterStartWh,
  };
  const claims = joinClaim(noClaims, { kind: 'Started', start });
  return { sessionId, claims: end === undefined ? claims : joinClaim(claims, { kind: 'Ended', end }), readings: {} };
}

const end = (minute: number, meterStopWh: number, basis: SessionEnd['basis'] = 'Matched'): SessionEnd => ({
  basis,
  endedAt: at(minute),
  receivedAt: at(minute),
  offline: false,
  meterStopWh,
});
const orphan = (factId: string, minute: number, meterStopWh: number, evseId = 0): OrphanEnd => ({
  factId,
  evseId,
  connectorId: 0,
  end: end(minute, meterStopWh),
});
const match = (sessions: Candidate[], ...orphans: OrphanEnd[]) => Object.fromEntries(matchOrphans(sessions, orphans));

describe('a stray stop belongs to a session', () => {
  it('that is the only one it fits', () => expect(match([session('a')], orphan('f', 10, 2000))).toEqual({ f: 'a' }));
  it('but to none of two', () => expect(match([session('a'), session('b', { evseId: 2 })], orphan('f', 10, 2000))).toEqual({}));
  it('on the EVSE that it tells', () =>
    expect(match([session('a'), session('b', { evseId: 2 })], orphan('f', 10, 2000, 2))).toEqual({ f: 'b' }));
  it('that began before it', () => {
    expect(match([session('a', { minute: 11 })], orphan('f', 10, 2000))).toEqual({});
    expect(match([session('a', { minute: 10 })], orphan('f', 10, 1000))).toEqual({ f: 'a' });
  });
  it('whose register it does not fall below', () => {
    expect(match([session('a', { meterStartWh: 2000 })], orphan('f', 10, 1989))).toEqual({});
    expect(match([session('a', { meterStartWh: 2000 })], orphan('f', 10, 1990))).toEqual({ f: 'a' });
  });
  it('whose register can have risen so far', () => {
    // 500 kW for 12 minutes and 1 kWh of slack.
    expect(match([session('a', { meterStartWh: 0 })], orphan('f', 12, 101_000))).toEqual({ f: 'a' });
    expect(match([session('a', { meterStartWh: 0 })], orphan('f', 12, 101_001))).toEqual({});
  });
  it('that has no stop of its own', () =>
    expect(match([session('a', { end: end(5, 1500, 'Reported') })], orphan('f', 10, 2000))).toEqual({}));
  it('that was not superseded by then', () => {
    const old = session('a', { end: { ...end(8, 0, 'Superseded') } });
    expect(match([old], orphan('f', 10, 2000))).toEqual({});
    expect(match([old], orphan('f', 7, 2000))).toEqual({ f: 'a' });
  });
  it('whatever the order, one stop for one session', () => {
    const orphans = [orphan('f', 10, 2000), orphan('g', 12, 2100)];
    expect(match([session('a')], ...orphans)).toEqual({ f: 'a' });
    expect(match([session('a')], ...orphans.toReversed())).toEqual({ f: 'a' });
  });
});

describe('a session is superseded', () => {
  it('by the next one on its EVSE, not by one on another', () => {
    const found = supersessions([
      session('c', { minute: 20 }),
      session('a'),
      session('b', { minute: 10 }),
      session('x', { minute: 5, evseId: 2 }),
    ]);
    expect(found.map(({ sessionId, end: { supersededBy } }) => [sessionId, supersededBy]).sort()).toEqual([
      ['a', 'b'],
      ['b', 'c'],
    ]);
  });
  const told = (sessionId: string, startedAt: number, receivedAt: number, offline = false): Candidate => {
    const { claims, readings } = session(sessionId);
    if (claims.start === undefined) throw new Error('a session has a start');
    const start = { ...claims.start, startedAt: at(startedAt), receivedAt: at(receivedAt), offline };
    return { sessionId, claims: { ...claims, start }, readings };
  };
  const superseded = (...sessions: Candidate[]) => supersessions(sessions).map(({ sessionId }) => sessionId);
  it('by the one that came after it by both clocks, though the station is off by about as much as is plainly wrong', () => {
    // Five minutes are the bound: the first one is more behind, and taken as of when we heard of it, the second less.
    const [first, second] = [told('a', 0, 5.1), told('b', 0.5, 5.2)];
    expect(superseded(first, second)).toEqual(['a']);
    expect(superseded(second, first)).toEqual(['a']);
  });
  it('by the one whose true time is later, where the clocks say different: one of the starts waited in a queue', () => {
    expect(superseded(told('a', 0, 4), told('b', 2, 2))).toEqual(['a']);
    expect(superseded(told('b', 2, 2), told('a', 0, 4))).toEqual(['a']);
  });
  /** As the service does: sessions come one by one, and what was once found of one stays. */
  const arriving = (sessions: readonly Candidate[]): Record<string, string | undefined> => {
    const known: Candidate[] = [];
    for (const each of sessions) {
      known.push(each);
      for (const found of supersessions(known)) {
        const index = known.findIndex(({ sessionId }) => sessionId === found.sessionId);
        const old = known[index];
        if (old !== undefined) known[index] = { ...old, claims: joinClaim(old.claims, { kind: 'Ended', end: found.end }) };
      }
    }
    return Object.fromEntries(known.map(({ sessionId, claims }) => [sessionId, claims.superseded?.supersededBy]));
  };
  it('but never all of them: two came late, and one between them at once', () => {
    const [a, b, c] = [told('a', 0, 5.1), told('b', 0.5, 5.2), told('c', 2, 2)];
    for (const order of [
      [a, b, c],
      [a, c, b],
      [b, a, c],
      [b, c, a],
      [c, a, b],
      [c, b, a],
    ])
      expect(arriving(order)).toEqual({ a: 'b', b: 'c', c: undefined });
  });
  it('by one whose station has lost its clock, though that tells an earlier time', () =>
    expect(superseded(told('a', 0, 0), told('b', -20_000_000, 3))).toEqual(['a']));
  it('except the last one, the same for any order of arrival', () => {
    const minutes = fc.integer({ min: 0, max: 120 }).map((tenths) => tenths / 10);
    const behind = fc.oneof(
      minutes.map((each) => each - 2),
      fc.constantFrom(-90, 1439.9, 1440.1, 43_199.9, 43_200.1, 20_000_000),
    );
    const starts = fc.array(fc.tuple(minutes, behind, fc.boolean()), { minLength: 1, maxLength: 6 });
    const twoOrders = starts.chain((all) => {
      const sessions = all.map(([received, late, offline], index) => told(String(index), received - late, received, offline));
      return fc.tuple(fc.constant(sessions), fc.shuffledSubarray(sessions, { minLength: sessions.length }));
    });
    fc.assert(
      fc.property(twoOrders, ([sessions, shuffled]) => {
        const found = arriving(sessions);
        expect(Object.values(found).filter((by) => by === undefined)).toHaveLength(1);
        expect(arriving(shuffled)).toEqual(found);
      }),
    );
  });
  it('not once its own stop is known', () =>
    expect(supersessions([session('a', { end: end(5, 1500, 'Reported') }), session('b', { minute: 10 })])).toEqual([]));
});

describe('of several sessions under one transaction id', () => {
  const sessions = [session('b', { minute: 100 }), session('a', { minute: 0 })];
  it.each([
    [50, 'a'],
    [100, 'b'],
    [150, 'b'],
    [-5, 'a'],
  ])('at minute %i it is %s', (minute, expected) => expect(chooseSession(sessions, T0 + minute * 60_000)?.sessionId).toBe(expected));
});
