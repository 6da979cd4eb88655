import { isoTime } from '@voltlog/kernel';
import type { Notification } from '@voltlog/notification-contract';

/** Of what says nothing of it: nothing is less bad. */
const SEVERITY_UNKNOWN = 9;

/** While it lasts, an alert that was told is not told each time that it comes again. */
export interface AlertWindow {
  /** ISO 8601 */
  readonly until: string;
  /** The worst that was told: 0 (danger) to 9 (debug). */
  readonly severity: number;
  /** That it is over is not told any more before the end. */
  readonly cleared: boolean;
  /** How often it came up since it was last told. */
  readonly times: number;
  /** The last of what was not told. */
  readonly held?: Notification;
}

/** What is told now, and the window from now on; undefined: there is none. */
export interface HeardAlert {
  readonly tell?: Notification;
  readonly window: AlertWindow | undefined;
}

/**
 * An alert came up, got worse, or is over. Told are the first of it, once that it is over, and what is worse than all that was told; the rest
 * is held until the window ends, see {@link endAlertWindow}.
 *
 * @param notification of the alert
 * @param now milliseconds since the epoch
 * @param lengthMs of a window
 */
export function hearAlert(window: AlertWindow | undefined, notification: Notification, now: number, lengthMs: number): HeardAlert {
  const isOver = notification.kind === 'AlertCleared';
  const severity = severityOf(notification);
  const begun = (until: string): AlertWindow => ({ until, severity, cleared: false, times: 0 });
  const isEnded = window === undefined || window.until <= isoTime(now);
  if (isEnded && window?.held === undefined) return { tell: notification, window: isOver ? window : begun(isoTime(now + lengthMs)) };
  const times = window.times + (notification.kind === 'AlertOpened' ? 1 : 0);
  if (isEnded) return sum(window, notification, times, now + lengthMs);
  if (severity < window.severity)
    return { tell: window.held === undefined ? notification : counted(notification, times), window: begun(window.until) };
  if (isOver && !window.cleared) return { tell: notification, window: { ...window, cleared: true } };
  // Who wants to be told of alerts that come up alone has not heard of this one.
  const cameUp = window.held?.kind === 'AlertOpened' && notification.kind === 'AlertRaised';
  return { window: { ...window, times, held: cameUp ? { ...notification, kind: 'AlertOpened' } : notification } };
}

/** Its time may be over: what was held is told as one, how often it came with it, and the next window begins; else there is none any more. */
export function endAlertWindow(window: AlertWindow, now: number, lengthMs: number): HeardAlert {
  if (window.until > isoTime(now)) return { window };
  return window.held === undefined ? { window: undefined } : sum(window, window.held, window.times, now + lengthMs);
}

function sum(window: AlertWindow, last: Notification, times: number, untilMs: number): HeardAlert {
  const severity = Math.min(window.severity, severityOf(last));
  return { tell: counted(last, times), window: { until: isoTime(untilMs), severity, cleared: true, times: 0 } };
}

const severityOf = ({ alert }: Notification): number => alert?.severity ?? SEVERITY_UNKNOWN;

const counted = (notification: Notification, times: number): Notification =>
  notification.alert === undefined || times === 0 ? notification : { ...notification, alert: { ...notification.alert, times } };
