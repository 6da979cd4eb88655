import { CLOCK_SKEW_MS, OFFLINE_MS_MAX } from './outcome.js';

/** When a session began, as far as is told of it. */
interface Told {
  readonly sessionId: string;
  /** ISO 8601, the station's clock. */
  readonly at: string;
  /** ISO 8601, our clock. */
  readonly receivedAt: string;
  readonly offline: boolean;
}

/** With its place among the others, ms since the epoch. */
export interface Begin extends Told {
  readonly place: number;
}

export const beginOf = (told: Told): Begin => ({ ...told, place: placeOf(told) });

/** A clock that is behind by more, at a start that did not wait in a queue, was lost (1970, 2000) and tells nothing. */
const LOST_CLOCK_MS = 24 * 3_600_000;

/**
 * The one order in which sessions began. Total, and of any two the same whatever others are known: a session that a later one ended
 * stays so, hence two orders of arrival must not find two latest ones.
 */
export function compareBegins(a: Begin, b: Begin): number {
  return a.place - b.place || compareText(a.at, b.at) || compareText(a.receivedAt, b.receivedAt) || compareText(a.sessionId, b.sessionId);
}

/**
 * The station's clock, moved as little as needed to lie within what we know: not after we heard of it, nor more than five minutes before
 * unless it was queued. Among starts that were not queued it grows with either clock, so that what both put later is later; only a lost clock leaps.
 */
function placeOf({ at, receivedAt, offline }: Told): number {
  const received = Date.parse(receivedAt);
  const told = Date.parse(at);
  if (received - told > (offline ? OFFLINE_MS_MAX : LOST_CLOCK_MS)) return received;
  return Math.min(received, offline ? told : Math.max(told, received - CLOCK_SKEW_MS));
}

export const compareText = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);
