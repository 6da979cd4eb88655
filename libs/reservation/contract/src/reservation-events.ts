/**
 * What the reservation service says. Topic `reservation.reservation.v1`, key: the reservation id (of a policy: `policy:<siteId>`).
 *
 * Times are ISO 8601 UTC with milliseconds, by our clock. A reservation ends with exactly one of `ReservationUsed`,
 * `ReservationCancelled` and `ReservationExpired`; only after an expiry for `StationOffline` may a `ReservationUsed` still follow, when the
 * station comes back and tells that the driver had been there.
 */

export const RESERVATION_TOPIC = 'reservation.reservation.v1';

export interface ReservationIdToken {
  readonly idToken: string;
  /** OCPP 2.1 IdTokenEnumStringType */
  readonly type: string;
}

/**
 * Whether the station itself holds it, beside the backend which always does.
 *
 * - `Pending`: to be asked: not yet due, or the station is offline (`stationStatus` `Offline`).
 * - `Held`: the station agreed.
 * - `NotSupported`: the station has no reservation profile: held in the backend alone.
 * - `Refused`: it answered Occupied, Faulted, Unavailable or Rejected (`stationStatus` has the word, `OwnSession` where the reserver's own
 *   session occupies it, `Unidentified` where a car is there that may be theirs), did not answer (`NoAnswer`) or
 *   forgot it again and again (`Forgotten`): held in the backend alone.
 * - `Lost`: it had it and lost it (a reboot); it is asked again.
 * - `Released`: it was told to let go.
 */
export type StationHold = 'Pending' | 'Held' | 'NotSupported' | 'Refused' | 'Lost' | 'Released';

/** Whom whoever reserved let choose the EVSE: any of the station would have done, or any of the site. */
export type ChosenFrom = 'Station' | 'Site';

/** What is in the way at an EVSE that is held: a car, or it is out of service. */
export type Obstacle = 'Occupied' | 'Faulted' | 'Unavailable';

/** The reservation that this one stands in for. */
export interface MovedFrom {
  readonly reservationId: string;
  readonly stationId: string;
  readonly evseId: number;
  readonly reason: Obstacle;
}

/** What every event about a reservation has. */
export interface ReservationFact {
  readonly reservationId: string;
  /** What the station is told: OCPP reservationId; unique per station. */
  readonly number: number;
  /** Absent: the station is at no site. */
  readonly siteId?: string;
  readonly stationId: string;
  /** The EVSE that is held; counts from 1. */
  readonly evseId: number;
  /** OCPP 2.1 ConnectorEnumStringType; absent: any. */
  readonly connectorType?: string;
  /** Whom it is for, as the station is told. */
  readonly idToken: ReservationIdToken;
  /** Every token of this group may use it (1.6 parentIdTag). */
  readonly groupId?: string;
  /** For the group alone: `idToken` is the group's own id, which OCPP writes as an ID token too, and no driver's. */
  readonly forGroup?: true;
  readonly startsAt: string;
  readonly expiresAt: string;
  /** Absent: it was made by whoever reserved. */
  readonly movedFrom?: MovedFrom;
  readonly at: string;
}

/** Held in the backend from `startsAt` on. */
export interface ReservationConfirmed extends ReservationFact {
  /** The connector of that EVSE a 1.6 station is told, since it has no word for an EVSE; counts from 1 within the EVSE. Absent: 1. */
  readonly connectorId?: number;
  /** Nobody else is to charge there from then on, so that it is free at the start; absent: from `startsAt` on. */
  readonly keptFrom?: string;
  /** EVSEs the station has: a question about a token that names no EVSE is refused only when all of them are held for others. */
  readonly stationEvses: number;
  /** Absent: whoever reserved named the EVSE. Such a reservation is moved, once, when its EVSE stays blocked. */
  readonly chosenFrom?: ChosenFrom;
}

/** What the station itself does about it. */
export interface ReservationStationHoldChanged extends ReservationFact {
  readonly hold: StationHold;
  /** The station's own word, or ours for why it did not say any. */
  readonly stationStatus?: string;
}

