import type { DeviceModelReported, ModelAttribute, ModelEvent, ModelMonitor, ModelVariable } from '@voltlog/device-contract';
import { type Decider, type Decision, decided, isoTime } from '@voltlog/kernel';
import { nameOf, variableKey } from './variable-name.js';

/** Variables kept of one station; large ones have some thousands. */
export const VARIABLES_MAX = 10_000;
/** Monitors kept of one station. */
export const MONITORS_MAX = 2_000;
/** In one event, so that a record on the log stays small. */
const VARIABLES_PER_EVENT = 100;

export type DeviceModelEvent = ModelEvent<'VariablesChanged' | 'VariablesGone' | 'DeviceModelReported' | 'MonitorsChanged'>;

/** What a station last said it is made of and set to. */
export interface DeviceModel {
  /** Empty: nothing was told. */
  readonly stationId: string;
  /** By {@link variableKey}. */
  readonly variables: ReadonlyMap<string, ModelVariable>;
  readonly monitors: ReadonlyMap<number, ModelMonitor>;
  /** Absent: none yet. */
  readonly lastReport?: Omit<DeviceModelReported, 'stationId'>;
  /** When something was last told otherwise than before; empty: never. */
  readonly updatedAt: string;
}

export type DeviceModelCommand =
  | {
      readonly kind: 'Report';
      readonly stationId: string;
      readonly report: Omit<DeviceModelReported, 'stationId' | 'at' | 'variables' | 'variablesLeftOut'>;
      /** All that the station has: what is not among them is gone, if the report is complete. */
      readonly whole: boolean;
      readonly variables: readonly ModelVariable[];
      readonly now: number;
    }
  /** Some attributes were read or set; the others stay. */
  | { readonly kind: 'Note'; readonly stationId: string; readonly variables: readonly ModelVariable[]; readonly now: number }
  | {
      readonly kind: 'ReportMonitors';
      readonly stationId: string;
      /** All that the station has. */
      readonly whole: boolean;
      readonly monitors: readonly ModelMonitor[];
      readonly now: number;
    }
  | { readonly kind: 'ClearMonitors'; readonly stationId: string; readonly monitorIds: readonly number[]; readonly now: number };

/** A station's device model, folded from what it told: only what differs from before is an event, however often it is told. */
export const deviceModelDecider: Decider<DeviceModelCommand, DeviceModel, DeviceModelEvent> = {
  initialState: { stationId: '', variables: new Map(), monitors: new Map(), updatedAt: '' },
  decide(command, model) {
    switch (command.kind) {
      case 'Report':
        return report(command, model);
      case 'Note':
        return decided(...changed(command.stationId, merged(command.variables, model), model, isoTime(command.now)));
      case 'ReportMonitors':
        return reportMonitors(command, model);
      case 'ClearMonitors': {
        const gone = command.monitorIds.filter((id) => model.monitors.has(id));
        return gone.length === 0 ? decided() : decided(monitorsChanged(command.stationId, [], gone, isoTime(command.now)));
      }
      default:
        return command satisfies never;
    }
  },
  evolve(model, { type, data }) {
    const next = { ...model, stationId: data.stationId, updatedAt: data.at };
    switch (type) {
      case 'voltlog.device.VariablesChanged.v1': {
        const variables = new Map(model.variables);
        for (const variable of data.variables) variables.set(variableKey(variable), variable);
        return { ...next, variables };
      }
      case 'voltlog.device.VariablesGone.v1': {
        const variables = new Map(model.variables);
        for (const variable of data.variables) variables.delete(variableKey(variable));
        return { ...next, variables };
      }
      case 'voltlog.device.DeviceModelReported.v1': {
        const { stationId: _, ...lastReport } = data;
        return { ...next, lastReport };
      }
      case 'voltlog.device.MonitorsChanged.v1': {
        const monitors = new Map(model.monitors);
        for (const id of data.gone) monitors.delete(id);
        for (const monitor of data.monitors) monitors.set(monitor.monitorId, monitor);
        return { ...next, monitors };
      }
      default:
        return model;
    }
  },
};

