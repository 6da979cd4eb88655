import type { Notification, NotificationAlert, NotificationCost, NotificationKind } from '@voltlog/notification-contract';

/** One event of the platform, as it lies on the log. */
export interface SourceEvent {
  readonly id: string;
  readonly type: string;
  /** When it was recorded, ISO 8601. */
  readonly time: string;
  readonly data: unknown;
}

const MILESTONE = 'voltlog.session.SessionMilestoneReached.v1';
const CONFIRMED = 'voltlog.reservation.ReservationConfirmed.v1';
const CANCELLED = 'voltlog.reservation.ReservationCancelled.v1';
const HOLD = 'voltlog.reservation.ReservationStationHoldChanged.v1';
const ESCALATED = 'voltlog.session.SessionStopEscalated.v1';

/** Events of reservations, and what each is called when it is told. */
const RESERVATIONS: Readonly<Record<string, NotificationKind>> = {
  [CONFIRMED]: 'ReservationConfirmed',
  'voltlog.reservation.ReservationExpiring.v1': 'ReservationExpiring',
  'voltlog.reservation.ReservationExpired.v1': 'ReservationExpired',
  [CANCELLED]: 'ReservationCancelled',
};

/** Events of alerts. */
const ALERTS: Readonly<Record<string, NotificationKind>> = {
  'voltlog.device.AlertOpened.v1': 'AlertOpened',
  'voltlog.device.AlertRaised.v1': 'AlertRaised',
  'voltlog.device.AlertCleared.v1': 'AlertCleared',
};
/** Their types, which are on a topic of their own. */
export const ALERT_TYPES: readonly string[] = Object.keys(ALERTS);

const MILESTONES: ReadonlySet<string> = new Set<NotificationKind>([
  'ChargingStarted',
  'ParkingStarted',
  'BatteryAt',
  'BatteryFull',
  'SuspendedByVehicle',
  'SuspendedByStation',
  'LimitReached',
  'ChargingEnded',
  'SessionEnded',
  'Faulted',
  'FaultCleared',
]);

/** The event types that something is told of; everything else can be passed by unread. */
export const SOURCE_TYPES: readonly string[] = [MILESTONE, ESCALATED, HOLD, ...Object.keys(RESERVATIONS)];

/**
 * What an event is worth telling, or nothing.
 *
 * Fields of another type than they should have are left out, and an event without a station is nothing: what one service writes wrongly
 * must not keep everybody else from being told.
 */
export function notificationOf(event: SourceEvent): Notification | undefined {
  const data = isRecord(event.data) ? event.data : {};
  const kind = kindOf(event.type, data);
  const alert = event.type in ALERTS ? alertOf(data) : undefined;
  // What is about work on many stations is of none.
  const stationId = text(data['stationId']) ?? (alert === undefined ? undefined : '');
  const movedFrom = isRecord(data['movedFrom']) ? data['movedFrom'] : undefined;
  if (kind === undefined || stationId === undefined) return undefined;
  return {
    notificationId: event.id,
    kind,
    at: (alert === undefined ? undefined : text(data['occurredAt'])) ?? text(data['at']) ?? event.time,
    recordedAt: event.time,
    stationId,
    evseId: count(data['evseId']) ?? 0,
    ...present({
      connectorId: count(data['connectorId']),
      siteId: text(data['siteId']),
      sessionId: text(data['sessionId']),
      startRequestId: text(data['startRequestId']),
      reservationId: text(data['reservationId']),
      movedFrom: text(movedFrom?.['reservationId']),
      idToken: idTokenOf(data),
      groupId: text(data['groupId']),
      contractId: text(data['contractId']),
      energyWh: finite(data['energyWh']),
      cost: costOf(data['cost']),
      stateOfChargePercent: finite(data['stateOfChargePercent']),
      percent: finite(data['percent']),
      dimension: text(data['dimension']),
      errorCode: text(data['errorCode']),
      alert,
      startsAt: text(data['startsAt']),
      expiresAt: text(data['expiresAt']),
      reason: text(data['reason']) ?? (kind === 'ReservationMoved' ? text(movedFrom?.['reason']) : undefined),
    }),
  };
}

function kindOf(type: string, data: Readonly<Record<string, unknown>>): NotificationKind | undefined {
  if (type === ESCALATED) return 'StopEscalated';
  // The platform holds it as ever; but whoever comes cannot plug in, unless the other leaves.
  if (type === HOLD) {
    const isAlone = data['hold'] === 'Refused' || data['hold'] === 'NotSupported';
    return isAlone && data['stationStatus'] === 'Occupied' ? 'ReservationBlocked' : undefined;
  }
  if (type === CONFIRMED && isRecord(data['movedFrom'])) return 'ReservationMoved';
  // Where it was moved to is told by that; and whoever used, or gave back, the one before needs not hear that the other was not needed.
  if (type === CANCELLED && (data['reason'] === 'Moved' || data['reason'] === 'NotNeeded')) return undefined;
  if (type !== MILESTONE) return RESERVATIONS[type] ?? (alertOf(data) === undefined ? undefined : ALERTS[type]);
  const milestone = data['milestone'];
  return isMilestone(milestone) ? milestone : undefined;
}

const isMilestone = (word: unknown): word is NotificationKind => typeof word === 'string' && MILESTONES.has(word);
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null;
const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
const finite = (value: unknown): number | undefined => (typeof value === 'number' && Number.isFinite(value) ? value : undefined);
const count = (value: unknown): number | undefined => (Number.isInteger(value) ? finite(value) : undefined);

/** Of a reservation for a group alone it is the group's own id: nobody's token. */
const idTokenOf = ({ idToken, forGroup }: Readonly<Record<string, unknown>>): string | undefined =>
  forGroup === true ? undefined : text(isRecord(idToken) ? idToken['idToken'] : idToken);

/** An alert without its id is nothing, and a stranger can open any number. */
function alertOf(data: Readonly<Record<string, unknown>>): NotificationAlert | undefined {
  const alertId = text(data['alertId']);
  if (alertId === undefined || data['notAccepted'] === true) return undefined;
  const { severity, source, subject, detail, by } = data;
  const about = { source: text(source), severity: count(severity), subject: text(subject), detail: text(detail), clearedBy: text(by) };
  return { alertId, ...present(about) };
}

/** Money is decimal text; a number is taken as it is written. */
function costOf(value: unknown): NotificationCost | undefined {
  if (!isRecord(value)) return undefined;
  const currency = text(value['currency']);
  const amount = typeof value['amount'] === 'number' ? String(value['amount']) : text(value['amount']);
  return currency !== undefined && amount !== undefined && /^-?\d+(\.\d+)?$/.test(amount) ? { amount, currency } : undefined;
}

/** Without the fields that are not known. */
function present<Fields extends object>(fields: Fields): { [Key in keyof Fields]?: Exclude<Fields[Key], undefined> } {
  const known: { [Key in keyof Fields]?: Exclude<Fields[Key], undefined> } = {};
  for (const key of Object.keys(fields) as (keyof Fields)[]) {
    const value = fields[key];
    if (value !== undefined) known[key] = value as Exclude<Fields[typeof key], undefined>;
  }
  return known;
}
