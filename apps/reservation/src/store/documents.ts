import { type Claim, isActive, type PolicyState, type Reservation, tokenKey } from '@voltlog/reservation-domain';
import { type Collection, pages, type Store } from '@voltlog/store';
import { Schema } from 'mongoose';

export type ReservationState = 'Active' | 'Used' | 'Cancelled' | 'Expired';

/** A reservation as its station's calendar tells. */
export interface ReservationDoc extends Reservation {
  readonly id: string;
  /** Commits of its station's stream. */
  readonly version: number;
  readonly state: ReservationState;
  /** What a station says may still change it: it is active, or it expired while its station was offline. */
  readonly open: boolean;
  /** Absent: it is for a group alone. */
  readonly tokenKey?: string;
  readonly groupKey?: string;
}

/** The active reservations of a token, over all stations: taken before a hold is decided, so that two at once cannot pass the limit. */
export interface TokenClaimsDoc {
  /** The token's key. */
  readonly id: string;
  readonly version: number;
  readonly claims: readonly Claim[];
}

/** What a site allows. */
export interface PolicyDoc extends Omit<Extract<PolicyState, { kind: 'policy' }>, 'kind'> {
  /** `policy:<siteId>` */
  readonly id: string;
  /** Commits of its stream. */
  readonly version: number;
}

/** Reservations at a time whose group's key is filled in. */
const FILLED_PER_PAGE = 500;

const text = { type: String };
const required = { type: String, required: true };
const count = { type: Number, required: true };
const flag = { type: Boolean, required: true };
const mixed = { type: Schema.Types.Mixed };

export const reservationSchema = new Schema(
  {
    id: required,
    version: count,
    reservationId: required,
    number: count,
    siteId: text,
    stationId: required,
    evseId: count,
    connectorId: count,
    connectorType: text,
    idToken: mixed,
    groupId: text,
    forGroup: { type: Boolean },
    startsAt: required,
    expiresAt: required,
    keptFrom: text,
    chosenFrom: text,
    movedFrom: mixed,
    hold: required,
    stationStatus: text,
    holdAt: required,
    losses: count,
    reminded: flag,
    createdAt: required,
    updatedAt: required,
    end: mixed,
    state: required,
    open: flag,
    tokenKey: text,
    groupKey: text,
  },
  { versionKey: false },
);
reservationSchema.index({ createdAt: 1, id: 1 });
reservationSchema.index({ stationId: 1, createdAt: 1, id: 1 });
reservationSchema.index({ siteId: 1, createdAt: 1, id: 1 });
reservationSchema.index({ tokenKey: 1, createdAt: 1, id: 1 });
reservationSchema.index({ groupKey: 1, createdAt: 1, id: 1 });
// Those whose group's key is missing: see `fillGroupKeys`.
reservationSchema.index({ groupId: 1, groupKey: 1 }, { sparse: true });
reservationSchema.index({ state: 1, createdAt: 1, id: 1 });
reservationSchema.index({ stationId: 1, open: 1, expiresAt: 1, id: 1 });

export const tokenClaimsSchema = new Schema(
  { id: required, version: count, claims: { type: [mixed], default: [] } },
  { versionKey: false },
);

export const policySchema = new Schema(
  { id: required, version: count, siteId: { type: String, default: '' }, policy: mixed, revision: count },
  { versionKey: false },
);

/** The read models of the service, opened. */
export interface Collections {
  readonly reservations: Collection<ReservationDoc>;
  readonly claims: Collection<TokenClaimsDoc>;
  readonly policies: Collection<PolicyDoc>;
}

/** Opens the read models; their indexes are made when missing. */
export async function openCollections(store: Store): Promise<Collections> {
  const [reservations, claims, policies] = await Promise.all([
    store.collection<ReservationDoc>('reservations', reservationSchema),
    store.collection<TokenClaimsDoc>('token_claims', tokenClaimsSchema),
    store.collection<PolicyDoc>('policies', policySchema),
  ]);
  return { reservations, claims, policies };
}

/** So that reservations from before there were keys of groups are found by their group too. One that changes meanwhile gets its key by that. */
export async function fillGroupKeys({ reservations }: Pick<Collections, 'reservations'>): Promise<void> {
  const where = { groupId: { $exists: true }, groupKey: { $exists: false } };
  for await (const docs of pages(reservations, { where, limit: FILLED_PER_PAGE }))
    await reservations.upsert(
      docs.map((doc) => ({ doc: { ...doc, groupKey: tokenKey(doc.groupId ?? '') }, expectedVersion: doc.version })),
    );
}

export function toReservationDoc(reservation: Reservation, version: number): ReservationDoc {
  const { end, idToken, groupId, forGroup } = reservation;
  return {
    ...reservation,
    id: reservation.reservationId,
    version,
    state: end === undefined ? 'Active' : end.kind,
    open: isActive(reservation) || (end?.kind === 'Expired' && end.reason === 'StationOffline'),
    ...(forGroup === true ? {} : { tokenKey: tokenKey(idToken.idToken) }),
    ...(groupId === undefined ? {} : { groupKey: tokenKey(groupId) }),
  };
}
