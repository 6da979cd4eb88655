import { createHash } from 'node:crypto';
import { DELIVERY_TOPIC, SUBSCRIPTION_TOPIC } from '@voltlog/notification-contract';
import type { Commit } from '@voltlog/store';

const SUBSCRIPTION = 'subscription:';
const DELIVERY = 'delivery:';

export const subscriptionStream = (subscriptionId: string): string => SUBSCRIPTION + subscriptionId;
export const deliveryStream = (deliveryId: string): string => DELIVERY + deliveryId;
export const isDeliveryStream = (streamId: string): boolean => streamId.startsWith(DELIVERY);

/** The id that a stream is about: the key of its events on the log. */
export const idOfStream = (streamId: string): string => streamId.slice(streamId.indexOf(':') + 1);
export const topicOf = ({ streamId }: Pick<Commit, 'streamId'>): string =>
  isDeliveryStream(streamId) ? DELIVERY_TOPIC : SUBSCRIPTION_TOPIC;

/**
 * The one id of telling a subscription of a notification: the same however often the log is read, so that nobody is told twice. It rises with
 * the time of what is told.
 *
 * Source: RFC 9562 §5.8 (UUIDv8): 48 bits of milliseconds, 74 bits of a SHA-256.
 */
export const deliveryIdOf = (
  subscriptionId: string,
  notification: { readonly notificationId: string; readonly recordedAt: string },
): string => uuidV8(Date.parse(notification.recordedAt), `${subscriptionId}\n${notification.notificationId}`);

/**
 * The id of a digest: what a subscription is told at the end of its quiet hours.
 *
 * @param digestAt ISO 8601
 * @param index counts from 0: of the same time, when there is more than one tells
 */
export const digestIdOf = (subscriptionId: string, digestAt: string, index: number): string =>
  uuidV8(Date.parse(digestAt), `digest\n${subscriptionId}\n${digestAt}\n${index}`);

/** The id of a subscription that is made under an idempotency key: asked again it is the same one. */
export const subscriptionIdOf = (idempotencyKey: string): string => uuidV8(0, `subscription\n${idempotencyKey}`);

/** The least id of a time, of UUIDs that begin with milliseconds. */
export const leastIdAt = (ms: number): string => {
  const hex = hexMs(ms);
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
};

const hexMs = (ms: number): string =>
  Math.max(0, Number.isFinite(ms) ? ms : 0)
    .toString(16)
    .padStart(12, '0');

function uuidV8(ms: number, of: string): string {
  const time = hexMs(ms);
  const hash = createHash('sha256').update(of).digest('hex');
  const variant = (8 | (Number.parseInt(hash.slice(3, 4), 16) & 3)).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-8${hash.slice(0, 3)}-${variant}${hash.slice(4, 7)}-${hash.slice(7, 19)}`;
}
