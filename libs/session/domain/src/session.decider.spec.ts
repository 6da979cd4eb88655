import { fold } from '@voltlog/kernel';
import type { SessionEnd, SessionEvent, SessionFact } from '@voltlog/session-contract';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Claim, StartClaim } from './claims.js';
import { joinClaim, noClaims } from './claims.js';
import { outcomeOf } from './outcome.js';
import type { Readings } from './readings.js';
import { sessionDecider } from './session.decider.js';

const identity: SessionFact = { sessionId: 's-1', stationId: 'CS-1', transactionId: '101', ocppVersion: 'ocpp1.6' };
const minute = (n: number): string => new Date(Date.parse('2026-03-01T08:00:00.000Z') + n * 60_000).toISOString();

const start: StartClaim = {
  transactionKey: 'k',
  evseId: 1,
  connectorId: 1,
  startedAt: minute(0),
  receivedAt: minute(0),
  offline: false,
  idToken: { idToken: 'TAG', type: 'Local' },
  authorization: { status: 'Accepted', source: 'authorization' },
  meterStartWh: 1000,
};
const stop: SessionEnd = {
  basis: 'Reported',
  endedAt: minute(30),
  receivedAt: minute(30),
  offline: false,
  stoppedReason: 'Local',
  meterStopWh: 3000,
};
const superseded: SessionEnd = {
  basis: 'Superseded',
  endedAt: minute(40),
  receivedAt: minute(40),
  offline: false,
  stoppedReason: 'Superseded',
  supersededBy: 's-2',
};
const matched: SessionEnd = { ...stop, basis: 'Matched', endedAt: minute(20), meterStopWh: 2500, factId: 'f-1' };

const started: Claim = { kind: 'Started', start };
const ends = (end: SessionEnd): Claim => ({ kind: 'Ended', end });

/** The history that the claims leave, decided one after the other. */
function history(claims: readonly Claim[], readings: Readings = {}): SessionEvent[] {
  const events: SessionEvent[] = [];
  for (const claim of claims) {
    const decision = sessionDecider.decide(
      { identity, claim, readings, context: { batteryPercent: 90, siteId: 'depot' } },
      fold<ReturnType<typeof sessionDecider.evolve>, SessionEvent>(sessionDecider, events),
    );
    if (decision.ok) events.push(...decision.events);
  }
  // Milestones have a spec of their own.
  return events.filter((event) => event.type !== 'voltlog.session.SessionMilestoneReached.v1');
}

const names = (events: readonly SessionEvent[]): string[] =>
  events.map((event) => event.type.replace(/^voltlog\.session\.(.*)\.v1$/, '$1'));
const outcome = (claims: readonly Claim[], readings: Readings = {}) => outcomeOf(fold(sessionDecider, history(claims, readings)), readings);

describe('the events of a session', () => {
  it('are its start and its end, once', () => {
    expect(names(history([started, started, ends(stop), ends(stop)]))).toEqual(['SessionStarted', 'SessionEnded']);
  });

  it('tell the outcome with the end', () => {
    expect(history([started, ends(stop)]).at(-1)).toMatchObject({
      data: { corrects: false, outcome: { state: 'Ended', energyWh: 2000, flags: [], incomplete: false } },
    });
  });

  it('tell a better known end as a correction', () => {
    const events = history([started, ends(superseded), ends(stop)]);
    expect(names(events)).toEqual(['SessionStarted', 'SessionEnded', 'SessionEnded']);
    expect(events.at(-1)).toMatchObject({ data: { corrects: true, outcome: { stoppedReason: 'Local', flags: [] } } });
  });

  it('tell a late start as a correction of the outcome', () => {
    const events = history([ends(stop), started]);
    expect(names(events)).toEqual(['SessionEnded', 'SessionStarted', 'SessionCorrected']);
    expect(events.at(-1)).toMatchObject({ data: { outcome: { energyWh: 2000, incomplete: false, flags: [] } } });
  });

  it('say nothing when the readings of a session that is active change', () => {
    expect(names(history([started, { kind: 'Review' }], { power: { at: minute(1), value: 5 } }))).toEqual(['SessionStarted']);
  });

  it('tell where a station does not stop, and whose session it is: who has to know is found by that', () => {
    const authorization = { ...start.authorization, status: 'Accepted', source: 'authorization', groupId: 'G', contractId: 'C' } as const;
    const stopped: Claim = { kind: 'StopRequested', stop: { attempt: 1, cause: 'Driver', at: minute(1) } };
    const escalated: Claim = { kind: 'StopEscalated', escalation: { attempts: 1, cause: 'Driver', at: minute(6) } };
    const events = history([{ kind: 'Started', start: { ...start, authorization } }, stopped, escalated, escalated]);
    expect(names(events)).toEqual(['SessionStarted', 'SessionStopRequested', 'SessionStopEscalated']);
    const whose = { idToken: { idToken: 'TAG', type: 'Local' }, groupId: 'G', contractId: 'C' };
    const where = { evseId: 1, connectorId: 1, siteId: 'depot' };
    expect(events.at(-1)?.data).toEqual({ ...identity, attempts: 1, cause: 'Driver', at: minute(6), ...where, ...whose });
  });

  it('tell once that the transaction id was used again', () => {
    expect(names(history([started, { kind: 'Started', start: { ...start, startedAt: minute(5) } }, started]))).toEqual([
      'SessionStarted',
      'SessionStarted',
      'SessionAnomalyFound',
    ]);
  });
});

