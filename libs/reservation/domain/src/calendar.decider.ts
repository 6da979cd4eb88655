import { assertNever, type Decider, type Decision, decided, isoTime, refused } from '@voltlog/kernel';
import type {
  CancelReason,
  ChosenFrom,
  MovedFrom,
  PolicyAttributes,
  ReservationEvent,
  ReservationFact,
  ReservationIdToken,
  StationHold,
} from '@voltlog/reservation-contract';
import { activeOf, type Calendar, EMPTY_CALENDAR, isActive, type Reservation, type ReservationEnd } from './calendar.state.js';
import { isOpenThroughout } from './opening-hours.js';
import { connectorsFor, type PlacementRefusal, place, type StationPlace } from './placement.js';
import { LENGTH_SECONDS_MIN } from './policy.js';

/** Ended reservations are remembered so long: an offline queue may still tell that one was used. */
const REMEMBER_MS = 7 * 86_400_000;
/** Clocks of apps and ours differ; a start so little ago means now. */
const PAST_TOLERANCE_MS = 60_000;
/** How often a station that loses its hold is asked again. */
export const LOSSES_MAX = 3;

export interface Reserve {
  readonly kind: 'Reserve';
  readonly reservationId: string;
  readonly stationId: string;
  readonly siteId?: string | undefined;
  /** 0: any of the station. */
  readonly evseId: number;
  readonly connectorType?: string | undefined;
  readonly idToken: ReservationIdToken;
  readonly groupId?: string | undefined;
  /** For the group alone: `idToken` is the group's own. */
  readonly forGroup?: true | undefined;
  /** Milliseconds since the Unix epoch. */
  readonly startsAt: number;
  readonly expiresAt: number;
  readonly station: StationPlace;
  readonly policy: PolicyAttributes;
  /** IANA name, for the opening hours; empty: UTC. */
  readonly timeZone: string;
  /** undefined: the EVSE was named. */
  readonly chosenFrom?: ChosenFrom | undefined;
  /** The reservation it stands in for. */
  readonly movedFrom?: MovedFrom | undefined;
  readonly now: number;
}

export type CalendarCommand =
  | Reserve
  | {
      readonly kind: 'ReportHold';
      readonly reservationId: string;
      readonly hold: StationHold;
      readonly stationStatus?: string;
      readonly now: number;
    }
  | {
      readonly kind: 'Cancel';
      readonly reservationId: string;
      readonly reason: CancelReason;
      /** Of `Moved`. */
      readonly movedTo?: string;
      readonly now: number;
    }
  | {
      readonly kind: 'Use';
      readonly reservationId: string;
      readonly transactionId: string;
      /** 0: not known. */
      readonly evseId: number;
      readonly now: number;
    }
  | { readonly kind: 'Remind'; readonly reservationId: string; readonly now: number }
  | {
      readonly kind: 'Expire';
      readonly reservationId: string;
      /** Of the station, at the end. */
      readonly connected: boolean;
      readonly now: number;
    };

export type ReserveRefusal =
  | PlacementRefusal
  | 'ReservationsDisabled'
  | 'StationNotInService'
  | 'StartsInPast'
  | 'TooFarAhead'
  | 'TooShort'
  | 'TooLong'
  | 'Closed';
export type CalendarRefusal = ReserveRefusal | 'ReservationUnknown' | 'ReservationEnded';

/** The calendar of a station: the one place where its holds are decided, so that no two can overlap on an EVSE. */
export const calendarDecider: Decider<CalendarCommand, Calendar, ReservationEvent, CalendarRefusal> = {
  initialState: EMPTY_CALENDAR,
  decide(command, calendar) {
    if (command.kind === 'Reserve') return reserve(command, calendar);
    const reservation = calendar.reservations.get(command.reservationId);
    if (reservation === undefined) return refused('ReservationUnknown');
    switch (command.kind) {
      case 'ReportHold':
        return reportHold(reservation, command);
      case 'Cancel':
        if (reservation.end !== undefined) return reservation.end.kind === 'Cancelled' ? decided() : refused('ReservationEnded');
        return decided<ReservationEvent>({
          type: 'voltlog.reservation.ReservationCancelled.v1',
          data: { ...factOf(reservation, command.now), reason: command.reason, ...movedTo(command) },
        });
      case 'Use':
        return use(reservation, command);
      case 'Remind':
        return reservation.reminded || !isActive(reservation)
          ? decided()
          : decided<ReservationEvent>({ type: 'voltlog.reservation.ReservationExpiring.v1', data: factOf(reservation, command.now) });
      case 'Expire':
        return expire(reservation, command);
      default:
        return assertNever(command, 'calendar command');
    }
  },
  evolve: (calendar, event) =>
    event.type === 'voltlog.reservation.ReservationConfirmed.v1'
      ? withoutOld(withEvent(calendar, event), event.data.at)
      : withEvent(calendar, event),
};

