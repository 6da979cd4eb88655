import { reservationV1 } from '@voltlog/proto';
import { z } from 'zod';
import { evseId, identifier, instant, instantIn, orNull, pageOf, pageQuery, wordOf } from './common.js';
import { idToken, idTokenType } from './token.view.js';

const STATES = {
  Active: reservationV1.ReservationState.ACTIVE,
  Used: reservationV1.ReservationState.USED,
  Cancelled: reservationV1.ReservationState.CANCELLED,
  Expired: reservationV1.ReservationState.EXPIRED,
} as const;
const stateIn = z.enum(['Active', 'Used', 'Cancelled', 'Expired']);

export const reservationView = z
  .object({
    reservationId: z.string(),
    number: z.int().meta({ description: 'what the station is told: OCPP reservationId' }),
    state: stateIn,
    siteId: z.string().nullable(),
    stationId: z.string(),
    evseId: z.int().meta({ description: 'the EVSE that is held' }),
    connectorType: z.string().nullable(),
    idToken: z.string().nullable().meta({ description: 'null: it is for the group alone' }),
    idTokenType: z.string().nullable(),
    groupId: z.string().nullable().meta({ description: 'every token of this group may use it' }),
    startsAt: instant.nullable(),
    expiresAt: instant.nullable(),
    stationHold: z.enum(['Pending', 'Held', 'NotSupported', 'Refused', 'Lost', 'Released']).meta({
      description:
        'whether the station itself holds it, beside the platform which always does. NotSupported, Refused, and Pending with stationStatus Offline: held in the platform alone',
    }),
    stationStatus: z.string().nullable().meta({
      description:
        "the station's word, or Offline, NoAnswer, Forgotten, Occupied (a car is in the way), OwnSession (the reserver's own car is plugged in already), Unidentified (a car that came shortly before, and may be theirs: no card was shown yet)",
    }),
    endReason: z.string().nullable().meta({
      description:
        'Used, ByDriver, ByOperator, EvseOutOfService, TakenByOther, StationRetired, Moved (see movedTo), NotNeeded, NoShow, StationOffline; null while active',
    }),
    chosenFrom: z.enum(['Station', 'Site']).nullable().meta({
      description:
        'any EVSE of it would do: one that stays blocked as the reservation begins is exchanged for another, once. null: it was named',
    }),
    movedFrom: z.string().nullable().meta({ description: 'the reservation that this one stands in for' }),
    movedTo: z.string().nullable().meta({ description: 'of Moved: the reservation of the other EVSE' }),
    endedAt: instant.nullable(),
    transactionId: z.string().nullable(),
    createdAt: instant.nullable(),
    updatedAt: instant.nullable(),
    version: z.int(),
  })
  .meta({ id: 'Reservation' });

type View = z.input<typeof reservationView>;
const stationHold = reservationView.shape.stationHold;

export const toReservation = (reservation: reservationV1.Reservation): View => ({
  reservationId: reservation.reservationId,
  number: reservation.number,
  state: stateIn.options.find((word) => STATES[word] === reservation.state) ?? 'Active',
  siteId: orNull(reservation.siteId),
  stationId: reservation.stationId,
  evseId: reservation.evseId,
  connectorType: orNull(reservation.connectorType),
  idToken: reservation.idToken?.idToken ?? null,
  idTokenType: reservation.idToken?.type ?? null,
  groupId: orNull(reservation.groupId),
  startsAt: reservation.startsAt ?? null,
  expiresAt: reservation.expiresAt ?? null,
  stationHold: stationHold.catch('Pending').parse(wordOf(reservation.stationHold, 'STATION_HOLD_')),
  stationStatus: orNull(reservation.stationStatus),
  endReason: orNull(reservation.endReason),
  chosenFrom: reservationView.shape.chosenFrom.catch(null).parse(orNull(reservation.chosenFrom)),
  movedFrom: orNull(reservation.movedFrom),
  movedTo: orNull(reservation.movedTo),
  endedAt: reservation.endedAt ?? null,
  transactionId: orNull(reservation.transactionId),
  createdAt: reservation.createdAt ?? null,
  updatedAt: reservation.updatedAt ?? null,
  version: reservation.version,
});

export const toReservationState = (word: z.output<typeof stateIn> | undefined): reservationV1.ReservationState =>
  word === undefined ? reservationV1.ReservationState.UNSPECIFIED : STATES[word];

