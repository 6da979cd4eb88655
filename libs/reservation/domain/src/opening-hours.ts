import type { OpeningHours } from '@voltlog/reservation-contract';
import { Temporal } from 'temporal-polyfill';

/**
 * Whether a site is open from one moment to another without a break.
 *
 * @param hours none: always open
 * @param timeZone IANA name; empty: UTC
 * @param fromMs, untilMs milliseconds since the Unix epoch
 */
export function isOpenThroughout(hours: readonly OpeningHours[], timeZone: string, fromMs: number, untilMs: number): boolean {
  if (hours.length === 0) return true;
  let reach = fromMs;
  for (const { beginMs, endMs } of openings(hours, timeZone === '' ? 'UTC' : timeZone, fromMs, untilMs)) {
    if (beginMs > reach) return false;
    reach = Math.max(reach, endMs);
    if (reach >= untilMs) return true;
  }
  return false;
}

interface Opening {
  readonly beginMs: number;
  readonly endMs: number;
}

/** Every opening that touches the time, in order of its begin; yesterday's may go over midnight. */
function openings(hours: readonly OpeningHours[], timeZone: string, fromMs: number, untilMs: number): readonly Opening[] {
  const found: Opening[] = [];
  const last = localDate(untilMs, timeZone);
  for (
    let day = localDate(fromMs, timeZone).subtract({ days: 1 });
    Temporal.PlainDate.compare(day, last) <= 0;
    day = day.add({ days: 1 })
  ) {
    for (const { weekday, from, until } of hours) {
      if (weekday !== day.dayOfWeek) continue;
      const opening = {
        beginMs: instantMs(day, from, timeZone),
        endMs: instantMs(until <= from ? day.add({ days: 1 }) : day, until, timeZone),
      };
      if (opening.endMs > fromMs && opening.beginMs < untilMs) found.push(opening);
    }
  }
  return found.sort((a, b) => a.beginMs - b.beginMs);
}

const localDate = (ms: number, timeZone: string): Temporal.PlainDate =>
  Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(timeZone).toPlainDate();

/** A local time that a change of clocks skips is taken as the moment after it, one that comes twice as the first. */
function instantMs(day: Temporal.PlainDate, time: string, timeZone: string): number {
  const at = time === END_OF_DAY ? day.add({ days: 1 }).toZonedDateTime(timeZone) : day.toZonedDateTime({ timeZone, plainTime: time });
  return at.epochMilliseconds;
}

export const END_OF_DAY = '24:00';

/** Whether this machine knows the zone. */
export function isTimeZone(timeZone: string): boolean {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(timeZone);
    return true;
  } catch {
    return false;
  }
}