/** What a policy says no to, whatever the calendar; undefined: nothing. */
export function policyRefusal({ startsAt, expiresAt, policy, timeZone, now }: Reserve): ReserveRefusal | undefined {
  if (!policy.enabled) return 'ReservationsDisabled';
  if (startsAt < now - PAST_TOLERANCE_MS) return 'StartsInPast';
  if (startsAt > now + policy.leadSecondsMax * 1_000) return 'TooFarAhead';
  if (expiresAt - Math.max(startsAt, now) < LENGTH_SECONDS_MIN * 1_000) return 'TooShort';
  if (expiresAt - startsAt > policy.lengthSecondsMax * 1_000) return 'TooLong';
  return isOpenThroughout(policy.openingHours, timeZone, startsAt, expiresAt) ? undefined : 'Closed';
}

function reserve(command: Reserve, calendar: Calendar): Decision<ReservationEvent, ReserveRefusal> {
  const { reservationId, stationId, siteId, connectorType, idToken, groupId, forGroup, station, chosenFrom, movedFrom, now } = command;
  if (calendar.reservations.has(reservationId)) return decided();
  const no = policyRefusal(command);
  if (no !== undefined) return refused(no);
  if (!station.inService) return refused('StationNotInService');
  const startsAt = isoTime(command.startsAt);
  const expiresAt = isoTime(command.expiresAt);
  const leadMs = Math.max(0, command.startsAt - now);
  const keepFreeMs = keepFreeMsOf(command.policy);
  const active = activeOf(calendar);
  const evse = place(station, active, { evseId: command.evseId, connectorType, startsAt, expiresAt, leadMs, keepFreeMs });
  if (typeof evse === 'string') return refused(evse);
  const connectorId = connectorsFor(evse, connectorType)[0]?.connectorId;
  return decided<ReservationEvent>({
    type: 'voltlog.reservation.ReservationConfirmed.v1',
    data: {
      reservationId,
      number: calendar.lastNumber + 1,
      ...(siteId === undefined ? {} : { siteId }),
      stationId,
      evseId: evse.evseId,
      ...(connectorType === undefined ? {} : { connectorType }),
      idToken,
      ...(groupId === undefined ? {} : { groupId }),
      ...(forGroup === undefined ? {} : { forGroup }),
      startsAt,
      expiresAt,
      ...(movedFrom === undefined ? {} : { movedFrom }),
      at: isoTime(now),
      ...(connectorId === undefined ? {} : { connectorId }),
      ...keptFrom(
        command,
        active.filter(({ evseId }) => evseId === evse.evseId),
      ),
      stationEvses: station.evses.length,
      ...(chosenFrom === undefined ? {} : { chosenFrom }),
    },
  });
}

export const keepFreeMsOf = ({ keepFreeSeconds = 0 }: PolicyAttributes): number => keepFreeSeconds * 1_000;

/** One that begins now has nobody to wait for; one that begins later leaves whoever is before it on the EVSE their whole slot. */
function keptFrom({ startsAt, now, policy }: Reserve, others: readonly Reservation[]): { readonly keptFrom?: string } {
  const keepFreeMs = keepFreeMsOf(policy);
  if (keepFreeMs === 0 || startsAt <= now) return {};
  const ends = others.map(({ expiresAt }) => Date.parse(expiresAt)).filter((end) => end <= startsAt);
  return { keptFrom: isoTime(Math.max(startsAt - keepFreeMs, ...ends)) };
}

function reportHold(
  reservation: Reservation,
  { hold, stationStatus, now }: Extract<CalendarCommand, { kind: 'ReportHold' }>,
): Decision<ReservationEvent, CalendarRefusal> {
  if (reservation.hold === hold && reservation.stationStatus === stationStatus) return decided();
  // What has ended can only be let go of.
  if (!isActive(reservation) && hold !== 'Released') return decided();
  if (hold === 'Lost' && reservation.hold !== 'Held') return decided();
  const changed = (data: { readonly hold: StationHold; readonly stationStatus?: string }): Decision<ReservationEvent, CalendarRefusal> =>
    decided<ReservationEvent>({
      type: 'voltlog.reservation.ReservationStationHoldChanged.v1',
      data: { ...factOf(reservation, now), ...data },
    });
  if (hold === 'Lost' && reservation.losses >= LOSSES_MAX) return changed({ hold: 'Refused', stationStatus: 'Forgotten' });
  return changed(stationStatus === undefined ? { hold } : { hold, stationStatus });
}

