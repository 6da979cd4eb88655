import type { ReportFacts } from './report-facts.js';

/**
 * What stations say, in OCPP 2.1's words whatever version they speak. Topic `connection.station.v1`, key: the station id.
 *
 * Numbers are in base units (Wh, W, A, V, %). Times are ISO 8601 UTC with milliseconds: `occurredAt` by the station's clock,
 * `receivedAt` by ours.
 */

export const STATION_TOPIC = 'connection.station.v1';

export type OcppVersion = 'ocpp1.6' | 'ocpp2.0.1' | 'ocpp2.1';

/** What every fact has. */
export interface StationFact {
  readonly stationId: string;
  readonly ocppVersion: OcppVersion;
  readonly receivedAt: string;
  /** By the station's clock; equal to `receivedAt` where the message carries no time. */
  readonly occurredAt: string;
}

/** What every fact made of an OCPP message has. */
export interface MessageFact extends StationFact {
  /** Message id of the CALL. */
  readonly messageId: string;
  /** OCPP action as the station named it, e.g. `StartTransaction`. */
  readonly action: string;
  /** The request as it was received. */
  readonly raw: unknown;
  /** Deviations of the station that were tolerated in it, by their ids in the catalogue; absent: none. */
  readonly quirks?: readonly string[];
}

export interface IdToken {
  readonly idToken: string;
  /** OCPP 2.1 IdTokenEnumStringType; `Local` for 1.6, which does not say. */
  readonly type: string;
}

/** A station's socket was accepted; one that speaks SOAP was heard again after silence. */
export interface StationConnected extends StationFact {
  readonly epoch: number;
  readonly instanceId: string;
  readonly remoteAddress: string;
  readonly securityProfile: number;
  /** Serial number of the client certificate it showed on profile 3: lower-case hexadecimal without leading zeros. */
  readonly certificateSerial?: string;
  /** It showed the password that was on its way to it. */
  readonly showedOffered?: boolean;
  /** The change which that password is of. Facts of before it was told are not taken for a proof. */
  readonly offeredChangeId?: string;
  /** Of a station that speaks SOAP: `1.6S`, `1.5S` or `1.2S`. */
  readonly dialect?: string;
  /** False: let in by the `quarantine` or `accept` policy for unknown stations. */
  readonly registered: boolean;
}

export interface StationDisconnected extends StationFact {
  readonly epoch: number;
  readonly instanceId: string;
  /** WebSocket close code. */
  readonly code: number;
  readonly reason: string;
}

export interface StationBooted extends MessageFact {
  readonly vendor: string;
  readonly model: string;
  readonly serialNumber?: string;
  readonly firmwareVersion?: string;
  /** OCPP 2.1 BootReasonEnumType; `Unknown` for 1.6. */
  readonly reason: string;
  readonly iccid?: string;
  readonly imsi?: string;
  /** What it was answered. */
  readonly registrationStatus?: 'Accepted' | 'Pending' | 'Rejected';
}

export interface ConnectorStatusReported extends MessageFact {
  /** 0: the station itself. */
  readonly evseId: number;
  /** 0: the whole EVSE. */
  readonly connectorId: number;
  /** OCPP 2.1 ConnectorStatusEnumType. */
  readonly status: 'Available' | 'Occupied' | 'Reserved' | 'Unavailable' | 'Faulted';
  /** The finer word of 1.6: Preparing, Charging, SuspendedEV, SuspendedEVSE, Finishing. */
  readonly detail?: string;
  readonly errorCode?: string;
  readonly vendorErrorCode?: string;
  readonly note?: string;
}

/** The station asked about a token, and what it was told. */
export interface IdTokenPresented extends MessageFact {
  readonly idToken: IdToken;
  readonly authorization: AuthorizationAnswer;
}

