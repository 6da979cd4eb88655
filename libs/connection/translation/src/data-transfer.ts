import { head, type Route } from './route.js';

export interface DataTransferRequest {
  readonly vendorId: string;
  readonly messageId?: string;
  /** 1.6: text. */
  readonly data?: unknown;
}

/**
 * OCPP 1.6 §4.3, OCPP 2.0.1 Part 2 P02: no vendor is implemented here, and the specification asks to say so (P02.FR.06); whoever consumes the
 * fact has the data.
 */
export const dataTransfer: Route<DataTransferRequest> = {
  action: 'DataTransfer',
  money: false,
  toFacts: (request, context) => [
    {
      type: 'voltlog.connection.DataTransferReceived.v1',
      data: {
        ...head(request, context),
        vendorId: request.vendorId,
        ...(request.messageId === undefined ? {} : { dataId: request.messageId }),
        ...(request.data === undefined ? {} : { payload: request.data }),
      },
    },
  ],
  toResponse: () => ({ status: 'UnknownVendorId' }),
};
