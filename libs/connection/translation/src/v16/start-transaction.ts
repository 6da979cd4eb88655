import { type CallContext, head, type Route } from '../route.js';
import { stationTime, wasOffline } from '../station-time.js';
import { toEvse } from './connectors.js';
import { idTagInfo, LOCAL } from './id-tag-info.js';
import { type TransactionIdentity, transactionIdentity } from './transaction-key.js';

export interface StartTransactionRequest {
  readonly connectorId: number;
  readonly idTag: string;
  readonly meterStart: number;
  readonly timestamp: string;
  readonly reservationId?: number;
}

const identity = (request: StartTransactionRequest, context: CallContext): TransactionIdentity =>
  transactionIdentity({
    stationId: context.stationId,
    connectorId: request.connectorId,
    timestamp: request.timestamp,
    meterStart: request.meterStart,
    idTag: request.idTag,
  });

/**
 * OCPP 1.6 §4.8. A transaction that has begun is a fact: a blocked token gets its id too, with status `Blocked`, and the energy is kept.
 */
export const startTransaction: Route<StartTransactionRequest> = {
  action: 'StartTransaction',
  money: true,
  question(request, context) {
    const occurredAt = stationTime(request.timestamp, context);
    return {
      idToken: { idToken: request.idTag, type: LOCAL },
      evseId: toEvse(request.connectorId, context.connectorsPerEvse).evseId,
      purpose: 'start',
      transactionKey: identity(request, context).transactionKey,
      occurredAt,
      offline: wasOffline(occurredAt, context),
    };
  },
  toFacts(request, context, answer) {
    const occurredAt = stationTime(request.timestamp, context);
    const { evseId, connectorId } = toEvse(request.connectorId, context.connectorsPerEvse);
    const { transactionId, transactionKey } = identity(request, context);
    return [
      {
        type: 'voltlog.connection.TransactionStarted.v1',
        data: {
          ...head(request, context, occurredAt),
          transactionId: String(transactionId),
          transactionKey,
          evseId,
          connectorId,
          offline: wasOffline(occurredAt, context),
          triggerReason: 'Authorized',
          idToken: { idToken: request.idTag, type: LOCAL },
          ...(answer === undefined ? {} : { authorization: answer }),
          meterStartWh: request.meterStart,
          meterValues: [],
          ...(request.reservationId === undefined ? {} : { reservationId: request.reservationId }),
          ...shownBefore(request, context),
        },
      },
    ];
  },
  toResponse: (request, context, answer) => ({ transactionId: identity(request, context).transactionId, idTagInfo: idTagInfo(answer) }),
};

/** OCPP 1.6 §7.28: idTags are case insensitive. */
const shownBefore = ({ idTag }: StartTransactionRequest, { shownToken }: CallContext) =>
  shownToken?.idToken.toUpperCase() === idTag.toUpperCase() ? { idTokenShownAt: shownToken.at } : {};