describe('the end that counts', () => {
  it.each([
    ['Reported', [superseded, matched, stop]],
    ['Matched', [superseded, matched]],
    ['Superseded', [superseded]],
  ] as const)('%s before all weaker ones', (basis, all) => {
    const expected = { Reported: minute(30), Matched: minute(20), Superseded: minute(40) }[basis];
    expect(outcome([started, ...all.map(ends)]).endedAt).toBe(expected);
  });

  it('is not one that was taken back', () => {
    expect(outcome([started, ends(matched), { kind: 'EndRetracted', factId: 'f-1' }])).toMatchObject({ state: 'Active', flags: [] });
  });

  it('by reboot holds only while nothing is heard of the transaction', () => {
    const rebooted: SessionEnd = { basis: 'StationRebooted', endedAt: minute(50), receivedAt: minute(50), offline: false };
    expect(outcome([started, ends(rebooted)], { lastReceivedAt: minute(50) })).toMatchObject({ state: 'Ended' });
    expect(outcome([started, ends(rebooted)], { lastReceivedAt: minute(51) })).toMatchObject({ state: 'Active' });
  });
});

const time = fc.integer({ min: 0, max: 3 }).map(minute);
const end = fc.oneof(
  fc.record({
    basis: fc.constant('Reported' as const),
    endedAt: time,
    receivedAt: time,
    offline: fc.boolean(),
    meterStopWh: fc.integer({ min: 1000, max: 1005 }),
  }),
  fc.record({
    basis: fc.constant('Matched' as const),
    endedAt: time,
    receivedAt: time,
    offline: fc.boolean(),
    factId: fc.constantFrom('f-1', 'f-2'),
  }),
  fc.record({
    basis: fc.constantFrom('Superseded' as const, 'StationRebooted' as const),
    endedAt: time,
    receivedAt: time,
    offline: fc.boolean(),
  }),
);
const anyClaim: fc.Arbitrary<Claim> = fc.oneof(
  fc
    .record({ startedAt: time, receivedAt: time, offline: fc.boolean(), meterStartWh: fc.integer({ min: 990, max: 1000 }) })
    .map((more): Claim => ({ kind: 'Started', start: { ...start, ...more } })),
  end.map((claimed): Claim => ends(claimed)),
  fc.constantFrom('f-1', 'f-2').map((factId): Claim => ({ kind: 'EndRetracted', factId })),
  fc
    .record({
      at: time,
      receivedAt: time,
      purpose: fc.constantFrom('Start' as const, 'Stop' as const),
      idToken: fc.constantFrom('A', 'B').map((idToken) => ({ idToken, type: 'Local' })),
    })
    .map((token): Claim => ({ kind: 'Token', token })),
  fc
    .record({ seqNo: fc.integer({ min: 0, max: 3 }), at: time, value: fc.constantFrom('Charging', 'Idle') })
    .map((charging): Claim => ({ kind: 'ChargingState', charging })),
  fc.record({ messagesInQueue: fc.boolean(), receivedAt: time }).map((queue): Claim => ({ kind: 'Queue', queue })),
  time.map((at): Claim => ({ kind: 'Stale', at })),
);

describe('claims join', () => {
  /** A matched end is one fact: its content does not differ between repetitions. */
  const unique = (claims: readonly Claim[]): Claim[] => {
    const seen = new Set<string>();
    return claims.filter((claim) => {
      if (claim.kind !== 'Ended' || claim.end.factId === undefined) return true;
      const first = !seen.has(claim.end.factId);
      seen.add(claim.end.factId);
      return first;
    });
  };

  it('in any order and repetition to the same outcome, through the decider and its events', () => {
    fc.assert(
      fc.property(fc.array(anyClaim, { maxLength: 8 }), fc.infiniteStream(fc.nat()), (claims, random) => {
        const once = unique(claims);
        const shuffled = [...once, ...once].map((claim) => ({ claim, key: random.next().value as number })).sort((a, b) => a.key - b.key);
        const readings: Readings = { lastReceivedAt: minute(2) };
        expect(
          outcome(
            shuffled.map(({ claim }) => claim),
            readings,
          ),
        ).toEqual(outcome(once, readings));
      }),
      { numRuns: 500 },
    );
  });

  it('to the outcome that the events tell, whatever else is announced with them', () => {
    fc.assert(
      fc.property(fc.array(anyClaim, { maxLength: 8 }), (claims) => {
        const readings: Readings = { lastReceivedAt: minute(2) };
        let state = noClaims;
        for (const claim of unique(claims)) {
          const decision = sessionDecider.decide({ identity, claim, readings, context: { batteryPercent: 90 } }, state);
          if (!decision.ok) continue;
          for (const event of decision.events) state = sessionDecider.evolve(state, event);
          for (const { data } of decision.events) if ('outcome' in data) expect(data.outcome).toEqual(outcomeOf(state, readings));
        }
      }),
    );
  });

  it('so that a repetition is the same object', () => {
    fc.assert(
      fc.property(fc.array(anyClaim, { maxLength: 6 }), (claims) => {
        const joined = unique(claims).reduce(joinClaim, noClaims);
        for (const claim of unique(claims)) expect(joinClaim(joined, claim)).toBe(joined);
      }),
    );
  });
});
