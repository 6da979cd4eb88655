import { type Hold, tokenKey } from '@voltlog/authorization-domain';
import type { EventEnvelope } from '@voltlog/kernel';
import type { ReservationConfirmed, ReservationEvent, ReservationEventType, ReservationFact } from '@voltlog/reservation-contract';
import type { Collection, Store, Upsert } from '@voltlog/store';
import { Schema } from 'mongoose';

/** The events that begin or end a hold. */
export const HOLD_TYPES = [
  'voltlog.reservation.ReservationConfirmed.v1',
  'voltlog.reservation.ReservationUsed.v1',
  'voltlog.reservation.ReservationCancelled.v1',
  'voltlog.reservation.ReservationExpired.v1',
] as const satisfies readonly ReservationEventType[];

/** Made of the reservation topic alone. */
export interface HoldDoc extends Hold {
  /** The reservation's id. */
  readonly id: string;
  /** False once its reservation ended; kept for a day, so that a repeated beginning does not bring it back. */
  readonly open: boolean;
}

const text = { type: String };
const required = { type: String, required: true };
const count = { type: Number, required: true };

export const holdSchema = new Schema(
  {
    id: required,
    open: { type: Boolean, required: true },
    reservationId: required,
    stationId: required,
    evseId: count,
    stationEvses: count,
    tokenKey: required,
    groupKey: text,
    startsAt: required,
    expiresAt: required,
    keptFrom: text,
  },
  { versionKey: false },
);
holdSchema.index({ open: 1, expiresAt: 1, id: 1 });
holdSchema.index({ expiresAt: 1, id: 1 });

/** The name of the collection on disk. */
export const HOLDS = 'holds';

export const openHolds = (store: Store): Promise<Collection<HoldDoc>> => store.collection<HoldDoc>(HOLDS, holdSchema);

/** What an event writes. An end is for good; a beginning that comes again changes nothing. */
export function toUpsert(event: EventEnvelope): Upsert<HoldDoc> {
  // The subscription names these types.
  const { type, data } = { type: event.type, data: event.data } as ReservationEvent;
  return type === 'voltlog.reservation.ReservationConfirmed.v1'
    ? { doc: toDoc(data, data.stationEvses, true), expectedVersion: 0 }
    : { doc: toDoc(data, 0, false) };
}

export const toHold = (data: ReservationConfirmed): Hold => {
  const { id: _, open: __, ...hold } = toDoc(data, data.stationEvses, true);
  return hold;
};

const toDoc = (data: ReservationFact & Pick<ReservationConfirmed, 'keptFrom'>, stationEvses: number, open: boolean): HoldDoc => ({
  id: data.reservationId,
  open,
  reservationId: data.reservationId,
  stationId: data.stationId,
  evseId: data.evseId,
  stationEvses,
  tokenKey: tokenKey(data.idToken.idToken),
  ...(data.groupId === undefined ? {} : { groupKey: tokenKey(data.groupId) }),
  startsAt: data.startsAt,
  expiresAt: data.expiresAt,
  ...(data.keptFrom === undefined ? {} : { keptFrom: data.keptFrom }),
});