export const reservationPage = pageOf(reservationView, 'ReservationPage');
export const reservationParams = z.object({ reservationId: identifier('reservationId', 64) });
export const reservationQuery = pageQuery.extend({
  stationId: z.string().max(48).default(''),
  siteId: z.string().max(64).default(''),
  idToken: z.string().max(255).default(''),
  groupId: z.string().max(255).default('').meta({ description: 'for this group, alone or beside a token' }),
  state: stateIn.optional(),
});

export const newReservation = z
  .strictObject({
    stationId: z.string().max(48).default('').meta({ description: 'left out: any station of the site' }),
    siteId: z.string().max(64).default(''),
    evseId: evseId.default(0).meta({ description: '0: any EVSE of the station' }),
    connectorType: z
      .string()
      .max(20)
      .default('')
      .meta({ description: 'OCPP 2.1 ConnectorEnumStringType; left out: any', examples: ['cCCS2'] }),
    idToken: idToken.optional().meta({ description: 'left out: for the group alone' }),
    idTokenType: idTokenType.default('ISO14443'),
    groupId: z
      .string()
      .max(255)
      .default('')
      .meta({ description: 'every token of this group may use it, as one whose id is the idToken may; idToken or groupId must be given' }),
    startsAt: instantIn.optional().meta({ description: 'left out: now' }),
    expiresAt: instantIn.optional().meta({ description: "left out: as long as the site's policy says" }),
  })
  .refine(({ stationId, siteId }) => stationId !== '' || siteId !== '', {
    path: ['stationId'],
    message: 'stationId or siteId must be given',
  })
  .refine(({ stationId, evseId: evse }) => stationId !== '' || evse === 0, { path: ['evseId'], message: 'needs a stationId' })
  .refine(({ idToken: token, groupId }) => token !== undefined || groupId !== '', {
    path: ['idToken'],
    message: 'idToken or groupId must be given',
  })
  .meta({ id: 'NewReservation' });

export const reservationCancel = z
  .strictObject({ reason: z.enum(['ByDriver', 'ByOperator']).default('ByOperator') })
  .meta({ id: 'ReservationCancel' });

const seconds = z.int().min(0);
const time = z.string().regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, 'must be HH:MM');
const policyFields = {
  enabled: z.boolean(),
  leadSecondsMax: seconds.meta({ description: 'how far ahead a reservation may begin' }),
  lengthSecondsMax: seconds,
  lengthSecondsDefault: seconds,
  activePerTokenMax: z
    .int()
    .min(0)
    .max(100)
    .meta({ description: 'active reservations of one token, or of one group alone, at once; 0: no limit' }),
  expiringNoticeSeconds: seconds.meta({ description: 'before the end of a hold the driver is told so; 0: not told' }),
  keepFreeSeconds: seconds.default(900).meta({
    description:
      'so long before a hold begins nobody else may charge there any more, and what began before is stopped; 0: others may, and stay',
  }),
  openingHours: z
    .array(z.strictObject({ weekday: z.int().min(1).max(7).meta({ description: '1 Monday to 7 Sunday' }), from: time, until: time }))
    .max(50)
    .meta({ description: "in the site's local time; `until` at or before `from`: over midnight; none: always open" }),
} as const;

export const policyIn = z.strictObject(policyFields).meta({ id: 'ReservationPolicyPut' });
export const policyView = z
  .object({
    ...policyFields,
    siteId: z.string().nullable().meta({ description: 'null: for every site that has none of its own' }),
    own: z.boolean().meta({ description: 'false: nobody set one here, so this is the one that holds instead' }),
    version: z.int(),
  })
  .meta({ id: 'ReservationPolicy' });

export const toPolicy = (
  policy: reservationV1.ReservationPolicy | undefined,
  own: boolean,
): (z.input<typeof policyView> & { readonly version: number }) | undefined =>
  policy === undefined
    ? undefined
    : {
        siteId: orNull(policy.siteId),
        own,
        enabled: policy.enabled,
        leadSecondsMax: policy.leadSecondsMax,
        lengthSecondsMax: policy.lengthSecondsMax,
        lengthSecondsDefault: policy.lengthSecondsDefault,
        activePerTokenMax: policy.activePerTokenMax,
        expiringNoticeSeconds: policy.expiringNoticeSeconds,
        keepFreeSeconds: policy.keepFreeSeconds,
        openingHours: policy.openingHours,
        version: policy.version,
      };
