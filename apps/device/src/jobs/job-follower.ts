import { STATION_TOPIC } from '@voltlog/connection-contract';
import { JOB_TOPIC } from '@voltlog/device-contract';
import { isStationId } from '@voltlog/device-domain';
import type { LogRecord, Subscription } from '@voltlog/event-log';
import type { ServiceContext } from '@voltlog/service';
import { pages } from '@voltlog/store';
import type { JobCollections } from './job-documents.js';
import type { JobRepository } from './job-repository.js';
import type { JobWorker } from './job-worker.js';

const GROUP = 'device-jobs';
const PAGE = 500;
/** What makes work of a job. */
const BEGINNINGS: ReadonlySet<string> = new Set(
  ['JobCreated', 'JobResumed', 'JobCancelled', 'JobRetried'].map((name) => `voltlog.device.${name}.v1`),
);

/** Sees to it that every job is worked on, whoever asked for it, and that stations which come back get what waits for them. */
export class JobFollower {
  private subscriptions: readonly Subscription[] = [];

  constructor(
    private readonly context: Pick<ServiceContext, 'log'>,
    private readonly repository: JobRepository,
    private readonly jobs: JobCollections,
    private readonly worker: JobWorker,
  ) {}

  async start(): Promise<void> {
    const { log } = this.context;
    this.subscriptions = await Promise.all([
      log.subscribe({ group: GROUP, topics: [JOB_TOPIC], handle: (batch) => this.told(batch) }),
      log.subscribe({
        group: `${GROUP}-stations`,
        topics: [STATION_TOPIC],
        types: ['voltlog.connection.StationConnected.v1'],
        handle: (batch) => this.came(batch),
      }),
    ]);
  }

  async stop(): Promise<void> {
    await Promise.all(this.subscriptions.map((subscription) => subscription.stop()));
  }

  /** Whoever committed may have died before the read model was written, or the job was begun. */
  private async told(batch: readonly LogRecord[]): Promise<void> {
    const behind = new Set(batch.filter(({ event }) => !this.repository.isDone(event)).map(({ event }) => event.subject));
    if (behind.size > 0) await this.repository.mend([...behind]);
    const begun = new Set(
      batch.filter(({ event }) => BEGINNINGS.has(event.type)).map(({ event }) => (event.data as { jobId: string }).jobId),
    );
    if (begun.size > 0) await this.worker.hurry([...begun]);
  }

  private async came(batch: readonly LogRecord[]): Promise<void> {
    const ids = new Set(batch.map(({ event }) => (event.data as { stationId: string }).stationId).filter(isStationId));
    if (ids.size === 0) return;
    const where = { stationId: { $in: [...ids] }, state: 'Waiting' };
    for await (const docs of pages(this.jobs.stations, { where, limit: PAGE })) await this.worker.back(docs);
  }
}
