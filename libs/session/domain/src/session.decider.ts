import type { Decider } from '@voltlog/kernel';
import { decided } from '@voltlog/kernel';
import type { SessionChargingStateChanged, SessionEvent, SessionFact, SessionFlag, SessionOutcome } from '@voltlog/session-contract';
import { announcements, evolveAnnounced, type RecordContext, whereAndWhose } from './announcements.js';
import type { AskedClaim, Claim, SessionClaims } from './claims.js';
import { joinClaim, noClaims } from './claims.js';
import { effectiveEnd, outcomeOf } from './outcome.js';
import type { ChargingState, Readings } from './readings.js';

/** A fact about a session, with all readings known by now. */
export interface RecordClaim {
  readonly identity: SessionFact;
  readonly claim: Claim;
  readonly readings: Readings;
  readonly context: RecordContext;
}

/** Claims that no event is made of as such. */
const SILENT: ReadonlySet<Claim['kind']> = new Set(['Review', 'Fault', 'FaultCleared']);

/** Flags that stay once found; they are announced when they are. */
const LASTING: readonly SessionFlag[] = ['ConflictingEnd', 'RegisterFell', 'RegisterJumped', 'TransactionIdReused'];

/**
 * Decides what a claim changes. It never refuses: what a station says happened is kept.
 *
 * The state is the join of all claims, so the events of one transaction may differ with the order of its messages, but never the state
 * they fold to.
 */
export const sessionDecider: Decider<RecordClaim, SessionClaims, SessionEvent> = {
  initialState: noClaims,
  decide(command, state) {
    const { identity, claim, readings } = command;
    const joined = joinClaim(state, claim);
    // Of all that is decided here the claim alone changes it.
    const outcome = outcomeOf(joined, readings);
    const events: SessionEvent[] = [];
    if (joined !== state || (state.identity === undefined && !SILENT.has(claim.kind))) events.push(...claimEvents(command, state, outcome));
    // A fault and its end have no event of their own: their milestones tell them.
    let after = claim.kind === 'Fault' || claim.kind === 'FaultCleared' ? joined : state;
    for (const event of events) after = evolve(after, event);
    if (after.identity === undefined) return decided();
    const settled = settle(identity, after, outcome);
    if (settled !== undefined) events.push(settled);
    for (const flag of outcome.flags) {
      if (LASTING.includes(flag) && !after.announcedFlags?.includes(flag))
        events.push({ type: 'voltlog.session.SessionAnomalyFound.v1', data: { ...identity, flag } });
    }
    events.push(...announcements(command, after, outcome));
    return decided(...events);
  },
  evolve,
};

function claimEvents({ identity, claim, readings, context }: RecordClaim, state: SessionClaims, outcome: SessionOutcome): SessionEvent[] {
  switch (claim.kind) {
    case 'Detected':
      return [{ type: 'voltlog.session.SessionDetected.v1', data: { ...identity, ...claim.detected } }];
    case 'Started':
      return [
        { type: 'voltlog.session.SessionStarted.v1', data: { ...identity, ...claim.start } },
        ...matched(identity, state, claim.asked),
      ];
    case 'Token':
      return [{ type: 'voltlog.session.SessionIdTokenPresented.v1', data: { ...identity, ...claim.token } }];
    case 'ChargingState':
      return [{ type: 'voltlog.session.SessionChargingStateChanged.v1', data: { ...identity, ...chargingData(claim.charging) } }];
    case 'Interrupted':
      return [{ type: 'voltlog.session.SessionInterrupted.v1', data: { ...identity, ...claim.interruption } }];
    case 'Queue':
      return [{ type: 'voltlog.session.SessionQueueReported.v1', data: { ...identity, ...claim.queue } }];
    case 'Ended':
      return [
        {
          type: 'voltlog.session.SessionEnded.v1',
          data: {
            ...identity,
            end: claim.end,
            corrects: effectiveEnd(state, readings) !== undefined,
            outcome,
          },
        },
      ];
    case 'EndRetracted':
      return [
        {
          type: 'voltlog.session.SessionEndRetracted.v1',
          data: { ...identity, factId: claim.factId, outcome },
        },
      ];
    case 'Stale':
      return [{ type: 'voltlog.session.SessionAnomalyFound.v1', data: { ...identity, flag: 'Stale', at: claim.at } }];
    case 'Freed':
      return [{ type: 'voltlog.session.SessionConnectorFreed.v1', data: { ...identity, ...claim.freed } }];
    case 'LimitSet':
      return [{ type: 'voltlog.session.SessionLimitSet.v1', data: { ...identity, ...claim.limit } }];
    case 'StartRequestMatched':
      return matched(identity, state, claim);
    case 'StopRequested':
      return [{ type: 'voltlog.session.SessionStopRequested.v1', data: { ...identity, ...claim.stop } }];
    case 'StopAnswered':
      return [{ type: 'voltlog.session.SessionStopAnswered.v1', data: { ...identity, ...claim.answer } }];
    case 'StopEscalated':
      return [
        {
          type: 'voltlog.session.SessionStopEscalated.v1',
          data: { ...identity, ...claim.escalation, ...whereAndWhose(state, outcome, context) },
        },
      ];
    case 'Fault':
    case 'FaultCleared':
    case 'Review':
      return [];
  }
}

