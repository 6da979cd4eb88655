import type { connectionV1 as proto } from '@voltlog/proto';
import { type CommandOutcome, type CommandRoute, isRecord, listOf, type NotSupportedHere, overall, textOf } from '../commands/command.js';
import { keyOf, variableOf } from './configuration-keys.js';

/** Why a variable never reaches a 1.6 station. */
const NO_KEY = 'UnknownVariable';

/** OCPP 1.6 §5.8 */
export const getVariables: CommandRoute<'getVariables'> = {
  toCalls(value) {
    if (value.variables.length === 0) return [{ action: 'GetConfiguration', payload: {} }];
    return keysCall(value.variables);
  },
  toOutcome: (responses, value) => (value.variables.length === 0 ? all(responses[0]) : named(responses[0], value.variables)),
};

/** OCPP 1.6 §5.3: one key at a time. */
export const setVariables: CommandRoute<'setVariables'> = {
  toCalls(value) {
    const known = value.variables.flatMap((one) => {
      const key = keyOf(one);
      return key === undefined ? [] : [{ action: 'ChangeConfiguration', payload: { key, value: one.value } }];
    });
    return known.length === 0 ? noneHas(value.variables) : known;
  },
  toOutcome(responses, value): CommandOutcome {
    let answered = 0;
    const variables: proto.VariableResult[] = [];
    for (const variable of value.variables) {
      if (keyOf(variable) === undefined) variables.push({ variable, status: NO_KEY, readonly: false });
      else if (answered < responses.length) variables.push({ variable, status: textOf(responses[answered++], 'status'), readonly: false });
    }
    return overall(variables);
  },
};

/** A 1.6 station tells all keys in one answer. */
export const getBaseReport: CommandRoute<'getBaseReport'> = {
  toCalls: ({ reportBase }) =>
    reportBase === 'SummaryInventory'
      ? { notSupported: 'a 1.6 station has no summary of its configuration' }
      : [{ action: 'GetConfiguration', payload: {} }],
  toOutcome: (responses) => all(responses[0]),
};

export const getReport: CommandRoute<'getReport'> = {
  toCalls({ criteria, variables }) {
    if (criteria.length > 0 || variables.length === 0 || variables.some(({ name }) => name === ''))
      return { notSupported: 'a 1.6 station reports named keys, or all of them as a base report' };
    return keysCall(variables);
  },
  toOutcome: (responses, { variables }) => named(responses[0], variables),
};

const unmonitored = (): NotSupportedHere => ({ notSupported: '1.6 has no monitoring of variables' });
const never = (): CommandOutcome => overall([]);

export const setVariableMonitoring: CommandRoute<'setVariableMonitoring'> = { toCalls: unmonitored, toOutcome: never };
export const clearVariableMonitoring: CommandRoute<'clearVariableMonitoring'> = { toCalls: unmonitored, toOutcome: never };
export const getMonitoringReport: CommandRoute<'getMonitoringReport'> = { toCalls: unmonitored, toOutcome: never };
export const setMonitoringBase: CommandRoute<'setMonitoringBase'> = { toCalls: unmonitored, toOutcome: never };
export const setMonitoringLevel: CommandRoute<'setMonitoringLevel'> = { toCalls: unmonitored, toOutcome: never };

function keysCall(variables: readonly proto.Variable[]) {
  const key = variables.flatMap((one) => keyOf(one) ?? []);
  return key.length === 0 ? noneHas(variables) : [{ action: 'GetConfiguration', payload: { key } }];
}

const noneHas = (variables: readonly proto.Variable[]): NotSupportedHere => ({
  notSupported: `1.6 has no configuration key for ${variables.map(({ component, name }) => `${component}.${name}`).join(', ')}`,
});

const entriesOf = (response: unknown) => listOf(response, 'configurationKey').filter(isRecord);

/** Under the names of the device model. */
function all(response: unknown): CommandOutcome {
  const variables = entriesOf(response).map((entry): proto.VariableResult => {
    const { component, name, instance, attributeType } = variableOf(textOf(entry, 'key'));
    return {
      variable: {
        component,
        name,
        value: textOf(entry, 'value'),
        evseId: 0,
        instance: instance ?? '',
        ...(attributeType === undefined ? {} : { attributeType }),
      },
      status: 'Accepted',
      readonly: entry['readonly'] === true,
    };
  });
  return { status: 'ACCEPTED', stationStatus: '', reason: '', variables };
}

/** Under the names that were asked for. */
function named(response: unknown, asked: readonly proto.Variable[]): CommandOutcome {
  const entries = new Map(entriesOf(response).map((entry) => [textOf(entry, 'key').toLowerCase(), entry]));
  const variables = asked.map((one): proto.VariableResult => {
    const entry = entries.get((keyOf(one) ?? '').toLowerCase());
    return entry === undefined
      ? { variable: { ...one, value: '' }, status: NO_KEY, readonly: false }
      : { variable: { ...one, value: textOf(entry, 'value') }, status: 'Accepted', readonly: entry['readonly'] === true };
  });
  // A 1.6 station answers with what it has; none of the keys asked for being known is its way to refuse.
  return variables.some(({ status }) => status === 'Accepted')
    ? { status: 'ACCEPTED', stationStatus: '', reason: '', variables }
    : { status: 'REJECTED', stationStatus: '', reason: 'the station knows none of these keys', variables };
}
