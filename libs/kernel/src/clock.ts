/** Where the rim reads the time. The domain never does: its commands carry `now`. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
}

/** ISO 8601 UTC up to the minute. */
const MINUTE_LENGTH = '2026-03-01T08:00'.length;

/** Whether two times (ISO 8601 UTC) are of the same minute, as most are that are compared: seen without parsing them. */
export const isSameMinute = (a: string, b: string): boolean => a.startsWith(b.slice(0, MINUTE_LENGTH));

const DAY_MS = 86_400_000;
/** `HH:MM:SS.mmmZ` */
const TIME_LENGTH = 13;
const numbered = (count: number, digits: number): readonly string[] =>
  Array.from({ length: count }, (_, number) => String(number).padStart(digits, '0'));
const TWO_DIGITS = numbered(60, 2);
const HOURS_MINUTES: readonly string[] = numbered(24, 2).flatMap((hour) => TWO_DIGITS.map((minute) => `${hour}:${minute}:`));
const SECONDS: readonly string[] = TWO_DIGITS.map((second) => `${second}.`);
const MILLISECONDS: readonly string[] = numbered(1_000, 3).map((millisecond) => `${millisecond}Z`);

const last = { ms: Number.NaN, text: '' };
/** The dates of an even and of an odd day: what ends tomorrow is told beside what is now. */
const even = { day: Number.NaN, text: '' };
const odd = { day: Number.NaN, text: '' };

/**
 * ISO 8601 UTC with milliseconds. The last one is kept, since many facts share a millisecond, and the dates of today and tomorrow: `Date` takes
 * five times as long as putting the time of a day behind its date.
 *
 * @throws {RangeError} when it is no time
 */
export function isoTime(ms: number): string {
  if (ms !== last.ms) {
    last.text = textOf(Math.trunc(ms));
    last.ms = ms;
  }
  return last.text;
}

function textOf(ms: number): string {
  const day = Math.floor(ms / DAY_MS);
  const date = (day & 1) === 0 ? even : odd;
  if (day !== date.day) {
    date.text = new Date(ms).toISOString().slice(0, -TIME_LENGTH);
    date.day = day;
  }
  const ofDay = ms - day * DAY_MS;
  return `${date.text}${HOURS_MINUTES[Math.floor(ofDay / 60_000)]}${SECONDS[Math.floor(ofDay / 1_000) % 60]}${MILLISECONDS[ofDay % 1_000]}`;
}
