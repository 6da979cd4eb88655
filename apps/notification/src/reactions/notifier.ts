import type { LogRecord, Subscription } from '@voltlog/event-log';
import { isoTime } from '@voltlog/kernel';
import type { DropReason, Notification } from '@voltlog/notification-contract';
import { notificationOf, SOURCE_TYPES, waitsUntil } from '@voltlog/notification-domain';
import { RESERVATION_TOPIC } from '@voltlog/reservation-contract';
import type { ServiceContext } from '@voltlog/service';
import { SESSION_TOPIC, START_REQUEST_TOPIC, type StartRequestMatched } from '@voltlog/session-contract';
import type { Deliveries, DeliveryInput } from '../deliveries/deliveries.js';
import { type Addition, type Digests, isInDigest } from '../deliveries/digests.js';
import type { Dispatcher } from '../deliveries/dispatcher.js';
import type { Stations } from '../projections/stations.js';
import { type Collections, toNotificationDoc } from '../store/documents.js';
import { deliveryIdOf } from '../store/ids.js';
import { candidatesFor, type Recipient, recipientsOf } from './recipients.js';

const GROUP = 'notification';
const MATCHED = 'voltlog.session.StartRequestMatched.v1';
/** What is told of one session before it is known of which start request it came: a handful. */
const EARLY_MAX = 200;
/** Records of one batch; most are passed by unread. */
const BATCH_MAX = 256;
/** Deliveries committed in one go: one notification may have many subscribers. */
const DELIVERIES_MAX = 512;

interface Planned extends Recipient {
  readonly deliveryId: string;
  readonly traceparent: string | undefined;
}

/**
 * Turns what happens into deliveries. It may be handed the same event many times: the ids of deliveries are made of the event and the
 * subscription, so each subscription is told once.
 */
export class Notifier {
  private subscription: Subscription | undefined;

  constructor(
    private readonly context: ServiceContext,
    private readonly collections: Collections,
    private readonly deliveries: Deliveries,
    private readonly dispatcher: Dispatcher,
    private readonly digests: Digests,
    private readonly stations: Pick<Stations, 'of'>,
  ) {}

  async start(): Promise<void> {
    const { log } = this.context;
    this.subscription = await log.subscribe({
      group: GROUP,
      topics: [SESSION_TOPIC, START_REQUEST_TOPIC, RESERVATION_TOPIC],
      types: [...SOURCE_TYPES, MATCHED],
      batchMax: BATCH_MAX,
      handle: (batch) => this.handle(batch),
    });
  }

  async stop(): Promise<void> {
    await this.subscription?.stop();
  }

  async handle(batch: readonly LogRecord[]): Promise<void> {
    const traces = new Map<string, string | undefined>();
    const notifications: Notification[] = [];
    const matched: StartRequestMatched[] = [];
    for (const { event } of batch) {
      if (event.type === MATCHED) matched.push(event.data as StartRequestMatched);
      const notification = notificationOf(event);
      if (notification === undefined || traces.has(event.id)) continue;
      traces.set(event.id, event.traceparent);
      notifications.push(notification);
    }
    await this.tell(notifications, traces);
    if (matched.length > 0) await this.tellOfStarts(matched);
  }

  /** Tells whoever wants to know, each once, however often it is called. */
  async tell(found: readonly Notification[], traces: ReadonlyMap<string, string | undefined> = new Map()): Promise<void> {
    if (found.length === 0) return;
    const notifications = await this.placed(found);
    const [candidates] = await Promise.all([
      candidatesFor(this.collections.subscriptions, notifications),
      this.collections.notifications.upsert(notifications.map((each) => ({ doc: toNotificationDoc(each), expectedVersion: 0 }))),
    ]);
    await this.plan(notifications, candidates, { traces });
    await this.tellEarly(notifications);
  }

  /** With what the device service says of the station, where the event did not say it. */
  private async placed(notifications: readonly Notification[]): Promise<readonly Notification[]> {
    const stations = await this.stations.of(notifications.map(({ stationId }) => stationId));
    return notifications.map((notification) => {
      const { siteId = '', name = '' } = stations.get(notification.stationId) ?? {};
      return { ...(siteId === '' ? {} : { siteId }), ...(name === '' ? {} : { stationName: name }), ...notification };
    });
  }

  private async plan(
    notifications: readonly Notification[],
    candidates: Awaited<ReturnType<typeof candidatesFor>>,
    { traces, byStart = false }: { readonly traces?: ReadonlyMap<string, string | undefined>; readonly byStart?: boolean },
  ): Promise<void> {
    if (candidates.size === 0) return;
    const now = this.context.clock.now();
    const planned = notifications.flatMap((notification) =>
      recipientsOf(notification, candidates, now)
        // All others were told before.
        .filter(({ subscription }) => !byStart || subscription.filter.startRequestId !== undefined)
        .map((recipient) => ({
          ...recipient,
          deliveryId: deliveryIdOf(recipient.subscription.subscriptionId, notification),
          traceparent: traces?.get(notification.notificationId),
        })),
    );
    for (let from = 0; from < planned.length; from += DELIVERIES_MAX) await this.request(planned.slice(from, from + DELIVERIES_MAX));
  }

