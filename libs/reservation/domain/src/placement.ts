import type { Reservation } from './calendar.state.js';

/** A station as it is known at the moment of the decision. */
export interface StationPlace {
  readonly inService: boolean;
  readonly evses: readonly EvsePlace[];
}

export interface EvsePlace {
  readonly evseId: number;
  readonly connectors: readonly ConnectorPlace[];
}

export interface ConnectorPlace {
  readonly connectorId: number;
  /** OCPP 2.1 ConnectorEnumStringType; empty: not known. */
  readonly connectorType: string;
  /** OCPP 2.1 ConnectorStatusEnumType as last reported, or `Unavailable` where an operator wants it so; empty: not reported yet. */
  readonly status: string;
  /** When that was reported, ISO 8601, by the station's clock; absent: not known. */
  readonly statusAt?: string;
  /** Times in which it is to be out of service. */
  readonly outages: readonly Span[];
}

/** Half-open, ISO 8601 UTC with milliseconds. */
export interface Span {
  readonly startsAt: string;
  readonly expiresAt: string;
}

export interface Wish extends Span {
  /** 0: any. */
  readonly evseId: number;
  readonly connectorType?: string | undefined;
  /** Milliseconds from now to the start; 0: now. */
  readonly leadMs: number;
  /** How long before the start others are to be gone; 0: only at the start. */
  readonly keepFreeMs: number;
}

export type PlacementRefusal = 'EvseUnknown' | 'ConnectorTypeUnknown' | 'EvseReserved' | 'EvseOccupied' | 'EvseOutOfService' | 'NoEvseFree';

/** A car that charges now may be gone by then; one that charges at the start is in the way, and none is sent away without notice. */
const OCCUPIED_MATTERS_MS = 60_000;
/** What is broken now may be repaired by then. */
const OUT_OF_SERVICE_MATTERS_MS = 60 * 60_000;

/** What is known of an EVSE now. */
export type EvseStatus = 'Free' | 'Occupied' | 'OutOfService';

/**
 * The EVSE a reservation gets: always one of flesh and blood, also where any would do, so that two reservations can never count on the same
 * one. Of several, one that is free and in service now goes first, then the lowest number.
 *
 * @param active reservations of the station that have not ended
 */
export function place(station: StationPlace, active: readonly Reservation[], wish: Wish): EvsePlace | PlacementRefusal {
  const named = station.evses.filter(({ evseId }) => wish.evseId === 0 || evseId === wish.evseId);
  if (named.length === 0) return wish.evseId === 0 ? 'NoEvseFree' : 'EvseUnknown';
  const fitting = named.filter((evse) => wish.connectorType === undefined || connectorsFor(evse, wish.connectorType).length > 0);
  if (fitting.length === 0) return 'ConnectorTypeUnknown';
  const working = fitting.filter(
    (evse) =>
      !isClosedIn(evse, wish.connectorType, wish) &&
      (wish.leadMs > OUT_OF_SERVICE_MATTERS_MS || statusOf(evse, wish.connectorType) !== 'OutOfService'),
  );
  if (working.length === 0) return 'EvseOutOfService';
  const open = working.filter(({ evseId }) => !active.some((other) => other.evseId === evseId && overlap(other, wish)));
  if (open.length === 0) return wish.evseId === 0 ? 'NoEvseFree' : 'EvseReserved';
  const mattersMs = Math.max(OCCUPIED_MATTERS_MS, wish.keepFreeMs);
  const free = open.filter((evse) => wish.leadMs > mattersMs || statusOf(evse, wish.connectorType) !== 'Occupied');
  if (free.length === 0) return wish.evseId === 0 ? 'NoEvseFree' : 'EvseOccupied';
  return free.find((evse) => statusOf(evse, wish.connectorType) === 'Free') ?? (free[0] as EvsePlace);
}

/** Half-open: one may begin when the other ends. */
export const overlap = (a: Span, b: Span): boolean => a.startsAt < b.expiresAt && b.startsAt < a.expiresAt;

/** True where no connector of the type is in service all that time, as far as that is known before. */
export function isClosedIn(evse: EvsePlace, connectorType: string | undefined, time: Span): boolean {
  const fitting = connectorsFor(evse, connectorType);
  return fitting.length > 0 && fitting.every(({ outages }) => outages.some((outage) => overlap(outage, time)));
}

/** The connectors of an EVSE that have the type; without a type all of them. */
export const connectorsFor = (evse: EvsePlace, connectorType: string | undefined): readonly ConnectorPlace[] =>
  connectorType === undefined ? evse.connectors : evse.connectors.filter((connector) => connector.connectorType === connectorType);

/** One car at a time: an EVSE with one occupied connector is occupied. It is out of service when every fitting connector is. */
export function statusOf(evse: EvsePlace, connectorType: string | undefined): EvseStatus {
  const fitting = connectorsFor(evse, connectorType);
  if (fitting.length > 0 && fitting.every(({ status }) => isOutOfService(status))) return 'OutOfService';
  return evse.connectors.some(({ status }) => status === 'Occupied') ? 'Occupied' : 'Free';
}

/** Since when a car is there, as its last occupied connector told: ISO 8601; undefined: none is, or nobody knows since when. */
export function occupiedSince({ connectors }: EvsePlace): string | undefined {
  const times = connectors.flatMap(({ status, statusAt }) => (status === 'Occupied' && statusAt !== undefined ? [statusAt] : []));
  return times.sort().at(-1);
}

/** OCPP 2.1 ConnectorStatusEnumType of a connector on which nobody can charge. */
export const isOutOfService = (status: string): boolean => status === 'Faulted' || status === 'Unavailable';
