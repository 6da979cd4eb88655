import { head, type Route } from '../route.js';
import { type MeterValueType, meterValues2 } from './meter-value.js';

export interface MeterValuesRequest {
  readonly evseId: number;
  readonly meterValue: readonly MeterValueType[];
}

/** OCPP 2.0.1 Part 2 J01: clock-aligned values outside of a transaction; EVSE 0 is the station's main meter. */
export const meterValues: Route<MeterValuesRequest> = {
  action: 'MeterValues',
  money: true,
  toFacts(request, context) {
    const values = meterValues2(request.meterValue, context);
    return [
      {
        type: 'voltlog.connection.MeterValuesReported.v1',
        data: { ...head(request, context, values[0]?.at), evseId: request.evseId, connectorId: 0, meterValues: values },
      },
    ];
  },
  toResponse: () => ({}),
};
