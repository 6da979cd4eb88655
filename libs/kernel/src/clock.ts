/** Where the rim reads the time. The domain never does: its commands carry `now`. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
}

const isoCache = { ms: Number.NaN, text: '' };

/** ISO 8601 UTC with milliseconds; the last one is kept, since many facts share a millisecond. */
export function isoTime(ms: number): string {
  if (ms !== isoCache.ms) {
    isoCache.text = new Date(ms).toISOString();
    isoCache.ms = ms;
  }
  return isoCache.text;
}
