import type { SessionClaims, StopClaim } from './claims.js';
import { effectiveEnd } from './outcome.js';
import type { Readings } from './readings.js';

/** Stop commands sent for one cause before a person has to look. */
export const STOP_ATTEMPTS_MAX = 6;
/** Wait for the end after the first command, doubled after each. */
const RETRY_FIRST_MS = 10_000;
/** And after the last one: whoever is told that a station does not stop has waited long enough. */
const GIVE_UP_MS = 30_000;
/** A command of which nothing is known is on its way this long at most; its sender may have died. */
export const STOP_ANSWER_MS_MAX = 40_000;

/** What to do next about a stop that was asked for. */
export type StopStep =
  /** Nothing was asked for, it happened, or it was given up. */
  | { readonly kind: 'Done' }
  | { readonly kind: 'Wait'; readonly untilMs: number }
  /** The station is not connected: ask it once it is. */
  | { readonly kind: 'AwaitConnection'; readonly attempt: number }
  | { readonly kind: 'Attempt'; readonly attempt: number }
  | { readonly kind: 'Escalate'; readonly attempts: number };

/**
 * @param nowMs our clock
 */
export function nextStopStep(claims: SessionClaims, readings: Readings, nowMs: number): StopStep {
  const { stop } = claims;
  if (stop === undefined || !isPending(claims, readings)) return { kind: 'Done' };
  const sinceMs = Date.parse(stop.at);
  if (stop.status === undefined) {
    const untilMs = sinceMs + STOP_ANSWER_MS_MAX;
    return untilMs > nowMs ? { kind: 'Wait', untilMs } : again(stop);
  }
  if (stop.status === 'Offline') return { kind: 'AwaitConnection', attempt: stop.attempt + 1 };
  if (stop.status === 'NotSupported') return { kind: 'Escalate', attempts: stop.attempt - stop.firstAttempt + 1 };
  const untilMs = sinceMs + (isLast(stop) ? GIVE_UP_MS : RETRY_FIRST_MS * 2 ** (stop.attempt - stop.firstAttempt));
  return untilMs > nowMs ? { kind: 'Wait', untilMs } : again(stop);
}

/** True while a stop was asked for and is still to happen. */
export function isPending(claims: SessionClaims, readings: Readings): boolean {
  const { stop, charging } = claims;
  if (stop === undefined || stop.escalated || stop.withdrawn || effectiveEnd(claims, readings) !== undefined) return false;
  // OCPP 2.x: with a TxStopPoint of EVConnected or ParkingBayOccupancy the energy stops now and the transaction when the car leaves.
  const halted = charging !== undefined && (charging.value === 'EVConnected' || charging.value === 'Idle');
  return !(stop.status === 'Accepted' && halted && charging.seqNo >= 0 && charging.at >= stop.at);
}

const isLast = ({ attempt, firstAttempt }: StopClaim): boolean => attempt - firstAttempt + 1 >= STOP_ATTEMPTS_MAX;

const again = (stop: StopClaim): StopStep =>
  isLast(stop) ? { kind: 'Escalate', attempts: stop.attempt - stop.firstAttempt + 1 } : { kind: 'Attempt', attempt: stop.attempt + 1 };
