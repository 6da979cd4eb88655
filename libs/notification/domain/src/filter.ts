import type { Notification, NotificationKind, SubscriptionAttributes, SubscriptionFilter } from '@voltlog/notification-contract';

/** The one thing a subscription is looked up by: its narrowest condition, e.g. `session:019a...`; `*` when there is none. */
export type Selector = string;

/** The narrowest first. */
const BY = ['sessionId', 'startRequestId', 'reservationId', 'contractId', 'idToken', 'groupId', 'stationId', 'siteId'] as const;
type Id = (typeof BY)[number];
const WHOLE_PLATFORM: Selector = '*';

/** Id tokens are the same whatever their case (OCPP 1.6 §7.28, OCPP 2.0.1 Part 2 IdTokenType). */
const same = (field: Id, value: string): string => (field === 'idToken' || field === 'groupId' ? value.toUpperCase() : value);
const selector = (field: Id, value: string): Selector => `${field}:${same(field, value)}`;

/** What a subscription with this filter is looked up by. */
export function selectorOf(filter: SubscriptionFilter): Selector {
  for (const field of BY) {
    const value = filter[field];
    if (value !== undefined) return selector(field, value);
  }
  return WHOLE_PLATFORM;
}

/** Everything a subscription to this notification could be looked up by. */
export function selectorsOf(notification: Notification): readonly Selector[] {
  const selectors: Selector[] = [WHOLE_PLATFORM];
  for (const field of BY) for (const value of valuesOf(notification, field)) selectors.push(selector(field, value));
  return selectors;
}

/** What is told of a session, and of the station itself whether or not there is a session. */
const OF_STATION: { readonly [Kind in NotificationKind]?: NotificationKind } = {
  Faulted: 'StationFault',
  FaultCleared: 'StationFaultCleared',
};

/** Said in the words of those who run stations, and of what goes on inside of them: whoever else subscribes to everything is not told. */
const FOR_OPERATORS: ReadonlySet<NotificationKind> = new Set(['AlertOpened', 'AlertRaised', 'AlertCleared']);

/** True when the subscription wants the notification, and may have it. */
export const isFor = ({ filter, ownerKind }: Pick<SubscriptionAttributes, 'filter' | 'ownerKind'>, notification: Notification): boolean =>
  matches(filter, notification) && (ownerKind === 'Operator' || !FOR_OPERATORS.has(notification.kind));

/** True when every condition of the filter holds, and the same is not told to it as the station's own anyway. */
export function matches(filter: SubscriptionFilter, notification: Notification): boolean {
  if (!holds(filter, notification)) return false;
  const kind = OF_STATION[notification.kind];
  if (kind === undefined) return true;
  const { notificationId, at, recordedAt, stationId, siteId, evseId } = notification;
  const ofStation = { notificationId, kind, at, recordedAt, stationId, evseId, ...(siteId === undefined ? {} : { siteId }) };
  return !holds(filter, ofStation);
}

/** What came up meanwhile where the last of it stands for all, see `endAlertWindow`. */
const CAME_UP: { readonly [Kind in NotificationKind]?: NotificationKind } = {
  AlertRaised: 'AlertOpened',
  AlertCleared: 'AlertOpened',
  StationFaultCleared: 'StationFault',
};

/** Whoever wants to be told that something comes up is told of what came up and went meanwhile. */
function isOfKind({ kinds }: SubscriptionFilter, { kind, alert, times = alert?.times ?? 0 }: Notification): boolean {
  if (kinds.length === 0 || kinds.includes(kind)) return true;
  const cameUp = times > 0 ? CAME_UP[kind] : undefined;
  return cameUp !== undefined && kinds.includes(cameUp);
}

function holds(filter: SubscriptionFilter, notification: Notification): boolean {
  if (!isOfKind(filter, notification)) return false;
  return BY.every((field) => {
    const wanted = filter[field];
    return wanted === undefined || valuesOf(notification, field).some((is) => same(field, wanted) === same(field, is));
  });
}

/** A reservation that was moved is known by both its ids. */
function valuesOf(notification: Notification, field: Id): readonly string[] {
  const { [field]: value, movedFrom } = notification;
  if (field === 'reservationId' && movedFrom !== undefined) return value === undefined ? [movedFrom] : [value, movedFrom];
  return value === undefined ? NONE : [value];
}
const NONE: readonly string[] = [];

/**
 * Told in quiet hours too: what somebody must act on now, and what is of no use in the morning.
 *
 * A fault and a station that does not stop may cost money or be a danger; a reservation that is about to expire, or
 * whose place is taken or another one, is of no use when the night is over. Of alerts those that are critical or worse.
 */
export const isUrgent = ({ kind, alert }: Notification): boolean =>
  URGENT_KINDS.has(kind) || (kind !== 'AlertCleared' && alert?.severity !== undefined && alert.severity <= CRITICAL);

/** OCPP 2.1 Part 2 SetMonitoringDataType (severity): 3-Critical */
const CRITICAL = 3;
const URGENT_KINDS: ReadonlySet<NotificationKind> = new Set([
  'Faulted',
  'StationFault',
  'StopEscalated',
  'ReservationExpiring',
  'ReservationBlocked',
  'ReservationMoved',
]);
