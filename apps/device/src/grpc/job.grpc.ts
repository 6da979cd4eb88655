import { createHash } from 'node:crypto';
import type { JobEndState } from '@voltlog/device-contract';
import { failuresOf, type JobRefusal } from '@voltlog/device-domain';
import { RequestError } from '@voltlog/kernel';
import type { deviceJobV1 } from '@voltlog/proto';
import type { ServiceContext } from '@voltlog/service';
import type { JobCollections, JobDoc } from '../jobs/job-documents.js';
import type { JobRepository } from '../jobs/job-repository.js';
import type { JobWorker } from '../jobs/job-worker.js';
import { selected } from '../jobs/selection.js';
import type { Model } from '../model/model.js';
import type { Collections } from '../store/documents.js';
import { endStateOf, STATION_STATES, stationStateOf, toJobMessage, toJobStationMessage, toSelection } from './job-messages.js';
import { checkExpiry, checkFailureBound, checkPace, checkSelection, checkWork } from './job-requests.js';
import { causeOf, pageSize } from './requests.js';

const REFUSALS: Readonly<Record<JobRefusal, readonly [RequestError['code'], string]>> = {
  JobExists: ['ALREADY_EXISTS', 'there is a job of this id'],
  JobUnknown: ['NOT_FOUND', 'there is no such job'],
  JobCancelling: ['FAILED_PRECONDITION', 'the job is being cancelled: wait until it has ended'],
  JobPlanning: ['FAILED_PRECONDITION', 'the stations of the job are being looked up: wait until it runs'],
  JobNeverPlanned: [
    'FAILED_PRECONDITION',
    'the job was cancelled before all of its stations were looked up, so a retry would leave some out: create a new job',
  ],
  JobEnded: ['FAILED_PRECONDITION', 'the job has ended'],
  JobPaused: ['FAILED_PRECONDITION', 'the job is paused: resume or cancel it first'],
  JobExpired: ['INVALID_ARGUMENT', 'expiresAt must lie in the future'],
};
/** `Unknown` is not among them: such a station may have acted. */
const RETRIED: readonly JobEndState[] = ['Rejected', 'Failed', 'Expired'];
/** Stations of a preview, and unknown ids that are named in an error. */
const NAMED_MAX = 10;

export interface JobGrpcParts {
  readonly context: Pick<ServiceContext, 'clock' | 'ids'>;
  readonly repository: JobRepository;
  readonly jobs: JobCollections;
  readonly registry: Pick<Collections, 'stations' | 'statuses'>;
  readonly templates: Pick<Model['templates'], 'all'>;
  readonly worker: JobWorker;
}

/** `voltlog.device.v1.JobService`. A write repeated with its idempotency key changes nothing and answers what is now. */
export class JobGrpc implements deviceJobV1.JobService {
  constructor(private readonly parts: JobGrpcParts) {}

  async createJob(request: deviceJobV1.CreateJobRequest): Promise<deviceJobV1.CreateJobResponse> {
    const { context, repository, worker } = this.parts;
    const now = context.clock.now();
    const command = checkWork(request, new Set(this.parts.templates.all.map(({ templateId }) => templateId)));
    const selection = toSelection(checkSelection(request.selection));
    const bound = checkFailureBound(request.failureBound);
    const attributes = { ...checkPace(request), ...bound, command, selection, expiresAt: checkExpiry(request.expiresAt, now) };
    const causationId = this.cause(request.idempotencyKey);
    // The key stands in for the id, so that a repetition does not make a second job.
    const jobId = request.idempotencyKey === '' ? context.ids.next() : jobIdOf(request.idempotencyKey);
    if (selection.stationIds !== undefined) await this.checkKnown(selection.stationIds);
    const execution = await repository.onJob(jobId, { kind: 'CreateJob', jobId, attributes, now }, causationId);
    if (execution.refusal !== undefined) throw refusal(execution.refusal);
    await worker.hurry([jobId]);
    return { job: await this.message(await this.doc(jobId)) };
  }

  async previewSelection(request: deviceJobV1.PreviewSelectionRequest): Promise<deviceJobV1.PreviewSelectionResponse> {
    const selection = toSelection(checkSelection(request.selection));
    const { statuses } = this.parts.registry;
    let stationCount = 0;
    let connectedCount = 0;
    const firstStationIds: string[] = [];
    for await (const ids of selected(this.parts.registry, selection)) {
      stationCount += ids.length;
      firstStationIds.push(...ids.slice(0, NAMED_MAX - firstStationIds.length));
      for (const { connected } of (await statuses.getMany(ids)).values()) connectedCount += connected ? 1 : 0;
    }
    return { stationCount, connectedCount, firstStationIds };
  }

  async getJob({ jobId }: deviceJobV1.GetJobRequest): Promise<deviceJobV1.GetJobResponse> {
    return { job: await this.message(await this.doc(jobId)) };
  }

