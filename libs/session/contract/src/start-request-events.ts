import type { SessionLimit } from './limit-events.js';
import type { SessionIdToken } from './session-events.js';

/** Topic of start requests; key: the start request's id. */
export const START_REQUEST_TOPIC = 'session.start-request.v1';

/** What every event about a start request has. Times are ISO 8601 UTC, our clock. */
export interface StartRequestFact {
  readonly startRequestId: string;
  readonly stationId: string;
  readonly at: string;
}

/** Somebody asked a station to start. */
export interface StartRequested extends StartRequestFact {
  /** 0: any. */
  readonly evseId: number;
  readonly idToken: SessionIdToken;
  readonly groupId?: string;
  readonly limit?: SessionLimit;
  /** 2.x remoteStartId that the session's start will name. */
  readonly remoteStartId: number;
}

/** What the station said. Accepted is not happened: the session shows later. */
export interface StartAnswered extends StartRequestFact {
  readonly status: 'Accepted' | 'Rejected' | 'NotSupported' | 'Offline' | 'TimedOut' | 'Busy';
  readonly stationStatus?: string;
  /** In plain words. */
  readonly reason?: string;
}

/** The session that came of it. */
export interface StartRequestMatched extends StartRequestFact {
  readonly sessionId: string;
}

/** No session came of it in time. */
export interface StartRequestLapsed extends StartRequestFact {}

/** It was taken back. OCPP cannot tell a station so: what begins there of it all the same is stopped. */
export interface StartRequestCancelled extends StartRequestFact {
  readonly by: 'Driver' | 'Operator';
}

/** A session came of it although it was taken back; that session is stopped. */
export interface StartRequestOvertaken extends StartRequestFact {
  readonly sessionId: string;
}

/** Every event on the topic: event type -> data. */
export interface StartRequestEvents {
  'voltlog.session.StartRequested.v1': StartRequested;
  'voltlog.session.StartAnswered.v1': StartAnswered;
  'voltlog.session.StartRequestMatched.v1': StartRequestMatched;
  'voltlog.session.StartRequestLapsed.v1': StartRequestLapsed;
  'voltlog.session.StartRequestCancelled.v1': StartRequestCancelled;
  'voltlog.session.StartRequestOvertaken.v1': StartRequestOvertaken;
}

export type StartRequestEventType = keyof StartRequestEvents;

export type StartRequestEvent = {
  [Type in StartRequestEventType]: { readonly type: Type; readonly data: StartRequestEvents[Type] };
}[StartRequestEventType];
