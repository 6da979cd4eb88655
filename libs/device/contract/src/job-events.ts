/**
 * Bulk work: one command for many stations. Topic `device.job.v1`, key: the job id.
 *
 * A job is a stream of its own; its stations lie in parts of at most 100, each a stream too, so that a job of any size is written and
 * read in pieces. That a station is about to be sent the command is an event before it is sent.
 */

export const JOB_TOPIC = 'device.job.v1';

/** All that are in service and meet every condition that is given. */
export interface StationSelection {
  readonly stationIds?: readonly string[];
  readonly siteId?: string;
  readonly vendor?: string;
  readonly model?: string;
  readonly firmwareVersion?: string;
  readonly ocppVersion?: string;
  readonly connected?: boolean;
  /** They have all of these. */
  readonly tags?: readonly string[];
}

/**
 * A command of `voltlog.connection.v1.SendCommandRequest`; or `applyTemplate` with `templateId`: the station is set to what the template says,
 * with an empty one to all that is intended for it; or `collectLog` with `logType`, `filesUrl` and what else a request for a log has.
 */
export interface JobCommand {
  /** Of its field in the request, e.g. `setVariables`. */
  readonly name: string;
  /** The message of that field; enums are their names. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** How long a station's answer is waited for; 0: as long as the connection service waits. */
  readonly timeoutMs: number;
}

/** A job pauses by itself when so many of those that are through since it began, or went on, have failed. */
export interface JobFailureBound {
  /** 1 to 100. */
  readonly percent: number;
  /** Fewer that are through say nothing yet. */
  readonly stations: number;
}

export interface JobCreated {
  readonly jobId: string;
  readonly name: string;
  readonly command: JobCommand;
  readonly selection: StationSelection;
  /** 0: as fast as `concurrency` allows. */
  readonly stationsPerMinute: number;
  /** Stations that are being asked at once. */
  readonly concurrency: number;
  /** Absent: it goes on whatever fails. */
  readonly failureBound?: JobFailureBound;
  readonly expiresAt: string;
  readonly createdBy: string;
  readonly at: string;
}

/** The stations are looked up; they lie in the parts 0 to `partCount` - 1. */
export interface JobPlanned {
  readonly jobId: string;
  readonly partCount: number;
  readonly stationCount: number;
  readonly at: string;
}

/** Nothing is sent until it goes on; what is on its way is waited for. */
export interface JobPaused {
  readonly jobId: string;
  /** Empty: too many stations failed. */
  readonly by: string;
  readonly reason: string;
  readonly at: string;
}

export interface JobResumed {
  readonly jobId: string;
  readonly by: string;
  /** Stations that were through, and those of them that had failed: they count no more. */
  readonly through: number;
  readonly failed: number;
  readonly at: string;
}

export interface JobCancelled {
  readonly jobId: string;
  readonly by: string;
  readonly at: string;
}

/** Stations in one of these states get the command once more. */
export interface JobRetried {
  readonly jobId: string;
  readonly round: number;
  readonly states: readonly JobEndState[];
  readonly expiresAt: string;
  readonly by: string;
  readonly at: string;
}

export type JobOutcome = 'Completed' | 'Cancelled' | 'Expired';

/** No station is left to be sent anything. */
export interface JobEnded {
  readonly jobId: string;
  readonly outcome: JobOutcome;
  readonly counts: Readonly<Record<string, number>>;
  readonly at: string;
}

/** What the station said, or `Unknown`: whether it acted is not known. `Failed`: the command cannot be sent to such a station. */
export type JobAnswerState = 'Accepted' | 'Rejected' | 'NotSupported' | 'Failed' | 'Unknown';
export type JobEndState = JobAnswerState | 'Expired' | 'Cancelled';
export type JobStationState = JobEndState | 'Pending' | 'Waiting' | 'Sending';

export interface JobPartPlanned {
  readonly jobId: string;
  readonly part: number;
  /** Rising. */
  readonly stationIds: readonly string[];
  readonly at: string;
}

/** The command is about to be sent: whatever happens from here on, it is not sent to them again unasked. */
export interface JobStationsSent {
  readonly jobId: string;
  readonly part: number;
  readonly stations: readonly { readonly stationId: string; readonly attempt: number }[];
  readonly at: string;
}

export interface JobAnswer {
  readonly stationId: string;
  readonly attempt: number;
  readonly state: JobAnswerState;
  /** The station's own status word or CALLERROR code; empty: none. */
  readonly stationStatus: string;
  readonly reason: string;
  readonly action: string;
  readonly messageId: string;
  readonly latencyMs: number;
  /** JSON text, without secrets, cut when it is long. */
  readonly responseJson: string;
}

export interface JobStationsAnswered {
  readonly jobId: string;
  readonly part: number;
  readonly answers: readonly JobAnswer[];
  readonly at: string;
}

/** `Pending`: their turn will come. `Waiting`: they are offline or busy; nothing was sent. */
export interface JobStationsQueued {
  readonly jobId: string;
  readonly part: number;
  readonly stationIds: readonly string[];
  readonly state: 'Pending' | 'Waiting';
  /** The retry that queued them; 0: none, they stay in theirs. */
  readonly round: number;
  readonly reason: string;
  readonly at: string;
}

/** They get nothing any more. */
export interface JobStationsDropped {
  readonly jobId: string;
  readonly part: number;
  readonly stationIds: readonly string[];
  readonly state: 'Expired' | 'Cancelled';
  readonly at: string;
}

/** Every event on the topic: event type -> data. */
export interface JobEvents {
  'voltlog.device.JobCreated.v1': JobCreated;
  'voltlog.device.JobPlanned.v1': JobPlanned;
  'voltlog.device.JobPaused.v1': JobPaused;
  'voltlog.device.JobResumed.v1': JobResumed;
  'voltlog.device.JobCancelled.v1': JobCancelled;
  'voltlog.device.JobRetried.v1': JobRetried;
  'voltlog.device.JobEnded.v1': JobEnded;
  'voltlog.device.JobPartPlanned.v1': JobPartPlanned;
  'voltlog.device.JobStationsSent.v1': JobStationsSent;
  'voltlog.device.JobStationsAnswered.v1': JobStationsAnswered;
  'voltlog.device.JobStationsQueued.v1': JobStationsQueued;
  'voltlog.device.JobStationsDropped.v1': JobStationsDropped;
}

type PartEventType = `voltlog.device.Job${'Part' | 'Stations'}${string}` & keyof JobEvents;
type Plain<Type extends keyof JobEvents> = { readonly [Each in Type]: { readonly type: Each; readonly data: JobEvents[Each] } }[Type];

/** An event of a job's own stream, without its envelope. */
export type JobEvent = Plain<Exclude<keyof JobEvents, PartEventType>>;
/** An event of the stream of one of its parts. */
export type JobPartEvent = Plain<PartEventType>;
