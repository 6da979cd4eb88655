import { isoTime } from '@voltlog/kernel';
import type { ServiceContext } from '@voltlog/service';
import { type Timer, TimerLoop } from '@voltlog/store';
import type { JobCollections } from './job-documents.js';

const SWEEP = 'JobSweep';
const SWEEP_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Jobs taken away in one go. */
const PAGE = 50;

/** Takes ended jobs out of the read models after a while; their events stay in their streams. */
export class JobRetention {
  private readonly loop: TimerLoop;

  constructor(
    private readonly context: Pick<ServiceContext, 'clock' | 'logger' | 'store'>,
    private readonly jobs: JobCollections,
    private readonly days: number,
    lookMs: number,
  ) {
    const { clock, logger, store } = context;
    this.loop = new TimerLoop({ timers: store.timers, kind: SWEEP, handle: () => this.sweep(), clock, logger, everyMs: lookMs });
  }

  async start(): Promise<void> {
    await this.context.store.timers.scheduleNoLater([this.next(0)]);
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  async sweep(): Promise<void> {
    const before = isoTime(this.context.clock.now() - this.days * DAY_MS);
    for (;;) {
      const { docs } = await this.jobs.jobs.find({ where: { state: 'Ended', endedAt: { $lt: before } }, limit: PAGE });
      // The stations first: a job that is cut off here is found again.
      for (const { jobId } of docs) await this.jobs.stations.deleteWhere({ jobId });
      if (docs.length > 0) await this.jobs.jobs.delete(docs.map(({ id }) => id));
      if (docs.length < PAGE) break;
    }
    await this.context.store.timers.schedule([this.next(SWEEP_MS)]);
  }

  private next(inMs: number): Timer {
    return { id: SWEEP, kind: SWEEP, dueAt: isoTime(this.context.clock.now() + inMs), payload: null };
  }
}
