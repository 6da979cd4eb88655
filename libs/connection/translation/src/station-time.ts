import { utcTime } from '@voltlog/ocpp-rpc';

/**
 * A time by the station's clock as ISO 8601 UTC with milliseconds. What is no time at all is read as the moment it was received; the
 * text itself stays in the fact's `raw`.
 */
export const stationTime = (text: string, received: { readonly receivedAt: string }): string => utcTime(text) ?? received.receivedAt;

/** A 1.6 message older than this when it arrives was kept by an offline station; 2.x says so itself. */
export const OFFLINE_AFTER_MS = 60_000;

/** 1.6 does not say whether the station was offline: judged by the age of the message. */
export const wasOffline = (occurredAt: string, receivedAtMs: number): boolean => receivedAtMs - Date.parse(occurredAt) > OFFLINE_AFTER_MS;
