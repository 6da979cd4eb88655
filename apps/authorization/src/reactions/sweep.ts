import type { ServiceContext } from '@voltlog/service';
import { type Timer, TimerLoop } from '@voltlog/store';
import type { Collections } from '../store/documents.js';
import { SWEEP } from './names.js';

const DAY_MS = 86_400_000;
/** Often enough that a slice is small. */
const EVERY_MS = 3_600_000;
/** Stations have been seen to deliver their queue after weeks. */
const ENDED_TRANSACTION_DAYS = 60;
/** A budget looks back a month at most. */
const USE_DAYS = 62;

/** Removes decisions and ended transactions that are too old to be of use; what happened stays on the log. */
export class Sweep {
  private readonly loop: TimerLoop;

  constructor(
    private readonly context: ServiceContext,
    private readonly collections: Collections,
    private readonly options: { readonly decisionDays: number },
  ) {
    this.loop = new TimerLoop({
      timers: context.store.timers,
      kind: SWEEP,
      clock: context.clock,
      logger: context.logger,
      handle: () => this.handle(),
    });
  }

  async start(): Promise<void> {
    // One that is waiting stays, so that a service that is often started anew still sweeps.
    await this.context.store.timers.scheduleNoLater([this.next()]);
    this.loop.start();
  }

  async stop(): Promise<void> {
    await this.loop.stop();
  }

  async handle(): Promise<void> {
    const now = this.context.clock.now();
    await this.collections.decisions.deleteWhere({ id: { $lt: uuidV7At(now - this.options.decisionDays * DAY_MS) } });
    await this.collections.sessionUses.deleteWhere({ startedAt: { $lt: new Date(now - USE_DAYS * DAY_MS).toISOString() } });
    await this.collections.transactions.deleteWhere({ endedAt: { $lt: new Date(now - ENDED_TRANSACTION_DAYS * DAY_MS).toISOString() } });
    await this.collections.grants.deleteWhere({ until: { $lt: new Date(now).toISOString() } });
    await this.context.store.timers.schedule([this.next()]);
  }

  private next(): Timer {
    return { id: SWEEP, kind: SWEEP, dueAt: new Date(this.context.clock.now() + EVERY_MS).toISOString(), payload: {} };
  }
}

/** The least UUIDv7 of a time: ids of decisions rise with it (RFC 9562 §5.7). */
export function uuidV7At(ms: number): string {
  const hex = Math.max(0, ms).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}
