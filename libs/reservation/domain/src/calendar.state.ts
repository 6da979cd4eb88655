import type { CancelReason, ChosenFrom, ExpiryReason, MovedFrom, ReservationIdToken, StationHold } from '@voltlog/reservation-contract';

/** How a reservation ended. */
export type ReservationEnd =
  | { readonly kind: 'Used'; readonly at: string; readonly transactionId: string }
  | { readonly kind: 'Cancelled'; readonly at: string; readonly reason: CancelReason; readonly movedTo?: string }
  | { readonly kind: 'Expired'; readonly at: string; readonly reason: ExpiryReason };

/** A reservation as it is. Times are ISO 8601 UTC with milliseconds, so they compare as text. */
export interface Reservation {
  readonly reservationId: string;
  /** OCPP reservationId; counts from 1 per station. */
  readonly number: number;
  readonly siteId?: string;
  readonly stationId: string;
  readonly evseId: number;
  /** What a 1.6 station is told: a connector of the EVSE, counted within it. */
  readonly connectorId: number;
  readonly connectorType?: string;
  readonly idToken: ReservationIdToken;
  readonly groupId?: string;
  /** `idToken` is the group's own. */
  readonly forGroup?: true;
  readonly startsAt: string;
  readonly expiresAt: string;
  /** Nobody else is to charge there from then on; absent: from `startsAt` on. */
  readonly keptFrom?: string;
  /** Absent: the EVSE was named. */
  readonly chosenFrom?: ChosenFrom;
  readonly movedFrom?: MovedFrom;
  readonly hold: StationHold;
  readonly stationStatus?: string;
  /** When `hold` became what it is. */
  readonly holdAt: string;
  /** How often the station lost its hold. */
  readonly losses: number;
  /** The driver was told that it is about to expire. */
  readonly reminded: boolean;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** Absent while it is active. */
  readonly end?: ReservationEnd;
}

/** The reservations of one station: all active ones, and those that ended lately. */
export interface Calendar {
  /** By reservation id. */
  readonly reservations: ReadonlyMap<string, Reservation>;
  /** The last OCPP reservationId that was given out. */
  readonly lastNumber: number;
}

export const EMPTY_CALENDAR: Calendar = { reservations: new Map(), lastNumber: 0 };

/** Ids are compared without regard to case: OCPP 1.6 §7.28, OCPP 2.0.1 Part 2 IdTokenType. */
export const tokenKey = (idToken: string): string => idToken.toUpperCase();

export const isActive = (reservation: Reservation): boolean => reservation.end === undefined;

/** Whether another EVSE may be held instead: it was not named, and is the first that was chosen. */
export const mayMove = ({ end, chosenFrom, movedFrom }: Reservation): boolean =>
  end === undefined && chosenFrom !== undefined && movedFrom === undefined;

/** Active and begun: nobody else may charge there. @param at ISO 8601 */
export const isHeldAt = (reservation: Reservation, at: string): boolean =>
  isActive(reservation) && reservation.startsAt <= at && at < reservation.expiresAt;

/** A token, or a group alone, as reservations are counted by; never the same for a token and a group, since keys of tokens are upper case. */
export const reserverKey = ({
  idToken,
  forGroup,
}: {
  readonly idToken: ReservationIdToken;
  readonly forGroup?: true | undefined;
}): string => `${forGroup === true ? 'group:' : ''}${tokenKey(idToken.idToken)}`;

/** Whether this token, or one of this group, is whom it was made for. */
export const isFor = (reservation: Reservation, idToken: string | undefined, groupId: string | undefined): boolean =>
  (idToken !== undefined && tokenKey(idToken) === tokenKey(reservation.idToken.idToken)) ||
  (groupId !== undefined && reservation.groupId !== undefined && tokenKey(groupId) === tokenKey(reservation.groupId));

export const activeOf = (calendar: Calendar): readonly Reservation[] => [...calendar.reservations.values()].filter(isActive);
