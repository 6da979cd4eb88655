import { isoTime } from '@voltlog/kernel';
import type { ServiceContext } from '@voltlog/service';
import { type Timer, TimerLoop } from '@voltlog/store';
import type { Collections } from '../store/documents.js';
import { leastIdAt } from '../store/ids.js';
import type { Subscriptions } from '../subscriptions/subscriptions.js';

export const SWEEP = 'NotificationSweep';
const DAY_MS = 86_400_000;
const EVERY_MS = 3_600_000;
/** E-mails of the outbox hold names and addresses, and are there to be looked at now. */
const OUTBOX_DAYS = 7;

/** Removes what is too old to be listed, sent again or replayed; what happened stays on the log. */
export class Sweep {
  private readonly loop: TimerLoop;

  constructor(
    private readonly context: ServiceContext,
    private readonly collections: Collections,
    private readonly subscriptions: Pick<Subscriptions, 'sweep'>,
    private readonly options: { readonly days: number },
  ) {
    const { store, clock, logger } = context;
    this.loop = new TimerLoop({ timers: store.timers, kind: SWEEP, clock, logger, handle: () => this.handle() });
  }

  async start(): Promise<void> {
    // One that is waiting stays, so that a service that is often started anew still sweeps.
    await this.context.store.timers.scheduleNoLater([this.next()]);
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  async handle(): Promise<void> {
    const now = this.context.clock.now();
    const { notifications, deliveries, outboxEmails, sessionStarts } = this.collections;
    const oldest = now - this.options.days * DAY_MS;
    await notifications.deleteWhere({ recordedAt: { $lt: isoTime(oldest) } });
    await sessionStarts.deleteWhere({ at: { $lt: isoTime(oldest) } });
    for (const state of ['Delivered', 'Dead', 'Dropped']) await deliveries.deleteWhere({ state, id: { $lt: leastIdAt(oldest) } });
    await outboxEmails.deleteWhere({ at: { $lt: isoTime(now - Math.min(OUTBOX_DAYS, this.options.days) * DAY_MS) } });
    await this.subscriptions.sweep();
    await this.context.store.timers.schedule([this.next()]);
  }

  private next(): Timer {
    return { id: SWEEP, kind: SWEEP, dueAt: isoTime(this.context.clock.now() + EVERY_MS), payload: {} };
  }
}
