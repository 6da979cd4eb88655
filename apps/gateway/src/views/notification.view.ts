import { notificationV1 } from '@voltlog/proto';
import { z } from 'zod';
import { identifier, instant, instantIn, orNull, pageOf, pageQuery, parsed } from './common.js';

const KINDS = [
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
] as const;
const kind = z.enum(KINDS);
const ownerKind = z.enum(['Driver', 'Contract', 'Operator', 'Partner']);
const language = z.enum(['en', 'de', 'nl', 'fr']);
const timeZone = z
  .string()
  .min(1)
  .max(64)
  .meta({ description: 'IANA name', examples: ['Europe/Amsterdam'] });
const clockTime = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'is a time of day, HH:MM')
  .meta({ examples: ['22:00'] });
const quietHours = z.strictObject({ from: clockTime, until: clockTime, timeZone }).meta({
  id: 'QuietHours',
  description:
    'What comes meanwhile waits until the end and comes as one e-mail or push then, to a webhook one by one; except Faulted, StationFault, StopEscalated, ReservationExpiring, ReservationBlocked, ReservationMoved, and alerts of severity 0 to 3.',
});

const CHANNELS = {
  Webhook: notificationV1.Channel.WEBHOOK,
  Email: notificationV1.Channel.EMAIL,
  WebPush: notificationV1.Channel.WEB_PUSH,
} as const;
type ChannelWord = keyof typeof CHANNELS;
const channel = z.enum(['Webhook', 'Email', 'WebPush']);
const toChannel = (word: ChannelWord | undefined): notificationV1.Channel =>
  word === undefined ? notificationV1.Channel.UNSPECIFIED : CHANNELS[word];
const channelWord = (value: notificationV1.Channel): ChannelWord => channel.options.find((word) => CHANNELS[word] === value) ?? 'Webhook';

const filterId = z.string().min(1).max(255).optional();
const filterIn = z
  .strictObject({
    kinds: z.array(kind).max(KINDS.length).default([]).meta({ description: 'empty: all' }),
    idToken: filterId,
    groupId: filterId,
    contractId: filterId,
    sessionId: filterId,
    startRequestId: filterId,
    reservationId: filterId,
    stationId: filterId,
    siteId: filterId,
  })
  .meta({ id: 'NotificationFilterPut', description: 'Which notifications are wanted; all given conditions must hold.' });
const shownId = z.string().nullable();
const filterView = z
  .object({
    kinds: z.array(z.string()),
    idToken: shownId,
    groupId: shownId,
    contractId: shownId,
    sessionId: shownId,
    startRequestId: shownId,
    reservationId: shownId,
    stationId: shownId,
    siteId: shownId,
  })
  .meta({ id: 'NotificationFilter' });

/** What a subscriber says; the channel decides what `target` is. */
export const subscriptionPut = z
  .strictObject({
    channel,
    target: z.string().min(1).max(2_048).meta({ description: 'URL of the webhook or of the push service (https), or an e-mail address' }),
    pushKeys: z
      .strictObject({ p256dh: z.string().max(128), auth: z.string().max(64) })
      .optional()
      .meta({ description: 'of a browser: `PushSubscription.toJSON().keys`; never shown again' }),
    filter: filterIn.default({ kinds: [] }),
    language: language.default('en'),
    timeZone: timeZone.default('UTC'),
    quietHours: quietHours.nullable().default(null),
    ownerKind: ownerKind.default('Operator'),
    ownerId: z.string().max(255).default(''),
    expiresAt: instantIn.nullable().default(null),
  })
  .meta({ id: 'SubscriptionPut' });

export const subscriptionView = z
  .object({
    subscriptionId: z.string(),
    channel,
    target: z.string(),
    filter: filterView,
    language,
    timeZone: z.string(),
    quietHours: quietHours.nullable(),
    ownerKind: z.string(),
    ownerId: z.string().nullable(),
    status: z.string().meta({
      description:
        'Active; Gone: the receiver said so; FailedTooLong: nothing got through for five days; Unsubscribed: by the link of an e-mail',
    }),
    createdAt: instant.nullable(),
    updatedAt: instant.nullable(),
    expiresAt: instant.nullable(),
    version: z.int(),
  })
  .meta({ id: 'Subscription' });