function report(command: Extract<DeviceModelCommand, { kind: 'Report' }>, model: DeviceModel): Decision<DeviceModelEvent, never> {
  const { stationId, variables, whole } = command;
  const at = isoTime(command.now);
  // Told twice in one report: the last counts.
  const told = new Map(variables.map((variable) => [variableKey(variable), variable]));
  const known = [...model.variables.values()];
  const complete = command.report.outcome === 'Complete';
  const gone = whole && complete ? known.filter((variable) => !told.has(variableKey(variable))) : [];
  const room = VARIABLES_MAX - (model.variables.size - gone.length);
  const kept = withinRoom([...told.values()], model, room);
  const events: DeviceModelEvent[] = [...changed(stationId, kept, model, at)];
  if (gone.length > 0) events.push({ type: 'voltlog.device.VariablesGone.v1', data: { stationId, variables: gone.map(nameOf), at } });
  events.push({
    type: 'voltlog.device.DeviceModelReported.v1',
    data: { stationId, ...command.report, variables: told.size, variablesLeftOut: told.size - kept.length, at },
  });
  return decided(...events);
}

/** Those that are known already, and as many new ones as there is room for. */
function withinRoom(variables: readonly ModelVariable[], model: DeviceModel, room: number): readonly ModelVariable[] {
  let left = Math.max(0, room);
  return variables.filter((variable) => model.variables.has(variableKey(variable)) || left-- > 0);
}

function changed(stationId: string, variables: readonly ModelVariable[], model: DeviceModel, at: string): readonly DeviceModelEvent[] {
  const news = variables.filter((variable) => !sameVariable(model.variables.get(variableKey(variable)), variable));
  const events: DeviceModelEvent[] = [];
  for (let from = 0; from < news.length; from += VARIABLES_PER_EVENT)
    events.push({
      type: 'voltlog.device.VariablesChanged.v1',
      data: { stationId, variables: news.slice(from, from + VARIABLES_PER_EVENT), at },
    });
  return events;
}

/** What was read or set, joined with what was known of the variable besides. */
function merged(variables: readonly ModelVariable[], model: DeviceModel): readonly ModelVariable[] {
  const after = new Map<string, ModelVariable>();
  for (const variable of variables) {
    const key = variableKey(variable);
    const before = after.get(key) ?? model.variables.get(key);
    after.set(key, before === undefined ? variable : { ...before, attributes: mergedAttributes(before.attributes, variable.attributes) });
  }
  return withinRoom([...after.values()], model, VARIABLES_MAX - model.variables.size);
}

function mergedAttributes(before: readonly ModelAttribute[], told: readonly ModelAttribute[]): readonly ModelAttribute[] {
  const after = new Map(before.map((attribute) => [attribute.type, attribute]));
  for (const attribute of told) after.set(attribute.type, { ...after.get(attribute.type), ...attribute });
  return [...after.values()];
}

function reportMonitors(
  command: Extract<DeviceModelCommand, { kind: 'ReportMonitors' }>,
  model: DeviceModel,
): Decision<DeviceModelEvent, never> {
  const { stationId, whole } = command;
  const told = new Map(command.monitors.slice(0, MONITORS_MAX).map((monitor) => [monitor.monitorId, monitor]));
  const news = [...told.values()].filter((monitor) => !same(model.monitors.get(monitor.monitorId), monitor));
  const gone = whole ? [...model.monitors.keys()].filter((id) => !told.has(id)) : [];
  return news.length === 0 && gone.length === 0 ? decided() : decided(monitorsChanged(stationId, news, gone, isoTime(command.now)));
}

const monitorsChanged = (stationId: string, monitors: readonly ModelMonitor[], gone: readonly number[], at: string): DeviceModelEvent => ({
  type: 'voltlog.device.MonitorsChanged.v1',
  data: { stationId, monitors, gone, at },
});

/** Attributes are told in any order. */
const sameVariable = (a: ModelVariable | undefined, b: ModelVariable): boolean => a !== undefined && same(comparable(a), comparable(b));

const comparable = (variable: ModelVariable) => ({
  attributes: variable.attributes
    .map(({ type, value, mutability }) => [type, value ?? null, mutability ?? 'ReadWrite'].join('\0'))
    .toSorted(),
  characteristics: Object.entries(variable.characteristics ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1)),
});

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
