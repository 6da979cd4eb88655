import { assertNever, type Decider, type Decision, decided, isoTime, refused } from '@voltlog/kernel';
import type {
  AttemptOutcome,
  DeathCause,
  DeliveryEvent,
  DeliveryRequeued,
  DropReason,
  Notification,
  NotificationChannel,
  QuietHours,
} from '@voltlog/notification-contract';
import { type AddToDigest, addToDigest, extended, waitsUntil } from './digest.js';
import { retryDelayMs } from './retry.js';

/**
 * How long an attempt that was begun belongs to whoever began it, milliseconds: longer than any attempt may last. After that, or as soon as
 * its process is known to be dead, whether the receiver got it is not known: it is sent again, under the same id.
 */
export const ATTEMPT_LEASE_MS = 60_000;
/** Attempts kept in the state, the newest; the stream has them all. */
const ATTEMPTS_KEPT = 20;
/** What a dead process's attempt is called. */
const INTERRUPTED = 'the service ended before the answer came';

export interface RequestDelivery {
  readonly kind: 'RequestDelivery';
  readonly deliveryId: string;
  readonly subscriptionId: string;
  readonly channel: NotificationChannel;
  readonly notification: Notification;
  readonly quietHours?: QuietHours;
  /** Not to be sent at all, or not by itself. */
  readonly drop?: DropReason;
  /** Of `InDigest`: when that is sent, ISO 8601. */
  readonly digestAt?: string;
  /** Whoever commits this sends it at once, if it is not quiet: the first attempt begins with the request. */
  readonly begin?: boolean;
  readonly now: number;
}

/** Asks for the right to send; refused when somebody else has it, or when it is not time. */
export interface BeginAttempt {
  readonly kind: 'BeginAttempt';
  /** The attempt whose process is known to be dead: it is not waited for. */
  readonly orphan?: number;
  /** Of the subscription as it is now. */
  readonly quietHours?: QuietHours;
  readonly retrySeconds: readonly number[];
  readonly now: number;
}

/** What came of the attempt that was begun. */
export interface FinishAttempt {
  readonly kind: 'FinishAttempt';
  /** The attempt that is meant: a late answer of an attempt that was given up changes nothing. */
  readonly attempt: number;
  readonly result: AttemptResult;
  readonly quietHours?: QuietHours;
  readonly retrySeconds: readonly number[];
  /** 0 to 1, for the jitter of the next try. */
  readonly chance: number;
  readonly now: number;
}

/**
 * - `Delivered`: the other side said that it has it.
 * - `Failed`: it may go well another time.
 * - `Refused`: it will never go well.
 * - `Gone`: the receiver is no more.
 */
export interface AttemptResult {
  readonly outcome: 'Delivered' | 'Failed' | 'Refused' | 'Gone';
  /** HTTP or SMTP status; 0: none came. */
  readonly status: number;
  readonly latencyMs: number;
  /** What went wrong, for a person. */
  readonly error?: string;
  /** The receiver asked to be left alone for so long. */
  readonly retryAfterMs?: number;
}

export interface DropDelivery {
  readonly kind: 'DropDelivery';
  readonly reason: DropReason;
  readonly now: number;
}

/** Sends it again, whatever became of it. */
export interface RequeueDelivery {
  readonly kind: 'RequeueDelivery';
  readonly by: DeliveryRequeued['by'];
  readonly now: number;
}

export type DeliveryCommand = RequestDelivery | BeginAttempt | FinishAttempt | DropDelivery | RequeueDelivery | AddToDigest;

/**
 * - `DeliveryUnknown`: there is no such delivery.
 * - `UnderWay`: it is being sent now.
 * - `NotDue`: its time has not come.
 * - `Settled`: it is delivered, dead or dropped.
 * - `Outdated`: the attempt was given up before its answer came.
 * - `DigestFull`: the next digest has a place.
 * - `DigestClosed`: it may be on its way.
 */
export type DeliveryRefusal = 'DeliveryUnknown' | 'UnderWay' | 'NotDue' | 'Settled' | 'Outdated' | 'DigestFull' | 'DigestClosed';

/** One try and what came of it. */
export interface AttemptRecord extends AttemptOutcome {
  readonly at: string;
}

export interface NoDelivery {
  readonly kind: 'none';
}