/** Together, so that no crash in between leaves a session without the limit that its driver chose. */
function matched(identity: SessionFact, state: SessionClaims, asked: AskedClaim | undefined): SessionEvent[] {
  if (asked === undefined || state.startRequestId !== undefined) return [];
  const { startRequestId, at, limit } = asked;
  const event: SessionEvent = { type: 'voltlog.session.SessionStartRequestMatched.v1', data: { ...identity, startRequestId, at } };
  return limit === undefined || state.limit !== undefined
    ? [event]
    : [event, { type: 'voltlog.session.SessionLimitSet.v1', data: { ...identity, ...limit } }];
}

/** What has to be said about an outcome that was announced and is another now. */
function settle(identity: SessionFact, claims: SessionClaims, outcome: SessionOutcome): SessionEvent | undefined {
  const { announced } = claims;
  if (announced === undefined || sameOutcome(announced, outcome)) return undefined;
  if (outcome.state === 'Ended') return { type: 'voltlog.session.SessionCorrected.v1', data: { ...identity, outcome } };
  return announced.state === 'Ended' ? { type: 'voltlog.session.SessionReopened.v1', data: { ...identity, outcome } } : undefined;
}

function evolve(state: SessionClaims, event: SessionEvent): SessionClaims {
  const claims = evolveClaims(state, event);
  if (claims.identity !== undefined) return claims;
  const { sessionId, stationId, transactionId, ocppVersion } = event.data;
  return { ...claims, identity: { sessionId, stationId, transactionId, ocppVersion } };
}