export const madeSubscription = subscriptionView
  .extend({ secret: z.string().nullable().meta({ description: '`whsec_...` that signs a webhook; shown this once' }) })
  .meta({ id: 'MadeSubscription' });
export const subscriptionPage = pageOf(subscriptionView, 'SubscriptionPage');
export const subscriptionParams = z.object({ subscriptionId: identifier('subscriptionId', 64) });
export const deletedSubscription = z.object({ subscriptionId: z.string() }).meta({ id: 'DeletedSubscription' });
export const subscriptionQuery = pageQuery.extend({
  ownerKind: ownerKind.optional(),
  ownerId: z.string().max(255).default(''),
  channel: channel.optional(),
});
export const rotatedSecret = z
  .object({ secret: z.string(), oldSecretExpiresAt: instant.nullable().meta({ description: 'until then both secrets sign' }) })
  .meta({ id: 'RotatedSecret' });
export const replayIn = z.strictObject({ since: instantIn }).meta({ id: 'ReplaySubscription' });
export const replayView = z
  .object({ deliveries: z.int().meta({ description: 'queued so far; a long replay goes on behind the answer' }) })
  .meta({ id: 'ReplayedSubscription' });

const toFilter = (filter: z.output<typeof filterIn>): notificationV1.NotificationFilter => ({
  kinds: filter.kinds,
  idToken: filter.idToken ?? '',
  groupId: filter.groupId ?? '',
  contractId: filter.contractId ?? '',
  sessionId: filter.sessionId ?? '',
  startRequestId: filter.startRequestId ?? '',
  reservationId: filter.reservationId ?? '',
  stationId: filter.stationId ?? '',
  siteId: filter.siteId ?? '',
});

export const toSubscriptionRequest = (subscriptionId: string, body: z.output<typeof subscriptionPut>): notificationV1.Subscription => ({
  ...notificationV1.Subscription.fromPartial({ subscriptionId }),
  channel: toChannel(body.channel),
  target: body.target,
  pushKeys: body.pushKeys,
  filter: toFilter(body.filter),
  language: body.language,
  timeZone: body.timeZone,
  quietHours: body.quietHours ?? undefined,
  ownerKind: body.ownerKind,
  ownerId: body.ownerId,
  expiresAt: body.expiresAt ?? undefined,
});

export const toListSubscriptions = (query: z.output<typeof subscriptionQuery>): notificationV1.ListSubscriptionsRequest => ({
  pageSize: query.limit,
  pageToken: query.cursor ?? '',
  ownerKind: query.ownerKind ?? '',
  ownerId: query.ownerId,
  channel: toChannel(query.channel),
});

export function toSubscription(subscription: notificationV1.Subscription): z.input<typeof subscriptionView> {
  const { filter } = subscription;
  return {
    subscriptionId: subscription.subscriptionId,
    channel: channelWord(subscription.channel),
    target: subscription.target,
    filter: {
      kinds: filter?.kinds ?? [],
      idToken: orNull(filter?.idToken),
      groupId: orNull(filter?.groupId),
      contractId: orNull(filter?.contractId),
      sessionId: orNull(filter?.sessionId),
      startRequestId: orNull(filter?.startRequestId),
      reservationId: orNull(filter?.reservationId),
      stationId: orNull(filter?.stationId),
      siteId: orNull(filter?.siteId),
    },
    language: language.options.find((word) => word === subscription.language) ?? 'en',
    timeZone: subscription.timeZone,
    quietHours: subscription.quietHours ?? null,
    ownerKind: subscription.ownerKind,
    ownerId: orNull(subscription.ownerId),
    status: subscription.status,
    createdAt: subscription.createdAt ?? null,
    updatedAt: subscription.updatedAt ?? null,
    expiresAt: subscription.expiresAt ?? null,
    version: subscription.version,
  };
}

