import type {
  LimitDimension,
  SessionConnectorFreed,
  SessionLimit,
  SessionLimitOvershot,
  SessionLimitSet,
  SessionMilestoneReached,
  SessionPriced,
  SessionStartRequestMatched,
  SessionStopAnswered,
  SessionStopEscalated,
  SessionStopRequested,
} from './limit-events.js';

/**
 * What the session service says. Topic `session.session.v1`, key: the session id (a quarantined fact: the station id).
 *
 * Energy in Wh. Times are ISO 8601 UTC with milliseconds; `...At` without a prefix is the station's clock, `receivedAt` is ours.
 * Meter readings are never events: they are the projection behind `ListMeterValues`.
 */

export const SESSION_TOPIC = 'session.session.v1';

export interface SessionIdToken {
  readonly idToken: string;
  /** OCPP 2.1 IdTokenEnumStringType */
  readonly type: string;
}

/** What the station was told about the token. */
export interface SessionAuthorization {
  /** OCPP 2.1 AuthorizationStatusEnumType */
  readonly status: string;
  readonly reason?: string;
  readonly source: 'authorization' | 'cache' | 'policy';
  readonly decisionId?: string;
  readonly groupId?: string;
  readonly contractId?: string;
  /** What the contract allows this session. */
  readonly limit?: SessionLimit;
}

/** What every event about a session has. */
export interface SessionFact {
  readonly sessionId: string;
  readonly stationId: string;
  /** As the station knows it. */
  readonly transactionId: string;
  readonly ocppVersion: string;
}

/** What is odd about a session. A flag is derived from all that is known, so it can go again when a missing fact arrives. */
export type SessionFlag =
  | 'AssumedEnd'
  | 'AuthorizedByPolicy'
  | 'ClockSkew'
  | 'ConflictingEnd'
  | 'GapInSeqNo'
  | 'MatchedEnd'
  | 'MessagesQueued'
  | 'MissingStart'
  | 'OfflineStart'
  | 'RegisterFell'
  | 'RegisterJumped'
  | 'Stale'
  | 'TokenBlocked'
  | 'TokenNotAccepted'
  | 'TransactionIdReused';

/** The session as all known facts together tell it. */
export interface SessionOutcome {
  readonly state: 'Active' | 'Ended';
  readonly startedAt?: string;
  readonly endedAt?: string;
  readonly energyWh: number;
  readonly meterStartWh?: number;
  readonly meterStopWh?: number;
  /** OCPP 2.1 ReasonEnumType, or the platform's `Superseded` and `StationRebooted`. */
  readonly stoppedReason?: string;
  readonly idToken?: SessionIdToken;
  readonly authorizationStatus?: string;
  /** Sorted. */
  readonly flags: readonly SessionFlag[];
  /** Facts of the transaction are known to be missing. */
  readonly incomplete: boolean;
}

/** A session was first heard of by something else than its start, or its EVSE became known. */
export interface SessionDetected extends SessionFact {
  /** 0: not told. */
  readonly evseId: number;
  readonly connectorId: number;
  readonly at: string;
  readonly receivedAt: string;
}

export interface SessionStarted extends SessionFact {
  readonly transactionKey: string;
  readonly evseId: number;
  readonly connectorId: number;
  readonly startedAt: string;
  readonly receivedAt: string;
  readonly offline: boolean;
  readonly idToken?: SessionIdToken;
  readonly authorization?: SessionAuthorization;
  readonly meterStartWh?: number;
  readonly reservationId?: number;
  readonly remoteStartId?: number;
  readonly seqNo?: number;
  readonly triggerReason?: string;
  /** 1.6: when the station last asked about this token before. */
  readonly idTokenShownAt?: string;
}

/** A token was shown after the start: to begin the energy flow, or to stop it. */
export interface SessionIdTokenPresented extends SessionFact {
  readonly purpose: 'Start' | 'Stop';
  readonly idToken: SessionIdToken;
  readonly authorization?: SessionAuthorization;
  readonly at: string;
  readonly receivedAt: string;
  readonly seqNo?: number;
}

export interface SessionChargingStateChanged extends SessionFact {
  /** OCPP 2.1 ChargingStateEnumType */
  readonly chargingState: string;
  readonly at: string;
  readonly seqNo?: number;
  /** Why: the station keeps a limit by itself. */
  readonly limitReached?: ReachedLimit;
}

/** A limit that the station says is reached. */
export interface ReachedLimit {
  readonly dimension: LimitDimension;
  readonly receivedAt: string;
}

