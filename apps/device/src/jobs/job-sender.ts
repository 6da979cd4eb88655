import type { KnownJob } from '@voltlog/device-domain';
import { isoTime, OperatingError } from '@voltlog/kernel';
import type { connectionV1 } from '@voltlog/proto';
import type { ServiceContext } from '@voltlog/service';
import { Turns } from '../turns.js';
import type { AnswerDesk } from './answer-desk.js';
import type { Outcome } from './answers.js';
import { type JobCollections, type JobStationDoc, jobGroupOf, paceGroupOf } from './job-documents.js';
import type { JobRepository } from './job-repository.js';
import { Pace } from './pace.js';

/** Stations looked at in one go. */
const PAGE = 200;
/** Pages of stations that are found offline in one step. */
const OFFLINE_PAGES_MAX = 10;
/** How often it is looked whether stations that wait are back; their coming is heard of at once anyhow, ms. */
const LOOK_FOR_WAITING_MS = 60_000;
/** So long at most until a station is tried again that is connected but cannot be sent to, ms. */
const UNREACHED_MS_MAX = 6 * 3_600_000;
const SOON_MS = 1_000;
const AWAY_MS = 2_000;
const WINDOW_MS = 60_000;
const OFFLINE = 'the station is not connected';
/** A command without an answer for this much longer than it may take has lost it: the instance that waited is gone, ms. */
const LOST_MS = 30_000;
/** What the connection service waits for an answer when it is not told, ms. */
const TIMEOUT_MS_DEFAULT = 30_000;

/** A station that was sent a command longer ago will not answer it. */
export const lostMs = ({ timeoutMs }: KnownJob['command']): number => (timeoutMs || TIMEOUT_MS_DEFAULT) + LOST_MS;

export interface JobSenderParts {
  readonly context: Pick<ServiceContext, 'clock' | 'logger'>;
  readonly repository: Pick<JobRepository, 'onParts'>;
  readonly jobs: JobCollections;
  readonly connection: Pick<connectionV1.ConnectionService, 'listConnections'>;
  /** Has a station do what the job is about; never rejects. */
  readonly ask: (job: KnownJob, stationId: string) => Promise<Outcome>;
  readonly desk: Pick<AnswerDesk, 'expect'>;
}

/**
 * Sends the command of jobs to the stations whose turn it is, at the pace of each job, or of all jobs of a group together. Of a group one is
 * looked at after the other; instances that look at the same moment may send a short burst more, and then less.
 */
export class JobSender {
  private readonly pace = new Pace();
  /** Of groups. */
  private readonly turns = new Turns();
  private readonly lookedAtMs = new Map<string, number>();

  constructor(private readonly parts: JobSenderParts) {}

  /** The job has ended. */
  forget(jobId: string): void {
    this.pace.forget(paceGroupOf(jobId));
    this.lookedAtMs.delete(jobId);
  }

  /** Sends to as many as may be asked now; how long until more may, ms. */
  send(job: KnownJob, sending: number): Promise<number> {
    const group = jobGroupOf(job.jobId);
    if (group === undefined) return this.sendNow(job, sending);
    return this.turns.take(group, async () => this.sendNow(job, await this.sendingOf(group, job)));
  }

  /** How many stations the jobs of a group are asking now; those that are lost are left out. */
  private async sendingOf(paceGroup: string, { command }: KnownJob): Promise<number> {
    const sentAt = { $gt: isoTime(this.parts.context.clock.now() - lostMs(command)) };
    return this.parts.jobs.stations.count({ paceGroup, state: 'Sending', sentAt });
  }

  private async sendNow(job: KnownJob, sending: number): Promise<number> {
    const { jobId, stationsPerMinute: perMinute } = job;
    const paceGroup = paceGroupOf(jobId);
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
    return perMinute === 0 ? SOON_MS : Math.max(50, Math.ceil(this.pace.nextMs(paceGroup, perMinute)));
  }

  private async room({ jobId, concurrency, stationsPerMinute: perMinute }: KnownJob, sending: number): Promise<number> {
    const free = concurrency - sending;
    if (perMinute === 0) return free;
    const now = this.parts.context.clock.now();
    const paceGroup = paceGroupOf(jobId);
    const evenly = this.pace.allows(paceGroup, perMinute, now);
    if (evenly <= 0 || free <= 0) return 0;
    const sent = await this.parts.jobs.stations.count({ paceGroup, sentAt: { $gt: isoTime(now - WINDOW_MS) } });
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
        for (const { stationId, attempt } of stations)
          this.parts.desk.expect({ jobId, part, stationId, attempt }, this.parts.ask(job, stationId));
        sent += stations.length;
      }
    }
    this.pace.spend(paceGroupOf(jobId), sent);
    return sent;
  }

  /**
   * Stations that wait and are back: one may have come in the moment before it was noted that it waits. One that could not be sent to though it is connected is
   * tried again ever more rarely.
   */
  async backAgain({ jobId }: KnownJob): Promise<readonly JobStationDoc[]> {
    const back: JobStationDoc[] = [];
    const now = this.parts.context.clock.now();
    if (now - (this.lookedAtMs.get(jobId) ?? Number.NEGATIVE_INFINITY) < LOOK_FOR_WAITING_MS) return back;
    this.lookedAtMs.set(jobId, now);
    let after = '';
    for (;;) {
      const { docs } = await this.parts.jobs.stations.find({ where: { jobId, state: 'Waiting', id: { $gt: after } }, limit: PAGE });
      const connected = docs.length === 0 ? undefined : await this.connectedOf(docs);
      if (connected === undefined) return back;
      back.push(...docs.filter(({ stationId, attempt, at }) => connected.has(stationId) && Date.parse(at) + pauseMs(attempt) <= now));
      after = docs.at(-1)?.id ?? after;
    }
  }
}

/** After so many attempts that did not reach a station: 1, 2, 4 ... minutes. */
const pauseMs = (attempt: number): number => (attempt === 0 ? 0 : Math.min(UNREACHED_MS_MAX, 60_000 * 2 ** (attempt - 1)));

export const byPart = (docs: readonly JobStationDoc[]): readonly (readonly [number, string[]])[] =>
  [...Map.groupBy(docs, ({ part }) => part)].map(([part, ofPart]) => [part, ofPart.map(({ stationId }) => stationId)] as const);
