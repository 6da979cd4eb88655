import type { JobCommand, JobEndState, JobEvent, JobFailureBound, JobOutcome, StationSelection } from '@voltlog/device-contract';
import { assertNever, type Decider, type Decision, decided, isoTime, refused } from '@voltlog/kernel';

/** What a job is made of. */
export interface JobAttributes {
  readonly name: string;
  readonly command: JobCommand;
  readonly selection: StationSelection;
  /** 0: as fast as `concurrency` allows. */
  readonly stationsPerMinute: number;
  readonly concurrency: number;
  /** Absent: it goes on whatever fails. */
  readonly failureBound?: JobFailureBound;
  readonly expiresAt: string;
  readonly createdBy: string;
}

export interface JobRetry {
  readonly round: number;
  readonly states: readonly JobEndState[];
}

export interface NoJob {
  readonly kind: 'none';
}

export interface KnownJob extends JobAttributes {
  readonly kind: 'job';
  readonly jobId: string;
  /** `Planning`: its stations are being looked up. `Paused`: nothing is sent. `Cancelling`: answers are still on their way. */
  readonly state: 'Planning' | 'Running' | 'Paused' | 'Cancelling' | 'Ended';
  /** Why it was paused last; empty: it goes on. */
  readonly pausedBecause?: string;
  /** When it last went on: what was through before says nothing about its failures. Absent: it was never paused. */
  readonly resumed?: { readonly through: number; readonly failed: number };
  /** Absent: it has not ended. */
  readonly outcome?: JobOutcome;
  readonly partCount: number;
  readonly stationCount: number;
  /** By state, when it ended. */
  readonly counts: Readonly<Record<string, number>>;
  /** 1, and one more with each retry. */
  readonly round: number;
  /** All of its stations were looked up. */
  readonly planned: boolean;
  /** What retries since it last ended send to again: stations in these states that are in an earlier round. */
  readonly retries: readonly JobRetry[];
  readonly createdAt: string;
  /** Empty: it has not ended. */
  readonly endedAt: string;
}

export type JobState = NoJob | KnownJob;

export type JobCommandIn =
  | { readonly kind: 'CreateJob'; readonly jobId: string; readonly attributes: JobAttributes; readonly now: number }
  | { readonly kind: 'ReportPlanned'; readonly partCount: number; readonly stationCount: number; readonly now: number }
  /** `by` empty: too many failed. */
  | { readonly kind: 'PauseJob'; readonly by: string; readonly reason: string; readonly now: number }
  | { readonly kind: 'ResumeJob'; readonly by: string; readonly through: number; readonly failed: number; readonly now: number }
  | { readonly kind: 'CancelJob'; readonly by: string; readonly now: number }
  | {
      readonly kind: 'RetryJob';
      readonly states: readonly JobEndState[];
      readonly expiresAt: string;
      readonly by: string;
      readonly now: number;
    }
  /** No station is left that is waited for in this round; one that was asked for meanwhile goes on. */
  | { readonly kind: 'EndJob'; readonly round: number; readonly counts: Readonly<Record<string, number>>; readonly now: number };

/**
 * `JobCancelling`: it is cancelled and not through yet. `JobPlanning`: its stations are not looked up yet. `JobNeverPlanned`: it was
 * cancelled before they all were, so that a retry would leave some out.
 */
export type JobRefusal =
  | 'JobEnded'
  | 'JobPaused'
  | 'JobExists'
  | 'JobUnknown'
  | 'JobCancelling'
  | 'JobPlanning'
  | 'JobNeverPlanned'
  | 'JobExpired';

