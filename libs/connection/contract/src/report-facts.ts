import type { IdToken, MessageFact } from './station-facts.js';

/**
 * What stations report besides charging itself. The words are OCPP 2.1's; what a fact does not lift out of the message is in `raw`, which for
 * these messages is in 2.x's words already.
 */
export interface ReportFacts {
  'voltlog.connection.LogStatusReported.v1': LogStatusReported;
  'voltlog.connection.FirmwarePublishStatusReported.v1': FirmwarePublishStatusReported;
  'voltlog.connection.CustomerInformationReported.v1': CustomerInformationReported;
  'voltlog.connection.DisplayMessagesReported.v1': DisplayMessagesReported;
  'voltlog.connection.ChargingNeedsReported.v1': ChargingNeedsReported;
  'voltlog.connection.ChargingScheduleReported.v1': ChargingScheduleReported;
  'voltlog.connection.ChargingLimitReported.v1': ChargingLimitReported;
  'voltlog.connection.ChargingLimitCleared.v1': ChargingLimitCleared;
  'voltlog.connection.ChargingProfilesReported.v1': ChargingProfilesReported;
  'voltlog.connection.PriorityChargingReported.v1': PriorityChargingReported;
  'voltlog.connection.ScheduleUpdateRequested.v1': ScheduleUpdateRequested;
  'voltlog.connection.DerAlarmReported.v1': DerAlarmReported;
  'voltlog.connection.DerControlSwitched.v1': DerControlSwitched;
  'voltlog.connection.DerControlsReported.v1': DerControlsReported;
  'voltlog.connection.SettlementReported.v1': SettlementReported;
  'voltlog.connection.VatNumberPresented.v1': VatNumberPresented;
  'voltlog.connection.BatterySwapReported.v1': BatterySwapReported;
  'voltlog.connection.EventStreamOpened.v1': EventStreamOpened;
  'voltlog.connection.EventStreamClosed.v1': EventStreamClosed;
  'voltlog.connection.EventStreamReported.v1': EventStreamReported;
  'voltlog.connection.CertificateStatusRequested.v1': CertificateStatusRequested;
  'voltlog.connection.EvCertificateRequested.v1': EvCertificateRequested;
}

/** How the upload of a log goes: LogStatusNotification, and DiagnosticsStatusNotification of 1.6. */
export interface LogStatusReported extends MessageFact {
  /** OCPP 2.1 UploadLogStatusEnumType */
  readonly status: string;
  /** Of the GetLog it is about; 1.6 diagnostics have none. */
  readonly requestId?: number;
}

/** How a local controller gets on with publishing firmware. */
export interface FirmwarePublishStatusReported extends MessageFact {
  /** OCPP 2.1 PublishFirmwareStatusEnumType */
  readonly status: string;
  readonly requestId?: number;
  /** Where the stations behind it find the firmware, once it is published. */
  readonly locations: readonly string[];
}

/** A part of what is reported in several messages. */
export interface PartFact extends MessageFact {
  /** Of the request that is answered with it. */
  readonly requestId: number;
  /** More parts follow. */
  readonly toBeContinued: boolean;
}

/** What the station knows of a customer, in parts. */
export interface CustomerInformationReported extends PartFact {
  /** Counts from 0. */
  readonly seqNo: number;
  readonly data: string;
}

/** Messages that the station has to display, in parts. */
export interface DisplayMessagesReported extends PartFact {
  readonly messages: readonly DisplayMessage[];
}

/** OCPP 2.1 MessageInfoType; 2.0.1 has no `messageExtra`. */
export interface DisplayMessage {
  readonly id: number;
  /** AlwaysFront, InFront or NormalCycle */
  readonly priority: string;
  readonly state?: string;
  readonly startDateTime?: string;
  readonly endDateTime?: string;
  readonly transactionId?: string;
  readonly message: DisplayText;
  /** The same message in other languages. */
  readonly messageExtra?: readonly DisplayText[];
}

export interface DisplayText {
  /** ASCII, HTML, URI, UTF8 or QRCODE */
  readonly format: string;
  /** RFC 5646 */
  readonly language?: string;
  readonly content: string;
}

