import {
  type AuthorizationDecided,
  type AuthorizationPurpose,
  type DecisionStatus,
  isDecisionReason,
} from '@voltlog/authorization-contract';
import type {
  AuthorizationAnswer,
  IdTokenPresented,
  StationFacts,
  TransactionFact,
  TransactionStarted,
} from '@voltlog/connection-contract';
import type { LogRecord } from '@voltlog/event-log';
import { decisionStatusIn } from '../grpc/words.js';

type Type = keyof StationFacts;
export const PRESENTED = 'voltlog.connection.IdTokenPresented.v1' satisfies Type;

/** What a token was to do, by what its station told. */
const PURPOSES: Readonly<Record<string, AuthorizationPurpose>> = {
  [PRESENTED]: 'Identify',
  ['voltlog.connection.TransactionStarted.v1' satisfies Type]: 'Start',
  ['voltlog.connection.TransactionUpdated.v1' satisfies Type]: 'Start',
  ['voltlog.connection.TransactionEnded.v1' satisfies Type]: 'Stop',
};

/** OCPP 2.x TriggerReasonEnumType */
const STOPS = 'StopAuthorized';

type Answered = IdTokenPresented | TransactionFact | TransactionStarted;

/**
 * The decisions that the connection service made by itself while this service was away, so that the list says why a driver was refused
 * then, too. The same fact again is the same decision.
 */
export function awayDecisions(batch: readonly LogRecord[]): readonly AuthorizationDecided[] {
  return batch.flatMap(({ event }) => {
    const data = event.data as Answered;
    const purpose = 'triggerReason' in data && data.triggerReason === STOPS ? 'Stop' : PURPOSES[event.type];
    if (purpose === undefined || data.authorization === undefined || data.authorization.source === 'authorization') return [];
    return decidedBy(event.id, purpose, data, data.authorization);
  });
}

function decidedBy(
  decisionId: string,
  purpose: AuthorizationPurpose,
  data: Answered,
  answer: AuthorizationAnswer,
): readonly AuthorizationDecided[] {
  const status = decisionStatusIn(answer.status);
  const reason = reasonOf(answer, status);
  // A station in quarantine is let in by nobody, and asks about nobody.
  if (data.idToken === undefined || status === undefined || reason === undefined) return [];
  const { stationId, idToken, occurredAt, receivedAt } = data;
  return [
    {
      decisionId,
      stationId,
      evseId: 'evseId' in data ? data.evseId : 0,
      idToken: idToken.idToken,
      type: idToken.type,
      purpose,
      ...('transactionKey' in data ? { transactionKey: `${stationId}/${data.transactionKey}` } : {}),
      ...(occurredAt === undefined ? {} : { occurredAt }),
      offline: 'offline' in data && data.offline,
      status,
      reason,
      ...(answer.groupId === undefined ? {} : { groupId: answer.groupId }),
      at: receivedAt,
    },
  ];
}

function reasonOf({ source, reason = '' }: AuthorizationAnswer, status: DecisionStatus | undefined): AuthorizationDecided['reason'] {
  if (source === 'cache' && status === 'Accepted') return 'AcceptedBefore';
  return isDecisionReason(reason) ? reason : undefined;
}
