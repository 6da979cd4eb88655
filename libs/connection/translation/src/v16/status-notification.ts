import type { ConnectorStatusReported } from '@voltlog/connection-contract';
import { head, type Route } from '../route.js';
import { stationTime } from '../station-time.js';
import { toEvse } from './connectors.js';

export interface StatusNotificationRequest {
  readonly connectorId: number;
  readonly errorCode: string;
  readonly status: string;
  readonly timestamp?: string;
  readonly info?: string;
  readonly vendorErrorCode?: string;
}

/** 2.x keeps how far a charge is for the transaction; 1.6's finer words travel in `detail`. Source: OCPP 1.6 §7.7. */
const STATUS: Readonly<Record<string, ConnectorStatusReported['status']>> = {
  Available: 'Available',
  // All that OCPP 1.5 says.
  Occupied: 'Occupied',
  Preparing: 'Occupied',
  Charging: 'Occupied',
  SuspendedEV: 'Occupied',
  SuspendedEVSE: 'Occupied',
  Finishing: 'Occupied',
  Reserved: 'Reserved',
  Unavailable: 'Unavailable',
  Faulted: 'Faulted',
};

/** OCPP 1.6 §4.9 */
export const statusNotification: Route<StatusNotificationRequest> = {
  action: 'StatusNotification',
  money: false,
  toFacts(request, context) {
    const status = STATUS[request.status] ?? 'Unavailable';
    return [
      {
        type: 'voltlog.connection.ConnectorStatusReported.v1',
        data: {
          ...head(request, context, request.timestamp === undefined ? context.receivedAt : stationTime(request.timestamp, context)),
          ...toEvse(request.connectorId, context.connectorsPerEvse),
          status,
          ...(status === 'Occupied' && request.status !== 'Occupied' ? { detail: request.status } : {}),
          ...(request.errorCode === 'NoError' ? {} : { errorCode: request.errorCode }),
          ...(request.vendorErrorCode === undefined ? {} : { vendorErrorCode: request.vendorErrorCode }),
          ...(request.info === undefined ? {} : { note: request.info }),
        },
      },
    ];
  },
  toResponse: () => ({}),
};
