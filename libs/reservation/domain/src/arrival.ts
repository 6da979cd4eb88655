import { isoTime } from '@voltlog/kernel';
import { isUsable } from './calendar.decider.js';
import { type Calendar, isFor, isHeldAt, type Reservation, tokenKey } from './calendar.state.js';

/** A transaction that began. */
export interface Arrival {
  /** 0: not told. */
  readonly evseId: number;
  /** OCPP reservationId, where the station tells it. */
  readonly number?: number | undefined;
  readonly idToken?: string | undefined;
  readonly groupId?: string | undefined;
  /** When it began, milliseconds since the Unix epoch. */
  readonly at: number;
}

/** Whoever comes so much too early has come for the reservation. */
const EARLY_MS = 15 * 60_000;
/** Clocks of stations are some seconds off. */
const LATE_MS = 60_000;

/**
 * The reservation that a transaction uses: the one whose number the station tells; else one on that EVSE for this token, then for its group;
 * else one for this very token on another EVSE of the station: the driver is there, and takes another plug.
 */
export function usedBy(calendar: Calendar, arrival: Arrival): Reservation | undefined {
  const open = [...calendar.reservations.values()].filter(isUsable);
  const numbered = arrival.number === undefined ? undefined : open.find(({ number }) => number === arrival.number);
  if (numbered !== undefined) return numbered;
  const timely = open.filter((each) => isTimely(each, arrival.at)).sort((a, b) => (a.startsAt < b.startsAt ? -1 : 1));
  const there = timely.filter(({ evseId }) => arrival.evseId === 0 || evseId === arrival.evseId);
  return (
    there.find((each) => isSameToken(each, arrival.idToken)) ??
    there.find((each) => isFor(each, arrival.idToken, arrival.groupId)) ??
    timely.find((each) => isSameToken(each, arrival.idToken))
  );
}

/**
 * Whether a car that nobody has shown a card for may be that of the reserver: it came when they may come, and they had no time yet.
 *
 * @param occupiedSince ISO 8601
 * @param now, graceMs milliseconds: so long after the begin they have for it
 */
export function mayBeTheirs({ startsAt }: Reservation, occupiedSince: string, now: number, graceMs: number): boolean {
  const startMs = Date.parse(startsAt);
  return Date.parse(occupiedSince) >= startMs - EARLY_MS && now < startMs + graceMs;
}

/** The reservations that a transaction on an EVSE leaves without it: held there, for others. */
export function takenBy(calendar: Calendar, arrival: Arrival): readonly Reservation[] {
  const at = isoTime(arrival.at);
  return [...calendar.reservations.values()].filter(
    (each) =>
      each.evseId === arrival.evseId &&
      isHeldAt(each, at) &&
      each.number !== arrival.number &&
      !isFor(each, arrival.idToken, arrival.groupId),
  );
}

const isSameToken = ({ idToken }: Reservation, other: string | undefined): boolean =>
  other !== undefined && tokenKey(idToken.idToken) === tokenKey(other);

const isTimely = ({ startsAt, expiresAt }: Reservation, at: number): boolean =>
  at >= Date.parse(startsAt) - EARLY_MS && at < Date.parse(expiresAt) + LATE_MS;
