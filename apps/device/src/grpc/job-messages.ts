import type { JobEndState, JobStationState, StationSelection } from '@voltlog/device-contract';
import type { KnownJob } from '@voltlog/device-domain';
import { connectionV1, deviceJobV1 } from '@voltlog/proto';
import { APPLY_TEMPLATE, COLLECT_LOG } from '../jobs/asking.js';
import type { JobStationDoc } from '../jobs/job-documents.js';

const { JobState, JobStationState: State } = deviceJobV1;

const JOB_STATES: Readonly<Record<KnownJob['state'], deviceJobV1.JobState>> = {
  Planning: JobState.PLANNING,
  Running: JobState.RUNNING,
  Paused: JobState.PAUSED,
  Cancelling: JobState.CANCELLING,
  Ended: JobState.ENDED,
};

export const STATION_STATES: Readonly<Record<JobStationState, deviceJobV1.JobStationState>> = {
  Pending: State.PENDING,
  Waiting: State.WAITING,
  Sending: State.SENDING,
  Accepted: State.ACCEPTED,
  Rejected: State.REJECTED,
  NotSupported: State.NOT_SUPPORTED,
  Failed: State.FAILED,
  Unknown: State.UNKNOWN,
  Expired: State.EXPIRED,
  Cancelled: State.CANCELLED,
};

const WORDS = new Map(Object.entries(STATION_STATES).map(([word, state]) => [state, word as JobStationState]));
const END_STATES: ReadonlySet<JobStationState> = new Set<JobEndState>([
  'Accepted',
  'Rejected',
  'NotSupported',
  'Failed',
  'Unknown',
  'Expired',
  'Cancelled',
]);

/** undefined: none of them. */
export const stationStateOf = (state: deviceJobV1.JobStationState): JobStationState | undefined => WORDS.get(state);

/** undefined: a station in it is not through. */
export function endStateOf(state: deviceJobV1.JobStationState): JobEndState | undefined {
  const word = WORDS.get(state);
  return word !== undefined && END_STATES.has(word) ? (word as JobEndState) : undefined;
}

/** What is empty is no condition. */
export function toSelection(selection: deviceJobV1.StationSelection): StationSelection {
  const { stationIds, siteId, vendor, model, firmwareVersion, ocppVersion, connected, tags } = selection;
  return {
    ...(stationIds.length === 0 ? {} : { stationIds: [...new Set(stationIds)] }),
    ...(siteId === '' ? {} : { siteId }),
    ...(vendor === '' ? {} : { vendor }),
    ...(model === '' ? {} : { model }),
    ...(firmwareVersion === '' ? {} : { firmwareVersion }),
    ...(ocppVersion === '' ? {} : { ocppVersion }),
    ...(connected === undefined ? {} : { connected }),
    ...(tags.length === 0 ? {} : { tags }),
  };
}

export function toJobMessage(job: Omit<KnownJob, 'kind'>, counts: Readonly<Record<string, number>>, version: number): deviceJobV1.Job {
  const { name: $case, parameters: value, timeoutMs } = job.command;
  return {
    jobId: job.jobId,
    name: job.name,
    applyTemplate: $case === APPLY_TEMPLATE ? { templateId: String(value['templateId'] ?? '') } : undefined,
    collectLog: $case === COLLECT_LOG ? deviceJobV1.CollectLog.fromPartial(value as object) : undefined,
    command:
      $case === APPLY_TEMPLATE || $case === COLLECT_LOG
        ? undefined
        : connectionV1.SendCommandRequest.fromPartial({ timeoutMs, command: { $case, value } } as never),
    failureBound: job.failureBound,
    pausedBecause: job.state === 'Paused' ? (job.pausedBecause ?? '') : '',
    selection: deviceJobV1.StationSelection.fromPartial({
      ...job.selection,
      stationIds: [...(job.selection.stationIds ?? [])],
      tags: [...(job.selection.tags ?? [])],
      all: Object.keys(job.selection).length === 0,
    }),
    state: JOB_STATES[job.state],
    outcome: job.outcome ?? '',
    stationCount: job.stationCount,
    counts: Object.entries(STATION_STATES).flatMap(([word, state]) => {
      const count = counts[word] ?? 0;
      return count === 0 ? [] : [{ state, count }];
    }),
    stationsPerMinute: job.stationsPerMinute,
    concurrency: job.concurrency,
    expiresAt: job.expiresAt,
    createdAt: job.createdAt,
    endedAt: job.endedAt === '' ? undefined : job.endedAt,
    createdBy: job.createdBy,
    round: job.round,
    version,
  };
}

export const toJobStationMessage = (doc: JobStationDoc): deviceJobV1.JobStation => ({
  jobId: doc.jobId,
  stationId: doc.stationId,
  state: STATION_STATES[doc.state],
  attempts: doc.attempt,
  sentAt: doc.sentAt === '' ? undefined : doc.sentAt,
  updatedAt: doc.at,
  stationStatus: doc.answer?.stationStatus ?? '',
  reason: doc.reason,
  action: doc.answer?.action ?? '',
  messageId: doc.answer?.messageId ?? '',
  latencyMs: doc.answer?.latencyMs ?? 0,
  responseJson: doc.answer?.responseJson ?? '',
});
