import { head, type Route } from '../route.js';

export interface DataTransferRequest {
  readonly vendorId: string;
  readonly messageId?: string;
  readonly data?: unknown;
}

/** OCPP 2.0.1 Part 2 P02: no vendor is implemented here, and P02.FR.06 asks to say so; whoever consumes the fact has the data. */
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
