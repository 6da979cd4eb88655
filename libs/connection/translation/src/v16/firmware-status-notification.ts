import { head, type Route } from '../route.js';

export interface FirmwareStatusRequest {
  readonly status: string;
  readonly requestId?: number;
}

const route = (action: string): Route<FirmwareStatusRequest> => ({
  action,
  money: false,
  toFacts: (request, context) => [
    {
      type: 'voltlog.connection.FirmwareStatusReported.v1',
      data: {
        ...head(request, context),
        status: request.status,
        ...(request.requestId === undefined ? {} : { requestId: request.requestId }),
      },
    },
  ],
  toResponse: () => ({}),
});

/** OCPP 1.6 §4.5, OCPP 2.0.1 Part 2 L01 */
export const firmwareStatusNotification = route('FirmwareStatusNotification');
/** OCPP 1.6 Security Whitepaper L01 */
export const signedFirmwareStatusNotification = route('SignedFirmwareStatusNotification');
