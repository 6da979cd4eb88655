import type { DeviceModelReported, ModelMonitor, ModelVariable } from '@voltlog/device-contract';
import {
  type Configuration,
  configurationDecider,
  type DeviceModel,
  deviceModelDecider,
  type Template,
  type TemplateState,
  templateDecider,
} from '@voltlog/device-domain';
import { Schema } from 'mongoose';

const required = { type: String, required: true };
const count = { type: Number, required: true };
const list = { type: [Schema.Types.Mixed], default: [] };
const words = { type: String, default: '' };

/** What a station last reported. */
export interface DeviceModelDoc {
  /** The station's id. */
  readonly id: string;
  /** Commits of its stream. */
  readonly version: number;
  readonly variables: readonly ModelVariable[];
  readonly monitors: readonly ModelMonitor[];
  readonly lastReport?: Omit<DeviceModelReported, 'stationId'>;
  readonly updatedAt: string;
}

export const deviceModelSchema = new Schema(
  { id: required, version: count, variables: list, monitors: list, lastReport: { type: Schema.Types.Mixed }, updatedAt: words },
  { versionKey: false },
);

export const toModelDoc = (id: string, model: DeviceModel, version: number): DeviceModelDoc => ({
  id,
  version,
  variables: [...model.variables.values()],
  monitors: [...model.monitors.values()],
  ...(model.lastReport === undefined ? {} : { lastReport: model.lastReport }),
  updatedAt: model.updatedAt,
});

export type ReportKind = 'Variables' | 'Monitors';

/** A report on its way: which of its parts are there. */
export interface ReportDoc {
  /** `<station>/<kind>/<request>` */
  readonly id: string;
  readonly version: number;
  readonly stationId: string;
  readonly kind: ReportKind;
  readonly requestId: number;
  /** It was asked for all that the station has. */
  readonly whole: boolean;
  /** Sequence numbers that are there: from and to, both included, rising, with gaps between. */
  readonly ranges: readonly (readonly [from: number, to: number])[];
  /** The part that is not continued; absent: not there yet. */
  readonly last?: number;
  readonly parts: number;
  /** Of JSON, of all parts. */
  readonly characters: number;
  /** Parts that were left out since a report has a bound. */
  readonly dropped: number;
  readonly startedAt: string;
  readonly lastPartAt: string;
  /** Empty: it is under way. */
  readonly endedAt: string;
  readonly outcome: '' | 'Complete' | 'Incomplete' | 'Refused';
  /** In plain words; empty where there is nothing to say. */
  readonly detail: string;
}

export const reportSchema = new Schema(
  {
    id: required,
    version: count,
    stationId: required,
    kind: required,
    requestId: count,
    whole: { type: Boolean, required: true },
    ranges: list,
    last: { type: Number },
    parts: count,
    characters: count,
    dropped: count,
    startedAt: required,
    lastPartAt: words,
    endedAt: words,
    outcome: words,
    detail: words,
  },
  { versionKey: false },
);
reportSchema.index({ stationId: 1, startedAt: 1, id: 1 });

/** A part that waits for the others. */
export interface ReportPartDoc {
  /** `<report>/<seqNo>` */
  readonly id: string;
  readonly version: number;
  readonly reportId: string;
  readonly seqNo: number;
  readonly items: readonly (ModelVariable | ModelMonitor)[];
}

export const reportPartSchema = new Schema(
  { id: required, version: count, reportId: required, seqNo: count, items: list },
  { versionKey: false },
);
reportPartSchema.index({ reportId: 1, seqNo: 1, id: 1 });

/** A template as it is. */
export type TemplateDoc = Template & {
  readonly id: string;
  /** Commits of its stream. */
  readonly version: number;
  readonly retired: boolean;
  readonly updatedAt: string;
  readonly revision: number;
};

export const templateSchema = new Schema(
  {
    id: required,
    version: count,
    templateId: required,
    name: words,
    vendor: words,
    model: words,
    firmwareVersion: words,
    priority: count,
    variables: list,
    monitors: list,
    monitoringBase: { type: String },
    monitoringLevel: { type: Number },
    certificates: list,
    boot: { type: String },
    bootIntervalSeconds: count,
    retired: { type: Boolean, required: true },
    updatedAt: required,
    revision: count,
  },
  { versionKey: false },
);
templateSchema.index({ retired: 1, id: 1 });

export function toTemplateDoc(id: string, state: TemplateState, version: number): TemplateDoc | undefined {
  if (state.kind === 'none') return undefined;
  const { kind: _, ...template } = state;
  return { ...template, id, version };
}

/** What is intended for one station. */
export interface ConfigurationDoc extends Configuration {
  /** The station's id. */
  readonly id: string;
  /** Commits of its stream. */
  readonly version: number;
}

export const configurationSchema = new Schema(
  {
    id: required,
    version: count,
    stationId: required,
    variables: list,
    lastReconciled: { type: Schema.Types.Mixed },
    inoperative: list,
    outages: list,
    revision: count,
    updatedAt: words,
  },
  { versionKey: false },
);

export const toConfigurationDoc = (id: string, state: Configuration, version: number): ConfigurationDoc => ({ ...state, id, version });

/** Streams of each kind, and the document they fold to. */
export const MODELS = {
  name: 'device_models',
  schema: deviceModelSchema,
  prefix: 'model:',
  decider: deviceModelDecider,
  toDoc: toModelDoc,
};
export const TEMPLATES = {
  name: 'configuration_templates',
  schema: templateSchema,
  prefix: 'template:',
  decider: templateDecider,
  toDoc: toTemplateDoc,
};
export const CONFIGURATIONS = {
  name: 'configurations',
  schema: configurationSchema,
  prefix: 'configuration:',
  decider: configurationDecider,
  toDoc: toConfigurationDoc,
};
