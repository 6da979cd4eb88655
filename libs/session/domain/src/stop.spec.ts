import type { SessionFact } from '@voltlog/session-contract';
import { describe, expect, it } from 'vitest';
import { joinClaim, noClaims, type SessionClaims } from './claims.js';
import { elapsedMs } from './outcome.js';
import { nextStopStep, STOP_ATTEMPTS_MAX } from './stop.js';

const identity: SessionFact = { sessionId: 's', stationId: 'CS-1', transactionId: '1', ocppVersion: 'ocpp1.6' };
const T0 = Date.parse('2026-03-01T08:00:00.000Z');
const at = (seconds: number): string => new Date(T0 + seconds * 1_000).toISOString();
const asked = (claims: SessionClaims, attempt: number, seconds: number, cause: 'Limit' | 'Driver' = 'Driver'): SessionClaims =>
  joinClaim(claims, { kind: 'StopRequested', stop: { attempt, cause, at: at(seconds) } });
const answered = (
  claims: SessionClaims,
  attempt: number,
  status: 'Accepted' | 'TimedOut' | 'Offline' | 'NotSupported' | 'Rejected',
): SessionClaims => joinClaim(claims, { kind: 'StopAnswered', answer: { attempt, status, at: at(0) } });
const first = asked({ ...noClaims, identity }, 1, 0);

describe('the next step of a stop', () => {
  it.each([
    ['while its answer is awaited: wait', first, 39, { kind: 'Wait', untilMs: T0 + 40_000 }],
    ['whose answer never came: again', first, 40, { kind: 'Attempt', attempt: 2 }],
    ['that was accepted and did not happen: again after 10 s', answered(first, 1, 'Accepted'), 10, { kind: 'Attempt', attempt: 2 }],
    ['that was accepted: wait before', answered(first, 1, 'Accepted'), 9.9, { kind: 'Wait', untilMs: T0 + 10_000 }],
    ['to a station that is away: once it is back', answered(first, 1, 'Offline'), 0, { kind: 'AwaitConnection', attempt: 2 }],
    ['the station does not know: give up', answered(first, 1, 'NotSupported'), 0, { kind: 'Escalate', attempts: 1 }],
  ] as const)('%s', (_, claims, seconds, step) => {
    expect(nextStopStep(claims, {}, T0 + seconds * 1_000)).toEqual(step);
  });

  it('waits twice as long each time, and gives up half a minute after the sixth', () => {
    let claims = answered(first, 1, 'TimedOut');
    let seconds = 0;
    for (let attempt = 2; attempt <= STOP_ATTEMPTS_MAX; attempt += 1) {
      seconds += 10 * 2 ** (attempt - 2);
      expect(nextStopStep(claims, {}, T0 + seconds * 1_000 - 1)).toMatchObject({ kind: 'Wait' });
      expect(nextStopStep(claims, {}, T0 + seconds * 1_000)).toEqual({ kind: 'Attempt', attempt });
      claims = answered(asked(claims, attempt, seconds), attempt, 'TimedOut');
    }
    expect(seconds).toBe(310);
    expect(nextStopStep(claims, {}, T0 + 340_000 - 1)).toMatchObject({ kind: 'Wait' });
    expect(nextStopStep(claims, {}, T0 + 340_000)).toEqual({ kind: 'Escalate', attempts: STOP_ATTEMPTS_MAX });
  });

  it('is none once the session ended, it was given up, or the limit it was for was raised', () => {
    const done = { kind: 'Done' };
    const end = { basis: 'Reported', endedAt: at(1), receivedAt: at(1), offline: false } as const;
    expect(nextStopStep(joinClaim(first, { kind: 'Ended', end }), {}, T0 + 60_000)).toEqual(done);
    const escalated = joinClaim(first, { kind: 'StopEscalated', escalation: { attempts: 6, cause: 'Driver', at: at(2) } });
    expect(nextStopStep(escalated, {}, T0 + 60_000)).toEqual(done);
    const raised = (claims: SessionClaims) =>
      joinClaim(claims, { kind: 'LimitSet', limit: { limit: { energyWh: 9_000 }, by: 'Driver', at: at(5) } });
    expect(nextStopStep(raised(asked(noClaims, 1, 0, 'Limit')), {}, T0 + 60_000)).toEqual(done);
    expect(nextStopStep(raised(first), {}, T0 + 60_000)).toMatchObject({ kind: 'Attempt' });
  });

  it('counts anew for another cause, and its attempts go on', () => {
    const again = asked(answered(asked(noClaims, 3, 0, 'Limit'), 3, 'TimedOut'), 4, 60);
    expect(again.stop).toMatchObject({ attempt: 4, firstAttempt: 4, cause: 'Driver' });
  });
});

describe('what passed between two moments', () => {
  const told = (seconds: number, receivedSeconds = seconds, offline = false) => ({
    at: at(seconds),
    receivedAt: at(receivedSeconds),
    offline,
  });
  const HOUR = 3_600;

  it.each([
    ['by a right clock', told(0), told(HOUR), HOUR],
    ['by a clock that is wrong all along', told(9 * HOUR, 0), told(10 * HOUR, HOUR), HOUR],
    ['told later from an offline queue', told(0, 5 * HOUR, true), told(HOUR, 5 * HOUR, true), HOUR],
    ['by a clock that was set back in between: by ours', told(2 * HOUR, 0), told(HOUR, HOUR), HOUR],
    ['by a clock that was set forward in between: by ours', told(-5 * HOUR, 0), told(HOUR, HOUR), HOUR],
    ['never below nothing', told(HOUR), told(0), 0],
  ])('%s', (_, from, to, seconds) => expect(elapsedMs(from, to)).toBe(seconds * 1_000));
});
