import type { SessionIdToken, StopCause } from '@voltlog/session-contract';
import type { SessionClaims } from './claims.js';
import { limitReasonOf } from './milestones.js';
import { effectiveEnd, isAssumed } from './outcome.js';
import type { Readings } from './readings.js';

/** Why a session ended. */
export interface EndCause {
  /** `Group`: a token of the same group as the one that began stopped it. */
  readonly cause: StopCause;
  /** The token that stopped it, where one was presented. */
  readonly stoppedBy?: SessionIdToken;
}

/**
 * Undefined: it runs, its end is only assumed, or nobody stopped it (a cable taken out, a fault): then the station's own reason tells.
 *
 * Source: OCPP 2.0.1 Part 2 C09 (group), C16 (master pass), E07; OCPP 2.1 E16 (limits the station keeps).
 */
export function endCauseOf(claims: SessionClaims, readings: Readings): EndCause | undefined {
  const end = effectiveEnd(claims, readings);
  if (end === undefined || isAssumed(end)) return undefined;
  if (limitReasonOf(end) !== undefined) return { cause: 'Limit' };
  if (end.stoppedReason === 'Remote') return claims.stop === undefined ? undefined : { cause: claims.stop.cause };
  const { idToken: stoppedBy, authorization } = end.idToken === undefined ? (claims.stopToken ?? end) : end;
  if (end.stoppedReason === 'MasterPass') return { cause: 'Operator', ...(stoppedBy === undefined ? {} : { stoppedBy }) };
  if (end.stoppedReason !== undefined && end.stoppedReason !== 'Local') return undefined;
  if (stoppedBy === undefined) return end.stoppedReason === 'Local' ? { cause: 'Driver' } : undefined;
  const { token } = claims;
  if (token === undefined || isSame(token.idToken, stoppedBy)) return { cause: 'Driver', stoppedBy };
  if (authorization?.status !== 'Accepted') return undefined;
  const { contractId, groupId } = token.authorization ?? {};
  // Another card of the same driver.
  if (contractId !== undefined && authorization.contractId === contractId) return { cause: 'Driver', stoppedBy };
  return groupId !== undefined && authorization.groupId === groupId ? { cause: 'Group', stoppedBy } : undefined;
}

/** OCPP 1.6 §7.28, 2.0.1 Part 2 IdTokenType: case insensitive. */
const isSame = (a: SessionIdToken, b: SessionIdToken): boolean => a.idToken.toUpperCase() === b.idToken.toUpperCase();