const STATES = {
  Pending: notificationV1.DeliveryState.PENDING,
  Delivered: notificationV1.DeliveryState.DELIVERED,
  Dead: notificationV1.DeliveryState.DEAD,
  Dropped: notificationV1.DeliveryState.DROPPED,
} as const;
const state = z.enum(['Pending', 'Delivered', 'Dead', 'Dropped']);

export const deliveryView = z
  .object({
    deliveryId: z.string().meta({ description: 'the `webhook-id` of a webhook, the same over all tries' }),
    subscriptionId: z.string(),
    channel,
    kind: z.string(),
    state: state.meta({
      description:
        'Pending: waits for a try or the end of quiet hours; Dead: given up; Dropped: not sent, since the subscription ended or the same address was told, or not by itself, since a digest tells of it (`body.data.digest` of that delivery)',
    }),
    attempts: z.array(
      z.object({
        at: instant.nullable(),
        status: z.int().meta({ description: 'HTTP or SMTP status; 0: none came' }),
        error: z.string().nullable(),
        latencyMs: z.int(),
      }),
    ),
    nextAttemptAt: instant.nullable(),
    sessionId: z.string().nullable(),
    reservationId: z.string().nullable(),
    stationId: z.string(),
    createdAt: instant.nullable(),
    updatedAt: instant.nullable(),
    body: z.unknown().meta({ description: 'what a webhook is sent' }),
  })
  .meta({ id: 'Delivery' });
export const deliveryPage = pageOf(deliveryView, 'DeliveryPage');
export const deliveryParams = z.object({ deliveryId: identifier('deliveryId', 64) });
export const deliveryQuery = pageQuery.extend({
  subscriptionId: z.string().max(64).default(''),
  sessionId: z.string().max(64).default(''),
  state: state.optional(),
});

export const toListDeliveries = (query: z.output<typeof deliveryQuery>): notificationV1.ListDeliveriesRequest => ({
  pageSize: query.limit,
  pageToken: query.cursor ?? '',
  subscriptionId: query.subscriptionId,
  sessionId: query.sessionId,
  state: query.state === undefined ? notificationV1.DeliveryState.UNSPECIFIED : STATES[query.state],
});

export const toDelivery = (delivery: notificationV1.Delivery): z.input<typeof deliveryView> => ({
  deliveryId: delivery.deliveryId,
  subscriptionId: delivery.subscriptionId,
  channel: channelWord(delivery.channel),
  kind: delivery.kind,
  state: state.options.find((word) => STATES[word] === delivery.state) ?? 'Pending',
  attempts: delivery.attempts.map(({ at, status, error, latencyMs }) => ({ at: at ?? null, status, error: orNull(error), latencyMs })),
  nextAttemptAt: delivery.nextAttemptAt ?? null,
  sessionId: orNull(delivery.sessionId),
  reservationId: orNull(delivery.reservationId),
  stationId: delivery.stationId,
  createdAt: delivery.createdAt ?? null,
  updatedAt: delivery.updatedAt ?? null,
  body: parsed(delivery.bodyJson),
});

const outboxEmailView = z
  .object({
    emailId: z.string(),
    to: z.string(),
    subject: z.string(),
    text: z.string(),
    html: z.string(),
    language: z.string(),
    at: instant.nullable(),
  })
  .meta({ id: 'OutboxEmail' });
export const outboxEmailPage = pageOf(outboxEmailView, 'OutboxEmailPage');
export const toOutboxEmail = (email: notificationV1.OutboxEmail): z.input<typeof outboxEmailView> => ({ ...email, at: email.at ?? null });

export const pushKeyView = z
  .object({ publicKey: z.string().meta({ description: '`applicationServerKey` of `PushManager.subscribe`, base64url' }) })
  .meta({ id: 'PushKey' });
