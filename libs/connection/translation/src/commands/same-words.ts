import { byStatus, type CommandRoute } from './command.js';

/** OCPP 1.6 §5.4, OCPP 2.0.1 Part 2 C11 */
export const clearCache: CommandRoute<'clearCache'> = { toCalls: () => [{ action: 'ClearCache', payload: {} }], toOutcome: byStatus };

/** OCPP 1.6 §5.6, OCPP 2.0.1 Part 2 P01 */
export const dataTransfer: CommandRoute<'dataTransfer'> = {
  toCalls: (value) => [
    {
      action: 'DataTransfer',
      payload: {
        vendorId: value.vendorId,
        ...(value.messageId === '' ? {} : { messageId: value.messageId }),
        ...(value.data === '' ? {} : { data: value.data }),
      },
    },
  ],
  toOutcome: byStatus,
};

/** OCPP 1.6 §5.1, OCPP 2.0.1 Part 2 H02 */
export const cancelReservation: CommandRoute<'cancelReservation'> = {
  toCalls: ({ reservationId }) => [{ action: 'CancelReservation', payload: { reservationId } }],
  toOutcome: byStatus,
};