/** A job as a whole; what is done at each station lies in its parts. */
export const jobDecider: Decider<JobCommandIn, JobState, JobEvent, JobRefusal> = {
  initialState: { kind: 'none' },
  decide(command, state): Decision<JobEvent, JobRefusal> {
    const at = isoTime(command.now);
    if (command.kind === 'CreateJob') {
      const { jobId, attributes } = command;
      if (state.kind === 'job') return refused('JobExists');
      if (attributes.expiresAt <= at) return refused('JobExpired');
      return decided<JobEvent>({ type: 'voltlog.device.JobCreated.v1', data: { jobId, ...attributes, at } });
    }
    if (state.kind === 'none') return refused('JobUnknown');
    const { jobId } = state;
    switch (command.kind) {
      case 'ReportPlanned': {
        if (state.state !== 'Planning') return decided();
        const { partCount, stationCount } = command;
        return decided<JobEvent>({ type: 'voltlog.device.JobPlanned.v1', data: { jobId, partCount, stationCount, at } });
      }
      case 'PauseJob':
        if (state.state === 'Paused') return decided();
        if (state.state !== 'Running') return refused(CANNOT_PAUSE[state.state]);
        return decided<JobEvent>({ type: 'voltlog.device.JobPaused.v1', data: { jobId, by: command.by, reason: command.reason, at } });
      case 'ResumeJob': {
        if (state.state !== 'Paused') return decided();
        const { by, through, failed } = command;
        return decided<JobEvent>({ type: 'voltlog.device.JobResumed.v1', data: { jobId, by, through, failed, at } });
      }
      case 'CancelJob':
        if (state.state === 'Ended' || state.state === 'Cancelling') return decided();
        return decided<JobEvent>({ type: 'voltlog.device.JobCancelled.v1', data: { jobId, by: command.by, at } });
      case 'RetryJob': {
        if (state.state === 'Cancelling') return refused('JobCancelling');
        if (state.state === 'Planning') return refused('JobPlanning');
        if (state.state === 'Paused') return refused('JobPaused');
        if (!state.planned) return refused('JobNeverPlanned');
        if (command.expiresAt <= at) return refused('JobExpired');
        const { states, expiresAt, by } = command;
        return decided<JobEvent>({
          type: 'voltlog.device.JobRetried.v1',
          data: { jobId, round: state.round + 1, states, expiresAt, by, at },
        });
      }
      case 'EndJob': {
        if (state.state === 'Ended' || state.state === 'Planning' || command.round !== state.round) return decided();
        const outcome =
          state.state === 'Cancelling'
            ? 'Cancelled'
            : state.expiresAt <= at && (command.counts['Expired'] ?? 0) > 0
              ? 'Expired'
              : 'Completed';
        return decided<JobEvent>({ type: 'voltlog.device.JobEnded.v1', data: { jobId, outcome, counts: command.counts, at } });
      }
      default:
        return assertNever(command, 'job command');
    }
  },
  evolve(state, { type, data }) {
    if (type === 'voltlog.device.JobCreated.v1') return created(data);
    if (state.kind === 'none') return state;
    switch (type) {
      case 'voltlog.device.JobPlanned.v1':
        return { ...state, state: 'Running', planned: true, partCount: data.partCount, stationCount: data.stationCount };
      case 'voltlog.device.JobPaused.v1':
        return { ...state, state: 'Paused', pausedBecause: data.reason };
      case 'voltlog.device.JobResumed.v1':
        return { ...state, state: 'Running', pausedBecause: '', resumed: { through: data.through, failed: data.failed } };
      case 'voltlog.device.JobCancelled.v1':
        // Before its stations are looked up there is nobody to wait for, but parts may lie there: they are dropped all the same.
        return { ...state, state: 'Cancelling' };
      case 'voltlog.device.JobRetried.v1': {
        const { outcome: _, ...rest } = state;
        const { round, states, expiresAt } = data;
        // A retry that is not queued yet stays beside a younger one, unless that one covers it.
        const open = state.state === 'Ended' ? [] : state.retries.filter((each) => !each.states.every((one) => states.includes(one)));
        return { ...rest, state: 'Running', round, retries: [...open, { round, states }], expiresAt, counts: {}, endedAt: '' };
      }
      case 'voltlog.device.JobEnded.v1':
        return { ...state, state: 'Ended', outcome: data.outcome, counts: data.counts, endedAt: data.at };
      default:
        return assertNever(type, 'job event');
    }
  },
};

const CANNOT_PAUSE = { Planning: 'JobPlanning', Cancelling: 'JobCancelling', Ended: 'JobEnded' } as const;

/** States that count as failures. */
const FAILURES: readonly JobEndState[] = ['Rejected', 'NotSupported', 'Failed', 'Unknown'];

/** How many stations are through, and how many of them failed. */
export function failuresOf(counts: Readonly<Record<string, number>>): { readonly through: number; readonly failed: number } {
  const failed = FAILURES.reduce((sum, state) => sum + (counts[state] ?? 0), 0);
  return { through: failed + (counts['Accepted'] ?? 0), failed };
}

/** In words, when more have failed since the job began, or went on, than it bears; undefined: it goes on. */
export function tooManyFailed(
  { failureBound, resumed = { through: 0, failed: 0 } }: Pick<KnownJob, 'failureBound' | 'resumed'>,
  counts: Readonly<Record<string, number>>,
): string | undefined {
  if (failureBound === undefined) return undefined;
  const now = failuresOf(counts);
  // Fewer than before: a retry has queued some of them again.
  const through = now.through - Math.min(resumed.through, now.through);
  const failed = now.failed - Math.min(resumed.failed, now.failed);
  if (through < failureBound.stations || failed * 100 < failureBound.percent * through || failed === 0) return undefined;
  return `${failed} of ${through} stations failed`;
}

const created = ({ at, jobId, ...attributes }: JobAttributes & { readonly jobId: string; readonly at: string }): KnownJob => ({
  kind: 'job',
  jobId,
  name: attributes.name,
  command: attributes.command,
  selection: attributes.selection,
  stationsPerMinute: attributes.stationsPerMinute,
  concurrency: attributes.concurrency,
  ...(attributes.failureBound === undefined ? {} : { failureBound: attributes.failureBound }),
  expiresAt: attributes.expiresAt,
  createdBy: attributes.createdBy,
  state: 'Planning',
  partCount: 0,
  stationCount: 0,
  counts: {},
  round: 1,
  planned: false,
  retries: [],
  createdAt: at,
  endedAt: '',
});