/** The station booted while the session was open: it may go on, or may be gone. */
export interface SessionInterrupted extends SessionFact {
  readonly at: string;
  readonly receivedAt: string;
  /** OCPP 2.1 BootReasonEnumType; `Unknown` for 1.6. */
  readonly reason: string;
}

/** The station answered GetTransactionStatus. */
export interface SessionQueueReported extends SessionFact {
  readonly messagesInQueue: boolean;
  readonly ongoing?: boolean;
  readonly receivedAt: string;
}

/**
 * How the end is known, the best first: the station reported it under this transaction's id; reported it under another id and it fits
 * this session alone; a later transaction began on the EVSE; the station booted and the transaction was never heard of again.
 */
export type SessionEndBasis = 'Reported' | 'Matched' | 'Superseded' | 'StationRebooted';

export interface SessionEnd {
  readonly basis: SessionEndBasis;
  readonly endedAt: string;
  readonly receivedAt: string;
  readonly offline: boolean;
  readonly stoppedReason?: string;
  /** OCPP 2.1 TriggerReasonEnumType, where it says more than the reason: a limit that the station kept. */
  readonly triggerReason?: string;
  readonly meterStopWh?: number;
  readonly seqNo?: number;
  readonly idToken?: SessionIdToken;
  readonly authorization?: SessionAuthorization;
  /** The quarantined fact that was matched. */
  readonly factId?: string;
  /** The session that took the EVSE over. */
  readonly supersededBy?: string;
}

/** The session ended, or its end is now better known (`corrects`). */
export interface SessionEnded extends SessionFact {
  readonly end: SessionEnd;
  readonly corrects: boolean;
  readonly outcome: SessionOutcome;
}

/** An end that was matched belongs to another session after all. */
export interface SessionEndRetracted extends SessionFact {
  readonly factId: string;
  readonly outcome: SessionOutcome;
}

/** A late fact changed the outcome of a session that had ended. */
export interface SessionCorrected extends SessionFact {
  readonly outcome: SessionOutcome;
}

/** An assumed end was wrong: the session goes on. */
export interface SessionReopened extends SessionFact {
  readonly outcome: SessionOutcome;
}

export interface SessionAnomalyFound extends SessionFact {
  readonly flag: SessionFlag;
  /** Our time, where the flag depends on it (`Stale`). */
  readonly at?: string;
}

/** A fact that no session could be found for was put aside. It is matched by itself once its session shows. */
export interface SessionFactQuarantined {
  readonly stationId: string;
  readonly factId: string;
  readonly factType: string;
  readonly transactionId: string;
  readonly reason: string;
  readonly at: string;
}

/** Every event on the topic: event type -> data. */
export interface SessionEvents {
  'voltlog.session.SessionDetected.v1': SessionDetected;
  'voltlog.session.SessionStarted.v1': SessionStarted;
  'voltlog.session.SessionIdTokenPresented.v1': SessionIdTokenPresented;
  'voltlog.session.SessionChargingStateChanged.v1': SessionChargingStateChanged;
  'voltlog.session.SessionInterrupted.v1': SessionInterrupted;
  'voltlog.session.SessionQueueReported.v1': SessionQueueReported;
  'voltlog.session.SessionEnded.v1': SessionEnded;
  'voltlog.session.SessionEndRetracted.v1': SessionEndRetracted;
  'voltlog.session.SessionCorrected.v1': SessionCorrected;
  'voltlog.session.SessionReopened.v1': SessionReopened;
  'voltlog.session.SessionAnomalyFound.v1': SessionAnomalyFound;
  'voltlog.session.SessionFactQuarantined.v1': SessionFactQuarantined;
  'voltlog.session.SessionMilestoneReached.v1': SessionMilestoneReached;
  'voltlog.session.SessionLimitSet.v1': SessionLimitSet;
  'voltlog.session.SessionStartRequestMatched.v1': SessionStartRequestMatched;
  'voltlog.session.SessionConnectorFreed.v1': SessionConnectorFreed;
  'voltlog.session.SessionStopRequested.v1': SessionStopRequested;
  'voltlog.session.SessionStopAnswered.v1': SessionStopAnswered;
  'voltlog.session.SessionStopEscalated.v1': SessionStopEscalated;
  'voltlog.session.SessionLimitOvershot.v1': SessionLimitOvershot;
  'voltlog.session.SessionPriced.v1': SessionPriced;
}

export type SessionEventType = keyof SessionEvents;

/** The events of a session's stream: all but the quarantine's. */
export type SessionStreamEventType = Exclude<SessionEventType, 'voltlog.session.SessionFactQuarantined.v1'>;

export type SessionEvent = {
  [Type in SessionStreamEventType]: { readonly type: Type; readonly data: SessionEvents[Type] };
}[SessionStreamEventType];
