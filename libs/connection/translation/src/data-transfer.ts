import { head, type Route } from './route.js';

export interface DataTransferRequest {
  readonly vendorId: string;
  readonly messageId?: string;
  /** 1.6: text. */
  readonly data?: unknown;
}

/**
 * Answered as the operator has made the vendor known, or as its handler says; whoever implements the vendor may consume the fact, too. Sources: OCPP 1.6 §4.3, OCPP 2.0.1
 * Part 2 P02.
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
  inquiry: ({ vendorId, messageId, data }, { ocppVersion, receivedAt }) => ({
    kind: 'vendor',
    vendorId,
    messageId: messageId ?? '',
    ...(data === undefined ? {} : { data }),
    ocppVersion,
    receivedAt,
  }),
  toResponse(_request, { ocppVersion }, _answer, finding) {
    if (finding?.kind !== 'vendor') return { status: 'UnknownVendorId' };
    const { status, data } = finding;
    if (data === undefined) return { status };
    // 1.6 has text alone.
    return { status, data: ocppVersion === 'ocpp1.6' && typeof data !== 'string' ? JSON.stringify(data) : data };
  },
};
