import type { Notification } from '@voltlog/notification-contract';
import { type AlertWindow, type KnownDelivery, type KnownSubscription, selectorOf } from '@voltlog/notification-domain';
import { type KeyDoc, keySchema } from '@voltlog/outbound';
import { type Collection, type Store, smallDocuments } from '@voltlog/store';
import { Schema } from 'mongoose';

const text = { type: String };
const required = { type: String, required: true };
const count = { type: Number, required: true };
const mixed = { type: Schema.Types.Mixed };

/** A subscription as it is; one that was deleted stays without its address. */
export interface SubscriptionDoc extends Omit<KnownSubscription, 'kind'> {
  readonly id: string;
  /** What it is looked up by. */
  readonly selector: string;
}

export const subscriptionSchema = new Schema(
  {
    id: required,
    version: count,
    subscriptionId: required,
    channel: required,
    target: { type: String, default: '' },
    addressId: text,
    filter: mixed,
    language: required,
    timeZone: required,
    quietHours: mixed,
    ownerKind: required,
    ownerId: { type: String, default: '' },
    expiresAt: text,
    sealedPushKeys: text,
    sealedSecret: text,
    previousSecret: mixed,
    status: required,
    selector: required,
    createdAt: required,
    updatedAt: required,
  },
  { versionKey: false },
);
subscriptionSchema.index({ selector: 1, status: 1 });
subscriptionSchema.index({ status: 1 });
subscriptionSchema.index({ ownerId: 1, ownerKind: 1 });
subscriptionSchema.index({ ownerKind: 1 });
subscriptionSchema.index({ channel: 1 });

export function toSubscriptionDoc(known: KnownSubscription): SubscriptionDoc {
  const { kind: _, ...subscription } = known;
  const { subscriptionId: id, filter, status } = subscription;
  const doc = { id, selector: selectorOf(filter), ...subscription };
  if (status !== 'Deleted') return doc;
  const { sealedSecret: __, previousSecret: ___, sealedPushKeys: ____, ...rest } = doc;
  return { ...rest, target: '' };
}

export function toSubscription(doc: SubscriptionDoc): KnownSubscription {
  const { id: _, selector: __, ...rest } = doc;
  return { kind: 'known', ...rest };
}

/** Where a subscriber is reached. */
export interface AddressDoc {
  readonly id: string;
  readonly subscriptionId: string;
  /** URL of the webhook or of the push service, or an e-mail address. */
  readonly target: string;
  /** Whether an event names it is not known since. */
  readonly unsureSince?: string;
  /** Rises with every doubt. */
  readonly version?: number;
}

export const addressSchema = new Schema(
  { id: required, subscriptionId: required, target: required, unsureSince: text, version: { type: Number } },
  { versionKey: false },
);
addressSchema.index({ subscriptionId: 1 });
addressSchema.index({ unsureSince: 1 });

/** A delivery as it is; the id rises with the time of what is told. */
export interface DeliveryDoc extends Omit<KnownDelivery, 'kind' | 'deliveryId'> {
  readonly id: string;
  readonly version: number;
  readonly state: KnownDelivery['kind'];
  readonly sessionId?: string;
}

export const deliverySchema = new Schema(
  {
    id: required,
    version: count,
    state: required,
    subscriptionId: required,
    channel: required,
    sessionId: text,
    notification: mixed,
    attempts: { type: [Schema.Types.Mixed], default: [] },
    attemptsBegun: count,
    failures: count,
    nextAttemptAt: text,
    startedAt: text,
    cause: text,
    digestAt: text,
    createdAt: required,
    updatedAt: required,
  },
  { versionKey: false },
);
deliverySchema.index({ subscriptionId: 1, state: 1 });
deliverySchema.index({ state: 1 });
deliverySchema.index({ sessionId: 1 });

export function toDeliveryDoc({ kind: state, deliveryId: id, ...rest }: KnownDelivery, version: number): DeliveryDoc {
  const { sessionId } = rest.notification;
  return { id, version, state, ...(sessionId === undefined ? {} : { sessionId }), ...rest };
}

export function toDelivery(doc: DeliveryDoc): KnownDelivery {
  const { id: deliveryId, version: _, state: kind, sessionId: __, ...rest } = doc;
  return { kind, deliveryId, ...rest };
}

/** What happened and was worth telling, whether or not somebody wanted it: replays read it. */
export interface NotificationDoc {
  readonly id: string;
  readonly recordedAt: string;
  readonly sessionId?: string;
  readonly notification: Notification;
}

export const notificationSchema = smallDocuments(
  new Schema({ id: required, recordedAt: required, sessionId: text, notification: mixed }, { versionKey: false }),
);
notificationSchema.index({ recordedAt: 1 });
notificationSchema.index({ sessionId: 1 });