  async listJobs(request: deviceJobV1.ListJobsRequest): Promise<deviceJobV1.ListJobsResponse> {
    const page = await this.parts.jobs.jobs.find({
      sort: ['createdAt', -1],
      limit: pageSize(request.pageSize),
      ...(request.pageToken === '' ? {} : { after: request.pageToken }),
    });
    return { jobs: await Promise.all(page.docs.map((doc) => this.message(doc))), nextPageToken: page.next ?? '' };
  }

  async listJobStations(request: deviceJobV1.ListJobStationsRequest): Promise<deviceJobV1.ListJobStationsResponse> {
    const { jobId } = await this.doc(request.jobId);
    const state = stationStateOf(request.state);
    const page = await this.parts.jobs.stations.find({
      where: { jobId, ...(state === undefined ? {} : { state }) },
      limit: pageSize(request.pageSize),
      ...(request.pageToken === '' ? {} : { after: request.pageToken }),
    });
    return { stations: page.docs.map(toJobStationMessage), nextPageToken: page.next ?? '' };
  }

  async cancelJob(request: deviceJobV1.CancelJobRequest): Promise<deviceJobV1.CancelJobResponse> {
    const { jobId, cancelledBy: by } = request;
    return { job: await this.change(jobId, { kind: 'CancelJob', by, now: this.parts.context.clock.now() }, request.idempotencyKey) };
  }

  async pauseJob(request: deviceJobV1.PauseJobRequest): Promise<deviceJobV1.PauseJobResponse> {
    const { jobId, pausedBy: by } = request;
    const command = {
      kind: 'PauseJob' as const,
      by,
      reason: by === '' ? 'paused' : `paused by ${by}`,
      now: this.parts.context.clock.now(),
    };
    return { job: await this.change(jobId, command, request.idempotencyKey) };
  }

  async resumeJob(request: deviceJobV1.ResumeJobRequest): Promise<deviceJobV1.ResumeJobResponse> {
    const { jobId, resumedBy: by } = request;
    const counts = failuresOf(await this.counts(await this.doc(jobId)));
    const command = { kind: 'ResumeJob' as const, by, ...counts, now: this.parts.context.clock.now() };
    return { job: await this.change(jobId, command, request.idempotencyKey) };
  }

  async retryJob(request: deviceJobV1.RetryJobRequest): Promise<deviceJobV1.RetryJobResponse> {
    const now = this.parts.context.clock.now();
    const states = request.states.map((state) => {
      const word = endStateOf(state);
      if (word === undefined) throw new RequestError('INVALID_ARGUMENT', 'states may hold only those a station can end in');
      return word;
    });
    const expiresAt = checkExpiry(request.expiresAt, now);
    const command = {
      kind: 'RetryJob' as const,
      states: states.length === 0 ? RETRIED : [...new Set(states)],
      expiresAt,
      by: request.retriedBy,
      now,
    };
    return { job: await this.change(request.jobId, command, request.idempotencyKey) };
  }

  private async change(jobId: string, command: Parameters<JobRepository['onJob']>[1], idempotencyKey: string): Promise<deviceJobV1.Job> {
    const { refusal: no } = await this.parts.repository.onJob(jobId, command, this.cause(idempotencyKey));
    if (no !== undefined) throw refusal(no);
    await this.parts.worker.hurry([jobId]);
    return this.message(await this.doc(jobId));
  }

  private async doc(jobId: string): Promise<JobDoc> {
    const doc = await this.parts.jobs.jobs.get(jobId);
    if (doc === undefined) throw refusal('JobUnknown');
    return doc;
  }

  /** Of a job that has ended the counts are known; of another they are counted. */
  private async message(doc: JobDoc): Promise<deviceJobV1.Job> {
    return toJobMessage(doc, await this.counts(doc), doc.version);
  }

  private async counts({ jobId, state: of, counts }: JobDoc): Promise<Readonly<Record<string, number>>> {
    if (of === 'Ended') return counts;
    const states = Object.keys(STATION_STATES);
    return Object.fromEntries(
      await Promise.all(states.map(async (state) => [state, await this.parts.jobs.stations.count({ jobId, state })] as const)),
    );
  }

  private async checkKnown(stationIds: readonly string[]): Promise<void> {
    const known = await this.parts.registry.stations.getMany(stationIds);
    const unknown = stationIds.filter((id) => known.get(id)?.lifecycle !== 'Active');
    if (unknown.length === 0) return;
    const more = unknown.length > NAMED_MAX ? ` and ${unknown.length - NAMED_MAX} more` : '';
    throw new RequestError('INVALID_ARGUMENT', `not in service: ${unknown.slice(0, NAMED_MAX).join(', ')}${more}`, 'StationUnknown');
  }

  private cause(idempotencyKey: string): string {
    return causeOf(idempotencyKey, () => this.parts.context.ids.next());
  }
}

const jobIdOf = (idempotencyKey: string): string => createHash('sha256').update(`job ${idempotencyKey}`).digest('hex').slice(0, 32);

function refusal(reason: JobRefusal): RequestError {
  const [code, message] = REFUSALS[reason];
  return new RequestError(code, message, reason);
}