/** What a station was told about a token. */
export interface AuthorizationAnswer {
  /** OCPP 2.1 AuthorizationStatusEnumType. */
  readonly status: string;
  /** Why, in one stable word; absent when accepted. */
  readonly reason?: string;
  /** Where the answer came from: the authorization service, the cache, or the policy for when neither knows. */
  readonly source: 'authorization' | 'cache' | 'policy';
  readonly decisionId?: string;
  readonly groupId?: string;
  /** How long the station may answer from its own cache, ISO 8601; absent when refused, or when the authorization service did not say. */
  readonly cacheExpiresAt?: string;
  /** What the contract or its budget leaves for this session; absent: no limit. */
  readonly limit?: ChargingLimit;
  /** The driver's contract, where the token has one. */
  readonly contractId?: string;
  /** Of the contract certificate that came with the token: OCPP 2.x AuthorizeCertificateStatusEnumType; absent: none came. */
  readonly certificateStatus?: string;
}

/** Where a session is to stop; what is absent is not limited. */
export interface ChargingLimit {
  readonly energyWh?: number;
  readonly durationSeconds?: number;
  readonly cost?: {
    /** A decimal number. */
    readonly amount: string;
    /** ISO 4217 */
    readonly currency: string;
  };
  readonly stateOfChargePercent?: number;
}

export interface SampledValue {
  /** OCPP 2.1 MeasurandEnumStringType */
  readonly measurand: string;
  /** In the base unit. */
  readonly value: number;
  /** Wh, W, A, V, Percent, Hz, Celsius, varh, var, VAh, VA; kWh and kW are converted. */
  readonly unit: string;
  readonly phase?: string;
  /** LocationEnumStringType; absent: Outlet */
  readonly location?: string;
  /** ReadingContextEnumStringType; absent: Sample.Periodic */
  readonly context?: string;
  /** The signed meter value as received, when there is one. */
  readonly signed?: unknown;
}

/** Values sampled at one moment. */
export interface MeterValue {
  /** By the station's clock. */
  readonly at: string;
  readonly samples: readonly SampledValue[];
}

/** What all facts about a transaction have. */
export interface TransactionFact extends MessageFact {
  /** As the station knows it: for 1.6 the number it was given, as text. */
  readonly transactionId: string;
  /** 0: not told (a 1.6 StopTransaction does not say). */
  readonly evseId: number;
  readonly connectorId: number;
  /** The station was offline when it happened. For 1.6: the message is old and from before the station connected. */
  readonly offline: boolean;
  /** 2.x sequence number. */
  readonly seqNo?: number;
  /** OCPP 2.1 TriggerReasonEnumType */
  readonly triggerReason?: string;
  readonly chargingState?: string;
  readonly idToken?: IdToken;
  readonly authorization?: AuthorizationAnswer;
  readonly meterValues: readonly MeterValue[];
}

export interface TransactionStarted extends TransactionFact {
  /**
   * What makes this transaction itself: the same for every repetition, different for any other. 2.x: the transaction id. 1.6: a hash
   * of connector, start time, meter start and id tag.
   */
  readonly transactionKey: string;
  /** Register of the meter at the start, Wh; 1.6 always says it. */
  readonly meterStartWh?: number;
  readonly reservationId?: number;
  readonly remoteStartId?: number;
  /** 1.6, which does not tell what made it start: when the station last asked about this token on this connection, our clock. */
  readonly idTokenShownAt?: string;
}

export interface TransactionUpdated extends TransactionFact {
  /** The start command it is the first message of, where the transaction began before that. */
  readonly remoteStartId?: number;
}

export interface TransactionEnded extends TransactionFact {
  /** OCPP 2.1 ReasonEnumType */
  readonly stoppedReason?: string;
  /** Register of the meter at the end, Wh; 1.6 always says it. */
  readonly meterStopWh?: number;
}

