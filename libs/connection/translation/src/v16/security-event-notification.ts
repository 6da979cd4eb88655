import { head, type Route } from '../route.js';
import { stationTime } from '../station-time.js';

export interface SecurityEventRequest {
  readonly type: string;
  readonly timestamp: string;
  readonly techInfo?: string;
}

/** OCPP 1.6 Security Whitepaper A04, OCPP 2.0.1 Part 2 A04: the same in both. */
export const securityEventNotification: Route<SecurityEventRequest> = {
  action: 'SecurityEventNotification',
  money: false,
  toFacts: (request, context) => [
    {
      type: 'voltlog.connection.SecurityEventReported.v1',
      data: {
        ...head(request, context, stationTime(request.timestamp, context)),
        securityEventType: request.type,
        ...(request.techInfo === undefined ? {} : { techInfo: request.techInfo }),
      },
    },
  ],
  toResponse: () => ({}),
};
