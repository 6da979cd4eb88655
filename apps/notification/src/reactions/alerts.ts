import { MODEL_TOPIC } from '@voltlog/device-contract';
import type { LogRecord, Subscription } from '@voltlog/event-log';
import type { Notification } from '@voltlog/notification-contract';
import { ALERT_TYPES, type AlertWindow, endAlertWindow, hearAlert, notificationOf } from '@voltlog/notification-domain';
import type { ServiceContext } from '@voltlog/service';
import { firstVersion, type Timer, TimerLoop } from '@voltlog/store';
import type { AlertWindowDoc, Collections } from '../store/documents.js';
import type { Notifier } from './notifier.js';

const GROUP = 'notification-alerts';
export const ALERT_WINDOW = 'NotificationAlertWindow';
const BATCH_MAX = 256;

export interface AlertsOptions {
  /** How long an alert that comes again and again is not told each time, ms; 0: it always is. */
  readonly repeatMs: number;
  readonly everyMs?: number;
}

/** Where the log was when the window became what it is: what is handed over again counts once. */
type Place = Pick<AlertWindowDoc, 'partition' | 'offset'>;
type Placed = Place & { readonly window: AlertWindow };

/** Tells of alerts; of one that comes again and again not each time. */
export class Alerts {
  private readonly loop: TimerLoop;
  private subscription: Subscription | undefined;

  constructor(
    private readonly context: ServiceContext,
    private readonly collections: Pick<Collections, 'alertWindows'>,
    private readonly notifier: Pick<Notifier, 'tell'>,
    private readonly options: AlertsOptions,
  ) {
    const { store, clock, logger } = context;
    const { everyMs } = options;
    const rest = everyMs === undefined ? {} : { everyMs };
    this.loop = new TimerLoop({ timers: store.timers, kind: ALERT_WINDOW, clock, logger, handle: (timer) => this.end(timer), ...rest });
  }

  async start(): Promise<void> {
    this.subscription = await this.context.log.subscribe({
      group: GROUP,
      topics: [MODEL_TOPIC],
      types: ALERT_TYPES,
      // Alerts of the time before these were told of help nobody.
      startFrom: 'latest',
      batchMax: BATCH_MAX,
      handle: (batch) => this.handle(batch),
    });
    this.loop.start();
  }

  async stop(): Promise<void> {
    await this.subscription?.stop();
    await this.loop.stop();
  }

  async handle(batch: readonly LogRecord[]): Promise<void> {
    // Whoever else wrote a window meanwhile may have told what was held.
    while (!(await this.hear(batch)));
  }

  /** @returns false: a window is another one than it was */
  private async hear(batch: readonly LogRecord[]): Promise<boolean> {
    const { alertWindows } = this.collections;
    const heard = batch.flatMap((record) => {
      const notification = notificationOf(record.event);
      return notification?.alert === undefined ? [] : [{ record, notification, id: notification.alert.alertId }];
    });
    const known = await alertWindows.getMany([...new Set(heard.map(({ id }) => id))]);
    const now = this.context.clock.now();
    const placed = new Map<string, Placed>(known);
    const tell: Notification[] = [];
    for (const { record, notification, id } of heard) {
      const before = placed.get(id);
      if (before !== undefined && before.partition === record.partition && record.offset <= before.offset) continue;
      const next = hearAlert(before?.window, notification, now, this.options.repeatMs);
      if (next.tell !== undefined) tell.push(next.tell);
      if (next.window !== undefined) placed.set(id, { window: next.window, partition: record.partition, offset: record.offset });
    }
    // Told before it is written down: a crash between the two tells it again under the same id, which is once.
    await this.notifier.tell(
      tell,
      new Map(heard.map(({ record, notification }) => [notification.notificationId, record.event.traceparent])),
    );
    const writes = [...placed].flatMap(([id, each]) => (each === known.get(id) ? [] : [this.write(id, each, known.get(id))]));
    const written = writes.length === 0 ? [] : await alertWindows.upsert(writes);
    // Also of those that a crash left without.
    if (placed.size > 0) await this.context.store.timers.scheduleNoLater([...placed].map(([id, { window }]) => timerOf(id, window)));
    return written.every(Boolean);
  }

  /** What was held is told when the window ends. */
  private async end({ payload }: Timer): Promise<void> {
    const { alertId } = payload as TimerPayload;
    const { alertWindows } = this.collections;
    for (;;) {
      const known = await alertWindows.get(alertId);
      if (known === undefined) return;
      const { tell, window } = endAlertWindow(known.window, this.context.clock.now(), this.options.repeatMs);
      if (tell !== undefined) await this.notifier.tell([tell]);
      if (window === undefined) {
        if ((await alertWindows.deleteWhere({ id: alertId, version: known.version })) === 1) return;
        continue;
      }
      const [written] = window === known.window ? [true] : await alertWindows.upsert([this.write(alertId, { ...known, window }, known)]);
      if (written !== true) continue;
      await this.context.store.timers.schedule([timerOf(alertId, window)]);
      return;
    }
  }

  private write(id: string, { window, partition, offset }: Placed, known: AlertWindowDoc | undefined) {
    const version = known === undefined ? firstVersion() : known.version + 1;
    return { doc: { id, version, window, partition, offset }, expectedVersion: known?.version ?? 0 };
  }
}

/** Only what {@link timerOf} gave comes back. */
interface TimerPayload {
  readonly alertId: string;
}

const timerOf = (alertId: string, { until }: AlertWindow): Timer => {
  const payload: TimerPayload = { alertId };
  return { id: `alert-window:${alertId}`, kind: ALERT_WINDOW, dueAt: until, payload };
};
