import type { QuietHours } from '@voltlog/notification-contract';
import { Temporal } from 'temporal-polyfill';

/** HH:MM */
const CLOCK_TIME = /^([01]\d|2[0-3]):[0-5]\d$/;

/**
 * What is wrong with quiet hours, or nothing.
 *
 * @returns a text for a person
 */
export function quietHoursProblem({ from, until, timeZone }: QuietHours): string | undefined {
  if (!CLOCK_TIME.test(from) || !CLOCK_TIME.test(until)) return 'from and until are times of day, HH:MM';
  if (from === until) return 'from and until are the same: there would be no end';
  return isTimeZone(timeZone) ? undefined : 'the time zone is not an IANA name such as Europe/Amsterdam';
}

/** True for an IANA name that is known here; offsets such as `+01:00` are not names, since they know no summer time. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z][A-Za-z0-9_+\-/]{0,63}$/.test(name)) return false;
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name);
    return true;
  } catch {
    return false;
  }
}

/**
 * When the quiet hours that hold now end, milliseconds since the epoch; nothing when it is not quiet.
 *
 * Times of day are the wall clock's: an end that the clock skips in spring is the moment after the gap, and the hour that comes twice in
 * autumn is quiet both times.
 *
 * @param now milliseconds since the Unix epoch
 */
export function quietUntil(quiet: QuietHours, now: number): number | undefined {
  const local = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(quiet.timeZone);
  const time = local.toPlainTime();
  const from = Temporal.PlainTime.from(quiet.from);
  const until = Temporal.PlainTime.from(quiet.until);
  const begun = Temporal.PlainTime.compare(time, from) >= 0;
  const ended = Temporal.PlainTime.compare(time, until) >= 0;
  const overMidnight = Temporal.PlainTime.compare(from, until) > 0;
  if (overMidnight ? !begun && ended : !begun || ended) return undefined;
  const day = overMidnight && begun ? local.toPlainDate().add({ days: 1 }) : local.toPlainDate();
  const end = day.toPlainDateTime(until);
  const first = end.toZonedDateTime(quiet.timeZone).epochMilliseconds;
  return first > now ? first : end.toZonedDateTime(quiet.timeZone, { disambiguation: 'later' }).epochMilliseconds;
}