  /**
   * A session may begin, and be told of, before it is known of which start request it came. What is written here, and what was told of the
   * session, are each written before the other is read, so that one of the two sees both, whatever comes first.
   */
  private async tellOfStarts(matched: readonly StartRequestMatched[]): Promise<void> {
    const { sessionStarts, notifications } = this.collections;
    await sessionStarts.upsert(matched.map(({ sessionId: id, startRequestId, at }) => ({ doc: { id, startRequestId, at } })));
    for (const { sessionId } of matched) {
      const { docs } = await notifications.find({ where: { sessionId }, limit: EARLY_MAX });
      await this.tellEarly(docs.map(({ notification }) => notification));
    }
  }

  /** Tells of sessions whose start request was not known to whoever told of them, by that start request. */
  private async tellEarly(notifications: readonly Notification[]): Promise<void> {
    const early = notifications.filter(({ sessionId, startRequestId }) => sessionId !== undefined && startRequestId === undefined);
    if (early.length === 0) return;
    const starts = await this.collections.sessionStarts.getMany([...new Set(early.map(({ sessionId }) => sessionId ?? ''))]);
    const known = early.flatMap((notification) => {
      const start = starts.get(notification.sessionId ?? '');
      return start === undefined ? [] : [{ ...notification, startRequestId: start.startRequestId }];
    });
    if (known.length === 0) return;
    // So that a replay finds it too.
    await this.collections.notifications.upsert(known.map((each) => ({ doc: toNotificationDoc(each) })));
    await this.plan(known, await candidatesFor(this.collections.subscriptions, known), { byStart: true });
  }

  private async request(planned: readonly Planned[]): Promise<void> {
    const now = this.context.clock.now();
    const reasons = planned.map((each) => notAlone(each, now));
    await this.deliveries.guard(planned.filter((_, index) => reasons[index] === undefined).map(({ deliveryId }) => deliveryId));
    const free = new Map<string, number>();
    const inputs = planned.map((each, index) => this.inputOf(each, reasons[index], now, free));
    const executions = await this.deliveries.execute(inputs.map(({ input }) => input));
    const waiting: string[] = [];
    const inDigest: Addition[] = [];
    for (const [index, { outcome, state }] of executions.entries()) {
      const { subscription, deliveryId } = planned[index] as Planned;
      if (isInDigest(state)) inDigest.push({ one: state, isNew: outcome === 'committed' });
      if (state.kind !== 'Pending') continue;
      if (outcome === 'committed' && state.startedAt !== undefined)
        this.dispatcher.sendBegun(inputs[index]?.lane ?? '', state, subscription);
      else waiting.push(deliveryId);
    }
    if (inDigest.length > 0) waiting.push(...(await this.digests.add(inDigest)));
    if (waiting.length === 0) return;
    await this.deliveries.wakeAt(waiting, now);
    this.dispatcher.hurry();
  }

  /** The first attempt is begun with the request where there is room for it. */
  private inputOf(
    { notification, subscription, deliveryId, traceparent }: Planned,
    not: NotAlone | undefined,
    now: number,
    free: Map<string, number>,
  ): { readonly input: DeliveryInput; readonly lane: string } {
    const room = this.dispatcher.room(subscription);
    const left = free.get(room.lane) ?? room.free;
    const begin = not === undefined && left > 0;
    free.set(room.lane, begin ? left - 1 : left);
    const { subscriptionId, channel, quietHours } = subscription;
    const input: DeliveryInput = {
      deliveryId,
      command: {
        kind: 'RequestDelivery',
        deliveryId,
        subscriptionId,
        channel,
        notification,
        begin,
        ...(quietHours === undefined ? {} : { quietHours }),
        ...not,
        now,
      },
      causationId: `request:${notification.notificationId}`,
      traceparent,
    };
    return { input, lane: room.lane };
  }
}

/** Why it is not sent by itself, and when the digest is that it is sent with. */
interface NotAlone {
  readonly drop: DropReason;
  readonly digestAt?: string;
}

/** What reads webhooks is a program: nobody disturbs it, and it wants each under its own id. */
function notAlone({ drop, notification, subscription: { channel, quietHours } }: Planned, now: number): NotAlone | undefined {
  if (drop !== undefined) return { drop };
  const until = channel === 'Webhook' ? undefined : waitsUntil(notification, quietHours, now);
  return until === undefined ? undefined : { drop: 'InDigest', digestAt: isoTime(until) };
}
