import type { Api } from './api.js';
import { eventually } from './eventually.js';

/** What the API says about a reservation; the fields the tests look at. */
export interface ReservationView {
  readonly reservationId: string;
  readonly number: number;
  readonly state: 'Active' | 'Used' | 'Cancelled' | 'Expired';
  readonly stationId: string;
  readonly evseId: number;
  readonly stationHold: string;
  readonly stationStatus: string | null;
  readonly endReason: string | null;
  readonly transactionId: string | null;
  readonly movedFrom: string | null;
  readonly movedTo: string | null;
}

export const reserve = (api: Api, wish: object): Promise<ReservationView> => api.ok<ReservationView>('POST', '/v1/reservations', wish);

export const cancel = (api: Api, reservationId: string): Promise<ReservationView> =>
  api.ok<ReservationView>('POST', `/v1/reservations/${reservationId}/cancel`, { reason: 'ByDriver' });

/** Waits until the reservation is like this. */
export async function untilReservation(
  api: Api,
  reservationId: string,
  expected: Partial<ReservationView>,
  deadlineMs = 20_000,
): Promise<ReservationView> {
  let last: ReservationView | undefined;
  return eventually(
    `a reservation with ${JSON.stringify(expected)}`,
    async () => {
      last = await api.get<ReservationView>(`/v1/reservations/${reservationId}`);
      const seen = last;
      return Object.entries(expected).every(([name, value]) => seen[name as keyof ReservationView] === value) ? seen : undefined;
    },
    deadlineMs,
  ).catch((error: unknown) => {
    throw new Error(`the reservation is ${JSON.stringify(last)}`, { cause: error });
  });
}
