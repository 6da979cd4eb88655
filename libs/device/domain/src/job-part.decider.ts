import type { JobAnswer, JobEndState, JobPartEvent, JobStationState } from '@voltlog/device-contract';
import { assertNever, type Decider, type Decision, decided, isoTime } from '@voltlog/kernel';

/** Stations of one part: its stream is read whole, and one answer of 16 kB for each still is a small read. */
export const PART_STATIONS_MAX = 100;

export interface JobStation {
  readonly state: JobStationState;
  readonly part: number;
  /** How often the command was sent to it. */
  readonly attempt: number;
  /** The retry it was last queued by. */
  readonly round: number;
  /** Empty: never. */
  readonly sentAt: string;
  /** When its state last changed. */
  readonly at: string;
  readonly reason: string;
  /** The last answer; absent: none yet. */
  readonly answer?: Omit<JobAnswer, 'stationId' | 'attempt' | 'state' | 'reason'>;
  /** Counts changes of this station, from 1. */
  readonly revision: number;
}

export interface JobPart {
  readonly jobId: string;
  readonly part: number;
  readonly stations: Readonly<Record<string, JobStation>>;
}

/** undefined: it is not planned. */
export type JobPartState = JobPart | undefined;

export type JobPartCommand =
  | {
      readonly kind: 'PlanPart';
      readonly jobId: string;
      readonly part: number;
      readonly stationIds: readonly string[];
      readonly now: number;
    }
  /** Those whose turn it is; others are left out. */
  | { readonly kind: 'SendToStations'; readonly stationIds: readonly string[]; readonly now: number }
  | { readonly kind: 'ReportAnswers'; readonly answers: readonly JobAnswer[]; readonly now: number }
  /** Nothing was sent to them after all. */
  | {
      readonly kind: 'ReportNotSent';
      readonly stations: readonly { readonly stationId: string; readonly attempt: number }[];
      readonly reason: string;
      readonly now: number;
    }
  /** What was sent before this and has no answer will have none. */
  | { readonly kind: 'GiveUpOn'; readonly sentBefore: string; readonly reason: string; readonly now: number }
  /** Offline: they wait. */
  | { readonly kind: 'LetWait'; readonly stationIds: readonly string[]; readonly reason: string; readonly now: number }
  | { readonly kind: 'ReportBack'; readonly stationIds: readonly string[]; readonly now: number }
  /** Those in one of the states that this retry has not queued yet. */
  | { readonly kind: 'QueueAgain'; readonly states: readonly JobEndState[]; readonly round: number; readonly now: number }
  | { readonly kind: 'DropStations'; readonly state: 'Expired' | 'Cancelled'; readonly now: number };

