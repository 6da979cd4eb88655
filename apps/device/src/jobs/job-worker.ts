import type { KnownJob } from '@voltlog/device-domain';
import { isoTime, OperatingError } from '@voltlog/kernel';
import { connectionV1 } from '@voltlog/proto';
import type { ServiceContext } from '@voltlog/service';
import { TimerLoop } from '@voltlog/store';
import type { Collections } from '../store/documents.js';
import { AnswerDesk } from './answer-desk.js';
import { type Outcome, outcomeOf, outcomeOfError } from './answers.js';
import type { JobCollections, JobStationDoc } from './job-documents.js';
import type { JobRepository, PartInput } from './job-repository.js';
import { Pace } from './pace.js';
import { planSlice } from './planning.js';

const JOB_TIMER = 'JobStep';
/** Stations looked at in one go. */
const PAGE = 200;
/** Pages of stations that are found offline in one step. */
const OFFLINE_PAGES_MAX = 10;
/** A command without an answer for this much longer than it may take has lost it: the instance that waited is gone, ms. */
const LOST_MS = 30_000;
/** What the connection service waits for an answer when it is not told, ms. */
const TIMEOUT_MS_DEFAULT = 30_000;
/** How often it is looked whether stations that wait are back; their coming is heard of at once anyhow, ms. */
const LOOK_FOR_WAITING_MS = 60_000;
/** So long at most until a station is tried again that is connected but cannot be sent to, ms. */
const UNREACHED_MS_MAX = 6 * 3_600_000;
const SOON_MS = 1_000;
const AWAY_MS = 2_000;
const STOP_MS = 3_000;
const WINDOW_MS = 60_000;

const LOST = 'the platform stopped while the command was on its way; it is not known whether the station acted';
const OFFLINE = 'the station is not connected';

export interface JobWorkerParts {
  readonly context: Pick<ServiceContext, 'clock' | 'logger' | 'store'>;
  readonly repository: JobRepository;
  readonly jobs: JobCollections;
  readonly registry: Pick<Collections, 'stations' | 'statuses'>;
  readonly connection: Pick<connectionV1.ConnectionService, 'sendCommand' | 'listConnections'>;
  readonly lookMs: number;
  /** Fills in what is of the one station a command goes to, and must not lie on the log: signed addresses. */
  readonly forStation: (request: connectionV1.SendCommandRequest) => Promise<connectionV1.SendCommandRequest>;
}

/**
 * Works on jobs step by step. A durable timer with a lease gives each job to one instance at a time; should a lease end early, the streams
 * still see to it that nothing is sent twice: a station is sent to only by the one whose commit says so first.
 */
