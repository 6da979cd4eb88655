/**
 * What the device service says about configurations. Topic `device.model.v1`, key: the station id or, for a template, its id.
 *
 * Times are ISO 8601 UTC with milliseconds, by our clock unless said otherwise.
 */

export const MODEL_TOPIC = 'device.model.v1';

/** A variable of a station's device model. Absent: none, the whole. 1.6 keys that 2.x has no word for are in the component `1.6`. */
export interface ModelVariableName {
  readonly component: string;
  readonly componentInstance?: string;
  readonly evseId?: number;
  readonly connectorId?: number;
  readonly name: string;
  readonly instance?: string;
}

/** OCPP 2.1 AttributeEnumType */
export type AttributeType = 'Actual' | 'Target' | 'MinSet' | 'MaxSet';

export interface ModelAttribute {
  readonly type: AttributeType;
  /** Absent: write-only, or a secret. */
  readonly value?: string;
  /** OCPP 2.1 MutabilityEnumType; absent: ReadWrite. */
  readonly mutability?: 'ReadOnly' | 'WriteOnly' | 'ReadWrite';
}

/** As the station reported it last. */
export interface ModelVariable extends ModelVariableName {
  readonly attributes: readonly ModelAttribute[];
  readonly characteristics?: {
    readonly dataType: string;
    readonly unit?: string;
    readonly minLimit?: number;
    readonly maxLimit?: number;
    readonly valuesList?: string;
    readonly supportsMonitoring: boolean;
  };
}

export interface ModelMonitor {
  readonly monitorId: number;
  readonly variable: ModelVariableName;
  /** OCPP 2.1 MonitorEnumType */
  readonly type: string;
  readonly value: number;
  /** 0 (danger) to 9 (debug). */
  readonly severity: number;
  readonly transaction: boolean;
}

/** Variables that are new or that the station told otherwise than before; at most 100. */
export interface VariablesChanged {
  readonly stationId: string;
  readonly variables: readonly ModelVariable[];
  readonly at: string;
}

/** A complete report no longer has these. */
export interface VariablesGone {
  readonly stationId: string;
  readonly variables: readonly ModelVariableName[];
  readonly at: string;
}

/** A report on variables is over. What it changed was told before. */
export interface DeviceModelReported {
  readonly stationId: string;
  /** Of the command that asked. */
  readonly requestId: number;
  /** Incomplete: parts were missing when no more came. */
  readonly outcome: 'Complete' | 'Incomplete';
  readonly parts: number;
  /** Sequence numbers, from and to, both included. */
  readonly missingParts: readonly (readonly [from: number, to: number])[];
  readonly variables: number;
  /** Told, and left out since a model has a bound. */
  readonly variablesLeftOut: number;
  readonly at: string;
}

/** Monitors that are new or another, and those that are gone. */
export interface MonitorsChanged {
  readonly stationId: string;
  readonly monitors: readonly ModelMonitor[];
  readonly gone: readonly number[];
  readonly at: string;
}

/** A value that a variable is to have. */
export interface IntendedVariable extends ModelVariableName {
  /** Absent: Actual. */
  readonly attributeType?: AttributeType;
  readonly value: string;
}

/** What a station is to watch by itself. */
export type IntendedMonitor = Omit<ModelMonitor, 'monitorId'>;

/** A root that a station is to trust. */
export interface IntendedCertificate {
  /** OCPP 2.1 InstallCertificateUseEnumType */
  readonly certificateType: string;
  /** PEM, one. */
  readonly certificate: string;
}

/** OCPP 2.1 MonitoringBaseEnumType */
export type MonitoringBase = 'All' | 'FactoryDefault' | 'HardWiredOnly';

/** What a station is answered when it boots. OCPP 2.1 RegistrationStatusEnumType */
export type BootStatus = 'Accepted' | 'Pending' | 'Rejected';

/** All that an operator says in a template. Empty texts match any station. */
export interface TemplateAttributes {
  readonly name: string;
  readonly vendor: string;
  readonly model: string;
  /** May end with `*`. */
  readonly firmwareVersion: string;
  /** Of templates that match as closely, the higher counts. */
  readonly priority: number;
  readonly variables: readonly IntendedVariable[];
  /** Absent: none. */
  readonly monitors?: readonly IntendedMonitor[];
  /** Which of its monitors a station has active; absent: the template says nothing about it. */
  readonly monitoringBase?: MonitoringBase;
  /** Up to which severity events are sent; absent: the template says nothing about it. */
  readonly monitoringLevel?: number;
  /** Roots to be installed where they are missing; absent: none. */
  readonly certificates?: readonly IntendedCertificate[];
  /** Absent: the template says nothing about it. `Pending`: provisioned first, then accepted. */
  readonly boot?: BootStatus;
  /** After how long a station that was not accepted asks again. */
  readonly bootIntervalSeconds: number;
}

/** The template as it is from now on, whole. */
export interface TemplateDefined extends TemplateAttributes {
  readonly templateId: string;
  readonly at: string;
}

export interface TemplateRetired {
  readonly templateId: string;
  readonly at: string;
}

