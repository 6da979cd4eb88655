import type {
  LimitDimension,
  MilestoneKind,
  SessionConnectorFreed,
  SessionDetected,
  SessionEnd,
  SessionFact,
  SessionFlag,
  SessionIdTokenPresented,
  SessionInterrupted,
  SessionLimitSet,
  SessionMilestoneReached,
  SessionOutcome,
  SessionPrice,
  SessionQueueReported,
  SessionStarted,
  SessionStopAnswered,
  SessionStopEscalated,
  SessionStopRequested,
} from '@voltlog/session-contract';
import { type Begin, beginOf, compareBegins, compareText } from './begin.js';
import type { ChargingState } from './readings.js';
import { compareStates } from './readings.js';

/** One thing that is known of a session, from one fact. */
export type Claim =
  | { readonly kind: 'Detected'; readonly detected: Omit<SessionDetected, keyof SessionFact> }
  /** With the start request it came of, where that is known. */
  | { readonly kind: 'Started'; readonly start: StartClaim; readonly asked?: AskedClaim }
  | { readonly kind: 'Token'; readonly token: TokenClaim }
  | { readonly kind: 'ChargingState'; readonly charging: ChargingState }
  | { readonly kind: 'Interrupted'; readonly interruption: Interruption }
  | { readonly kind: 'Queue'; readonly queue: QueueClaim }
  | { readonly kind: 'Ended'; readonly end: SessionEnd }
  | { readonly kind: 'EndRetracted'; readonly factId: string }
  | { readonly kind: 'Stale'; readonly at: string }
  | { readonly kind: 'Freed'; readonly freed: FreedClaim }
  | { readonly kind: 'Fault'; readonly fault: FaultClaim }
  /** The connector that was broken says something else. */
  | { readonly kind: 'FaultCleared'; readonly cleared: FaultCleared }
  | { readonly kind: 'LimitSet'; readonly limit: LimitClaim }
  | ({ readonly kind: 'StartRequestMatched' } & AskedClaim)
  | { readonly kind: 'StopRequested'; readonly stop: Omit<SessionStopRequested, keyof SessionFact> }
  | { readonly kind: 'StopAnswered'; readonly answer: Omit<SessionStopAnswered, keyof SessionFact> }
  | { readonly kind: 'StopEscalated'; readonly escalation: Omit<SessionStopEscalated, keyof SessionFact> }
  /** Nothing new, but the readings changed: look at the outcome again. */
  | { readonly kind: 'Review' };

/** The start request a session came of, with the limit that was asked for, which holds unless one was set since. */
export interface AskedClaim {
  readonly startRequestId: string;
  readonly at: string;
  readonly limit?: LimitClaim;
}

export type StartClaim = Omit<SessionStarted, keyof SessionFact>;
export type TokenClaim = Omit<SessionIdTokenPresented, keyof SessionFact>;
export type Interruption = Omit<SessionInterrupted, keyof SessionFact>;
export type QueueClaim = Omit<SessionQueueReported, keyof SessionFact>;
export type FreedClaim = Omit<SessionConnectorFreed, keyof SessionFact>;
export type LimitClaim = Omit<SessionLimitSet, keyof SessionFact>;
/** Of what was announced, what is asked for later. */
export type AnnouncedMilestone = Pick<
  SessionMilestoneReached,
  'milestone' | 'occurrence' | 'at' | 'receivedAt' | 'stateOfChargePercent' | 'percent' | 'dimension'
>;

/** The connector of the session broke. */
export interface FaultClaim {
  readonly at: string;
  readonly receivedAt: string;
  readonly errorCode?: string;
}

export type FaultCleared = Pick<FaultClaim, 'at' | 'receivedAt'>;

/** The stop commands of a session: the latest one, and from which attempt on they are for the same cause. */
export interface StopClaim {
  readonly attempt: number;
  readonly firstAttempt: number;
  readonly cause: SessionStopRequested['cause'];
  readonly dimension?: LimitDimension;
  /** Of the latest attempt. */
  readonly at: string;
  /** Of the latest attempt; absent: not known yet. */
  readonly status?: SessionStopAnswered['status'];
  readonly stationStatus?: string;
  readonly escalated?: true;
  /** A limit was set since that no longer asks for it. */
  readonly withdrawn?: true;
}

/**
 * All claims about one session joined: the state that its stream folds to. Each field is a least, a greatest or a union of what was
 * claimed, hence the same for any order, repetition and splitting. What is left out has not been claimed.
 */
