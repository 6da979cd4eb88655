import { type KnownJob, tooManyFailed } from '@voltlog/device-domain';
import { isoTime } from '@voltlog/kernel';
import type { ServiceContext } from '@voltlog/service';
import { TimerLoop } from '@voltlog/store';
import type { Collections } from '../store/documents.js';
import { AnswerDesk } from './answer-desk.js';
import type { JobCollections, JobStationDoc } from './job-documents.js';
import type { JobRepository, PartInput } from './job-repository.js';
import { byPart, JobSender, type JobSenderParts, lostMs } from './job-sender.js';
import { planSlice } from './planning.js';

const JOB_TIMER = 'JobStep';
/** Stations looked at in one go. */
const PAGE = 200;
/** A job with nothing to do but to wait is looked at this often, ms. */
const IDLE_MS = 60_000;
const SOON_MS = 1_000;
const STOP_MS = 3_000;

const LOST = 'the platform stopped while the command was on its way; it is not known whether the station acted';

export interface JobWorkerParts {
  readonly context: Pick<ServiceContext, 'clock' | 'ids' | 'logger' | 'store'>;
  readonly repository: JobRepository;
  readonly jobs: JobCollections;
  readonly registry: Pick<Collections, 'stations' | 'statuses'>;
  readonly connection: JobSenderParts['connection'];
  readonly ask: JobSenderParts['ask'];
  readonly lookMs: number;
}

/**
 * Works on jobs step by step. A durable timer with a lease gives each job to one instance at a time; should a lease end early, the streams
 * still see to it that nothing is sent twice: a station is sent to only by the one whose commit says so first.
 */
export class JobWorker {
  private readonly loop: TimerLoop;
  private readonly desk: AnswerDesk;
  private readonly sender: JobSender;

  constructor(private readonly parts: JobWorkerParts) {
    const { context, repository, lookMs } = parts;
    const { store, clock, logger } = context;
    this.loop = new TimerLoop({
      timers: store.timers,
      kind: JOB_TIMER,
      handle: ({ payload }) => this.step(String(payload)),
      clock,
      logger,
      everyMs: lookMs,
    });
    this.desk = new AnswerDesk(context, repository, (jobIds) => this.hurry(jobIds));
    this.sender = new JobSender({ ...parts, desk: this.desk });
  }

  start(): void {
    this.loop.start();
  }

  async stop(): Promise<void> {
    await this.loop.stop();
    await this.desk.stop(STOP_MS);
  }

  /** Something happened that these jobs may wait for. */
  async hurry(jobIds: readonly string[]): Promise<void> {
    await this.schedule(jobIds, this.parts.context.clock.now());
    this.loop.hurry();
  }

  private async step(jobId: string): Promise<void> {
    const job = await this.parts.repository.job(jobId);
    if (job.kind === 'none' || job.state === 'Ended') return;
    const waitMs = await this.work(job);
    if (waitMs === undefined) {
      this.sender.forget(jobId);
      return;
    }
    // What came meanwhile has moved the timer to now, and stays.
    await this.schedule([jobId], this.parts.context.clock.now() + waitMs);
    if (waitMs === 0) this.loop.hurry();
  }

  /** One step; how long until the next one, ms; undefined: it has ended. */
  private async work(job: KnownJob): Promise<number | undefined> {
    if (job.state === 'Planning') {
      await planSlice(this.parts, job);
      return 0;
    }
    const nowMs = this.parts.context.clock.now();
    const isOver = job.state === 'Cancelling' || job.expiresAt <= isoTime(nowMs);
    if (isOver) await this.drop(job);
    else if (job.round > 1) await this.queueAgain(job);
    const sending = await this.giveUp(job);
    if (job.state === 'Running' && (await this.pauseOfFailures(job))) return 0;
    const waitMs = isOver || job.state === 'Paused' ? SOON_MS : await this.sender.send(job, sending);
    const [pending, waiting, open] = await Promise.all((['Pending', 'Waiting', 'Sending'] as const).map((state) => this.count(job, state)));
    if (pending === 0 && waiting === 0 && open === 0) return this.end(job);
    if (isOver) return SOON_MS;
    if (waiting !== 0 && job.state !== 'Paused') await this.back(await this.sender.backAgain(job));
    const idleMs = open === 0 ? IDLE_MS : 5 * SOON_MS;
    return Math.min(pending === 0 || job.state === 'Paused' ? idleMs : waitMs, Math.max(0, Date.parse(job.expiresAt) - nowMs));
  }

