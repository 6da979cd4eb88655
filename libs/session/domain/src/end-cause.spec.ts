import type { SessionAuthorization, SessionEnd, SessionFact } from '@voltlog/session-contract';
import { describe, expect, it } from 'vitest';
import { joinClaim, noClaims, type SessionClaims } from './claims.js';
import { endCauseOf } from './end-cause.js';

const identity: SessionFact = { sessionId: 's', stationId: 'CS-1', transactionId: '1', ocppVersion: 'ocpp1.6' };
const at = (minute: number): string => new Date(Date.parse('2026-03-01T08:00:00.000Z') + minute * 60_000).toISOString();
const accepted = (groupId?: string): SessionAuthorization => ({
  status: 'Accepted',
  source: 'authorization',
  ...(groupId === undefined ? {} : { groupId }),
});
const token = (idToken: string) => ({ idToken, type: 'Central' });

const running: SessionClaims = joinClaim(
  { ...noClaims, identity },
  {
    kind: 'Started',
    start: {
      transactionKey: '1',
      evseId: 1,
      connectorId: 1,
      startedAt: at(0),
      receivedAt: at(0),
      offline: false,
      idToken: token('CARD-1'),
      authorization: accepted('FLEET'),
    },
  },
);
const ended = (more: Partial<SessionEnd>, from = running): SessionClaims =>
  joinClaim(from, { kind: 'Ended', end: { basis: 'Reported', endedAt: at(9), receivedAt: at(9), offline: false, ...more } });
const asked = (cause: 'Limit' | 'Driver' | 'Operator') =>
  joinClaim(running, { kind: 'StopRequested', stop: { attempt: 1, cause, at: at(8) } });
const cause = (claims: SessionClaims) => endCauseOf(claims, {});

describe('why a session ended', () => {
  it('is the group where another token of it stopped, and only then', () => {
    const by = (idToken: string, groupId?: string) =>
      cause(ended({ stoppedReason: 'Local', idToken: token(idToken), authorization: accepted(groupId) }));
    expect(by('CARD-2', 'FLEET')).toEqual({ cause: 'Group', stoppedBy: token('CARD-2') });
    expect(by('card-1', 'FLEET')).toEqual({ cause: 'Driver', stoppedBy: token('card-1') });
    expect(by('CARD-3', 'OTHER')).toBeUndefined();
    expect(by('CARD-3')).toBeUndefined();
    const refused = { ...accepted('FLEET'), status: 'Blocked' } as const;
    expect(cause(ended({ stoppedReason: 'Local', idToken: token('CARD-2'), authorization: refused }))).toBeUndefined();
  });

  it('is the driver with another card of the same contract, though it is of the group too', () => {
    const of = (groupId: string, contractId: string) => ({ ...accepted(groupId), contractId });
    const begun = joinClaim(
      { ...noClaims, identity },
      {
        kind: 'Token',
        token: { purpose: 'Start', idToken: token('CARD-1'), at: at(0), receivedAt: at(0), authorization: of('FLEET', 'C-1') },
      },
    );
    const by = (contractId: string) =>
      cause(ended({ stoppedReason: 'Local', idToken: token('CARD-2'), authorization: of('FLEET', contractId) }, begun));
    expect(by('C-1')).toEqual({ cause: 'Driver', stoppedBy: token('CARD-2') });
    expect(by('C-2')).toEqual({ cause: 'Group', stoppedBy: token('CARD-2') });
  });

  it('is told by the token of an update before the end, too', () => {
    const shown = joinClaim(running, {
      kind: 'Token',
      token: { purpose: 'Stop', idToken: token('CARD-2'), at: at(8), receivedAt: at(8), authorization: accepted('FLEET') },
    });
    expect(cause(ended({ stoppedReason: 'Local' }, shown))).toEqual({ cause: 'Group', stoppedBy: token('CARD-2') });
  });

  it.each(['Limit', 'Driver', 'Operator'] as const)('is who asked, of a remote stop: %s', (who) => {
    expect(cause(ended({ stoppedReason: 'Remote' }, asked(who)))).toEqual({ cause: who });
  });

  it('is the limit that the station kept by itself', () => {
    expect(cause(ended({ stoppedReason: 'EnergyLimitReached' }))).toEqual({ cause: 'Limit' });
    expect(cause(ended({ stoppedReason: 'LocalOutOfCredit', triggerReason: 'CostLimitReached' }))).toEqual({ cause: 'Limit' });
  });

  it('is an operator with a master pass', () => {
    expect(cause(ended({ stoppedReason: 'MasterPass', idToken: token('MASTER') }))).toEqual({
      cause: 'Operator',
      stoppedBy: token('MASTER'),
    });
  });

  it('is nobody while it runs, when the cable was taken out, or when nobody here asked', () => {
    expect(cause(running)).toBeUndefined();
    expect(cause(ended({ stoppedReason: 'EVDisconnected' }, asked('Driver')))).toBeUndefined();
    expect(cause(ended({ stoppedReason: 'Remote' }))).toBeUndefined();
    expect(cause(ended({ basis: 'Superseded', idToken: token('CARD-2') }))).toBeUndefined();
  });

  it('is the driver, stopped at the station without a card', () => {
    expect(cause(ended({ stoppedReason: 'Local' }))).toEqual({ cause: 'Driver' });
  });
});