/** What the car asks for; `raw.chargingNeeds` has it. */
export interface ChargingNeedsReported extends MessageFact {
  readonly evseId: number;
  readonly requestedEnergyTransfer: string;
}

/** The schedule that the car made of what it was offered; `raw.chargingSchedule` has it. */
export interface ChargingScheduleReported extends MessageFact {
  readonly evseId: number;
}

/** Somebody else than the platform limits the station; `raw.chargingSchedule` says how far. */
export interface ChargingLimitReported extends MessageFact {
  /** 0: the station as a whole. */
  readonly evseId: number;
  /** EMS, SO, ... */
  readonly source: string;
  readonly isGridCritical?: boolean;
}

export interface ChargingLimitCleared extends MessageFact {
  /** 0: the station as a whole. */
  readonly evseId: number;
  readonly source: string;
}

/** Charging profiles at the station, in parts; `raw.chargingProfile` has them. */
export interface ChargingProfilesReported extends PartFact {
  readonly evseId: number;
  readonly source: string;
}

export interface PriorityChargingReported extends MessageFact {
  readonly transactionId: string;
  readonly activated: boolean;
}

/** The station asks for new limits of a dynamic charging profile. */
export interface ScheduleUpdateRequested extends MessageFact {
  readonly chargingProfileId: number;
}

export interface DerAlarmReported extends MessageFact {
  /** OCPP 2.1 DERControlEnumType */
  readonly controlType: string;
  readonly gridEventFault?: string;
  readonly ended: boolean;
}

/** A scheduled control of a distributed energy resource has begun or ended. */
export interface DerControlSwitched extends MessageFact {
  readonly controlId: string;
  readonly started: boolean;
  readonly supersededIds: readonly string[];
}

/** Controls of distributed energy resources at the station, in parts; `raw` has them. */
export interface DerControlsReported extends PartFact {}

/** A payment at the station's terminal was settled, or failed. */
export interface SettlementReported extends MessageFact {
  readonly transactionId?: string;
  /** The payment service provider's reference. */
  readonly pspRef: string;
  /** Settled, Canceled, Rejected or Failed */
  readonly status: string;
  /** In the currency of the payment; the message does not say which. */
  readonly amount: number;
  readonly receiptId?: string;
  readonly receiptUrl?: string;
}

/** Somebody entered a VAT number at the station. */
export interface VatNumberPresented extends MessageFact {
  readonly vatNumber: string;
  /** 0: the station as a whole. */
  readonly evseId: number;
}

export interface BatterySwapReported extends MessageFact {
  /** BatteryIn, BatteryOut or BatteryOutTimeout */
  readonly eventType: string;
  readonly requestId: number;
  readonly idToken: IdToken;
  readonly batteries: readonly { readonly evseId: number; readonly serialNumber: string; readonly stateOfChargePercent: number }[];
}

export interface EventStreamOpened extends MessageFact {
  readonly streamId: number;
  /** Of the variable monitoring that the stream is about. */
  readonly variableMonitoringId: number;
  readonly intervalSeconds?: number;
  /** Values in one message at most. */
  readonly valuesMax?: number;
}

export interface EventStreamClosed extends MessageFact {
  readonly streamId: number;
}

/** Values of a monitored variable; they came unconfirmed (SEND), so some may be missing. */
export interface EventStreamReported extends MessageFact {
  readonly streamId: number;
  /** Values that wait at the station. */
  readonly pending: number;
  readonly values: readonly { readonly at: string; readonly value: string }[];
}

/** The station asks whether certificates of a car are revoked. */
export interface CertificateStatusRequested extends MessageFact {
  readonly certificates: readonly { readonly issuerNameHash: string; readonly serialNumber: string }[];
}

/** A car asks for a contract certificate; `raw.exiRequest` has the request. */
export interface EvCertificateRequested extends MessageFact {
  readonly iso15118SchemaVersion: string;
  /** Install or Update */
  readonly certificateAction: string;
}