export class JobWorker {
  private readonly loop: TimerLoop;
  private readonly desk: AnswerDesk;
  private readonly pace = new Pace();
  private readonly lookedAtMs = new Map<string, number>();

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
      this.pace.forget(jobId);
      this.lookedAtMs.delete(jobId);
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
    const waitMs = isOver ? SOON_MS : await this.send(job, sending);
    const [pending, waiting, open] = await Promise.all((['Pending', 'Waiting', 'Sending'] as const).map((state) => this.count(job, state)));
    if (pending === 0 && waiting === 0 && open === 0) return this.end(job);
    if (isOver) return SOON_MS;
    if (waiting !== 0) await this.lookForWaiting(job);
    const idleMs = open === 0 ? LOOK_FOR_WAITING_MS : 5 * SOON_MS;
    return Math.min(pending === 0 ? idleMs : waitMs, Math.max(0, Date.parse(job.expiresAt) - nowMs));
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
    const sentBefore = isoTime(now - (command.timeoutMs || TIMEOUT_MS_DEFAULT) - LOST_MS);
    const lost = docs.filter(({ sentAt }) => sentAt < sentBefore);
    const parts = [...new Set(lost.map(({ part }) => part))];
    if (parts.length > 0)
      await this.parts.repository.onParts(
        parts.map((part) => ({ jobId, part, command: { kind: 'GiveUpOn', sentBefore, reason: LOST, now } })),
      );
    return docs.length - lost.length;
  }

  /** Sends to as many as may be asked now; how long until more may, ms. */
  private async send(job: KnownJob, sending: number): Promise<number> {
    const { jobId, stationsPerMinute: perMinute } = job;
    let room = Math.min(PAGE, await this.room(job, sending));
    for (let page = 0; room > 0 && page < OFFLINE_PAGES_MAX; page += 1) {
      const { docs } = await this.parts.jobs.stations.find({ where: { jobId, state: 'Pending' }, limit: page === 0 ? room : PAGE });
      if (docs.length === 0) break;
      const connected = await this.connectedOf(docs);
      if (connected === undefined) return AWAY_MS;
      const [here, away] = [
        docs.filter(({ stationId }) => connected.has(stationId)),
        docs.filter(({ stationId }) => !connected.has(stationId)),
      ];
      await this.letWait(job, away);
      room -= await this.sendTo(job, here.slice(0, room));
      if (away.length === 0) break;
    }
    return perMinute === 0 ? SOON_MS : Math.max(50, Math.ceil(this.pace.nextMs(jobId, perMinute)));
  }

  private async room({ jobId, concurrency, stationsPerMinute: perMinute }: KnownJob, sending: number): Promise<number> {
    const free = concurrency - sending;
    if (perMinute === 0) return free;
    const now = this.parts.context.clock.now();
    const evenly = this.pace.allows(jobId, perMinute, now);
    if (evenly <= 0 || free <= 0) return 0;
    const sent = await this.parts.jobs.stations.count({ jobId, sentAt: { $gt: isoTime(now - WINDOW_MS) } });
    return Math.min(free, evenly, perMinute - sent);
  }

  /** Those that are connected; undefined: nobody can tell now. */
  private async connectedOf(docs: readonly JobStationDoc[]): Promise<ReadonlySet<string> | undefined> {
    try {
      const stationIds = docs.map(({ stationId }) => stationId);
      const { connections } = await this.parts.connection.listConnections({ pageSize: stationIds.length, pageToken: '', stationIds });
      return new Set(connections.filter(({ connected }) => connected).map(({ stationId }) => stationId));
    } catch (error) {
      if (!(error instanceof OperatingError)) throw error;
      this.parts.context.logger.warn({ err: error }, 'a job waits: it is not known which stations are connected');
      return undefined;
    }
  }

  private async letWait({ jobId }: KnownJob, docs: readonly JobStationDoc[]): Promise<void> {
    const now = this.parts.context.clock.now();
    const inputs = byPart(docs).map(([part, stationIds]) => ({
      jobId,
      part,
      command: { kind: 'LetWait' as const, stationIds, reason: OFFLINE, now },
    }));
    if (inputs.length > 0) await this.parts.repository.onParts(inputs);
  }

  /** That they are sent to is durable before they are. How many were. */
  private async sendTo(job: KnownJob, docs: readonly JobStationDoc[]): Promise<number> {
    if (docs.length === 0) return 0;
    const { jobId } = job;
    const now = this.parts.context.clock.now();
    const inputs = byPart(docs).map(([part, stationIds]) => ({
      jobId,
      part,
      command: { kind: 'SendToStations' as const, stationIds, now },
    }));
    const executions = await this.parts.repository.onParts(inputs);
    let sent = 0;
    for (const { events } of executions) {
      for (const { data } of events) {
        const { part, stations } = data as {
          readonly part: number;
          readonly stations: readonly { readonly stationId: string; readonly attempt: number }[];
        };
        for (const { stationId, attempt } of stations) this.desk.expect({ jobId, part, stationId, attempt }, this.ask(job, stationId));
        sent += stations.length;
      }
    }
    this.pace.spend(jobId, sent);
    return sent;
  }

  /** Never rejects. */
  private async ask({ command }: KnownJob, stationId: string): Promise<Outcome> {
    const { name: $case, parameters: value, timeoutMs } = command;
    try {
      // What is absent of an older event has its default.
      const request = connectionV1.SendCommandRequest.fromPartial({ stationId, timeoutMs, command: { $case, value } } as never);
      return outcomeOf(await this.parts.connection.sendCommand(await this.parts.forStation(request)));
    } catch (error) {
      const outcome = outcomeOfError(error);
      this.parts.context.logger.warn({ err: error, station_id: stationId }, 'a command of a job was not answered');
      return outcome;
    }
  }

  /**
   * A station may have come back in the moment before it was noted that it waits. One that could not be sent to though it is connected is
   * tried again ever more rarely.
   */
  private async lookForWaiting({ jobId }: KnownJob): Promise<void> {
    const now = this.parts.context.clock.now();
    if (now - (this.lookedAtMs.get(jobId) ?? Number.NEGATIVE_INFINITY) < LOOK_FOR_WAITING_MS) return;
    this.lookedAtMs.set(jobId, now);
    let after = '';
    for (;;) {
      const { docs } = await this.parts.jobs.stations.find({ where: { jobId, state: 'Waiting', id: { $gt: after } }, limit: PAGE });
      const connected = docs.length === 0 ? undefined : await this.connectedOf(docs);
      if (connected === undefined) return;
      await this.back(docs.filter(({ stationId, attempt, at }) => connected.has(stationId) && Date.parse(at) + pauseMs(attempt) <= now));
      after = docs.at(-1)?.id ?? after;
    }
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

/** After so many attempts that did not reach a station: 1, 2, 4 ... minutes. */
const pauseMs = (attempt: number): number => (attempt === 0 ? 0 : Math.min(UNREACHED_MS_MAX, 60_000 * 2 ** (attempt - 1)));

const byPart = (docs: readonly JobStationDoc[]): readonly (readonly [number, string[]])[] =>
  [...Map.groupBy(docs, ({ part }) => part)].map(([part, ofPart]) => [part, ofPart.map(({ stationId }) => stationId)] as const);
