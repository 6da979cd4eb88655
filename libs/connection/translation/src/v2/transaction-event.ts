import type { AuthorizationAnswer, MeterValue, TransactionFact } from '@voltlog/connection-contract';
import { energyRegisterWh } from '../meter-values.js';
import { type CallContext, type Fact, head, type Route, type TokenQuestion } from '../route.js';
import { stationTime } from '../station-time.js';
import { type IdTokenType, idTokenInfo, plainToken } from './id-token.js';
import { type MeterValueType, meterValues2 } from './meter-value.js';

export interface TransactionEventRequest {
  readonly eventType: 'Started' | 'Updated' | 'Ended';
  readonly timestamp: string;
  readonly triggerReason: string;
  readonly seqNo: number;
  readonly offline?: boolean;
  readonly reservationId?: number;
  readonly transactionInfo: {
    readonly transactionId: string;
    readonly chargingState?: string;
    readonly stoppedReason?: string;
    readonly remoteStartId?: number;
  };
  readonly evse?: { readonly id: number; readonly connectorId?: number };
  readonly idToken?: IdTokenType;
  readonly meterValue?: readonly MeterValueType[];
}

/** OCPP 2.0.1 Part 2 E01-E15. `transactionKey` is the transaction id, which the station makes unique (E01.FR.08). */
export const transactionEvent: Route<TransactionEventRequest> = {
  action: 'TransactionEvent',
  money: true,
  question,
  toFacts(request, context, answer) {
    const base = transaction(request, context, answer);
    switch (request.eventType) {
      case 'Started':
        return [started(request, base)];
      case 'Ended':
        return [ended(request, base)];
      default:
        return [{ type: 'voltlog.connection.TransactionUpdated.v1', data: { ...base, ...remoteStart(request) } }];
    }
  },
  // OCPP 2.0.1 Part 2 I03: the final cost goes with the answer to the end; nobody looks at the display for one from the queue.
  inquiry(request, context) {
    if (request.eventType !== 'Ended' || request.offline === true) return undefined;
    const meterValues = meterValues2(request.meterValue, context);
    const meterStopWh = registerOf(meterValues, 'Transaction.End') ?? registerOf(meterValues);
    if (meterStopWh === undefined) return undefined;
    const { transactionId } = request.transactionInfo;
    return { kind: 'final-cost', transactionId, endedAt: stationTime(request.timestamp, context), meterStopWh };
  },
  // C01, E05: told about the token only when it was in the message. OCPP 2.1 Part 2 E16: a limit may come with any answer but the last.
  // I02: so may the running cost.
  toResponse(request, context, answer, finding) {
    const { transactionId } = request.transactionInfo;
    // Taken also with the end, which is answered with the final cost.
    const running = context.runningCostOf?.(transactionId);
    const total = finding?.kind === 'final-cost' ? finding.total : request.eventType === 'Ended' ? undefined : running;
    const limit = request.eventType === 'Ended' ? undefined : context.transactionLimitOf?.(transactionId);
    return {
      ...(request.idToken === undefined ? {} : { idTokenInfo: idTokenInfo(answer, context.ocppVersion) }),
      ...(limit === undefined ? {} : { transactionLimit: limit }),
      ...(total === undefined ? {} : { totalCost: total }),
    };
  },
};

/**
 * The token that begins a charge takes a place (Started, or Updated because it was now authorized, E03); the one that ends it does not
 * (E07, E15); one that is merely repeated is answered like an Authorize.
 */
function question(request: TransactionEventRequest, context: CallContext): TokenQuestion | undefined {
  if (request.idToken === undefined) return undefined;
  const { transactionId } = request.transactionInfo;
  const purpose = purposeOf(request);
  const offline = request.offline ?? false;
  return {
    idToken: plainToken(request.idToken),
    evseId: request.evse?.id ?? 0,
    purpose,
    transactionKey: transactionId,
    occurredAt: stationTime(request.timestamp, context),
    offline,
    // What a station did while it was offline is done.
    ...(purpose === 'stop' ? { stops: { transactionId, ended: offline || request.eventType === 'Ended' } } : {}),
  };
}

function purposeOf(request: TransactionEventRequest): TokenQuestion['purpose'] {
  if (request.eventType === 'Ended' || request.triggerReason === 'StopAuthorized') return 'stop';
  const begins = request.triggerReason === 'Authorized' || request.triggerReason === 'RemoteStart';
  return request.eventType === 'Started' || begins ? 'start' : 'identify';
}

function transaction(request: TransactionEventRequest, context: CallContext, answer: AuthorizationAnswer | undefined): TransactionFact {
  const { transactionInfo } = request;
  return {
    ...head(request, context, stationTime(request.timestamp, context)),
    transactionId: transactionInfo.transactionId,
    evseId: request.evse?.id ?? 0,
    connectorId: request.evse?.connectorId ?? 0,
    offline: request.offline ?? false,
    seqNo: request.seqNo,
    triggerReason: request.triggerReason,
    ...(transactionInfo.chargingState === undefined ? {} : { chargingState: transactionInfo.chargingState }),
    ...(request.idToken === undefined ? {} : { idToken: plainToken(request.idToken) }),
    ...(answer === undefined ? {} : { authorization: answer }),
    meterValues: meterValues2(request.meterValue, context),
  };
}

function started(request: TransactionEventRequest, base: TransactionFact): Fact {
  const meterStartWh = registerOf(base.meterValues, 'Transaction.Begin');
  return {
    type: 'voltlog.connection.TransactionStarted.v1',
    data: {
      ...base,
      transactionKey: base.transactionId,
      ...(meterStartWh === undefined ? {} : { meterStartWh }),
      ...(request.reservationId === undefined ? {} : { reservationId: request.reservationId }),
      ...remoteStart(request),
    },
  };
}

function remoteStart({ transactionInfo: { remoteStartId } }: TransactionEventRequest): { readonly remoteStartId?: number } {
  return remoteStartId === undefined ? {} : { remoteStartId };
}

function ended(request: TransactionEventRequest, base: TransactionFact): Fact {
  const meterStopWh = registerOf(base.meterValues, 'Transaction.End');
  // OCPP 2.0.1 Part 2 §1.60: stoppedReason may be left out only when it is Local.
  return {
    type: 'voltlog.connection.TransactionEnded.v1',
    data: {
      ...base,
      stoppedReason: request.transactionInfo.stoppedReason ?? 'Local',
      ...(meterStopWh === undefined ? {} : { meterStopWh }),
    },
  };
}

function registerOf(meterValues: readonly MeterValue[], context?: string): number | undefined {
  for (const value of meterValues) {
    const found = energyRegisterWh(value.samples, context);
    if (found !== undefined) return found;
  }
  return undefined;
}