/** Some stations of a job. Whatever is reported late, twice or about another attempt changes nothing. */
export const jobPartDecider: Decider<JobPartCommand, JobPartState, JobPartEvent> = {
  initialState: undefined,
  decide(command, state): Decision<JobPartEvent, never> {
    const at = isoTime(command.now);
    if (command.kind === 'PlanPart') {
      const { jobId, part, stationIds } = command;
      return state === undefined ? decided({ type: 'voltlog.device.JobPartPlanned.v1', data: { jobId, part, stationIds, at } }) : decided();
    }
    if (state === undefined) return decided();
    const { jobId, part, stations } = state;
    const among = (ids: readonly string[], ...states: readonly JobStationState[]): string[] =>
      ids.filter((id) => states.some((each) => stations[id]?.state === each));
    switch (command.kind) {
      case 'SendToStations': {
        const sent = among(command.stationIds, 'Pending').map((stationId) => ({
          stationId,
          attempt: (stations[stationId]?.attempt ?? 0) + 1,
        }));
        return sent.length === 0
          ? decided()
          : decided({ type: 'voltlog.device.JobStationsSent.v1', data: { jobId, part, stations: sent, at } });
      }
      case 'ReportAnswers':
        return answered(state, lastOf(command.answers.filter((answer) => isOpen(stations[answer.stationId], answer.attempt))), at);
      case 'ReportNotSent': {
        const ids = command.stations
          .filter(({ stationId, attempt }) => isOpen(stations[stationId], attempt))
          .map(({ stationId }) => stationId);
        return queued(state, ids, 'Waiting', command.reason, at);
      }
      case 'GiveUpOn': {
        const lost = Object.entries(stations).filter(([, station]) => station.state === 'Sending' && station.sentAt < command.sentBefore);
        const answers = lost.map(([stationId, { attempt }]) => ({ ...NO_ANSWER, stationId, attempt, reason: command.reason }));
        return answered(state, answers, at);
      }
      case 'LetWait':
        return queued(state, among(command.stationIds, 'Pending'), 'Waiting', command.reason, at);
      case 'ReportBack':
        return queued(state, among(command.stationIds, 'Waiting'), 'Pending', '', at);
      case 'QueueAgain': {
        const ids = among(Object.keys(stations), ...command.states).filter((id) => (stations[id]?.round ?? 0) < command.round);
        return queued(state, ids, 'Pending', '', at, command.round);
      }
      case 'DropStations': {
        const stationIds = among(Object.keys(stations), 'Pending', 'Waiting');
        if (stationIds.length === 0) return decided();
        return decided({ type: 'voltlog.device.JobStationsDropped.v1', data: { jobId, part, stationIds, state: command.state, at } });
      }
      default:
        return assertNever(command, 'job part command');
    }
  },
  evolve(state, { type, data }) {
    if (type === 'voltlog.device.JobPartPlanned.v1') {
      const { jobId, part, at } = data;
      const fresh: JobStation = { state: 'Pending', part, attempt: 0, round: 1, sentAt: '', at, reason: '', revision: 1 };
      return { jobId, part, stations: Object.fromEntries(data.stationIds.map((id) => [id, fresh])) };
    }
    if (state === undefined) return state;
    const { at } = data;
    switch (type) {
      case 'voltlog.device.JobStationsSent.v1': {
        const sent = data.stations.map(
          ({ stationId, attempt }) => [stationId, { state: 'Sending', attempt, sentAt: at, at, reason: '' }] as const,
        );
        return changed(state, sent);
      }
      case 'voltlog.device.JobStationsAnswered.v1': {
        const answers = data.answers.map(
          ({ stationId, state: as, attempt, reason, ...answer }) => [stationId, { state: as, attempt, reason, answer, at }] as const,
        );
        return changed(state, answers);
      }
      case 'voltlog.device.JobStationsQueued.v1': {
        const { stationIds, state: as, round, reason } = data;
        return changed(
          state,
          stationIds.map((id) => [id, { state: as, reason, at, ...(round === 0 ? {} : { round }) }] as const),
        );
      }
      case 'voltlog.device.JobStationsDropped.v1':
        return changed(
          state,
          data.stationIds.map((id) => [id, { state: data.state, reason: '', at }] as const),
        );
      default:
        return assertNever(type, 'job part event');
    }
  },
};

/** Its answer is waited for; `Unknown` is no answer, so that a late one still tells. */
const isOpen = (station: JobStation | undefined, attempt: number): boolean =>
  station !== undefined && station.attempt === attempt && (station.state === 'Sending' || station.state === 'Unknown');

/** One of each station; `Unknown` only where nothing better is told. */
function lastOf(answers: readonly JobAnswer[]): readonly JobAnswer[] {
  const byStation = new Map<string, JobAnswer>();
  for (const answer of answers) {
    const known = byStation.get(answer.stationId);
    if (known === undefined || known.state === 'Unknown') byStation.set(answer.stationId, answer);
  }
  return [...byStation.values()];
}

const NO_ANSWER = {
  state: 'Unknown',
  stationStatus: '',
  action: '',
  messageId: '',
  latencyMs: 0,
  responseJson: '',
} as const satisfies Omit<JobAnswer, 'stationId' | 'attempt' | 'reason'>;

const answered = ({ jobId, part, stations }: JobPart, answers: readonly JobAnswer[], at: string): Decision<JobPartEvent, never> => {
  // Not to know twice is not news.
  const news = answers.filter(({ stationId, state }) => state !== 'Unknown' || stations[stationId]?.state !== 'Unknown');
  return news.length === 0
    ? decided()
    : decided({ type: 'voltlog.device.JobStationsAnswered.v1', data: { jobId, part, answers: news, at } });
};

/** `round` 0: they stay in theirs. */
const queued = (
  { jobId, part }: JobPart,
  stationIds: readonly string[],
  state: 'Pending' | 'Waiting',
  reason: string,
  at: string,
  round = 0,
): Decision<JobPartEvent, never> =>
  stationIds.length === 0
    ? decided()
    : decided({ type: 'voltlog.device.JobStationsQueued.v1', data: { jobId, part, stationIds, state, round, reason, at } });

function changed(part: JobPart, changes: readonly (readonly [string, Partial<JobStation>])[]): JobPart {
  const stations = { ...part.stations };
  for (const [stationId, change] of changes) {
    const station = stations[stationId];
    if (station !== undefined) stations[stationId] = { ...station, ...change, revision: station.revision + 1 };
  }
  return { ...part, stations };
}
