import type { DeliveryRequested, Notification, SubscriptionAttributes } from '@voltlog/notification-contract';

/** A car at 80 %. */
export const notification = (change: Partial<Notification> = {}): Notification => ({
  notificationId: 'event-1',
  kind: 'BatteryAt',
  at: '2026-11-24T18:02:10.000Z',
  recordedAt: '2026-11-24T18:02:11.000Z',
  stationId: 'CP-1',
  evseId: 1,
  sessionId: 's-1',
  percent: 80,
  ...change,
});

export const attributes = (change: Partial<SubscriptionAttributes> = {}): SubscriptionAttributes => ({
  channel: 'Webhook',
  target: 'https://partner.example/hook',
  filter: { kinds: [] },
  language: 'en',
  timeZone: 'UTC',
  ownerKind: 'Operator',
  ownerId: 'op',
  ...change,
});

export const requested = (change: Partial<DeliveryRequested> = {}) => ({
  type: 'voltlog.notification.DeliveryRequested.v1' as const,
  data: {
    deliveryId: 'd-1',
    subscriptionId: 'sub-1',
    channel: 'Webhook' as const,
    notification: notification(),
    nextAttemptAt: '2026-11-24T18:02:12.000Z',
    at: '2026-11-24T18:02:12.000Z',
    ...change,
  },
});
