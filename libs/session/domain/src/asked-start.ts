import type { SessionIdToken, SessionLimit } from '@voltlog/session-contract';
import type { SessionClaims } from './claims.js';

/** A start that was asked for, as far as it tells which session came of it. */
export interface AskedStart {
  readonly startRequestId: string;
  readonly stationId: string;
  /** 0: any. */
  readonly evseId: number;
  readonly idToken: SessionIdToken;
  readonly limit?: SessionLimit;
  readonly remoteStartId: number;
  /** Our clock. */
  readonly requestedAt: string;
  /** It was taken back. */
  readonly cancelledAt?: string;
}

/**
 * Whether a session came of a request: of 2.x by the remoteStartId; 1.6, which has none, by EVSE and token.
 *
 * @param remoteStartId that the station told, where not with the start
 */
export function isStartOf({ start, startRequestId, identity, place }: SessionClaims, asked: AskedStart, remoteStartId?: number): boolean {
  if (startRequestId !== undefined) return startRequestId === asked.startRequestId;
  if (identity !== undefined && identity.ocppVersion !== 'ocpp1.6') return (remoteStartId ?? start?.remoteStartId) === asked.remoteStartId;
  if (start === undefined) return false;
  return (
    start.receivedAt >= asked.requestedAt &&
    // One that waited in the station's queue began when nobody had asked yet.
    !(start.offline && start.startedAt < asked.requestedAt) &&
    // Whoever showed the token after that wanted to charge again.
    !(asked.cancelledAt !== undefined && (start.idTokenShownAt ?? '') > asked.cancelledAt) &&
    (asked.evseId === 0 || place?.evseId === asked.evseId) &&
    // OCPP 1.6 §7.28: idTags are case insensitive.
    start.idToken?.idToken.toUpperCase() === asked.idToken.idToken.toUpperCase()
  );
}

/**
 * The request that a session came of. Of several for one 1.6 EVSE and token the newest: what the driver wanted last counts. One that was
 * taken back is only thought of when there is no other.
 */
export function startAskedFor<Asked extends AskedStart>(
  claims: SessionClaims,
  all: readonly Asked[],
  remoteStartId?: number,
): Asked | undefined {
  let found: Asked | undefined;
  for (const asked of all) if (isStartOf(claims, asked, remoteStartId) && (found === undefined || comesBefore(asked, found))) found = asked;
  return found;
}

function comesBefore(a: AskedStart, b: AskedStart): boolean {
  if ((a.cancelledAt === undefined) !== (b.cancelledAt === undefined)) return a.cancelledAt === undefined;
  return a.requestedAt > b.requestedAt || (a.requestedAt === b.requestedAt && a.startRequestId > b.startRequestId);
}