/** Meter values sent outside of a TransactionEvent: all of 1.6's, and the clock-aligned ones of 2.x. */
export interface MeterValuesReported extends MessageFact {
  readonly evseId: number;
  readonly connectorId: number;
  /** 1.6: the transaction the values belong to, when told. */
  readonly transactionId?: string;
  readonly meterValues: readonly MeterValue[];
}

export interface DataTransferReceived extends MessageFact {
  readonly vendorId: string;
  readonly dataId?: string;
  readonly payload?: unknown;
}

export interface FirmwareStatusReported extends MessageFact {
  readonly status: string;
  readonly requestId?: number;
}

/** 2.x only: a hold that the station was asked for is over there. */
export interface ReservationStatusReported extends MessageFact {
  /** The number the station was given with ReserveNow. */
  readonly reservationId: number;
  /** OCPP 2.1 ReservationUpdateStatusEnumType. */
  readonly status: 'Expired' | 'Removed' | 'NoTransaction';
}

/** The station has a key and wants a certificate for it. */
export interface CertificateSigningRequested extends MessageFact {
  /** PKCS#10, PEM. */
  readonly csr: string;
  /** OCPP 2.x CertificateSigningUseEnumType; 1.6 knows only `ChargingStationCertificate`. */
  readonly certificateType: string;
  /** OCPP 2.1: to be repeated in the answer. */
  readonly requestId?: number;
}

export interface SecurityEventReported extends MessageFact {
  readonly securityEventType: string;
  readonly techInfo?: string;
}

/** Whose value is never kept, under their 1.6 and their 2.x name. Sources: OCPP 1.6 Security Whitepaper §4, OCPP 2.0.1 Part 2 SecurityCtrlr. */
const SECRET_VARIABLES: ReadonlySet<string> = new Set(['AuthorizationKey', 'BasicAuthPassword']);

/** True for a variable (2.x) or configuration key (1.6) that holds a secret, however its letters are written. */
export const isSecretVariable = (name: string): boolean =>
  SECRET_VARIABLES.has(name) || [...SECRET_VARIABLES].some((each) => each.toLowerCase() === name.toLowerCase());

/** A variable of a station's device model. Empty texts and 0: none, the whole. Names compare without regard to case. */
export interface VariableName {
  readonly component: string;
  readonly componentInstance?: string;
  readonly evseId?: number;
  readonly connectorId?: number;
  readonly name: string;
  readonly instance?: string;
}

export interface VariableAttribute {
  /** OCPP 2.1 AttributeEnumType */
  readonly type: 'Actual' | 'Target' | 'MinSet' | 'MaxSet';
  /** Absent: write-only, or a secret. */
  readonly value?: string;
  /** OCPP 2.1 MutabilityEnumType; absent: ReadWrite. */
  readonly mutability?: 'ReadOnly' | 'WriteOnly' | 'ReadWrite';
}

/** OCPP 2.1 VariableCharacteristicsType */
export interface VariableCharacteristics {
  readonly dataType: string;
  readonly unit?: string;
  readonly minLimit?: number;
  readonly maxLimit?: number;
  readonly valuesList?: string;
  readonly supportsMonitoring: boolean;
}

export interface ReportedVariable extends VariableName {
  readonly attributes: readonly VariableAttribute[];
  readonly characteristics?: VariableCharacteristics;
}

/** One part of an answer that comes in many: complete when all of 0 to the last are there, the last being the one that is not continued. */
export interface ReportPart extends MessageFact {
  /** Of the command that asked. */
  readonly requestId: number;
  /** Counts from 0. */
  readonly seqNo: number;
  readonly toBeContinued: boolean;
}

/** A part of a report on variables; `raw` is what the part says besides. */
export interface VariablesReported extends ReportPart {
  readonly variables: readonly ReportedVariable[];
}

export interface ReportedMonitor {
  readonly monitorId: number;
  readonly variable: VariableName;
  /** OCPP 2.1 MonitorEnumType */
  readonly type: string;
  readonly value: number;
  /** 0 (danger) to 9 (debug). */
  readonly severity: number;
  /** Only while a transaction is going on. */
  readonly transaction: boolean;
}

