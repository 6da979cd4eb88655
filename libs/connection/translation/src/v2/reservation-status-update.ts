import type { ReservationStatusReported } from '@voltlog/connection-contract';
import { head, type Route } from '../route.js';

export interface ReservationStatusUpdateRequest {
  readonly reservationId: number;
  readonly reservationUpdateStatus: ReservationStatusReported['status'];
}

/** OCPP 2.0.1 Part 2 H04: a hold on the spot expired, or the station let go of it. */
export const reservationStatusUpdate: Route<ReservationStatusUpdateRequest> = {
  action: 'ReservationStatusUpdate',
  money: false,
  toFacts: (request, context) => [
    {
      type: 'voltlog.connection.ReservationStatusReported.v1',
      data: { ...head(request, context), reservationId: request.reservationId, status: request.reservationUpdateStatus },
    },
  ],
  toResponse: () => ({}),
};
