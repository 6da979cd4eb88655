import type { JobEvent, JobPartEvent } from '@voltlog/device-contract';
import {
  type JobCommandIn,
  type JobPart,
  type JobPartCommand,
  type JobPartState,
  type JobRefusal,
  type JobState,
  jobDecider,
  jobPartDecider,
} from '@voltlog/device-domain';
import { type EventEnvelope, fold } from '@voltlog/kernel';
import type { ServiceContext } from '@voltlog/service';
import { Aggregates, bringUp, type Commit, type Execution, type OutboxRelay } from '@voltlog/store';
import { Documented } from '../store/documented.js';
import { type JobCollections, type JobDoc, type JobStationDoc, jobDoc, jobStationDocs } from './job-documents.js';

const JOB = 'job:';
const PART = 'job-part:';

export interface PartInput {
  readonly jobId: string;
  readonly part: number;
  readonly command: JobPartCommand;
  /** The same cause twice changes nothing. Absent: it is decided by what is. */
  readonly causationId?: string;
}

/** The streams of jobs and their parts, and the read models made of them. Several instances write them, so each round reads afresh. */
export class JobRepository {
  private readonly jobs: Aggregates<JobCommandIn, JobState, JobEvent, JobRefusal>;
  private readonly parts: Aggregates<JobPartCommand, JobPartState, JobPartEvent>;
  private readonly documented: Documented;

  constructor(
    private readonly context: Pick<ServiceContext, 'store' | 'ids' | 'clock' | 'instanceId'>,
    private readonly collections: JobCollections,
    outbox: Pick<OutboxRelay, 'publish'>,
  ) {
    const { store, ids, clock, instanceId } = context;
    const source = `/device/${instanceId}`;
    this.documented = new Documented(outbox, source);
    const options = { streams: store.streams, relay: this.documented.relay, source, ids, clock, cacheMax: 0 };
    this.jobs = new Aggregates({ ...options, decider: jobDecider });
    this.parts = new Aggregates({ ...options, decider: jobPartDecider });
  }

  async job(jobId: string): Promise<JobState> {
    return (await this.jobs.load(JOB + jobId)).state;
  }

  async part(jobId: string, part: number): Promise<JobPartState> {
    return (await this.parts.load(partStream(jobId, part))).state;
  }

  async onJob(jobId: string, command: JobCommandIn, causationId: string): Promise<Execution<JobState, JobRefusal>> {
    const streamId = JOB + jobId;
    const [execution] = await this.documented.noted([streamId], () => this.jobs.execute([{ streamId, command, causationId }]));
    if (execution === undefined) throw new Error('one command has one execution');
    const { state, version } = execution;
    if (state.kind === 'job')
      await this.documented.document([[streamId, version]], () => bringUp(this.collections.jobs, [jobDoc(state, version)]));
    return execution;
  }

  /** Executions in the order of the inputs. A station whose read model was behind is brought up, even where nothing is decided. */
  async onParts(inputs: readonly PartInput[]): Promise<readonly Execution<JobPartState, never>[]> {
    const commands = inputs.map(({ jobId, part, command, causationId }) => ({
      streamId: partStream(jobId, part),
      command,
      causationId: causationId ?? this.context.ids.next(),
    }));
    const executions = await this.documented.noted(
      commands.map(({ streamId }) => streamId),
      () => this.parts.execute(commands),
    );
    const newest = new Map<string, JobStationDoc>();
    for (const { outcome, state, events } of executions) {
      if (state === undefined) continue;
      const docs = outcome === 'committed' ? jobStationDocs(state, events.flatMap(stationsOf)) : jobStationDocs(state);
      for (const doc of docs) newest.set(doc.id, doc);
    }
    await this.documented.document(
      executions.map(({ version }, index) => [commands[index]?.streamId ?? '', version] as const),
      () => bringUp(this.collections.stations, [...newest.values()]),
    );
    return executions;
  }

  isDone(event: EventEnvelope): boolean {
    return this.documented.isDone(event);
  }

  /** Makes the read models of streams anew from their events. */
  async mend(streamIds: readonly string[]): Promise<void> {
    const { jobs, stations } = jobDocsOf(await this.context.store.streams.load(streamIds));
    await bringUp(this.collections.jobs, jobs);
    await bringUp(this.collections.stations, stations);
    this.documented.mended(streamIds);
  }
}

const partStream = (jobId: string, part: number): string => `${PART}${jobId}:${part}`;

/** The stations an event of a part is about. */
function stationsOf({ type, data }: EventEnvelope): readonly string[] {
  const event = { type, data } as JobPartEvent;
  switch (event.type) {
    case 'voltlog.device.JobStationsSent.v1':
      return event.data.stations.map(({ stationId }) => stationId);
    case 'voltlog.device.JobStationsAnswered.v1':
      return event.data.answers.map(({ stationId }) => stationId);
    default:
      return event.data.stationIds;
  }
}

/** The read models that whole streams fold to. */
export function jobDocsOf(streams: ReadonlyMap<string, readonly Commit[]>): {
  readonly jobs: JobDoc[];
  readonly stations: JobStationDoc[];
} {
  const jobs: JobDoc[] = [];
  const stations: JobStationDoc[] = [];
  for (const [streamId, commits] of streams) {
    if (streamId.startsWith(JOB)) {
      const state = fold<JobState, JobEvent>(jobDecider, eventsOf<JobEvent>(commits));
      if (state.kind === 'job') jobs.push(jobDoc(state, commits.at(-1)?.version ?? 0));
    } else if (streamId.startsWith(PART)) {
      const part: JobPart | undefined = fold<JobPartState, JobPartEvent>(jobPartDecider, eventsOf<JobPartEvent>(commits));
      if (part !== undefined) stations.push(...jobStationDocs(part));
    }
  }
  return { jobs, stations };
}

/** What was written as an event of the stream is one. */
const eventsOf = <Event>(commits: readonly Commit[]): Event[] =>
  commits.flatMap((commit) => commit.events.map(({ type, data }) => ({ type, data }) as Event));