/** A part of a report on monitors; `raw` is what the part says besides. */
export interface MonitorsReported extends ReportPart {
  readonly monitors: readonly ReportedMonitor[];
}

/** Something a station noticed. Source: OCPP 2.1 Part 2 N07, EventDataType. */
export interface StationEvent {
  readonly eventId: number;
  /** By the station's clock. */
  readonly at: string;
  /** OCPP 2.1 EventTriggerEnumType: Alerting, Delta or Periodic. */
  readonly trigger: string;
  /** OCPP 2.1 EventNotificationEnumType */
  readonly notification: string;
  readonly variable: VariableName;
  readonly value: string;
  readonly cleared: boolean;
  /** Of the event that caused it. */
  readonly cause?: number;
  readonly monitorId?: number;
  /** 0 (danger) to 9 (debug); only 2.1 tells. */
  readonly severity?: number;
  readonly techCode?: string;
  readonly techInfo?: string;
  readonly transactionId?: string;
}

export interface StationEventsReported extends MessageFact {
  readonly seqNo: number;
  readonly toBeContinued: boolean;
  readonly events: readonly StationEvent[];
}

/** What earlier versions made of every message that had no fact of its own; `action` tells which it was. */
export interface StationNotified extends MessageFact {}

/** A command was sent down, and what came back. */
export interface CommandAnswered extends StationFact {
  readonly messageId: string;
  readonly action: string;
  /** The request as it was sent. */
  readonly request: unknown;
  readonly status: 'Accepted' | 'Rejected' | 'NotSupported' | 'TimedOut';
  /** The station's own status word or CALLERROR code. */
  readonly stationStatus?: string;
  readonly response?: unknown;
  /** What the answer tells of variables: those that were read, or set and taken. */
  readonly variables?: readonly ReportedVariable[];
  /** `variables` are all that the station has (1.6). */
  readonly tellsAll?: boolean;
  /** Monitors that the station no longer has. */
  readonly clearedMonitors?: readonly number[];
  /** Monitors that the station took, under the ids it gave them. */
  readonly setMonitors?: readonly ReportedMonitor[];
}

/** Every fact on the topic: event type -> data. */
export interface StationFacts extends ReportFacts {
  'voltlog.connection.StationConnected.v1': StationConnected;
  'voltlog.connection.StationDisconnected.v1': StationDisconnected;
  'voltlog.connection.StationBooted.v1': StationBooted;
  'voltlog.connection.ConnectorStatusReported.v1': ConnectorStatusReported;
  'voltlog.connection.IdTokenPresented.v1': IdTokenPresented;
  'voltlog.connection.TransactionStarted.v1': TransactionStarted;
  'voltlog.connection.TransactionUpdated.v1': TransactionUpdated;
  'voltlog.connection.TransactionEnded.v1': TransactionEnded;
  'voltlog.connection.MeterValuesReported.v1': MeterValuesReported;
  'voltlog.connection.DataTransferReceived.v1': DataTransferReceived;
  'voltlog.connection.FirmwareStatusReported.v1': FirmwareStatusReported;
  'voltlog.connection.ReservationStatusReported.v1': ReservationStatusReported;
  'voltlog.connection.CertificateSigningRequested.v1': CertificateSigningRequested;
  'voltlog.connection.SecurityEventReported.v1': SecurityEventReported;
  'voltlog.connection.VariablesReported.v1': VariablesReported;
  'voltlog.connection.MonitorsReported.v1': MonitorsReported;
  'voltlog.connection.StationEventsReported.v1': StationEventsReported;
  'voltlog.connection.StationNotified.v1': StationNotified;
  'voltlog.connection.CommandAnswered.v1': CommandAnswered;
}

export type StationFactType = keyof StationFacts;
