import type { NotificationChannel, NotificationKind, NotificationLanguage, SubscriptionOwnerKind } from '@voltlog/notification-contract';
import type { KnownDelivery, KnownSubscription } from '@voltlog/notification-domain';
import { notificationV1 } from '@voltlog/proto';
import { webhookBody } from '../channels/webhook.js';
import type { OutboxEmailDoc } from '../store/documents.js';

export const KINDS: readonly NotificationKind[] = [
  'ReservationConfirmed',
  'ReservationExpiring',
  'ReservationBlocked',
  'ReservationMoved',
  'ReservationExpired',
  'ReservationCancelled',
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
  'StopEscalated',
  'StationFault',
  'StationFaultCleared',
  'AlertOpened',
  'AlertRaised',
  'AlertCleared',
];
export const LANGUAGES: readonly NotificationLanguage[] = ['en', 'de', 'nl', 'fr'];
export const OWNER_KINDS: readonly SubscriptionOwnerKind[] = ['Driver', 'Contract', 'Operator', 'Partner'];

const CHANNELS: Readonly<Record<NotificationChannel, notificationV1.Channel>> = {
  Webhook: notificationV1.Channel.WEBHOOK,
  Email: notificationV1.Channel.EMAIL,
  WebPush: notificationV1.Channel.WEB_PUSH,
};
const STATES: Readonly<Record<KnownDelivery['kind'], notificationV1.DeliveryState>> = {
  Pending: notificationV1.DeliveryState.PENDING,
  Delivered: notificationV1.DeliveryState.DELIVERED,
  Dead: notificationV1.DeliveryState.DEAD,
  Dropped: notificationV1.DeliveryState.DROPPED,
};

const wordIn = <Word extends string>(words: Readonly<Record<Word, unknown>>, value: unknown): Word | undefined =>
  (Object.keys(words) as Word[]).find((word) => words[word] === value);

export const channelOf = (value: notificationV1.Channel): NotificationChannel | undefined => wordIn(CHANNELS, value);
export const stateOf = (value: notificationV1.DeliveryState): KnownDelivery['kind'] | undefined => wordIn(STATES, value);

/** Without secrets: a signing secret is shown when it is made, push keys never. */
export const toSubscriptionMessage = (subscription: KnownSubscription): notificationV1.Subscription => {
  const { filter, quietHours } = subscription;
  return {
    subscriptionId: subscription.subscriptionId,
    channel: CHANNELS[subscription.channel],
    target: subscription.target,
    pushKeys: undefined,
    filter: {
      kinds: [...filter.kinds],
      idToken: filter.idToken ?? '',
      groupId: filter.groupId ?? '',
      contractId: filter.contractId ?? '',
      sessionId: filter.sessionId ?? '',
      startRequestId: filter.startRequestId ?? '',
      reservationId: filter.reservationId ?? '',
      stationId: filter.stationId ?? '',
      siteId: filter.siteId ?? '',
    },
    language: subscription.language,
    quietHours: quietHours === undefined ? undefined : { ...quietHours },
    ownerKind: subscription.ownerKind,
    ownerId: subscription.ownerId,
    status: subscription.status,
    createdAt: subscription.createdAt,
    updatedAt: subscription.updatedAt,
    version: subscription.version,
    expiresAt: subscription.expiresAt,
    timeZone: subscription.timeZone,
  };
};

export const toDeliveryMessage = (delivery: KnownDelivery): notificationV1.Delivery => {
  const { notification } = delivery;
  return {
    deliveryId: delivery.deliveryId,
    subscriptionId: delivery.subscriptionId,
    channel: CHANNELS[delivery.channel],
    kind: notification.kind,
    state: STATES[delivery.kind],
    attempts: delivery.attempts.map(({ at, status, error, latencyMs }) => ({ at, status, error: error ?? '', latencyMs })),
    nextAttemptAt: delivery.nextAttemptAt,
    sessionId: notification.sessionId ?? '',
    reservationId: notification.reservationId ?? '',
    stationId: notification.stationId,
    createdAt: delivery.createdAt,
    updatedAt: delivery.updatedAt,
    bodyJson: webhookBody(notification),
  };
};

export const toOutboxMessage = ({ id: emailId, ...rest }: OutboxEmailDoc): notificationV1.OutboxEmail => ({ emailId, ...rest });