export interface SessionClaims {
  readonly identity?: SessionFact;
  readonly place?: Place;
  readonly start?: StartClaim;
  readonly token?: TokenClaim;
  readonly stopToken?: TokenClaim;
  readonly charging?: ChargingState;
  readonly interruption?: Interruption;
  readonly queue?: QueueClaim;
  /** Ends by basis; of each the least. */
  readonly reported?: SessionEnd;
  readonly superseded?: SessionEnd;
  readonly rebooted?: SessionEnd;
  /** Ends that were matched, in order, and the fact ids of those taken back. */
  readonly matched?: readonly SessionEnd[];
  readonly retracted?: readonly string[];
  /** Two starts that differ: the station used the transaction id again. */
  readonly startsDiffer?: true;
  readonly endsDiffer?: true;
  /** The latest time at which it was found stale. */
  readonly staleAt?: string;
  /** Flags that were announced by `SessionAnomalyFound`. */
  readonly announcedFlags?: readonly SessionFlag[];
  /** What was last announced of a session that ended, or was reopened. */
  readonly announced?: SessionOutcome;
  /** Milestones that were announced, in the order they were. */
  readonly milestones?: readonly AnnouncedMilestone[];
  /** What rests since energy last flowed, and was announced. */
  readonly rested?: readonly MilestoneKind[];
  /** When the connector was reported free, rising by the station's clock; the first few. */
  readonly freed?: readonly FreedClaim[];
  readonly fault?: FaultClaim;
  readonly faultCleared?: FaultCleared;
  /** What was chosen for the session; the contract's own limit is in the answer about its token. */
  readonly limit?: LimitClaim;
  /** The contract's limit as it was announced. */
  readonly contractLimit?: LimitClaim;
  readonly startRequestId?: string;
  readonly stop?: StopClaim;
  readonly price?: SessionPrice;
  /** Dimensions of which it was announced that the session ended beyond its limit. */
  readonly overshot?: readonly LimitDimension[];
}

/** Times at which the connector was free that are kept of one session. */
const FREED_MAX = 4;

export interface Place {
  readonly evseId: number;
  readonly connectorId: number;
}

export const noClaims: SessionClaims = {};

/** Takes one claim in; the very same object when it says nothing new. */
export function joinClaim(claims: SessionClaims, claim: Claim): SessionClaims {
  switch (claim.kind) {
    case 'Detected':
      return joinPlace(claims, claim.detected);
    case 'Started':
      return joinAsked(joinStart(claims, claim.start), claim.asked);
    case 'Token':
      return joinToken(claims, claim.token);
    case 'ChargingState':
      return joinCharging(claims, claim.charging);
    case 'Interrupted':
      return claims.interruption !== undefined && claims.interruption.receivedAt >= claim.interruption.receivedAt
        ? claims
        : { ...claims, interruption: claim.interruption };
    case 'Queue':
      return claims.queue !== undefined && compareQueue(claims.queue, claim.queue) >= 0 ? claims : { ...claims, queue: claim.queue };
    case 'Ended':
      return joinEnd(claims, claim.end);
    case 'EndRetracted':
      return claims.retracted?.includes(claim.factId)
        ? claims
        : { ...claims, retracted: [...(claims.retracted ?? []), claim.factId].sort() };
    case 'Stale':
      return claims.staleAt !== undefined && claims.staleAt >= claim.at ? claims : { ...claims, staleAt: claim.at };
    case 'Freed':
      return joinFreed(claims, claim.freed);
    case 'Fault':
      return claims.fault !== undefined && claims.fault.at >= claim.fault.at ? claims : { ...claims, fault: claim.fault };
    case 'FaultCleared':
      return claims.faultCleared !== undefined && claims.faultCleared.at >= claim.cleared.at
        ? claims
        : { ...claims, faultCleared: claim.cleared };
    case 'LimitSet':
      return joinLimit(claims, claim.limit);
    case 'StartRequestMatched':
      return joinAsked(claims, claim);
    case 'StopRequested':
      return joinStop(claims, claim.stop);
    case 'StopAnswered': {
      const { attempt, status, stationStatus } = claim.answer;
      if (claims.stop?.attempt !== attempt || claims.stop.status !== undefined) return claims;
      return { ...claims, stop: { ...claims.stop, status, ...(stationStatus === undefined ? {} : { stationStatus }) } };
    }
    case 'StopEscalated':
      return claims.stop === undefined || claims.stop.escalated ? claims : { ...claims, stop: { ...claims.stop, escalated: true } };
    case 'Review':
      return claims;
  }
}

/** The order of claims of one kind: the station's time, then ours, then the content; never who came last. */
export function compareClaims<Claim extends { readonly receivedAt: string }>(a: Claim, b: Claim, timeOf: (claim: Claim) => string): number {
  return compareText(timeOf(a), timeOf(b)) || compareText(a.receivedAt, b.receivedAt) || compareText(contentOf(a), contentOf(b));
}

function joinPlace(claims: SessionClaims, place: Place): SessionClaims {
  if (place.evseId === 0) return claims;
  const known = claims.place;
  if (known !== undefined && (known.evseId < place.evseId || (known.evseId === place.evseId && known.connectorId <= place.connectorId)))
    return claims;
  return { ...claims, place: { evseId: place.evseId, connectorId: place.connectorId } };
}

function joinStart(claims: SessionClaims, start: StartClaim): SessionClaims {
  const placed = joinToken(joinPlace(claims, start), tokenOfStart(start));
  const known = placed.start;
  if (known === undefined) return { ...placed, start };
  const differ = known.startedAt !== start.startedAt;
  const earlier = compareClaims(start, known, (claim) => claim.startedAt) < 0;
  if (!earlier && !(differ && placed.startsDiffer === undefined)) return placed;
  return { ...placed, start: earlier ? start : known, ...(differ ? { startsDiffer: true } : {}) };
}

