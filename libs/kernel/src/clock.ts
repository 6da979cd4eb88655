/** Where the rim reads the time. The domain never does: its commands carry `now`. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
}

/** ISO 8601 UTC up to the minute. */
const MINUTE_LENGTH = '2026-03-01T08:00'.length;

/** Whether two times (ISO 8601 UTC) are of the same minute, as most are that are compared: seen without parsing them. */
export const isSameMinute = (a: string, b: string): boolean => a.startsWith(b.slice(0, MINUTE_LENGTH));

const isoCache = { ms: Number.NaN, text: '' };

/** ISO 8601 UTC with milliseconds; the last one is kept, since many facts share a millisecond. */
export function isoTime(ms: number): string {
  if (ms !== isoCache.ms) {
    isoCache.text = new Date(ms).toISOString();
    isoCache.ms = ms;
  }
  return isoCache.text;
}
