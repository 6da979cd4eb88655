import type { ConnectorStatusReported } from '@voltlog/connection-contract';
import { head, type Route } from '../route.js';
import { stationTime } from '../station-time.js';

export interface StatusNotificationRequest {
  readonly timestamp: string;
  readonly connectorStatus: ConnectorStatusReported['status'];
  readonly evseId: number;
  readonly connectorId: number;
}

/** OCPP 2.0.1 Part 2 G01 */
export const statusNotification: Route<StatusNotificationRequest> = {
  action: 'StatusNotification',
  money: false,
  toFacts: (request, context) => [
    {
      type: 'voltlog.connection.ConnectorStatusReported.v1',
      data: {
        ...head(request, context, stationTime(request.timestamp, context)),
        evseId: request.evseId,
        connectorId: request.connectorId,
        status: request.connectorStatus,
      },
    },
  ],
  toResponse: () => ({}),
};
