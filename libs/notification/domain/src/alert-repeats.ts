import { isoTime } from '@voltlog/kernel';
import type { Notification, NotificationKind } from '@voltlog/notification-contract';

/** Of what says nothing of it: nothing is less bad. */
const SEVERITY_UNKNOWN = 9;

const OVER: ReadonlySet<NotificationKind> = new Set(['AlertCleared', 'StationFaultCleared']);
const CAME_UP: ReadonlySet<NotificationKind> = new Set(['AlertOpened', 'StationFault']);

/** While it lasts, an alert or a fault that was told is not told each time that it comes again. */
export interface AlertWindow {
  /** ISO 8601 */
  readonly until: string;
  /** The worst that was told: 0 (danger) to 9 (debug). */
  readonly severity: number;
  /** OCPP's error codes that were told of a fault. */
  readonly codes?: readonly string[];
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
 * An alert or a fault came up, got worse, or is over. Told are the first of it, once that it is over, and what is worse than all that was
 * told, or has another error code; the rest is held until the window ends, see {@link endAlertWindow}.
 *
 * @param notification of the alert or the fault
 * @param now milliseconds since the epoch
 * @param lengthMs of a window
 */
export function hearAlert(window: AlertWindow | undefined, notification: Notification, now: number, lengthMs: number): HeardAlert {
  const isOver = OVER.has(notification.kind);
  const severity = severityOf(notification);
  const begun = (until: string): AlertWindow => ({ until, severity, ...codesOf(window, notification), cleared: false, times: 0 });
  const isEnded = window === undefined || window.until <= isoTime(now);
  if (isEnded && window?.held === undefined) return { tell: notification, window: isOver ? window : begun(isoTime(now + lengthMs)) };
  const times = window.times + (CAME_UP.has(notification.kind) ? 1 : 0);
  if (isEnded) return sum(window, notification, times, now + lengthMs);
  if (severity < window.severity || (!isOver && hasNewCode(window, notification)))
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
  return { tell: counted(last, times), window: { until: isoTime(untilMs), severity, ...codesOf(window, last), cleared: true, times: 0 } };
}

const severityOf = ({ alert }: Notification): number => alert?.severity ?? SEVERITY_UNKNOWN;

const hasNewCode = ({ codes = [] }: AlertWindow, { errorCode }: Notification): boolean =>
  errorCode !== undefined && !codes.includes(errorCode);

function codesOf(window: AlertWindow | undefined, { errorCode }: Notification): Pick<AlertWindow, 'codes'> {
  const codes = new Set([...(window?.codes ?? []), ...(errorCode === undefined ? [] : [errorCode])]);
  return codes.size === 0 ? {} : { codes: [...codes] };
}

function counted(notification: Notification, times: number): Notification {
  if (times === 0) return notification;
  return notification.alert === undefined ? { ...notification, times } : { ...notification, alert: { ...notification.alert, times } };
}