/** What is intended for this station alone, whole. */
export interface ConfigurationIntended {
  readonly stationId: string;
  readonly variables: readonly IntendedVariable[];
  readonly at: string;
}

export interface AppliedVariable extends IntendedVariable {
  /** The station's word, or `Unread` when it did not tell the value. */
  readonly status: string;
}

/** What was intended was held against what the station has, and the difference sent to it. */
export interface ConfigurationReconciled {
  readonly stationId: string;
  /** `InSync`: the station has all of it. */
  readonly outcome: 'InSync' | 'RebootRequired' | 'Refused';
  /** What was sent, and what the station said to it. */
  readonly results: readonly AppliedVariable[];
  readonly at: string;
}

/** Whether a station, an EVSE (connector 0) or a connector is to be in service from now on. */
export interface AvailabilityIntended {
  readonly stationId: string;
  /** 0: the whole station. */
  readonly evseId: number;
  /** 0: the whole EVSE. */
  readonly connectorId: number;
  readonly operative: boolean;
  readonly reason: string;
  readonly at: string;
}

/** Out of service for a time that is known before. */
export interface OutageScheduled {
  readonly stationId: string;
  readonly outageId: string;
  readonly evseId: number;
  readonly connectorId: number;
  readonly from: string;
  readonly until: string;
  readonly reason: string;
  readonly at: string;
}

export interface OutageEnded {
  readonly stationId: string;
  readonly outageId: string;
  readonly outcome: 'Completed' | 'Cancelled';
  readonly at: string;
}

/** Something an operator should look at. */
export interface AlertOpened {
  /** Empty: of work on many stations. */
  readonly stationId: string;
  readonly alertId: string;
  readonly source: 'Monitor' | 'SecurityEvent' | 'Boot' | 'Configuration' | 'Firmware' | 'Job' | 'Campaign' | 'Move';
  /** 0 (danger) to 9 (debug), as OCPP 2.1 rates monitors. */
  readonly severity: number;
  /** What it is about: `Component.Variable`, the type of the security event, ... */
  readonly subject: string;
  /** In plain words. */
  readonly detail: string;
  readonly evseId: number;
  readonly connectorId: number;
  readonly value: string;
  /** Of firmware: what the station ran when it failed; empty: not known. */
  readonly firmwareVersion?: string;
  /** By the station's clock where it is the station's. */
  readonly occurredAt: string;
  /** Its station was in quarantine, unknown or retired: it is on the list, and nobody is notified of it. Absent: it was in service. */
  readonly notAccepted?: true;
  readonly at: string;
}

/** It came again, worse. */
export interface AlertRaised {
  readonly stationId: string;
  readonly alertId: string;
  readonly severity: number;
  readonly detail: string;
  readonly value: string;
  /** As it was opened with, so that whoever is told of this alone knows what it is about. Absent: of an older version. */
  readonly source?: AlertOpened['source'];
  readonly subject?: string;
  /** As in {@link AlertOpened}, at this time. */
  readonly notAccepted?: true;
  readonly at: string;
}

/** An operator has seen it. */
export interface AlertAcknowledged {
  readonly stationId: string;
  readonly alertId: string;
  readonly note: string;
  readonly at: string;
}

export interface AlertCleared {
  readonly stationId: string;
  readonly alertId: string;
  readonly by: 'Station' | 'Operator' | 'Platform';
  /** As in {@link AlertRaised}. */
  readonly source?: AlertOpened['source'];
  readonly subject?: string;
  /** As it was opened with. */
  readonly notAccepted?: true;
  readonly at: string;
}

/** Every event on the topic: event type -> data. */
export interface ModelEvents {
  'voltlog.device.VariablesChanged.v1': VariablesChanged;
  'voltlog.device.VariablesGone.v1': VariablesGone;
  'voltlog.device.DeviceModelReported.v1': DeviceModelReported;
  'voltlog.device.MonitorsChanged.v1': MonitorsChanged;
  'voltlog.device.TemplateDefined.v1': TemplateDefined;
  'voltlog.device.TemplateRetired.v1': TemplateRetired;
  'voltlog.device.ConfigurationIntended.v1': ConfigurationIntended;
  'voltlog.device.ConfigurationReconciled.v1': ConfigurationReconciled;
  'voltlog.device.AvailabilityIntended.v1': AvailabilityIntended;
  'voltlog.device.OutageScheduled.v1': OutageScheduled;
  'voltlog.device.OutageEnded.v1': OutageEnded;
  'voltlog.device.AlertOpened.v1': AlertOpened;
  'voltlog.device.AlertRaised.v1': AlertRaised;
  'voltlog.device.AlertAcknowledged.v1': AlertAcknowledged;
  'voltlog.device.AlertCleared.v1': AlertCleared;
}

export type ModelEventType = keyof ModelEvents;

/** Events of the topic by their names, without their envelope. */
export type ModelEvent<Name extends string = string> = {
  readonly [Type in ModelEventType]: Type extends `voltlog.device.${Name}.v1`
    ? { readonly type: Type; readonly data: ModelEvents[Type] }
    : never;
}[ModelEventType];
