import { utcTime } from '@voltlog/ocpp-rpc';

/**
 * A time by the station's clock as ISO 8601 UTC with milliseconds. What is no time at all is read as the moment it was received; the
 * text itself stays in the fact's `raw`.
 */
export const stationTime = (text: string, received: { readonly receivedAt: string }): string => utcTime(text) ?? received.receivedAt;

/** A 1.6 message no older than this when it arrives was not kept by an offline station; 2.x says so itself. */
export const OFFLINE_AFTER_MS = 60_000;

/**
 * 1.6 does not say whether the station was offline: it was when the message is old and from before the station connected. By the
 * age alone every message of a station whose clock is slow would count.
 */
export function wasOffline(occurredAt: string, received: { readonly receivedAtMs: number; readonly connectedAtMs: number }): boolean {
  const occurredAtMs = Date.parse(occurredAt);
  return received.receivedAtMs - occurredAtMs > OFFLINE_AFTER_MS && occurredAtMs < received.connectedAtMs;
}
