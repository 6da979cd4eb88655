import { MODEL_TOPIC } from '@voltlog/device-contract';
import { type EventLog, type LogRecord, openSqliteEventLog } from '@voltlog/event-log';
import type { EventEnvelope } from '@voltlog/kernel';
import { notificationV1 } from '@voltlog/proto';
import { SESSION_TOPIC } from '@voltlog/session-contract';
import { openSqliteStore, type Store } from '@voltlog/store';
import { openTestContext, type TestClock, type TestContext, until } from '@voltlog/testing';
import { notificationConfig } from '../config.js';
import { createNotification, type NotificationParts, type NotificationRim } from '../notification.js';

export const START = Date.parse('2026-11-24T18:00:00.000Z');

/** What a test starts with, and what it can change. */
export interface Rim extends NotificationRim {
  readonly environment?: Readonly<Record<string, string>>;
  readonly log?: EventLog;
  readonly store?: Store;
  readonly clock?: TestClock;
}

/** The service on parts in memory; tests hand events over to its follower themselves. */
export class NotificationUnderTest {
  private readonly alertsMade: string[] = [];

  private constructor(
    readonly context: TestContext,
    readonly parts: NotificationParts,
    readonly log: EventLog,
    readonly store: Store,
  ) {}

  static async start(rim: Rim = {}): Promise<NotificationUnderTest> {
    const log = rim.log ?? (await openSqliteEventLog({ path: ':memory:' }));
    const store = rim.store ?? (await openSqliteStore({ path: ':memory:' }));
    const context = await openTestContext('notification', { log, store, ...(rim.clock === undefined ? {} : { clock: rim.clock }) });
    if (rim.clock === undefined) context.clock.ms = START;
    const config = notificationConfig.parse({ NOTIFICATION_ALLOW_PRIVATE_TARGETS: 'true', ...rim.environment });
    const parts = await createNotification(context, config, { chance: () => 0.5, everyMs: 5, ...rim });
    await parts.start().catch(async (error: unknown) => {
      await parts.stop();
      throw error;
    });
    return new NotificationUnderTest(context, parts, log, store);
  }

  get clock(): TestClock {
    return this.context.clock;
  }

  get grpc(): notificationV1.NotificationService {
    return this.parts.grpc;
  }

  /** Makes a subscription; answers its id and its secret. */
  async subscribe(change: notificationV1.DeepPartial<notificationV1.Subscription>): Promise<{ id: string; secret: string }> {
    const subscription = notificationV1.Subscription.fromPartial({ channel: notificationV1.Channel.WEBHOOK, ...change });
    const answer = await this.grpc.putSubscription({ subscription, expectedVersion: 0, idempotencyKey: '' });
    return { id: answer.subscription?.subscriptionId ?? '', secret: answer.secret };
  }

  /** Hands events to the follower as one batch. */
  tell(...events: readonly EventEnvelope[]): Promise<void> {
    return this.parts.notifier.handle(
      events.map((event, offset): LogRecord => ({ topic: SESSION_TOPIC, partition: 0, offset, key: event.subject, event })),
    );
  }

  /** Hands events of one station's alerts over as one batch; the same event again is the same record. */
  alert(...events: readonly EventEnvelope[]): Promise<void> {
    for (const { id } of events) if (!this.alertsMade.includes(id)) this.alertsMade.push(id);
    return this.parts.alerts.handle(
      events.map(
        (event): LogRecord => ({ topic: MODEL_TOPIC, partition: 0, offset: this.alertsMade.indexOf(event.id), key: event.subject, event }),
      ),
    );
  }

  /** The newest delivery of a subscription, as its stream tells it. */
  async deliveryOf(subscriptionId: string): Promise<notificationV1.Delivery> {
    const [first] = await this.deliveriesOf(subscriptionId);
    if (first === undefined) throw new Error(`nothing is on its way to ${subscriptionId}`);
    const { delivery } = await this.grpc.getDelivery({ deliveryId: first.deliveryId });
    if (delivery === undefined) throw new Error('an answer holds the delivery');
    return delivery;
  }

  async deliveriesOf(subscriptionId: string): Promise<readonly notificationV1.Delivery[]> {
    const request = notificationV1.ListDeliveriesRequest.fromPartial({ subscriptionId, pageSize: 200 });
    return (await this.grpc.listDeliveries(request)).deliveries;
  }

  /** Waits until the newest delivery of a subscription is in a state, and answers it. */
  async delivery(subscriptionId: string, state: notificationV1.DeliveryState, attempts?: number): Promise<notificationV1.Delivery> {
    let found: notificationV1.Delivery | undefined;
    const isThere = async (): Promise<boolean> => {
      found = (await this.deliveriesOf(subscriptionId)).length === 0 ? undefined : await this.deliveryOf(subscriptionId);
      return found?.state === state && (attempts === undefined || found.attempts.length === attempts);
    };
    await until(isThere, `a delivery in state ${state} after ${attempts ?? 'any'} attempts`).catch((error: unknown) => {
      throw new Error(`${String(error)}; it is ${JSON.stringify(found)}`);
    });
    if (found === undefined) throw new Error('it was found');
    return found;
  }

  /** Lets time pass, and timers be looked at. */
  pass(ms: number): void {
    this.clock.ms += ms;
    this.parts.dispatcher.hurry();
  }

  async stop(): Promise<void> {
    await this.parts.stop();
    await this.log.close();
    await this.store.close();
  }
}

let events = 0;

/** A milestone of a session, as the session service publishes it. */
export function milestone(data: Readonly<Record<string, unknown>> = {}, change: Partial<EventEnvelope> = {}): EventEnvelope {
  events += 1;
  return {
    id: `019aa7b1-5c80-7000-8000-${String(events).padStart(12, '0')}`,
    type: 'voltlog.session.SessionMilestoneReached.v1',
    source: '/session/test',
    subject: String(data['sessionId'] ?? 's-1'),
    time: new Date(START).toISOString(),
    data: {
      milestone: 'ChargingStarted',
      sessionId: 's-1',
      stationId: 'CP-1',
      transactionId: '7',
      ocppVersion: 'ocpp2.0.1',
      occurrence: 1,
      evseId: 1,
      connectorId: 1,
      energyWh: 0,
      at: '2026-11-24T17:59:59.000Z',
      receivedAt: '2026-11-24T17:59:59.500Z',
      ...data,
    },
    ...change,
  };
}
