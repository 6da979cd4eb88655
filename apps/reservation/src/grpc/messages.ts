import { reservationV1 } from '@voltlog/proto';
import type { PolicyAttributes, StationHold } from '@voltlog/reservation-contract';
import type { ReservationDoc, ReservationState } from '../store/documents.js';

const { ReservationState: State, StationHold: Hold } = reservationV1;

const STATES: Readonly<Record<ReservationState, reservationV1.ReservationState>> = {
  Active: State.ACTIVE,
  Used: State.USED,
  Cancelled: State.CANCELLED,
  Expired: State.EXPIRED,
};

const HOLDS: Readonly<Record<StationHold, reservationV1.StationHold>> = {
  Pending: Hold.PENDING,
  Held: Hold.HELD,
  NotSupported: Hold.NOT_SUPPORTED,
  Refused: Hold.REFUSED,
  Lost: Hold.LOST,
  Released: Hold.RELEASED,
};

export const toReservationMessage = (doc: ReservationDoc): reservationV1.Reservation => ({
  reservationId: doc.reservationId,
  number: doc.number,
  state: STATES[doc.state],
  siteId: doc.siteId ?? '',
  stationId: doc.stationId,
  evseId: doc.evseId,
  connectorType: doc.connectorType ?? '',
  idToken: doc.forGroup === true ? undefined : { idToken: doc.idToken.idToken, type: doc.idToken.type },
  groupId: doc.groupId ?? '',
  startsAt: doc.startsAt,
  expiresAt: doc.expiresAt,
  keptFrom: doc.keptFrom ?? doc.startsAt,
  stationHold: HOLDS[doc.hold],
  stationStatus: doc.stationStatus ?? '',
  endReason: doc.end === undefined ? '' : doc.end.kind === 'Used' ? 'Used' : doc.end.reason,
  endedAt: doc.end?.at,
  chosenFrom: doc.chosenFrom ?? '',
  movedFrom: doc.movedFrom?.reservationId ?? '',
  movedTo: doc.end?.kind === 'Cancelled' ? (doc.end.movedTo ?? '') : '',
  transactionId: doc.end?.kind === 'Used' ? doc.end.transactionId : '',
  createdAt: doc.createdAt,
  updatedAt: doc.updatedAt,
  version: doc.version,
});

export const toPolicyMessage = (siteId: string, policy: PolicyAttributes, revision: number): reservationV1.ReservationPolicy => ({
  siteId,
  enabled: policy.enabled,
  leadSecondsMax: policy.leadSecondsMax,
  lengthSecondsMax: policy.lengthSecondsMax,
  lengthSecondsDefault: policy.lengthSecondsDefault,
  activePerTokenMax: policy.activePerTokenMax,
  expiringNoticeSeconds: policy.expiringNoticeSeconds,
  keepFreeSeconds: policy.keepFreeSeconds ?? 0,
  openingHours: policy.openingHours.map(({ weekday, from, until }) => ({ weekday, from, until })),
  version: revision,
});
