import { isoTime, OperatingError } from '@voltlog/kernel';
import type { NotificationChannel } from '@voltlog/notification-contract';
import {
  type AttemptResult,
  type DeliveryState,
  isLive,
  isOver,
  type KnownDelivery,
  type KnownSubscription,
} from '@voltlog/notification-domain';
import { TargetRefused } from '@voltlog/outbound';
import type { ServiceContext } from '@voltlog/service';
import type { Channel, Sent } from '../channels/channel.js';
import { type Collections, toSubscription } from '../store/documents.js';
import type { Subscriptions } from '../subscriptions/subscriptions.js';
import type { Deliveries } from './deliveries.js';
import { failsTooLong } from './fails-too-long.js';

/** Tries to commit what came of an attempt; after that it counts as interrupted, and is sent again under the same id. */
const FINISH_TRIES = 5;
const FINISH_WAIT_MS = 200;
/** Characters of an error that are kept. */
const ERROR_LENGTH_MAX = 300;
/** Characters of an address at the end of an error that tell something of it: more than a scheme does. */
const CUT_OFF_MIN = 8;

export interface SenderOptions {
  readonly channels: Readonly<Record<NotificationChannel, Channel>>;
  readonly retrySeconds: readonly number[];
  /** 0 to 1, for the jitter of retries. */
  readonly chance: () => number;
}

/** Makes one attempt at one delivery: takes the right to it, sends, and commits what came of it. */
export class Sender {
  private readonly latency: { record(seconds: number): void };

  constructor(
    private readonly context: ServiceContext,
    private readonly collections: Pick<Collections, 'subscriptions' | 'deliveries'>,
    private readonly deliveries: Deliveries,
    private readonly subscriptions: Subscriptions,
    private readonly options: SenderOptions,
  ) {
    this.latency = context.metrics.histogram(
      'voltlog_notification_latency_seconds',
      'From when the platform recorded what happened until the first attempt was answered',
    );
  }

  /** What shares a bound with other deliveries to the same place. */
  laneOf(channel: NotificationChannel, target: string): string {
    return `${channel} ${this.options.channels[channel].laneOf(target)}`;
  }

  /**
   * A delivery whose time may have come. Never rejects: its timer brings back what fails.
   *
   * @param orphan the attempt that a dead process had begun
   */
  attempt(deliveryId: string, orphan?: number): Promise<void> {
    return this.safely(deliveryId, async () => {
      const state = await this.deliveries.load(deliveryId);
      if (state.kind !== 'Pending') return this.deliveries.rearm(deliveryId, state);
      const subscription = await this.subscriptionOf(state);
      if (subscription === undefined) return;
      const {
        outcome,
        state: begun,
        events,
      } = await this.deliveries.executeOne({
        deliveryId,
        command: { kind: 'BeginAttempt', ...(orphan === undefined ? {} : { orphan }), ...this.terms(subscription) },
        causationId: this.context.ids.next(),
      });
      const isMine = outcome === 'committed' && events.at(-1)?.type === 'voltlog.notification.DeliveryAttemptStarted.v1';
      if (isMine && begun.kind === 'Pending') await this.send(begun, subscription);
      else await this.deliveries.rearm(deliveryId, begun);
    });
  }

  /** A delivery whose first attempt this process began with its request. Never rejects. */
  begun(delivery: KnownDelivery, subscription: KnownSubscription): Promise<void> {
    return this.safely(delivery.deliveryId, () => this.send(delivery, subscription));
  }

  private async send(delivery: KnownDelivery, subscription: KnownSubscription): Promise<void> {
    const { deliveryId, attemptsBegun } = delivery;
    const began = performance.now();
    const sent = await this.options.channels[delivery.channel].send(delivery, subscription).catch(failureOf);
    const result: AttemptResult = { ...sent, latencyMs: Math.round(performance.now() - began) };
    this.count(delivery, result);
    const after = await this.finish(deliveryId, attemptsBegun, result, subscription);
    await this.deliveries.rearm(deliveryId, after);
    if (after.kind === 'Dead') await this.afterDeath(after);
  }

