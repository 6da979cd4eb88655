import {
  type CommandAnswered,
  isSecretVariable,
  type OcppVersion,
  type ReportedMonitor,
  type ReportedVariable,
  type VariableAttribute,
} from '@voltlog/connection-contract';
import type { connectionV1 } from '@voltlog/proto';
import { COMPONENT_16, variableOf } from '../v16/configuration-keys.js';
import type { Command, CommandOutcome } from './command.js';

type Told = Pick<CommandAnswered, 'variables' | 'tellsAll' | 'clearedMonitors' | 'setMonitors'>;
const NOTHING: Told = {};

/** What the outcome of a command says about the device model, under its names; a secret is not told. */
export function toldByAnswer(
  version: OcppVersion,
  command: Command,
  { variables, monitoring, stationStatus }: Pick<CommandOutcome, 'variables' | 'monitoring' | 'stationStatus'>,
): Told {
  switch (command.$case) {
    case 'getVariables':
    case 'getReport':
    case 'getBaseReport': {
      if (variables.length === 0) return NOTHING;
      const all = command.$case === 'getBaseReport' || (command.$case === 'getVariables' && command.value.variables.length === 0);
      return { variables: read(version, variables), ...(all ? { tellsAll: true } : {}) };
    }
    case 'setVariables': {
      const set = variables.filter(({ status }) => status === 'Accepted');
      return set.length === 0 ? NOTHING : { variables: read(version, set) };
    }
    case 'clearVariableMonitoring': {
      const gone = (monitoring?.results ?? []).filter(({ status }) => status === 'Accepted' || status === 'NotFound');
      return gone.length === 0 ? NOTHING : { clearedMonitors: gone.map(({ monitorId }) => monitorId) };
    }
    case 'setVariableMonitoring': {
      const setMonitors = taken(command.value.monitors, monitoring?.results ?? []);
      return setMonitors.length === 0 ? NOTHING : { setMonitors };
    }
    case 'setMonitoringBase':
      return stationStatus === 'Accepted' ? { variables: [active('Base', command.value.monitoringBase)] } : NOTHING;
    case 'setMonitoringLevel':
      return stationStatus === 'Accepted' ? { variables: [active('Level', String(command.value.severity))] } : NOTHING;
    default:
      return NOTHING;
  }
}

/** The variables in which a station keeps what it was told. Source: OCPP 2.0.1 Part 2 §2.1.9 (MonitoringCtrlr) */
const active = (what: 'Base' | 'Level', value: string): ReportedVariable => ({
  component: 'MonitoringCtrlr',
  name: `ActiveMonitoring${what}`,
  attributes: [{ type: 'Actual', value }],
});

/** What was asked for, under the ids that the station gave; results come in any order. */
function taken(asked: readonly connectionV1.Monitor[], results: readonly connectionV1.MonitorResult[]): readonly ReportedMonitor[] {
  return results
    .filter(({ status }) => status === 'Accepted')
    .flatMap((result) => {
      const monitor = asked.find((each) => placeOf(each) === placeOf(result));
      if (monitor?.variable === undefined) return [];
      const { component, componentInstance, evseId, connectorId, name, instance } = monitor.variable;
      const variable = {
        component,
        ...(componentInstance ? { componentInstance } : {}),
        ...(evseId ? { evseId } : {}),
        ...(connectorId ? { connectorId } : {}),
        name,
        ...(instance ? { instance } : {}),
      };
      const { type, value, severity, transaction } = monitor;
      return [{ monitorId: result.monitorId, variable, type, value, severity, transaction }];
    });
}

/** A variable has one monitor of a type and severity. */
const placeOf = ({ variable, type, severity }: Pick<connectionV1.MonitorResult, 'variable' | 'type' | 'severity'>): string =>
  [
    variable?.component,
    variable?.componentInstance ?? '',
    variable?.evseId,
    variable?.connectorId ?? 0,
    variable?.name,
    variable?.instance,
    type,
    severity,
  ]
    .join('\t')
    .toLowerCase();

const read = (version: OcppVersion, results: readonly connectionV1.VariableResult[]): readonly ReportedVariable[] =>
  results.flatMap(({ variable, status, readonly }) =>
    variable === undefined || status !== 'Accepted' ? [] : [toReported(version, variable, readonly)],
  );

function toReported(version: OcppVersion, told: connectionV1.Variable, readonly: boolean): ReportedVariable {
  const is16 = version === 'ocpp1.6' && (told.component === '' || told.component === COMPONENT_16);
  const named = is16 ? variableOf(told.name) : { ...told, attributeType: told.attributeType || 'Actual' };
  return {
    component: named.component,
    ...(told.componentInstance ? { componentInstance: told.componentInstance } : {}),
    ...(told.evseId === 0 ? {} : { evseId: told.evseId }),
    ...(told.connectorId ? { connectorId: told.connectorId } : {}),
    name: named.name,
    ...(named.instance ? { instance: named.instance } : {}),
    attributes: [
      {
        type: attributeTypeOf(named.attributeType),
        ...(isSecretVariable(told.name) ? {} : { value: told.value }),
        ...(readonly ? { mutability: 'ReadOnly' as const } : {}),
      },
    ],
  };
}

/** Anything else is no type of the schema, and was never sent. */
function attributeTypeOf(type: string | undefined): VariableAttribute['type'] {
  return type === 'Target' || type === 'MinSet' || type === 'MaxSet' ? type : 'Actual';
}