function evolveClaims(state: SessionClaims, event: SessionEvent): SessionClaims {
  switch (event.type) {
    case 'voltlog.session.SessionDetected.v1':
      return joinClaim(state, { kind: 'Detected', detected: event.data });
    case 'voltlog.session.SessionStarted.v1':
      return joinClaim(state, { kind: 'Started', start: withoutIdentity(event.data) });
    case 'voltlog.session.SessionIdTokenPresented.v1':
      return joinClaim(state, { kind: 'Token', token: withoutIdentity(event.data) });
    case 'voltlog.session.SessionChargingStateChanged.v1':
      return flowing(
        joinClaim(state, {
          kind: 'ChargingState',
          charging: chargingOf(event.data),
        }),
      );
    case 'voltlog.session.SessionInterrupted.v1':
      return joinClaim(state, { kind: 'Interrupted', interruption: withoutIdentity(event.data) });
    case 'voltlog.session.SessionQueueReported.v1':
      return joinClaim(state, { kind: 'Queue', queue: withoutIdentity(event.data) });
    case 'voltlog.session.SessionEnded.v1':
      return { ...joinClaim(state, { kind: 'Ended', end: event.data.end }), announced: event.data.outcome };
    case 'voltlog.session.SessionEndRetracted.v1':
      return { ...joinClaim(state, { kind: 'EndRetracted', factId: event.data.factId }), announced: event.data.outcome };
    case 'voltlog.session.SessionCorrected.v1':
    case 'voltlog.session.SessionReopened.v1':
      return { ...state, announced: event.data.outcome };
    case 'voltlog.session.SessionConnectorFreed.v1':
      return joinClaim(state, { kind: 'Freed', freed: event.data });
    case 'voltlog.session.SessionLimitSet.v1':
      return joinClaim(state, { kind: 'LimitSet', limit: withoutIdentity(event.data) });
    case 'voltlog.session.SessionStartRequestMatched.v1':
      return joinClaim(state, { kind: 'StartRequestMatched', startRequestId: event.data.startRequestId, at: event.data.at });
    case 'voltlog.session.SessionStopRequested.v1':
      return joinClaim(state, { kind: 'StopRequested', stop: event.data });
    case 'voltlog.session.SessionStopAnswered.v1':
      return joinClaim(state, { kind: 'StopAnswered', answer: event.data });
    case 'voltlog.session.SessionStopEscalated.v1':
      return joinClaim(state, { kind: 'StopEscalated', escalation: event.data });
    case 'voltlog.session.SessionMilestoneReached.v1':
    case 'voltlog.session.SessionPriced.v1':
    case 'voltlog.session.SessionLimitOvershot.v1':
      return evolveAnnounced(state, event);
    case 'voltlog.session.SessionAnomalyFound.v1': {
      if (event.data.flag === 'Stale' && event.data.at !== undefined) return joinClaim(state, { kind: 'Stale', at: event.data.at });
      const flags = state.announcedFlags ?? [];
      return flags.includes(event.data.flag) ? state : { ...state, announcedFlags: [...flags, event.data.flag].sort() };
    }
  }
}

/** Energy flows: what rested before may rest again. A state from before the end that comes behind it does not count. */
function flowing(claims: SessionClaims): SessionClaims {
  const { charging, rested, reported } = claims;
  if (rested === undefined || charging?.value !== 'Charging' || (reported !== undefined && charging.at <= reported.endedAt)) return claims;
  const { rested: _, ...rest } = claims;
  return rest;
}

/** True when nobody who reads the outcome would see a difference. */
export function sameOutcome(a: SessionOutcome, b: SessionOutcome): boolean {
  return (
    a.state === b.state &&
    a.startedAt === b.startedAt &&
    a.endedAt === b.endedAt &&
    a.energyWh === b.energyWh &&
    a.meterStartWh === b.meterStartWh &&
    a.meterStopWh === b.meterStopWh &&
    a.stoppedReason === b.stoppedReason &&
    a.idToken?.idToken === b.idToken?.idToken &&
    a.idToken?.type === b.idToken?.type &&
    a.authorizationStatus === b.authorizationStatus &&
    a.incomplete === b.incomplete &&
    a.flags.length === b.flags.length &&
    a.flags.every((flag, i) => flag === b.flags[i])
  );
}

const chargingData = ({ seqNo, at, value, limitReached }: ChargingState): Omit<SessionChargingStateChanged, keyof SessionFact> => ({
  chargingState: value,
  at,
  ...(seqNo < 0 ? {} : { seqNo }),
  ...(limitReached === undefined ? {} : { limitReached }),
});

const chargingOf = ({ seqNo, at, chargingState, limitReached }: SessionChargingStateChanged): ChargingState => ({
  seqNo: seqNo ?? -1,
  at,
  value: chargingState,
  ...(limitReached === undefined ? {} : { limitReached }),
});

function withoutIdentity<Data extends SessionFact>(data: Data): Omit<Data, keyof SessionFact> {
  const { sessionId: _s, stationId: _t, transactionId: _x, ocppVersion: _v, ...rest } = data;
  return rest;
}
