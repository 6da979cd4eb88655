import { RequestError } from '@voltlog/kernel';
import type { KnownSubscription, SubscriptionRefusal } from '@voltlog/notification-domain';
import { newWebhookSecret } from '@voltlog/outbound';
import type { notificationV1 } from '@voltlog/proto';
import type { ServiceContext } from '@voltlog/service';
import type { Query } from '@voltlog/store';
import type { Deliveries } from '../deliveries/deliveries.js';
import type { Dispatcher } from '../deliveries/dispatcher.js';
import type { Replayer } from '../deliveries/replayer.js';
import type { ServiceKeys } from '../keys/service-keys.js';
import { type Collections, toDelivery, toSubscription } from '../store/documents.js';
import { subscriptionIdOf } from '../store/ids.js';
import type { SubscriptionExecution, Subscriptions } from '../subscriptions/subscriptions.js';
import type { UnsubscribeLinks } from '../subscriptions/unsubscribe-links.js';
import { checkedKey, pageSize, toAttributes, toTime } from './requests.js';
import { channelOf, stateOf, toDeliveryMessage, toOutboxMessage, toSubscriptionMessage } from './words.js';

/** Before a delivery that is sent again by hand is looked at, if this process dies meanwhile, ms. */
const SAFETY_MS = 5_000;
const SHOWN_STATUSES = ['Active', 'Gone', 'FailedTooLong', 'Unsubscribed'];

export interface NotificationGrpcParts {
  readonly collections: Collections;
  readonly subscriptions: Subscriptions;
  readonly deliveries: Deliveries;
  readonly dispatcher: Dispatcher;
  readonly replayer: Replayer;
  readonly keys: ServiceKeys;
  readonly links: UnsubscribeLinks;
  readonly allowPrivateTargets: boolean;
}

/** `voltlog.notification.v1.NotificationService`. */
export class NotificationGrpc implements notificationV1.NotificationService {
  constructor(
    private readonly context: ServiceContext,
    private readonly parts: NotificationGrpcParts,
  ) {}

  async putSubscription(request: notificationV1.PutSubscriptionRequest): Promise<notificationV1.PutSubscriptionResponse> {
    const { subscriptions, keys, allowPrivateTargets } = this.parts;
    const key = checkedKey(request.idempotencyKey);
    const given = request.subscription?.subscriptionId ?? '';
    const isNew = given === '';
    const subscriptionId = isNew ? (key === '' ? this.context.ids.next() : subscriptionIdOf(key)) : given;
    const { attributes, pushKeys } = toAttributes(request.subscription, allowPrivateTargets, this.context.clock.now());
    if (isNew && attributes.channel === 'WebPush' && pushKeys === undefined)
      throw new RequestError('INVALID_ARGUMENT', 'pushKeys are missing: p256dh and auth of the browser');
    const isSigned = isNew && attributes.channel === 'Webhook';
    const execution = await subscriptions.execute(
      subscriptionId,
      {
        kind: 'PutSubscription',
        subscriptionId,
        attributes: {
          ...attributes,
          ...(pushKeys === undefined ? {} : { sealedPushKeys: this.seal(JSON.stringify(pushKeys), subscriptionId) }),
        },
        ...(isSigned ? { sealedSecret: this.seal(newWebhookSecret(), subscriptionId) } : {}),
        mayCreate: isNew,
        expectedVersion: request.expectedVersion,
        now: this.context.clock.now(),
      },
      key === '' ? this.context.ids.next() : `put:${key}`,
    );
    const subscription = known(execution);
    const secret = isSigned && subscription.sealedSecret !== undefined ? keys.box.open(subscription.sealedSecret, subscriptionId) : '';
    return { subscription: toSubscriptionMessage(subscription), secret };
  }

  async deleteSubscription(request: notificationV1.DeleteSubscriptionRequest): Promise<notificationV1.DeleteSubscriptionResponse> {
    const key = checkedKey(request.idempotencyKey);
    const command = { kind: 'DeleteSubscription', now: this.context.clock.now() } as const;
    const causationId = key === '' ? this.context.ids.next() : `delete:${key}`;
    const { version } = await this.parts.subscriptions.execute(request.subscriptionId, command, causationId);
    if (version === 0) throw unknown();
    return {};
  }

  async getSubscription({ subscriptionId }: notificationV1.GetSubscriptionRequest): Promise<notificationV1.GetSubscriptionResponse> {
    return { subscription: toSubscriptionMessage(await this.subscription(subscriptionId)) };
  }

  async listSubscriptions(request: notificationV1.ListSubscriptionsRequest): Promise<notificationV1.ListSubscriptionsResponse> {
    const channel = channelOf(request.channel);
    const where = {
      status: { $in: SHOWN_STATUSES },
      ...(request.ownerKind === '' ? {} : { ownerKind: request.ownerKind }),
      ...(request.ownerId === '' ? {} : { ownerId: request.ownerId }),
      ...(channel === undefined ? {} : { channel }),
    };
    const page = await this.parts.collections.subscriptions.find(query(request, { where }));
    return { subscriptions: page.docs.map((doc) => toSubscriptionMessage(toSubscription(doc))), nextPageToken: page.next ?? '' };
  }

  async rotateSecret(request: notificationV1.RotateSecretRequest): Promise<notificationV1.RotateSecretResponse> {
    const { subscriptionId } = request;
    const key = checkedKey(request.idempotencyKey);
    const sealedSecret = this.seal(newWebhookSecret(), subscriptionId);
    const command = { kind: 'RotateSecret', sealedSecret, now: this.context.clock.now() } as const;
    const causationId = key === '' ? this.context.ids.next() : `rotate:${key}`;
    const subscription = known(await this.parts.subscriptions.execute(subscriptionId, command, causationId));
    const secret = this.parts.keys.box.open(subscription.sealedSecret ?? '', subscriptionId);
    return { secret, oldSecretExpiresAt: subscription.previousSecret?.until };
  }

