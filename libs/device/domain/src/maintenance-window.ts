import type { MaintenanceWindow } from '@voltlog/device-contract';
import { Temporal } from 'temporal-polyfill';

/** HH:MM */
const CLOCK_TIME = /^([01]\d|2[0-3]):[0-5]\d$/;

/** What is wrong with a window, for a person; undefined: nothing. */
export function windowProblem({ from, until, days }: MaintenanceWindow): string | undefined {
  if (!CLOCK_TIME.test(from) || !CLOCK_TIME.test(until)) return 'from and until are times of day, HH:MM';
  if (from === until) return 'from and until are the same: leave the window out when any time will do';
  return days.every((day) => Number.isInteger(day) && day >= 1 && day <= 7) ? undefined : 'days are 1 (Monday) to 7 (Sunday)';
}

/**
 * Whether one of the windows is open; none at all: always. Times are the wall clock's of the time zone, so that a window moves with summer
 * time. One over midnight belongs to the day on which it begins.
 *
 * @param now milliseconds since the Unix epoch
 */
export function isWindowOpen(windows: readonly MaintenanceWindow[], timeZone: string, now: number): boolean {
  if (windows.length === 0) return true;
  const local = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(timeZone);
  const time = local.toPlainTime().toString({ smallestUnit: 'minute' });
  const yesterday = local.dayOfWeek === 1 ? 7 : local.dayOfWeek - 1;
  return windows.some(({ from, until, days }) => {
    const on = (day: number): boolean => days.length === 0 || days.includes(day);
    if (from < until) return from <= time && time < until && on(local.dayOfWeek);
    return (from <= time && on(local.dayOfWeek)) || (time < until && on(yesterday));
  });
}
