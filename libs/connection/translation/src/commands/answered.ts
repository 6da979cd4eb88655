import {
  type CommandAnswered,
  isSecretVariable,
  type OcppVersion,
  type ReportedVariable,
  type VariableAttribute,
} from '@voltlog/connection-contract';
import type { connectionV1 } from '@voltlog/proto';
import { COMPONENT_16, variableOf } from '../v16/configuration-keys.js';
import type { Command, CommandOutcome } from './command.js';

type Told = Pick<CommandAnswered, 'variables' | 'tellsAll' | 'clearedMonitors'>;
const NOTHING: Told = {};

/** What the outcome of a command says about the device model, under its names; a secret is not told. */
export function toldByAnswer(
  version: OcppVersion,
  command: Command,
  { variables, monitoring }: Pick<CommandOutcome, 'variables' | 'monitoring'>,
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
      const taken = variables.filter(({ status }) => status === 'Accepted');
      return taken.length === 0 ? NOTHING : { variables: read(version, taken) };
    }
    case 'clearVariableMonitoring': {
      const gone = (monitoring?.results ?? []).filter(({ status }) => status === 'Accepted' || status === 'NotFound');
      return gone.length === 0 ? NOTHING : { clearedMonitors: gone.map(({ monitorId }) => monitorId) };
    }
    default:
      return NOTHING;
  }
}

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