  /** True: so many have failed that it does not go on by itself. */
  private async pauseOfFailures(job: KnownJob): Promise<boolean> {
    if (job.failureBound === undefined) return false;
    const counts: Record<string, number> = {};
    for (const state of END_STATES) counts[state] = await this.count(job, state);
    const reason = tooManyFailed(job, counts);
    if (reason === undefined) return false;
    const { context, repository } = this.parts;
    await repository.onJob(job.jobId, { kind: 'PauseJob', by: '', reason, now: context.clock.now() }, context.ids.next());
    return true;
  }

  /** 0: a retry came in the moment before. */
  private async end(job: KnownJob): Promise<undefined | 0> {
    const counts: Record<string, number> = {};
    for (const state of END_STATES) {
      const count = await this.count(job, state);
      if (count > 0) counts[state] = count;
    }
    const { jobId, round } = job;
    const command = { kind: 'EndJob' as const, round, counts, now: this.parts.context.clock.now() };
    const { state } = await this.parts.repository.onJob(jobId, command, `end:${round}`);
    return state.kind === 'job' && state.state !== 'Ended' ? 0 : undefined;
  }

  private async drop(job: KnownJob): Promise<void> {
    const state = job.state === 'Cancelling' ? 'Cancelled' : 'Expired';
    await this.eachPart(job, ['Pending', 'Waiting'], undefined, (now) => ({ kind: 'DropStations', state, now }));
  }

  private async queueAgain(job: KnownJob): Promise<void> {
    for (const { states, round } of job.retries)
      await this.eachPart(job, states, round, (now) => ({ kind: 'QueueAgain', states, round, now }));
  }

  /** Decides about every part that has a station in one of the states (and in an earlier round), until none is left. */
  private async eachPart(
    job: KnownJob,
    states: readonly string[],
    beforeRound: number | undefined,
    command: (now: number) => PartInput['command'],
  ): Promise<void> {
    const { jobId } = job;
    const where = { jobId, state: { $in: states }, ...(beforeRound === undefined ? {} : { round: { $lt: beforeRound } }) };
    for (;;) {
      const { docs } = await this.parts.jobs.stations.find({ where, limit: PAGE });
      if (docs.length === 0) return;
      const now = this.parts.context.clock.now();
      await this.parts.repository.onParts(
        [...new Set(docs.map(({ part }) => part))].map((part) => ({ jobId, part, command: command(now) })),
      );
    }
  }

  /** How many are on their way, those that are lost left out. */
  private async giveUp(job: KnownJob): Promise<number> {
    const { jobId, concurrency, command } = job;
    const { docs } = await this.parts.jobs.stations.find({ where: { jobId, state: 'Sending' }, limit: concurrency + PAGE });
    const now = this.parts.context.clock.now();
    const sentBefore = isoTime(now - lostMs(command));
    const lost = docs.filter(({ sentAt }) => sentAt < sentBefore);
    const parts = [...new Set(lost.map(({ part }) => part))];
    if (parts.length > 0)
      await this.parts.repository.onParts(
        parts.map((part) => ({ jobId, part, command: { kind: 'GiveUpOn', sentBefore, reason: LOST, now } })),
      );
    return docs.length - lost.length;
  }

  /** Stations are connected that jobs wait for. */
  async back(docs: readonly JobStationDoc[]): Promise<void> {
    if (docs.length === 0) return;
    const now = this.parts.context.clock.now();
    const inputs: PartInput[] = [];
    for (const [jobId, ofJob] of Map.groupBy(docs, (doc) => doc.jobId))
      for (const [part, stationIds] of byPart(ofJob)) inputs.push({ jobId, part, command: { kind: 'ReportBack', stationIds, now } });
    await this.parts.repository.onParts(inputs);
    await this.hurry([...new Set(docs.map(({ jobId }) => jobId))]);
  }

  private count({ jobId }: KnownJob, state: string): Promise<number> {
    return this.parts.jobs.stations.count({ jobId, state });
  }

  private schedule(jobIds: readonly string[], dueMs: number): Promise<void> {
    const dueAt = isoTime(Math.round(dueMs));
    return this.parts.context.store.timers.scheduleNoLater(
      jobIds.map((jobId) => ({ id: `job:${jobId}`, kind: JOB_TIMER, dueAt, payload: jobId })),
    );
  }
}

const END_STATES = ['Accepted', 'Rejected', 'NotSupported', 'Failed', 'Unknown', 'Expired', 'Cancelled'] as const;
