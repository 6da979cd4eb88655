import { type Decision, decided, isoTime, refused } from '@voltlog/kernel';
import type { DeliveryEvent, Notification, NotificationChannel, QuietHours } from '@voltlog/notification-contract';
import type { DeliveryRefusal, DeliveryState } from './delivery.decider.js';
import { isUrgent } from './filter.js';
import { quietUntil } from './quiet-hours.js';

/** What one digest tells of, at most: more is more than a person reads, and another digest. */
export const DIGEST_MAX = 100;

/** One more for the digest of a subscription's quiet hours; the first makes it. */
export interface AddToDigest {
  readonly kind: 'AddToDigest';
  /** Of the digest, which is a delivery like any other. */
  readonly deliveryId: string;
  readonly subscriptionId: string;
  readonly channel: NotificationChannel;
  readonly notification: Notification;
  /** When it is sent, ISO 8601. */
  readonly digestAt: string;
  readonly now: number;
}

/**
 * Until when a notification waits, milliseconds since the epoch; nothing: it is told now.
 *
 * @param now milliseconds since the epoch
 */
export const waitsUntil = (notification: Notification, quiet: QuietHours | undefined, now: number): number | undefined =>
  quiet === undefined || isUrgent(notification) ? undefined : quietUntil(quiet, now);

/** What is told by a delivery: one, or all of a digest. */
export const toldBy = (notification: Notification): readonly Notification[] => notification.digest ?? [notification];

/** Refused: `DigestFull`; `DigestClosed`, since it may be on its way. What it has already changes nothing. */
export function addToDigest(command: AddToDigest, state: DeliveryState): Decision<DeliveryEvent, DeliveryRefusal> {
  const { deliveryId, subscriptionId, channel, notification, digestAt, now } = command;
  const at = isoTime(now);
  const known = state.kind === 'none' ? [] : toldBy(state.notification);
  if (known.some(({ notificationId }) => notificationId === notification.notificationId)) return decided();
  if (known.length >= DIGEST_MAX) return refused('DigestFull');
  const isOpen = state.kind === 'none' || (state.kind === 'Pending' && state.attemptsBegun === 0);
  if (!isOpen || at >= digestAt) return refused('DigestClosed');
  if (state.kind !== 'none') return decided({ type: 'voltlog.notification.DigestExtended.v1', data: { deliveryId, notification, at } });
  const digest = digestOf({ notificationId: deliveryId, recordedAt: digestAt }, [notification]);
  return decided({
    type: 'voltlog.notification.DeliveryRequested.v1',
    data: { deliveryId, subscriptionId, channel, notification: digest, nextAttemptAt: digestAt, at },
  });
}

/** A digest with one more. */
export const extended = (digest: Notification, by: Notification): Notification => digestOf(digest, [...toldBy(digest), by]);

/** It is recorded when its time has come: how late it is told counts from there. */
function digestOf(
  { notificationId, recordedAt }: Pick<Notification, 'notificationId' | 'recordedAt'>,
  digest: readonly Notification[],
): Notification {
  return { ...(digest.at(-1) as Notification), notificationId, recordedAt, digest };
}