  async listDeliveries(request: notificationV1.ListDeliveriesRequest): Promise<notificationV1.ListDeliveriesResponse> {
    const state = stateOf(request.state);
    const where = {
      ...(request.subscriptionId === '' ? {} : { subscriptionId: request.subscriptionId }),
      ...(request.sessionId === '' ? {} : { sessionId: request.sessionId }),
      ...(state === undefined ? {} : { state }),
    };
    const page = await this.parts.collections.deliveries.find(query(request, { where, sort: ['id', -1] }));
    return { deliveries: page.docs.map((doc) => toDeliveryMessage(toDelivery(doc))), nextPageToken: page.next ?? '' };
  }

  async getDelivery({ deliveryId }: notificationV1.GetDeliveryRequest): Promise<notificationV1.GetDeliveryResponse> {
    const state = await this.parts.deliveries.load(deliveryId);
    if (state.kind === 'none') throw noDelivery();
    return { delivery: toDeliveryMessage(state) };
  }

  async redeliver(request: notificationV1.RedeliverRequest): Promise<notificationV1.RedeliverResponse> {
    const { deliveryId } = request;
    const { deliveries, dispatcher, subscriptions } = this.parts;
    const key = checkedKey(request.idempotencyKey);
    const before = await deliveries.load(deliveryId);
    if (before.kind === 'none') throw noDelivery();
    if ((await subscriptions.load(before.subscriptionId))?.status !== 'Active')
      throw new RequestError('FAILED_PRECONDITION', 'the subscription is off or deleted: change it first', 'SubscriptionOff');
    const now = this.context.clock.now();
    await deliveries.wakeAt([deliveryId], now + SAFETY_MS);
    const causationId = key === '' ? this.context.ids.next() : `redeliver:${key}`;
    const { outcome, state } = await deliveries.executeOne({
      deliveryId,
      command: { kind: 'RequeueDelivery', by: 'Hand', now },
      causationId,
    });
    await deliveries.rearm(deliveryId, state);
    if (outcome === 'refused') throw new RequestError('FAILED_PRECONDITION', 'the delivery is being sent now', 'DeliveryUnderWay');
    dispatcher.hurry();
    if (state.kind === 'none') throw noDelivery();
    return { delivery: toDeliveryMessage(state) };
  }

  async replaySubscription(request: notificationV1.ReplaySubscriptionRequest): Promise<notificationV1.ReplaySubscriptionResponse> {
    const key = checkedKey(request.idempotencyKey);
    const since = toTime(request.since, 'since');
    if (since === undefined) throw new RequestError('INVALID_ARGUMENT', 'since is missing');
    const subscription = await this.subscription(request.subscriptionId);
    if (subscription.status !== 'Active')
      throw new RequestError('FAILED_PRECONDITION', 'the subscription is off: change it first', 'SubscriptionOff');
    return { deliveries: await this.parts.replayer.replay(subscription, since, key === '' ? this.context.ids.next() : key) };
  }

  async unsubscribe({ token }: notificationV1.UnsubscribeRequest): Promise<notificationV1.UnsubscribeResponse> {
    const subscriptionId = this.parts.links.subscriptionOf(token);
    if (subscriptionId === undefined) throw unknown();
    await this.parts.subscriptions.switchOff(subscriptionId, 'Unsubscribed');
    return {};
  }

  getPushKey(): Promise<notificationV1.GetPushKeyResponse> {
    return Promise.resolve({ publicKey: this.parts.keys.vapid.publicKey });
  }

  async listOutboxEmails(request: notificationV1.ListOutboxEmailsRequest): Promise<notificationV1.ListOutboxEmailsResponse> {
    const page = await this.parts.collections.outboxEmails.find(query(request, { sort: ['id', -1] }));
    return { emails: page.docs.map(toOutboxMessage), nextPageToken: page.next ?? '' };
  }

  private async subscription(subscriptionId: string): Promise<KnownSubscription> {
    const subscription = await this.parts.subscriptions.load(subscriptionId);
    if (subscription === undefined) throw unknown();
    return subscription;
  }

  private seal(plain: string, subscriptionId: string): string {
    return this.parts.keys.box.seal(plain, subscriptionId);
  }
}

const unknown = (): RequestError => new RequestError('NOT_FOUND', 'there is no such subscription', 'SubscriptionUnknown');
const noDelivery = (): RequestError => new RequestError('NOT_FOUND', 'there is no such delivery', 'DeliveryUnknown');

const REFUSALS: Readonly<Record<SubscriptionRefusal, () => RequestError>> = {
  SubscriptionUnknown: unknown,
  VersionMismatch: () => new RequestError('ABORTED', 'the subscription was changed in between: read it again', 'VersionMismatch'),
  ChannelFixed: () => new RequestError('FAILED_PRECONDITION', 'a subscription keeps its channel: make another', 'ChannelFixed'),
  NoSecret: () => new RequestError('FAILED_PRECONDITION', 'only webhooks are signed', 'NoSecret'),
};

function known({ refusal, state }: SubscriptionExecution): KnownSubscription {
  if (refusal !== undefined) throw REFUSALS[refusal]();
  if (state.kind === 'none' || state.status === 'Deleted') throw unknown();
  return state;
}

const query = (request: { readonly pageSize: number; readonly pageToken: string }, base: Pick<Query, 'where' | 'sort'>): Query => ({
  ...base,
  limit: pageSize(request.pageSize),
  ...(request.pageToken === '' ? {} : { after: request.pageToken }),
});
