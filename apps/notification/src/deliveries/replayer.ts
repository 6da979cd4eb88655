import { isoTime } from '@voltlog/kernel';
import type { KnownSubscription } from '@voltlog/notification-domain';
import type { ServiceContext } from '@voltlog/service';
import { type Timer, TimerLoop } from '@voltlog/store';
import { couldMatch } from '../reactions/recipients.js';
import type { Collections } from '../store/documents.js';
import { deliveryIdOf } from '../store/ids.js';
import type { Subscriptions } from '../subscriptions/subscriptions.js';
import type { Deliveries } from './deliveries.js';
import type { Dispatcher } from './dispatcher.js';

const REPLAY_TIMER = 'NotificationReplay';
/** Notifications looked at in one go. */
const SLICE = 500;
/** Whoever works on a slice is dead after so long, ms. */
const LEASE_MS = 30_000;

/** How far a replay is. */
interface Replay {
  readonly subscriptionId: string;
  /** What was recorded from here on, up to the moment it was asked for. */
  readonly since: string;
  readonly until: string;
  /** Cursor of the next slice. */
  readonly after?: string;
  /** The replay's own name: each delivery is sent again once for it. */
  readonly cause: string;
}

/**
 * Sends a subscription everything it wants that happened since a time, whether or not it was told before. Each goes out under the id it has,
 * so that a receiver that kept them knows what it has seen. It goes on where a crash cut it short.
 */
export class Replayer {
  private readonly loop: TimerLoop;

  constructor(
    private readonly context: ServiceContext,
    private readonly collections: Pick<Collections, 'notifications'>,
    private readonly subscriptions: Subscriptions,
    private readonly deliveries: Deliveries,
    private readonly dispatcher: Pick<Dispatcher, 'hurry'>,
  ) {
    const { store, clock, logger } = context;
    this.loop = new TimerLoop({ timers: store.timers, kind: REPLAY_TIMER, clock, logger, handle: (timer) => this.handle(timer) });
  }

  start(): void {
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  /** @returns deliveries queued so far; the rest follows behind the answer */
  async replay(subscription: KnownSubscription, since: string, cause: string): Promise<number> {
    const { subscriptionId } = subscription;
    const replay: Replay = { subscriptionId, since, until: isoTime(this.context.clock.now()), cause };
    await this.keep(replay, LEASE_MS);
    const { queued, next } = await this.slice(replay, subscription);
    await this.goOn(replay, next);
    return queued;
  }

  async handle(timer: Timer): Promise<void> {
    const replay = timer.payload as Replay;
    const subscription = await this.subscriptions.load(replay.subscriptionId);
    if (subscription?.status !== 'Active') return;
    await this.goOn(replay, (await this.slice(replay, subscription)).next);
  }

  private async goOn(replay: Replay, next: string | undefined): Promise<void> {
    if (next === undefined) return this.context.store.timers.cancel([timerId(replay)]);
    await this.keep({ ...replay, after: next }, 0);
    this.loop.hurry();
  }

  private keep(replay: Replay, waitMs: number): Promise<void> {
    const dueAt = isoTime(this.context.clock.now() + waitMs);
    return this.context.store.timers.schedule([{ id: timerId(replay), kind: REPLAY_TIMER, dueAt, payload: replay }]);
  }

  private async slice(
    replay: Replay,
    subscription: KnownSubscription,
  ): Promise<{ readonly queued: number; readonly next: string | undefined }> {
    const { since, until, after, cause } = replay;
    const { docs, next } = await this.collections.notifications.find({
      where: { recordedAt: { $gte: since, $lte: until } },
      sort: ['recordedAt', 1],
      limit: SLICE,
      ...(after === undefined ? {} : { after }),
    });
    const wanted = docs.map(({ notification }) => notification).filter((notification) => couldMatch(subscription, notification));
    const ids = wanted.map((notification) => deliveryIdOf(subscription.subscriptionId, notification));
    await this.deliveries.guard(ids);
    const now = this.context.clock.now();
    const requested = await this.deliveries.execute(
      wanted.map((notification, index) => ({
        deliveryId: ids[index] ?? '',
        command: {
          kind: 'RequestDelivery',
          deliveryId: ids[index] ?? '',
          subscriptionId: subscription.subscriptionId,
          channel: subscription.channel,
          notification,
          now,
        },
        causationId: `request:${notification.notificationId}`,
      })),
    );
    const known = ids.filter((_, index) => requested[index]?.outcome !== 'committed');
    await this.deliveries.execute(
      known.map((deliveryId) => ({ deliveryId, command: { kind: 'RequeueDelivery', by: 'Replay', now }, causationId: `replay:${cause}` })),
    );
    await this.deliveries.wakeAt(ids, now);
    this.dispatcher.hurry();
    return { queued: ids.length, next };
  }
}

const timerId = ({ subscriptionId, cause }: Replay): string => `replay:${subscriptionId}:${cause}`;