/** It is about to expire. */
export interface ReservationExpiring extends ReservationFact {}

/** Whoever it was for began to charge. */
export interface ReservationUsed extends ReservationFact {
  /** As the station knows it. */
  readonly transactionId: string;
  /** Never told: at the start its session is not known yet. Find it by `stationId` and `transactionId`. */
  readonly sessionId?: string;
  /** EVSE on which it was used, where it is another than the one held. */
  readonly usedEvseId?: number;
}

/**
 * - `Moved`: its EVSE stayed blocked, and another is held instead (`movedTo`).
 * - `NotNeeded`: it was held instead of another, which had ended meanwhile.
 */
export type CancelReason = 'ByDriver' | 'ByOperator' | 'EvseOutOfService' | 'TakenByOther' | 'StationRetired' | 'Moved' | 'NotNeeded';

export interface ReservationCancelled extends ReservationFact {
  readonly reason: CancelReason;
  /** Of `Moved`: the reservation that stands in for it; its `ReservationConfirmed` came before. */
  readonly movedTo?: string;
}

/** `NoShow`: nobody came. `StationOffline`: nobody is known to have come; the station was not connected at the end, so it cannot be told. */
export type ExpiryReason = 'NoShow' | 'StationOffline';

export interface ReservationExpired extends ReservationFact {
  readonly reason: ExpiryReason;
}

/** A day's opening, in the site's local time. */
export interface OpeningHours {
  /** 1 Monday to 7 Sunday. */
  readonly weekday: number;
  /** HH:MM */
  readonly from: string;
  /** HH:MM, 24:00 allowed; at or before `from`: it goes over midnight. */
  readonly until: string;
}

/** What a site allows. */
export interface PolicyAttributes {
  readonly enabled: boolean;
  /** How far ahead a reservation may begin. */
  readonly leadSecondsMax: number;
  readonly lengthSecondsMax: number;
  readonly lengthSecondsDefault: number;
  /** Active reservations of one token at once; 0: no limit. */
  readonly activePerTokenMax: number;
  /** Before the end of a hold the driver is told so; 0: not told. */
  readonly expiringNoticeSeconds: number;
  /** So long before a hold begins nobody else may charge there any more; absent: 0, others may until it begins, and stay. */
  readonly keepFreeSeconds?: number;
  /** Empty: always open. */
  readonly openingHours: readonly OpeningHours[];
}

/** The policy as it is after the change, whole. */
export interface ReservationPolicyChanged extends PolicyAttributes {
  /** Empty: of every site that has none of its own. */
  readonly siteId: string;
  readonly at: string;
}

/** Every event on the topic: event type -> data. */
export interface ReservationEvents {
  'voltlog.reservation.ReservationConfirmed.v1': ReservationConfirmed;
  'voltlog.reservation.ReservationStationHoldChanged.v1': ReservationStationHoldChanged;
  'voltlog.reservation.ReservationExpiring.v1': ReservationExpiring;
  'voltlog.reservation.ReservationUsed.v1': ReservationUsed;
  'voltlog.reservation.ReservationCancelled.v1': ReservationCancelled;
  'voltlog.reservation.ReservationExpired.v1': ReservationExpired;
  'voltlog.reservation.ReservationPolicyChanged.v1': ReservationPolicyChanged;
}

export type ReservationEventType = keyof ReservationEvents;

type Plain<Type extends ReservationEventType> = {
  readonly [Each in Type]: { readonly type: Each; readonly data: ReservationEvents[Each] };
}[Type];

/** An event of a policy's stream, without its envelope. */
export type ReservationPolicyEvent = Plain<'voltlog.reservation.ReservationPolicyChanged.v1'>;
/** An event of a station's calendar, without its envelope. */
export type ReservationEvent = Plain<Exclude<ReservationEventType, 'voltlog.reservation.ReservationPolicyChanged.v1'>>;