export interface KnownDelivery {
  readonly kind: 'Pending' | 'Delivered' | 'Dead' | 'Dropped';
  readonly deliveryId: string;
  readonly subscriptionId: string;
  readonly channel: NotificationChannel;
  readonly notification: Notification;
  /** Oldest first; at most the last 20. */
  readonly attempts: readonly AttemptRecord[];
  /** All of them, also the one under way. */
  readonly attemptsBegun: number;
  /** Those that failed since it was last queued. */
  readonly failures: number;
  /** While it is pending. */
  readonly nextAttemptAt?: string;
  /** While an attempt is under way: when it began. */
  readonly startedAt?: string;
  readonly cause?: DeathCause | DropReason;
  /** Of one that is told with a digest: when that is sent. */
  readonly digestAt?: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export type DeliveryState = NoDelivery | KnownDelivery;

/** One notification on its way to one subscription. */
export const deliveryDecider: Decider<DeliveryCommand, DeliveryState, DeliveryEvent, DeliveryRefusal> = {
  initialState: { kind: 'none' },
  decide(command, state) {
    if (command.kind === 'RequestDelivery') return state.kind === 'none' ? request(command) : decided();
    if (command.kind === 'AddToDigest') return addToDigest(command, state);
    if (state.kind === 'none') return refused('DeliveryUnknown');
    switch (command.kind) {
      case 'BeginAttempt':
        return begin(command, state);
      case 'FinishAttempt':
        return finish(command, state);
      case 'DropDelivery':
        return state.kind === 'Pending' ? decided(dropped(state.deliveryId, command.reason, command.now)) : decided();
      case 'RequeueDelivery':
        return requeue(command, state);
      default:
        return assertNever(command, 'delivery command');
    }
  },
  evolve: (state, event) => {
    if (event.type === 'voltlog.notification.DeliveryRequested.v1') {
      const { deliveryId, subscriptionId, channel, notification, nextAttemptAt, at } = event.data;
      return { ...fresh({ deliveryId, subscriptionId, channel, notification }, at), nextAttemptAt };
    }
    if (state.kind === 'none') return droppedAtOnce(event) ?? state;
    return evolveKnown(state, event);
  },
};

/** Milliseconds since the epoch from which on somebody should look at it again; nothing when it is settled. */
export function dueAt(state: DeliveryState): number | undefined {
  if (state.kind !== 'Pending') return undefined;
  return state.startedAt === undefined
    ? Date.parse(state.nextAttemptAt ?? state.createdAt)
    : Date.parse(state.startedAt) + ATTEMPT_LEASE_MS;
}

function request(command: RequestDelivery): Decision<DeliveryEvent, DeliveryRefusal> {
  const { deliveryId, subscriptionId, channel, notification, now } = command;
  const subject = { subscriptionId, channel, notification };
  if (command.drop !== undefined) {
    const { digestAt } = command;
    return decided(dropped(deliveryId, command.drop, now, { ...subject, ...(digestAt === undefined ? {} : { digestAt }) }));
  }
  const at = isoTime(now);
  const next = notBefore(notification, command.quietHours, now);
  const requested: DeliveryEvent = {
    type: 'voltlog.notification.DeliveryRequested.v1',
    data: { deliveryId, ...subject, nextAttemptAt: isoTime(next), at },
  };
  return command.begin === true && next === now ? decided(requested, started(deliveryId, 1, now)) : decided(requested);
}

function begin(command: BeginAttempt, state: KnownDelivery): Decision<DeliveryEvent, DeliveryRefusal> {
  const { now } = command;
  if (state.kind !== 'Pending') return refused('Settled');
  const isOrphan = state.startedAt !== undefined && state.attemptsBegun === command.orphan;
  if (!isOrphan && (dueAt(state) ?? 0) > now) return refused(state.startedAt === undefined ? 'NotDue' : 'UnderWay');
  const { deliveryId } = state;
  const events: DeliveryEvent[] = [];
  if (state.startedAt !== undefined) {
    const outcome = { attempt: state.attemptsBegun, status: 0, latencyMs: 0, error: INTERRUPTED };
    if (retryDelayMs(state.failures + 1, 0, command.retrySeconds) === undefined)
      return decided(died(deliveryId, outcome, 'Exhausted', now));
    events.push(failed(deliveryId, outcome, now, now));
  }
  const quiet = notBefore(state.notification, command.quietHours, now);
  if (quiet > now)
    events.push({
      type: 'voltlog.notification.DeliveryPostponed.v1',
      data: { deliveryId, nextAttemptAt: isoTime(quiet), at: isoTime(now) },
    });
  else events.push(started(deliveryId, state.attemptsBegun + 1, now));
  return decided(...events);
}

function finish(command: FinishAttempt, state: KnownDelivery): Decision<DeliveryEvent, DeliveryRefusal> {
  if (state.kind !== 'Pending' || state.startedAt === undefined || state.attemptsBegun !== command.attempt) return refused('Outdated');
  const { now, result } = command;
  const { deliveryId } = state;
  const outcome: AttemptOutcome = {
    attempt: command.attempt,
    status: result.status,
    latencyMs: result.latencyMs,
    ...(result.error === undefined ? {} : { error: result.error }),
  };
  switch (result.outcome) {
    case 'Delivered':
      return decided({ type: 'voltlog.notification.DeliveryDelivered.v1', data: { deliveryId, ...outcome, at: isoTime(now) } });
    case 'Refused':
    case 'Gone':
      return decided(died(deliveryId, outcome, result.outcome, now));
    case 'Failed': {
      const delay = retryDelayMs(state.failures + 1, command.chance, command.retrySeconds, result.retryAfterMs);
      if (delay === undefined) return decided(died(deliveryId, outcome, 'Exhausted', now));
      return decided(failed(deliveryId, outcome, notBefore(state.notification, command.quietHours, now + delay), now));
    }
    default:
      return assertNever(result.outcome, 'outcome of an attempt');
  }
}

function requeue(command: RequeueDelivery, state: KnownDelivery): Decision<DeliveryEvent, DeliveryRefusal> {
  const { by, now } = command;
  if (state.startedAt !== undefined && (dueAt(state) ?? 0) > now) return by === 'Hand' ? refused('UnderWay') : decided();
  return decided({
    type: 'voltlog.notification.DeliveryRequeued.v1',
    data: { deliveryId: state.deliveryId, by, nextAttemptAt: isoTime(now), at: isoTime(now) },
  });
}

function evolveKnown(
  state: KnownDelivery,
  event: Exclude<DeliveryEvent, { type: 'voltlog.notification.DeliveryRequested.v1' }>,
): KnownDelivery {
  const { startedAt: _, nextAttemptAt: __, cause: ___, digestAt: ____, ...rest } = state;
  const next = { ...rest, updatedAt: event.data.at };
  switch (event.type) {
    case 'voltlog.notification.DeliveryAttemptStarted.v1':
      return {
        ...next,
        attemptsBegun: event.data.attempt,
        startedAt: event.data.at,
        ...(state.nextAttemptAt === undefined ? {} : { nextAttemptAt: state.nextAttemptAt }),
      };
    case 'voltlog.notification.DeliveryAttempted.v1':
      return {
        ...next,
        attempts: withAttempt(state.attempts, event.data, event.data.at),
        failures: state.failures + 1,
        nextAttemptAt: event.data.nextAttemptAt,
      };
    case 'voltlog.notification.DeliveryDelivered.v1':
      return { ...next, kind: 'Delivered', attempts: withAttempt(state.attempts, event.data, event.data.at) };
    case 'voltlog.notification.DeliveryDied.v1':
      return {
        ...next,
        kind: 'Dead',
        attempts: withAttempt(state.attempts, event.data, event.data.at),
        failures: state.failures + 1,
        cause: event.data.cause,
      };
    case 'voltlog.notification.DeliveryDropped.v1':
      return { ...next, kind: 'Dropped', cause: event.data.reason };
    case 'voltlog.notification.DeliveryPostponed.v1':
      return { ...next, nextAttemptAt: event.data.nextAttemptAt };
    case 'voltlog.notification.DeliveryRequeued.v1':
      return { ...next, kind: 'Pending', failures: 0, nextAttemptAt: event.data.nextAttemptAt };
    case 'voltlog.notification.DigestExtended.v1':
      return { ...state, notification: extended(state.notification, event.data.notification), updatedAt: event.data.at };
    default:
      return assertNever(event, 'delivery event');
  }
}

type Subject = Pick<KnownDelivery, 'deliveryId' | 'subscriptionId' | 'channel' | 'notification'>;

const fresh = (subject: Subject, at: string): KnownDelivery => ({
  kind: 'Pending',
  ...subject,
  attempts: [],
  attemptsBegun: 0,
  failures: 0,
  createdAt: at,
  updatedAt: at,
});

function droppedAtOnce(event: DeliveryEvent): KnownDelivery | undefined {
  if (event.type !== 'voltlog.notification.DeliveryDropped.v1') return undefined;
  const { deliveryId, subscriptionId, channel, notification, reason, digestAt, at } = event.data;
  if (subscriptionId === undefined || channel === undefined || notification === undefined) return undefined;
  const subject = { deliveryId, subscriptionId, channel, notification };
  return { ...fresh(subject, at), kind: 'Dropped', cause: reason, ...(digestAt === undefined ? {} : { digestAt }) };
}

const notBefore = (notification: Notification, quiet: QuietHours | undefined, at: number): number =>
  waitsUntil(notification, quiet, at) ?? at;

const withAttempt = (attempts: readonly AttemptRecord[], outcome: AttemptOutcome, at: string): readonly AttemptRecord[] => [
  ...attempts.slice(1 - ATTEMPTS_KEPT),
  {
    attempt: outcome.attempt,
    status: outcome.status,
    latencyMs: outcome.latencyMs,
    ...(outcome.error === undefined ? {} : { error: outcome.error }),
    at,
  },
];

const started = (deliveryId: string, attempt: number, now: number): DeliveryEvent => ({
  type: 'voltlog.notification.DeliveryAttemptStarted.v1',
  data: { deliveryId, attempt, at: isoTime(now) },
});

const failed = (deliveryId: string, outcome: AttemptOutcome, next: number, now: number): DeliveryEvent => ({
  type: 'voltlog.notification.DeliveryAttempted.v1',
  data: { deliveryId, ...outcome, nextAttemptAt: isoTime(next), at: isoTime(now) },
});

const died = (deliveryId: string, outcome: AttemptOutcome, cause: DeathCause, now: number): DeliveryEvent => ({
  type: 'voltlog.notification.DeliveryDied.v1',
  data: { deliveryId, ...outcome, cause, at: isoTime(now) },
});

const dropped = (
  deliveryId: string,
  reason: DropReason,
  now: number,
  subject?: Omit<Subject, 'deliveryId'> & { readonly digestAt?: string },
): DeliveryEvent => ({
  type: 'voltlog.notification.DeliveryDropped.v1',
  data: { deliveryId, reason, at: isoTime(now), ...subject },
});