  private async finish(
    deliveryId: string,
    attempt: number,
    result: AttemptResult,
    subscription: KnownSubscription,
  ): Promise<DeliveryState> {
    const { error } = result;
    const kept = { ...result, ...(error === undefined ? {} : { error: unaddressed(error, subscription).slice(0, ERROR_LENGTH_MAX) }) };
    const causationId = `finish:${attempt}`;
    for (let tries = 1; ; tries += 1) {
      try {
        const command = {
          kind: 'FinishAttempt',
          attempt,
          result: kept,
          chance: this.options.chance(),
          ...this.terms(subscription),
        } as const;
        return (await this.deliveries.executeOne({ deliveryId, command, causationId })).state;
      } catch (failure) {
        if (!(failure instanceof OperatingError) || tries >= FINISH_TRIES) throw failure;
        await new Promise((resolve) => setTimeout(resolve, FINISH_WAIT_MS * tries));
      }
    }
  }

  /** The subscription while it is to be told; else the delivery is dropped. */
  private async subscriptionOf({ deliveryId, subscriptionId }: KnownDelivery): Promise<KnownSubscription | undefined> {
    const doc = await this.collections.subscriptions.get(subscriptionId);
    const now = this.context.clock.now();
    if (doc !== undefined && isLive(toSubscription(doc), now)) return toSubscription(doc);
    const isExpired = doc?.status === 'Active' && isOver(doc, now);
    const { state } = await this.deliveries.executeOne({
      deliveryId,
      command: { kind: 'DropDelivery', reason: isExpired ? 'SubscriptionExpired' : 'SubscriptionEnded', now },
      causationId: this.context.ids.next(),
    });
    await this.deliveries.rearm(deliveryId, state);
    return undefined;
  }

  /** A receiver that is gone, or that nothing reached for days, is not tried any more. */
  private async afterDeath({ subscriptionId, cause, updatedAt }: KnownDelivery): Promise<void> {
    if (cause === 'Gone') await this.subscriptions.switchOff(subscriptionId, 'Gone');
    else if (await failsTooLong(this.collections.deliveries, subscriptionId, Date.parse(updatedAt)))
      await this.subscriptions.switchOff(subscriptionId, 'FailedTooLong');
  }

  private terms({ quietHours }: KnownSubscription) {
    const { retrySeconds } = this.options;
    return { retrySeconds, now: this.context.clock.now(), ...(quietHours === undefined ? {} : { quietHours }) };
  }

  private count({ channel, notification, attemptsBegun }: KnownDelivery, { outcome }: AttemptResult): void {
    const { metrics, clock } = this.context;
    metrics.counter('voltlog_notification_attempts_total', 'Attempts to tell somebody', { channel, outcome }).value += 1;
    if (attemptsBegun === 1) this.latency.record(Math.max(0, clock.now() - Date.parse(notification.recordedAt)) / 1_000);
  }

  private async safely(deliveryId: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const at = isoTime(this.context.clock.now());
      this.context.logger.warn({ err: error, deliveryId, at }, 'a delivery could not be worked on; its timer brings it back');
    }
  }
}

/** Receivers repeat the address, whole or cut off at the end; it is to stay nowhere once its subscription is deleted. */
function unaddressed(error: string, { target }: KnownSubscription): string {
  if (target === '') return error;
  const rest = error.replaceAll(new RegExp(target.replaceAll(/[^\w]/g, '\\$&'), 'gi'), '(address)');
  for (let length = Math.min(target.length, rest.length); length >= CUT_OFF_MIN; length -= 1)
    if (rest.slice(-length).toLowerCase() === target.slice(0, length).toLowerCase()) return `${rest.slice(0, -length)}(address)`;
  return rest;
}

/** Errors of the network, in words for a person; nothing of our own network is told. */
function failureOf(error: unknown): Sent {
  if (error instanceof TargetRefused) return { outcome: 'Failed', status: 0, error: error.message };
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const message = error instanceof Error ? error.message : String(error);
  return { outcome: 'Failed', status: 0, error: WORDS[code ?? ''] ?? (code === undefined ? message : `${code}: the request failed`) };
}

const WORDS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'the name of the target has no address',
  EAI_AGAIN: 'the name of the target could not be looked up',
  ECONNREFUSED: 'the target does not accept connections',
  ECONNRESET: 'the target closed the connection before it answered',
  EPROTO: 'the target does not speak TLS',
  CERT_HAS_EXPIRED: 'the certificate of the target has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate of the target is self-signed',
};
