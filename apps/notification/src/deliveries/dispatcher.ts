import type { KnownDelivery, KnownSubscription } from '@voltlog/notification-domain';
import { ATTEMPT_LEASE_MS, dueAt } from '@voltlog/notification-domain';
import type { ServiceContext } from '@voltlog/service';
import { type Timer, TimerLoop } from '@voltlog/store';
import type { Collections } from '../store/documents.js';
import { DELIVERY_TIMER, type Deliveries, type DeliveryTimer, WATCH_MS } from './deliveries.js';
import { Lanes } from './lanes.js';
import type { Sender } from './sender.js';
import type { Senders } from './senders.js';

/** Deliveries that wait in memory for one target; the rest waits in its timer. */
const WAITING_PER_LANE = 100;
/** And for all targets together. */
const WAITING_TOTAL = 10_000;
/** What finds no room is looked at again after so long, and up to as long again, milliseconds. */
const NO_ROOM_MS = 10_000;
/** Handling a timer is quick, so that of a process that died in the middle of one is soon looked at again, milliseconds. */
const CLAIM_LEASE_MS = 10_000;
/** Timers claimed in one go: handling one is quick, since sending is done beside. */
const CLAIM_MAX = 256;

export interface DispatcherOptions {
  readonly concurrency: number;
  readonly targetConcurrency: number;
  readonly chance: () => number;
  /** How often due deliveries are looked for, ms. */
  readonly everyMs?: number;
}

/** Hands deliveries whose time has come to the sender: so many at once, so many per target. */
export class Dispatcher {
  private readonly lanes: Lanes;
  private readonly loop: TimerLoop;

  constructor(
    private readonly context: ServiceContext,
    private readonly collections: Pick<Collections, 'subscriptions'>,
    private readonly deliveries: Deliveries,
    private readonly sender: Sender,
    private readonly senders: Pick<Senders, 'id' | 'aliveUntil'>,
    private readonly options: DispatcherOptions,
  ) {
    this.lanes = new Lanes({
      total: options.concurrency,
      perLane: options.targetConcurrency,
      waitingPerLane: WAITING_PER_LANE,
      waitingTotal: WAITING_TOTAL,
    });
    const { store, clock, logger, metrics } = context;
    this.loop = new TimerLoop({
      timers: store.timers,
      kind: DELIVERY_TIMER,
      clock,
      logger,
      limit: CLAIM_MAX,
      leaseMs: CLAIM_LEASE_MS,
      ...(options.everyMs === undefined ? {} : { everyMs: options.everyMs }),
      handle: (timer) => this.handle(timer),
    });
    metrics.gauge('voltlog_notification_deliveries_pending', 'Deliveries in memory, sent or about to be', () => this.lanes.pending);
  }

  start(): void {
    this.loop.start();
  }

  async stop(): Promise<void> {
    await this.loop.stop();
    await this.lanes.stop();
  }

  /** Looks for due deliveries now. */
  hurry(): void {
    this.loop.hurry();
  }

  /** Attempts that would begin at once, by lane; asked before they are committed as begun. */
  room(subscription: Pick<KnownSubscription, 'channel' | 'target'>): { readonly lane: string; readonly free: number } {
    const lane = this.sender.laneOf(subscription.channel, subscription.target);
    return { lane, free: this.lanes.room(lane) };
  }

  /** Sends what was begun by this process. It has its timer: what finds no place comes back when its lease ends. */
  sendBegun(lane: string, delivery: KnownDelivery, subscription: KnownSubscription): void {
    this.lanes.offer(lane, delivery.deliveryId, () => {
      const leaseEnds = dueAt(delivery) ?? 0;
      // Waited too long: somebody else may have it by now.
      if (this.context.clock.now() > leaseEnds - ATTEMPT_LEASE_MS / 2) return Promise.resolve();
      return this.sender.begun(delivery, subscription);
    });
  }

  /** A timer of a delivery: a crash, a retry, the end of quiet hours, or a replay. */
  async handle(timer: Timer): Promise<void> {
    const { deliveryId, by } = timer.payload as DeliveryTimer;
    const state = await this.deliveries.load(deliveryId);
    const now = this.context.clock.now();
    const due = dueAt(state);
    if (state.kind !== 'Pending' || due === undefined) return;
    const isBegun = state.startedAt !== undefined;
    const lookAt = Math.min(due, isBegun && by !== undefined ? await this.atWorkUntil(by, deliveryId) : due);
    if (lookAt > now) return this.deliveries.wakeAt([deliveryId], lookAt, by);
    const orphan = isBegun && due > now ? state.attemptsBegun : undefined;
    await this.deliveries.guard([deliveryId]);
    const subscription = await this.collections.subscriptions.get(state.subscriptionId);
    const lane = this.sender.laneOf(state.channel, subscription?.target ?? '');
    if (this.lanes.offer(lane, deliveryId, () => this.sender.attempt(deliveryId, orphan))) return;
    await this.deliveries.wakeAt([deliveryId], now + NO_ROOM_MS * (1 + this.options.chance()));
  }

  /** Until when a process need not be asked again whether it works on a delivery; what is past: it does not, or is dead. */
  private async atWorkUntil(by: string, deliveryId: string): Promise<number> {
    if (by !== this.senders.id) return this.senders.aliveUntil(by);
    return this.lanes.has(deliveryId) ? this.context.clock.now() + WATCH_MS : 0;
  }
}
