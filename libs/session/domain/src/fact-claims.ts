import type { TransactionEnded, TransactionFact, TransactionStarted } from '@voltlog/connection-contract';
import type { SessionEnd, SessionEndBasis } from '@voltlog/session-contract';
import type { Claim, SessionClaims, StartClaim } from './claims.js';

/** What a start message claims. */
export function startClaim(fact: TransactionStarted): Claim {
  const start: StartClaim = {
    transactionKey: fact.transactionKey,
    evseId: fact.evseId,
    connectorId: fact.connectorId,
    startedAt: fact.occurredAt,
    receivedAt: fact.receivedAt,
    offline: fact.offline,
    ...(fact.idToken === undefined ? {} : { idToken: fact.idToken }),
    ...(fact.authorization === undefined ? {} : { authorization: fact.authorization }),
    ...(fact.meterStartWh === undefined ? {} : { meterStartWh: fact.meterStartWh }),
    ...(fact.reservationId === undefined ? {} : { reservationId: fact.reservationId }),
    ...(fact.remoteStartId === undefined ? {} : { remoteStartId: fact.remoteStartId }),
    ...(fact.seqNo === undefined ? {} : { seqNo: fact.seqNo }),
    ...(fact.triggerReason === undefined ? {} : { triggerReason: fact.triggerReason }),
    ...(fact.idTokenShownAt === undefined ? {} : { idTokenShownAt: fact.idTokenShownAt }),
  };
  return { kind: 'Started', start };
}

/** What a stop message claims: of its own transaction (`Reported`), or of one it was matched with. */
export function endOf(fact: TransactionEnded, basis: SessionEndBasis & ('Reported' | 'Matched'), factId?: string): SessionEnd {
  return {
    basis,
    endedAt: fact.occurredAt,
    receivedAt: fact.receivedAt,
    offline: fact.offline,
    ...(fact.stoppedReason === undefined ? {} : { stoppedReason: fact.stoppedReason }),
    ...(fact.triggerReason?.endsWith('LimitReached') ? { triggerReason: fact.triggerReason } : {}),
    ...(fact.meterStopWh === undefined ? {} : { meterStopWh: fact.meterStopWh }),
    ...(fact.seqNo === undefined ? {} : { seqNo: fact.seqNo }),
    ...(fact.idToken === undefined ? {} : { idToken: fact.idToken }),
    ...(fact.authorization === undefined ? {} : { authorization: fact.authorization }),
    ...(factId === undefined ? {} : { factId }),
  };
}

/** What any but the start message claims besides: where the session is, while that is not known. */
export function detectedClaim(fact: TransactionFact, claims: SessionClaims): Claim | undefined {
  if (claims.identity !== undefined && (claims.place !== undefined || fact.evseId === 0)) return undefined;
  return {
    kind: 'Detected',
    detected: { evseId: fact.evseId, connectorId: fact.connectorId, at: fact.occurredAt, receivedAt: fact.receivedAt },
  };
}

/** The token of an update. */
export function tokenClaim(fact: TransactionFact): Claim | undefined {
  if (fact.idToken === undefined) return undefined;
  return {
    kind: 'Token',
    token: {
      // OCPP 2.0.1 Part 2 E07: a token shown to stop comes with this trigger.
      purpose: fact.triggerReason === 'StopAuthorized' ? 'Stop' : 'Start',
      idToken: fact.idToken,
      at: fact.occurredAt,
      receivedAt: fact.receivedAt,
      ...(fact.authorization === undefined ? {} : { authorization: fact.authorization }),
      ...(fact.seqNo === undefined ? {} : { seqNo: fact.seqNo }),
    },
  };
}
