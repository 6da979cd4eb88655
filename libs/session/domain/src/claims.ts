import type {
  SessionDetected,
  SessionEnd,
  SessionFact,
  SessionFlag,
  SessionIdTokenPresented,
  SessionInterrupted,
  SessionOutcome,
  SessionQueueReported,
  SessionStarted,
} from '@voltlog/session-contract';
import type { ChargingState } from './readings.js';
import { compareStates } from './readings.js';

/** One thing that is known of a session, from one fact. */
export type Claim =
  | { readonly kind: 'Detected'; readonly detected: Omit<SessionDetected, keyof SessionFact> }
  | { readonly kind: 'Started'; readonly start: StartClaim }
  | { readonly kind: 'Token'; readonly token: TokenClaim }
  | { readonly kind: 'ChargingState'; readonly charging: ChargingState }
  | { readonly kind: 'Interrupted'; readonly interruption: Interruption }
  | { readonly kind: 'Queue'; readonly queue: QueueClaim }
  | { readonly kind: 'Ended'; readonly end: SessionEnd }
  | { readonly kind: 'EndRetracted'; readonly factId: string }
  | { readonly kind: 'Stale'; readonly at: string }
  /** Nothing new, but the readings changed: look at the outcome again. */
  | { readonly kind: 'Review' };

export type StartClaim = Omit<SessionStarted, keyof SessionFact>;
export type TokenClaim = Omit<SessionIdTokenPresented, keyof SessionFact>;
export type Interruption = Omit<SessionInterrupted, keyof SessionFact>;
export type QueueClaim = Omit<SessionQueueReported, keyof SessionFact>;

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
}

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
      return joinStart(claims, claim.start);
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
    case 'Review':
      return claims;
  }
}

/** The order of claims of one kind: the station's time, then ours, then the content; never who came last. */
export function compareClaims<Claim extends { readonly receivedAt: string }>(a: Claim, b: Claim, timeOf: (claim: Claim) => string): number {
  return compareText(timeOf(a), timeOf(b)) || compareText(a.receivedAt, b.receivedAt) || compareText(contentOf(a), contentOf(b));
}

export const compareText = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);

function joinPlace(claims: SessionClaims, place: Place): SessionClaims {
  if (place.evseId === 0) return claims;
  const known = claims.place;
  if (known !== undefined && (known.evseId < place.evseId || (known.evseId === place.evseId && known.connectorId <= place.connectorId)))
    return claims;
  return { ...claims, place: { evseId: place.evseId, connectorId: place.connectorId } };
}

function joinStart(claims: SessionClaims, start: StartClaim): SessionClaims {
  const placed = joinToken(joinPlace(claims, start), startToken(start));
  const known = placed.start;
  if (known === undefined) return { ...placed, start };
  const differ = known.startedAt !== start.startedAt;
  const earlier = compareClaims(start, known, (claim) => claim.startedAt) < 0;
  if (!earlier && !(differ && placed.startsDiffer === undefined)) return placed;
  return { ...placed, start: earlier ? start : known, ...(differ ? { startsDiffer: true } : {}) };
}

function startToken({ idToken, authorization, startedAt, receivedAt }: StartClaim): TokenClaim | undefined {
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
      return claims.superseded !== undefined && compareEnds(claims.superseded, end) <= 0 ? claims : { ...claims, superseded: end };
    case 'StationRebooted':
      return claims.rebooted !== undefined && claims.rebooted.receivedAt >= end.receivedAt ? claims : { ...claims, rebooted: end };
  }
}

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