function use(
  reservation: Reservation,
  { transactionId, evseId, now }: Extract<CalendarCommand, { kind: 'Use' }>,
): Decision<ReservationEvent, CalendarRefusal> {
  if (!isUsable(reservation)) return decided();
  const elsewhere = evseId === 0 || evseId === reservation.evseId ? {} : { usedEvseId: evseId };
  return decided<ReservationEvent>({
    type: 'voltlog.reservation.ReservationUsed.v1',
    data: { ...factOf(reservation, now), transactionId, ...elsewhere },
  });
}

/** One that expired while its station was offline may turn out to have been used. */
export const isUsable = ({ end }: Reservation): boolean => end === undefined || (end.kind === 'Expired' && end.reason === 'StationOffline');

function expire(
  reservation: Reservation,
  { connected, now }: Extract<CalendarCommand, { kind: 'Expire' }>,
): Decision<ReservationEvent, CalendarRefusal> {
  if (!isActive(reservation) || isoTime(now) < reservation.expiresAt) return decided();
  return decided<ReservationEvent>({
    type: 'voltlog.reservation.ReservationExpired.v1',
    data: { ...factOf(reservation, now), reason: connected ? 'NoShow' : 'StationOffline' },
  });
}

const movedTo = ({ movedTo: to }: { readonly movedTo?: string }): { readonly movedTo?: string } =>
  to === undefined ? {} : { movedTo: to };

/** What every event about it says. */
function factOf(reservation: Reservation, now: number): ReservationFact {
  const { reservationId, number, siteId, stationId, evseId, connectorType, idToken, groupId, forGroup, startsAt, expiresAt, movedFrom } =
    reservation;
  return {
    reservationId,
    number,
    ...(siteId === undefined ? {} : { siteId }),
    stationId,
    evseId,
    ...(connectorType === undefined ? {} : { connectorType }),
    idToken,
    ...(groupId === undefined ? {} : { groupId }),
    ...(forGroup === undefined ? {} : { forGroup }),
    startsAt,
    expiresAt,
    ...(movedFrom === undefined ? {} : { movedFrom }),
    at: isoTime(now),
  };
}

/** The calendar after an event, with all that ever ended: for read models; the decider forgets what is old. */
export function withEvent(calendar: Calendar, { type, data }: ReservationEvent): Calendar {
  if (type === 'voltlog.reservation.ReservationConfirmed.v1') {
    const { at, stationEvses: _, connectorId = 1, ...fact } = data;
    const made: Reservation = {
      ...fact,
      connectorId,
      hold: 'Pending',
      holdAt: at,
      losses: 0,
      reminded: false,
      createdAt: at,
      updatedAt: at,
    };
    return { ...withReservation(calendar, made), lastNumber: Math.max(calendar.lastNumber, data.number) };
  }
  const before = calendar.reservations.get(data.reservationId);
  if (before === undefined) return calendar;
  switch (type) {
    case 'voltlog.reservation.ReservationStationHoldChanged.v1': {
      const { stationStatus: _, ...rest } = before;
      const losses = before.losses + (data.hold === 'Lost' ? 1 : 0);
      const status = data.stationStatus === undefined ? {} : { stationStatus: data.stationStatus };
      return withReservation(calendar, { ...rest, ...status, hold: data.hold, holdAt: data.at, losses, updatedAt: data.at });
    }
    case 'voltlog.reservation.ReservationExpiring.v1':
      return withReservation(calendar, { ...before, reminded: true, updatedAt: data.at });
    case 'voltlog.reservation.ReservationUsed.v1':
      return ended(calendar, before, { kind: 'Used', at: data.at, transactionId: data.transactionId });
    case 'voltlog.reservation.ReservationCancelled.v1':
      return ended(calendar, before, { kind: 'Cancelled', at: data.at, reason: data.reason, ...movedTo(data) });
    case 'voltlog.reservation.ReservationExpired.v1':
      return ended(calendar, before, { kind: 'Expired', at: data.at, reason: data.reason });
    default:
      return assertNever(type, 'reservation event');
  }
}

const withReservation = (calendar: Calendar, reservation: Reservation): Calendar => ({
  ...calendar,
  reservations: new Map(calendar.reservations).set(reservation.reservationId, reservation),
});

const ended = (calendar: Calendar, reservation: Reservation, end: ReservationEnd): Calendar =>
  withReservation(calendar, { ...reservation, end, updatedAt: end.at });

function withoutOld(calendar: Calendar, at: string): Calendar {
  const from = isoTime(Date.parse(at) - REMEMBER_MS);
  const kept = [...calendar.reservations].filter(([, { end }]) => end === undefined || end.at >= from);
  return kept.length === calendar.reservations.size ? calendar : { ...calendar, reservations: new Map(kept) };
}
