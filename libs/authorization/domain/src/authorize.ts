import type { AuthorizationPurpose, DecisionReason, DecisionStatus } from '@voltlog/authorization-contract';
import { isoTime } from '@voltlog/kernel';
import { holdsPlace, isFull } from './token.decider.js';
import type { KnownToken, TokenState } from './token.state.js';

/** What a station asks about a token. */
export interface AuthorizationQuestion {
  readonly stationId: string;
  readonly purpose: AuthorizationPurpose;
  /** `<stationId>/<key>`; empty where no transaction begins. */
  readonly transactionKey: string;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
}

/** What the operator decided for every token. */
export interface AuthorizationPolicy {
  /** How long a station may answer from its cache. */
  readonly cacheMs: number;
  readonly unknownTokens: 'reject' | 'accept';
  /** Tokens of type NoAuthorization (a start button). */
  readonly noAuthorization: 'reject' | 'accept';
}

export interface Verdict {
  readonly status: DecisionStatus;
  /** Absent when there is nothing to say. */
  readonly reason?: DecisionReason;
  readonly groupId?: string;
  /** Only of what is accepted: a station asks again about anything else (OCPP 1.6 §3.5.1, OCPP 2.0.1 Part 2 C12). */
  readonly cacheExpiresAt?: string;
  /** `place`: holds only once the place is taken. `verify`: refused because every place seems taken. */
  readonly needs?: 'place' | 'verify';
}

/**
 * May this token charge? Accepted with `needs: 'place'` where a place has to be taken first.
 *
 * Source: OCPP 2.1 Part 2 AuthorizationStatusEnumType; OCPP 1.6 §7.2 (ConcurrentTx)
 */
export function authorize(question: AuthorizationQuestion, token: TokenState, policy: AuthorizationPolicy): Verdict {
  if (token.kind === 'unknown') {
    return policy.unknownTokens === 'accept'
      ? { status: 'Accepted', reason: 'UnknownTokenAccepted' }
      : { status: 'Unknown', reason: 'TokenUnknown' };
  }
  const no = tokenRefusal(token, question.now);
  if (no !== undefined) return withGroup(token, no);
  if (token.concurrentTransactionsMax === 0 || question.purpose === 'Stop') return accepted(question, token, policy);
  if (question.purpose === 'Start') {
    return holdsPlace(token, question.transactionKey)
      ? accepted(question, token, policy)
      : { ...accepted(question, token, policy), needs: 'place' };
  }
  if (isFull(token) && !chargesAt(token, question.stationId))
    return withGroup(token, { status: 'ConcurrentTx', reason: 'ConcurrentLimit', needs: 'verify' });
  return accepted(question, token, policy);
}

/** The final answer where there was no place; the group stays told. */
export function noPlace(verdict: Verdict, verified: boolean): Verdict {
  const reason = verified ? 'ConcurrentLimit' : 'ConcurrentLimitUnverified';
  return verdict.groupId === undefined ? { status: 'ConcurrentTx', reason } : { status: 'ConcurrentTx', reason, groupId: verdict.groupId };
}

/** A token of type NoAuthorization says that the station asks nobody. Source: OCPP 2.0.1 Part 2 C02 */
export const authorizeNobody = (policy: AuthorizationPolicy): Verdict =>
  policy.noAuthorization === 'accept'
    ? { status: 'Accepted', reason: 'NoAuthorizationNeeded' }
    : { status: 'Invalid', reason: 'NoAuthorizationRefused' };

function tokenRefusal(token: KnownToken, now: number): Verdict | undefined {
  if (token.status === 'Blocked') return { status: 'Blocked', reason: 'TokenBlocked' };
  if (token.status === 'Invalid') return { status: 'Invalid', reason: 'TokenInvalid' };
  if (token.expiresAt !== undefined && token.expiresAt <= isoTime(now)) return { status: 'Expired', reason: 'TokenExpired' };
  return undefined;
}

/** Some stations ask before they let a driver stop: whoever charges there must not be locked in. ConcurrentTx is for starts (OCPP 1.6 §7.2). */
const chargesAt = (token: KnownToken, stationId: string): boolean => token.places.some((place) => place.stationId === stationId);

function accepted(question: AuthorizationQuestion, token: KnownToken, policy: AuthorizationPolicy): Verdict {
  const until = isoTime(question.now + policy.cacheMs);
  const cacheExpiresAt = token.expiresAt !== undefined && token.expiresAt < until ? token.expiresAt : until;
  return token.groupId === undefined
    ? { status: 'Accepted', cacheExpiresAt }
    : { status: 'Accepted', cacheExpiresAt, groupId: token.groupId };
}

const withGroup = (token: KnownToken, verdict: Verdict): Verdict =>
  token.groupId === undefined ? verdict : { ...verdict, groupId: token.groupId };
