import { z } from 'zod';

const address = (fallback: string) =>
  z
    .string()
    .regex(/^[^\s:]+:\d+(,[^\s:]+:\d+)*$/, 'must be host:port')
    .default(fallback);

/** The environment of the reservation service. */
export const reservationConfig = z
  .object({
    CONNECTION_GRPC: address('127.0.0.1:9301'),
    DEVICE_GRPC: address('127.0.0.1:9302'),
    /** Asked which tokens a group has. */
    AUTHORIZATION_GRPC: address('127.0.0.1:9303'),
    /** Where sessions are stopped that stand in the way of a reservation. */
    SESSION_GRPC: address('127.0.0.1:9304'),
    /** How long a station has to answer ReserveNow and CancelReservation, milliseconds. */
    RESERVATION_ASK_MS: z.coerce.number().int().min(1_000).max(60_000).default(10_000),
    /** Times a station that does not answer is asked for a hold, before it is held in the backend alone. */
    RESERVATION_ASKS_MAX: z.coerce.number().int().min(1).max(20).default(5),
    /** The wait before the second try, milliseconds; it doubles with each further one. */
    RESERVATION_RETRY_MS: z.coerce.number().int().min(100).max(600_000).default(5_000),
    /** A held EVSE that is faulted or unavailable for so long loses its reservation, seconds. */
    RESERVATION_OUT_OF_SERVICE_SECONDS: z.coerce.number().int().min(0).max(3_600).default(60),
    /** So long after its begin a reservation is not moved off a car that came shortly before, and that nobody has shown a card for, seconds. */
    RESERVATION_UNIDENTIFIED_SECONDS: z.coerce.number().int().min(0).max(3_600).default(180),
    /** Wait after a station came back before it is asked, milliseconds: it must have read the answer to its boot. */
    RESERVATION_SETTLE_MS: z.coerce.number().int().min(0).max(60_000).default(3_000),
  })
  .transform((env) => ({
    connectionGrpc: env.CONNECTION_GRPC,
    deviceGrpc: env.DEVICE_GRPC,
    authorizationGrpc: env.AUTHORIZATION_GRPC,
    sessionGrpc: env.SESSION_GRPC,
    askMs: env.RESERVATION_ASK_MS,
    asksMax: env.RESERVATION_ASKS_MAX,
    retryMs: env.RESERVATION_RETRY_MS,
    outOfServiceMs: env.RESERVATION_OUT_OF_SERVICE_SECONDS * 1_000,
    unidentifiedMs: env.RESERVATION_UNIDENTIFIED_SECONDS * 1_000,
    settleMs: env.RESERVATION_SETTLE_MS,
  }));

export type ReservationConfig = z.output<typeof reservationConfig>;
