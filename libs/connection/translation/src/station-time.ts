import { utcTime } from '@voltlog/ocpp-rpc';

/**
 * A time by the station's clock as ISO 8601 UTC with milliseconds. What is no time at all is read as the moment it was received; the
 * text itself stays in the fact's `raw`.
 */
export const stationTime = (text: string, received: { readonly receivedAt: string }): string => utcTime(text) ?? received.receivedAt;

/** A 1.6 message no older than this when it arrives was not kept by an offline station; 2.x says so itself. */
export const OFFLINE_AFTER_MS = 60_000;

/** When a message came, and what is known of the clock it was timed by. */
export interface StationClock {
  readonly receivedAtMs: number;
  /** When the station's socket was opened, our clock. */
  readonly connectedAtMs: number;
  /** How far the station's clock is behind ours; 0: hardly, or not known. */
  readonly clockBehindMs: number;
}

/**
 * 1.6 does not say whether the station was offline: it was when the message is old and from before the station connected. By the
 * age alone every message of a station whose clock is slow would count.
 */
export function wasOffline(occurredAt: string, { receivedAtMs, connectedAtMs, clockBehindMs }: StationClock): boolean {
  const occurredAtMs = Date.parse(occurredAt) + clockBehindMs;
  return receivedAtMs - occurredAtMs > OFFLINE_AFTER_MS && occurredAtMs < connectedAtMs;
}

/**
 * How far the clock is behind as one more message shows. One timed later than the station connected was sent when it happened, so its
 * age is what the clock is behind; an older one may have been kept, and says nothing.
 */
export function clockBehind(occurredAt: string, { receivedAtMs, connectedAtMs, clockBehindMs }: StationClock): number {
  const occurredAtMs = Date.parse(occurredAt);
  if (occurredAtMs < connectedAtMs) return clockBehindMs;
  const behindMs = receivedAtMs - occurredAtMs;
  return behindMs > OFFLINE_AFTER_MS ? behindMs : 0;
}
