import type { Route } from '../route.js';
import { toEvse } from './connectors.js';
import { type MeterValue16, meterValues16 } from './meter-value.js';

export interface MeterValuesRequest {
  readonly connectorId: number;
  readonly transactionId?: number;
  readonly meterValue: readonly MeterValue16[];
}

/** OCPP 1.6 §4.7. Connector 0 is the station's main meter. */
export const meterValues: Route<MeterValuesRequest> = {
  action: 'MeterValues',
  money: true,
  toFacts(request, context) {
    const { evseId, connectorId } = toEvse(request.connectorId, context.connectorsPerEvse);
    const values = meterValues16(request.meterValue, context);
    const data = {
      stationId: context.stationId,
      ocppVersion: context.ocppVersion,
      receivedAt: context.receivedAt,
      occurredAt: values[0]?.at ?? context.receivedAt,
      messageId: context.messageId,
      action: context.action,
      raw: request,
      evseId,
      connectorId,
      meterValues: values,
    };
    return [
      {
        type: 'voltlog.connection.MeterValuesReported.v1',
        data: request.transactionId === undefined ? data : { ...data, transactionId: String(request.transactionId) },
      },
    ];
  },
  toResponse: () => ({}),
};
