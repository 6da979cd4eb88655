import type { JobPart, JobStation, KnownJob } from '@voltlog/device-domain';
import type { Collection, Store } from '@voltlog/store';
import { Schema } from 'mongoose';

/** A job as its stream tells. */
export interface JobDoc extends Omit<KnownJob, 'kind'> {
  readonly id: string;
  /** Commits of its stream. */
  readonly version: number;
}

/** What came of a job at one station. */
export interface JobStationDoc extends Omit<JobStation, 'revision'> {
  /** `<jobId>:<stationId>` */
  readonly id: string;
  /** Counts changes of this station in the job. */
  readonly version: number;
  readonly jobId: string;
  /** Jobs of one share a pace. */
  readonly paceGroup: string;
  readonly stationId: string;
}

/** `<32 hex>-<8 hex>`: what makes many jobs, such as a firmware campaign, names them so. */
const OF_GROUP = /^([0-9a-f]{32})-[0-9a-f]{8}$/;

/** What made this job and others; undefined: it is one by itself. */
export const jobGroupOf = (jobId: string): string | undefined => OF_GROUP.exec(jobId)?.[1];

/** What shares a pace with this job: its group, else it alone. */
export const paceGroupOf = (jobId: string): string => jobGroupOf(jobId) ?? jobId;

const required = { type: String, required: true };
const count = { type: Number, required: true };
const words = { type: String, default: '' };
const mixed = { type: Schema.Types.Mixed };

export const jobSchema = new Schema(
  {
    id: required,
    version: count,
    jobId: required,
    name: words,
    command: mixed,
    selection: mixed,
    stationsPerMinute: count,
    concurrency: count,
    failureBound: mixed,
    pausedBecause: { type: String },
    resumed: mixed,
    expiresAt: required,
    createdBy: words,
    state: required,
    outcome: { type: String },
    partCount: count,
    stationCount: count,
    counts: mixed,
    round: count,
    planned: Boolean,
    retries: { type: [Schema.Types.Mixed], default: [] },
    createdAt: required,
    endedAt: words,
  },
  { versionKey: false },
);
jobSchema.index({ createdAt: 1, id: 1 });
jobSchema.index({ state: 1, endedAt: 1, id: 1 });

export const jobStationSchema = new Schema(
  {
    id: required,
    version: count,
    jobId: required,
    paceGroup: words,
    stationId: required,
    part: count,
    state: required,
    round: count,
    attempt: count,
    sentAt: words,
    at: required,
    reason: words,
    answer: mixed,
  },
  { versionKey: false },
);
jobStationSchema.index({ jobId: 1, state: 1, round: 1, id: 1 });
// What was sent within a minute, over all jobs of a group.
jobStationSchema.index({ paceGroup: 1, sentAt: 1, id: 1 });
// Which jobs wait for a station that comes back.
jobStationSchema.index({ stationId: 1, state: 1, id: 1 });

export interface JobCollections {
  readonly jobs: Collection<JobDoc>;
  readonly stations: Collection<JobStationDoc>;
}

export async function openJobCollections(store: Store): Promise<JobCollections> {
  return {
    jobs: await store.collection<JobDoc>('jobs', jobSchema),
    stations: await store.collection<JobStationDoc>('job_stations', jobStationSchema),
  };
}

export function jobDoc(state: KnownJob, version: number): JobDoc {
  const { kind: _, ...job } = state;
  return { ...job, id: job.jobId, version };
}

/** Of these stations, or of all. */
export function jobStationDocs(
  { jobId, stations }: JobPart,
  stationIds: Iterable<string> = Object.keys(stations),
): readonly JobStationDoc[] {
  const docs: JobStationDoc[] = [];
  const paceGroup = paceGroupOf(jobId);
  for (const stationId of stationIds) {
    const station = stations[stationId];
    if (station === undefined) continue;
    const { revision, ...rest } = station;
    docs.push({ ...rest, id: `${jobId}:${stationId}`, version: revision, jobId, paceGroup, stationId });
  }
  return docs;
}
