import type { LogRecord } from '@voltlog/event-log';
import type { Notification } from '@voltlog/notification-contract';
import { type AlertWindow, endAlertWindow, hearAlert } from '@voltlog/notification-domain';
import type { ServiceContext } from '@voltlog/service';
import { firstVersion, type Timer, TimerLoop } from '@voltlog/store';
import type { AlertWindowDoc, Collections } from '../store/documents.js';
import type { Notifier } from './notifier.js';

export const ALERT_WINDOW = 'NotificationAlertWindow';

/** An alert, or a fault of a connector, by the event that tells of it. */
export interface Heard {
  /** Of the alert, or of the place that the fault is at. */
  readonly id: string;
  readonly notification: Notification;
  readonly record: LogRecord;
}

export interface RepeatsOptions {
  /** How long what comes again and again is not told each time, ms; 0: it always is. */
  readonly repeatMs: number;
  readonly everyMs?: number;
}

/** Where the log was when the window became what it is: what is handed over again counts once. */
type Place = Pick<AlertWindowDoc, 'partition' | 'offset'>;
type Placed = Place & { readonly window: AlertWindow };

/** Tells of alerts and faults; of one that comes again and again not each time. */
export class Repeats {
  private readonly loop: TimerLoop;

  constructor(
    private readonly context: ServiceContext,
    private readonly collections: Pick<Collections, 'alertWindows'>,
    private readonly notifier: Pick<Notifier, 'tell'>,
    private readonly options: RepeatsOptions,
  ) {
    const { store, clock, logger } = context;
    const { everyMs } = options;
    const rest = everyMs === undefined ? {} : { everyMs };
    this.loop = new TimerLoop({ timers: store.timers, kind: ALERT_WINDOW, clock, logger, handle: (timer) => this.end(timer), ...rest });
  }

  start(): void {
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  async tell(heard: readonly Heard[]): Promise<void> {
    // Whoever else wrote a window meanwhile may have told what was held.
    while (!(await this.hear(heard)));
  }

  /** @returns false: a window is another one than it was */
  private async hear(heard: readonly Heard[]): Promise<boolean> {
    const { alertWindows } = this.collections;
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