function joinAsked(claims: SessionClaims, asked: AskedClaim | undefined): SessionClaims {
  if (asked === undefined || claims.startRequestId !== undefined) return claims;
  const { startRequestId, limit } = asked;
  return { ...(limit === undefined || claims.limit !== undefined ? claims : joinLimit(claims, limit)), startRequestId };
}

/** The token that a start tells along with it. */
export function tokenOfStart({ idToken, authorization, startedAt, receivedAt }: StartClaim): TokenClaim | undefined {
  if (idToken === undefined) return undefined;
  return { purpose: 'Start', idToken, at: startedAt, receivedAt, ...(authorization === undefined ? {} : { authorization }) };
}

function joinToken(claims: SessionClaims, token: TokenClaim | undefined): SessionClaims {
  if (token === undefined) return claims;
  const field = token.purpose === 'Start' ? 'token' : 'stopToken';
  const known = claims[field];
  if (known !== undefined && compareClaims(known, token, (claim) => claim.at) <= 0) return claims;
  return { ...claims, [field]: token };
}

function joinCharging(claims: SessionClaims, charging: ChargingState): SessionClaims {
  return claims.charging !== undefined && compareStates(claims.charging, charging) >= 0 ? claims : { ...claims, charging };
}

function joinEnd(claims: SessionClaims, end: SessionEnd): SessionClaims {
  switch (end.basis) {
    case 'Matched': {
      const matched = claims.matched ?? [];
      if (matched.some((known) => known.factId === end.factId)) return claims;
      return { ...claims, matched: [...matched, end].sort(compareEnds) };
    }
    case 'Reported': {
      const known = claims.reported;
      if (known === undefined) return { ...claims, reported: end };
      const differ = known.endedAt !== end.endedAt || known.meterStopWh !== end.meterStopWh;
      const earlier = compareEnds(end, known) < 0;
      if (!earlier && !(differ && claims.endsDiffer === undefined)) return claims;
      return { ...claims, reported: earlier ? end : known, ...(differ ? { endsDiffer: true } : {}) };
    }
    case 'Superseded':
      return claims.superseded !== undefined && compareBegins(nextBegin(claims.superseded), nextBegin(end)) <= 0
        ? claims
        : { ...claims, superseded: end };
    case 'StationRebooted':
      return claims.rebooted !== undefined &&
        (compareText(claims.rebooted.receivedAt, end.receivedAt) || compareEnds(claims.rebooted, end)) >= 0
        ? claims
        : { ...claims, rebooted: end };
  }
}

function joinFreed(claims: SessionClaims, freed: FreedClaim): SessionClaims {
  const known = claims.freed ?? [];
  if (known.some((each) => each.at === freed.at)) return claims;
  const all = [...known, { at: freed.at, receivedAt: freed.receivedAt }].sort((a, b) => compareText(a.at, b.at));
  // The latest ones: the end they follow may be told late.
  return { ...claims, freed: all.slice(-FREED_MAX) };
}

/** The latest limit counts. A stop for a limit that holds no longer is not repeated. */
function joinLimit(claims: SessionClaims, limit: LimitClaim): SessionClaims {
  const field = limit.by === 'Contract' ? 'contractLimit' : 'limit';
  const known = claims[field];
  if (known !== undefined && (compareText(known.at, limit.at) || compareText(contentOf(known), contentOf(limit))) >= 0) return claims;
  const { stop } = claims;
  const withdrawn = stop?.cause === 'Limit' && field === 'limit' && limit.at > stop.at;
  return { ...claims, [field]: limit, ...(withdrawn ? { stop: { ...stop, withdrawn: true } } : {}) };
}

function joinStop(claims: SessionClaims, { attempt, cause, dimension, at }: Omit<SessionStopRequested, keyof SessionFact>): SessionClaims {
  const known = claims.stop;
  if (known !== undefined && known.attempt >= attempt) return claims;
  const again = known !== undefined && known.cause === cause && !known.escalated && !known.withdrawn;
  const stop: StopClaim = {
    attempt,
    firstAttempt: again ? known.firstAttempt : attempt,
    cause,
    at,
    ...(dimension === undefined ? {} : { dimension }),
  };
  return { ...claims, stop };
}

/** The begin of the session that ended this one. */
const nextBegin = ({ supersededBy = '', endedAt, receivedAt, offline }: SessionEnd): Begin =>
  beginOf({ sessionId: supersededBy, at: endedAt, receivedAt, offline });

export const compareEnds = (a: SessionEnd, b: SessionEnd): number => compareClaims(a, b, (end) => end.endedAt);

const compareQueue = (a: QueueClaim, b: QueueClaim): number =>
  compareText(a.receivedAt, b.receivedAt) || compareText(contentOf(a), contentOf(b));

/** Only reached when times are equal. Keys in a fixed order, so that equal content is equal text. */
function contentOf(value: object): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => compareText(a, b)))
      : inner,
  );
}