export const toNotificationDoc = (notification: Notification): NotificationDoc => {
  const { notificationId: id, recordedAt, sessionId } = notification;
  return { id, recordedAt, ...(sessionId === undefined ? {} : { sessionId }), notification };
};

/** The start request a session came of. */
export interface SessionStartDoc {
  /** Of the session. */
  readonly id: string;
  readonly startRequestId: string;
  readonly at: string;
}

export const sessionStartSchema = new Schema({ id: required, startRequestId: required, at: required }, { versionKey: false });
sessionStartSchema.index({ at: 1 });

/** A connector that reports a fault, or an EVSE or a station as a whole. */
export interface FaultDoc {
  readonly id: string;
  /** OCPP's, where the station says it. */
  readonly errorCode?: string;
}

export const faultSchema = new Schema({ id: required, errorCode: text }, { versionKey: false });

/** An alert, or a fault of a connector, that was told and may come again. */
export interface AlertWindowDoc {
  /** Of the alert; `fault:` and the place of a fault. */
  readonly id: string;
  readonly version: number;
  readonly window: AlertWindow;
  /** Of the last event that it is made of. */
  readonly partition: number;
  readonly offset: number;
}

export const alertWindowSchema = new Schema(
  { id: required, version: count, window: mixed, partition: count, offset: count },
  { versionKey: false },
);
// So that it is deleted in the version that was looked at, and in no newer one.
alertWindowSchema.index({ version: 1, id: 1 });

/** Where a station is, and what it is called; both may be empty. */
export interface StationDoc {
  readonly id: string;
  readonly siteId: string;
  readonly name: string;
}

export const stationSchema = new Schema(
  { id: required, siteId: { type: String, default: '' }, name: { type: String, default: '' } },
  { versionKey: false },
);

/** An e-mail that was kept instead of sent. */
export interface OutboxEmailDoc {
  /** Of its delivery: sent again by hand it is the same one. */
  readonly id: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly language: string;
  readonly at: string;
}

export const outboxEmailSchema = new Schema(
  { id: required, to: required, subject: required, text: required, html: required, language: required, at: required },
  { versionKey: false },
);
outboxEmailSchema.index({ at: 1 });

/** A process that sends. */
export interface SenderDoc {
  readonly id: string;
  readonly aliveUntil: string;
}

export const senderSchema = new Schema({ id: required, aliveUntil: required }, { versionKey: false });
senderSchema.index({ aliveUntil: 1 });

/** The read models of the service, opened. */
export interface Collections {
  readonly subscriptions: Collection<SubscriptionDoc>;
  readonly addresses: Collection<AddressDoc>;
  readonly deliveries: Collection<DeliveryDoc>;
  readonly notifications: Collection<NotificationDoc>;
  readonly outboxEmails: Collection<OutboxEmailDoc>;
  readonly keys: Collection<KeyDoc>;
  readonly senders: Collection<SenderDoc>;
  readonly sessionStarts: Collection<SessionStartDoc>;
  readonly faults: Collection<FaultDoc>;
  readonly alertWindows: Collection<AlertWindowDoc>;
  readonly stations: Collection<StationDoc>;
}

export const openAddresses = (store: Store): Promise<Collection<AddressDoc>> => store.collection<AddressDoc>('addresses', addressSchema);

/** Opens the read models; their indexes are made when missing. */
export async function openCollections(store: Store): Promise<Collections> {
  const [subscriptions, addresses, deliveries, notifications, outboxEmails, keys, senders, sessionStarts, faults, alertWindows, stations] =
    await Promise.all([
      store.collection<SubscriptionDoc>('subscriptions', subscriptionSchema),
      openAddresses(store),
      store.collection<DeliveryDoc>('deliveries', deliverySchema),
      store.collection<NotificationDoc>('notifications', notificationSchema),
      store.collection<OutboxEmailDoc>('outboxEmails', outboxEmailSchema),
      store.collection<KeyDoc>('keys', keySchema),
      store.collection<SenderDoc>('senders', senderSchema),
      store.collection<SessionStartDoc>('sessionStarts', sessionStartSchema),
      store.collection<FaultDoc>('faults', faultSchema),
      store.collection<AlertWindowDoc>('alertWindows', alertWindowSchema),
      store.collection<StationDoc>('stations', stationSchema),
    ]);
  return {
    subscriptions,
    addresses,
    deliveries,
    notifications,
    outboxEmails,
    keys,
    senders,
    sessionStarts,
    faults,
    alertWindows,
    stations,
  };
}
