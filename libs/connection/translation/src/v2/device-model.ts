import type { connectionV1 as proto } from '@voltlog/proto';
import {
  byStatus,
  type CommandContext,
  type CommandOutcome,
  type CommandRoute,
  isRecord,
  listOf,
  numberOf,
  outcome,
  overall,
  textOf,
} from '../commands/command.js';

/** Component and variable as 2.x names them. */
const named = (one: proto.Variable): { readonly component: object; readonly variable: object } => ({
  component: componentOf(one),
  variable: { name: one.name, ...(one.instance === '' ? {} : { instance: one.instance }) },
});

function componentOf({ component, componentInstance, evseId, connectorId }: proto.Variable): object {
  return {
    name: component,
    ...(componentInstance ? { instance: componentInstance } : {}),
    ...(evseId === 0 ? {} : { evse: { id: evseId, ...(connectorId ? { connectorId } : {}) } }),
  };
}

/** A component without a variable stands for all of its variables. */
const selected = (one: proto.Variable): object => (one.name === '' ? { component: componentOf(one) } : named(one));

/** The attribute is left out where it is the usual one. */
const attributeOf = ({ attributeType }: proto.Variable): object =>
  attributeType === undefined || attributeType === '' || attributeType === 'Actual' ? {} : { attributeType };

/** A request that is answered with messages to come has a number. */
const numbered = (requestId: number, context: CommandContext): number => (requestId === 0 ? context.nextRequestId() : requestId);

/** OCPP 2.0.1 Part 2 B06 */
export const getVariables: CommandRoute<'getVariables'> = {
  toCalls: (value) =>
    value.variables.length === 0
      ? { notSupported: '2.x reads named variables; ask for a base report to get all' }
      : [
          {
            action: 'GetVariables',
            payload: { getVariableData: value.variables.map((one) => ({ ...named(one), ...attributeOf(one) })) },
          },
        ],
  toOutcome: (responses) => overall(listOf(responses[0], 'getVariableResult').map((one) => result(one))),
};

/** OCPP 2.0.1 Part 2 B05 */
export const setVariables: CommandRoute<'setVariables'> = {
  toCalls: (value) => [
    {
      action: 'SetVariables',
      payload: {
        setVariableData: value.variables.map((one) => ({ attributeValue: one.value, ...named(one), ...attributeOf(one) })),
      },
    },
  ],
  toOutcome: (responses, value) =>
    overall(listOf(responses[0], 'setVariableResult').map((one, index) => result(one, value.variables[index]?.value))),
};

/** OCPP 2.0.1 Part 2 B07 */
export const getBaseReport: CommandRoute<'getBaseReport'> = {
  toCalls: ({ requestId, reportBase }, context) => [
    { action: 'GetBaseReport', payload: { requestId: numbered(requestId, context), reportBase } },
  ],
  toOutcome: byStatus,
};

/** OCPP 2.0.1 Part 2 B08 */
export const getReport: CommandRoute<'getReport'> = {
  toCalls: ({ requestId, criteria, variables }, context) => [
    {
      action: 'GetReport',
      payload: {
        requestId: numbered(requestId, context),
        ...(criteria.length === 0 ? {} : { componentCriteria: criteria }),
        ...(variables.length === 0 ? {} : { componentVariable: variables.map(selected) }),
      },
    },
  ],
  toOutcome: byStatus,
};

/** OCPP 2.0.1 Part 2 N04 */
export const setVariableMonitoring: CommandRoute<'setVariableMonitoring'> = {
  toCalls: ({ monitors }) => [
    {
      action: 'SetVariableMonitoring',
      payload: {
        setMonitoringData: monitors.flatMap(({ monitorId, variable, type, value, severity, transaction }) =>
          variable === undefined
            ? []
            : [
                {
                  ...(monitorId === 0 ? {} : { id: monitorId }),
                  ...named(variable),
                  type,
                  value,
                  severity,
                  ...(transaction ? { transaction } : {}),
                },
              ],
        ),
      },
    },
  ],
  toOutcome: (responses) =>
    monitored(
      listOf(responses[0], 'setMonitoringResult').map((one) => ({
        monitorId: numberOf(one, 'id'),
        status: textOf(one, 'status'),
        variable: result(one).variable,
        type: textOf(one, 'type'),
        severity: numberOf(one, 'severity'),
      })),
    ),
};

/** OCPP 2.0.1 Part 2 N06 */
export const clearVariableMonitoring: CommandRoute<'clearVariableMonitoring'> = {
  toCalls: ({ monitorIds }) => [{ action: 'ClearVariableMonitoring', payload: { id: monitorIds } }],
  toOutcome: (responses) =>
    monitored(
      listOf(responses[0], 'clearMonitoringResult').map((one) => ({
        monitorId: numberOf(one, 'id'),
        status: textOf(one, 'status'),
        variable: undefined,
        type: '',
        severity: 0,
      })),
    ),
};

/** OCPP 2.0.1 Part 2 N02 */
export const getMonitoringReport: CommandRoute<'getMonitoringReport'> = {
  toCalls: ({ requestId, criteria, variables }, context) => [
    {
      action: 'GetMonitoringReport',
      payload: {
        requestId: numbered(requestId, context),
        ...(criteria.length === 0 ? {} : { monitoringCriteria: criteria }),
        ...(variables.length === 0 ? {} : { componentVariable: variables.map(selected) }),
      },
    },
  ],
  toOutcome: byStatus,
};

/** OCPP 2.0.1 Part 2 N01 */
export const setMonitoringBase: CommandRoute<'setMonitoringBase'> = {
  toCalls: ({ monitoringBase }) => [{ action: 'SetMonitoringBase', payload: { monitoringBase } }],
  toOutcome: byStatus,
};

/** OCPP 2.0.1 Part 2 N05 */
export const setMonitoringLevel: CommandRoute<'setMonitoringLevel'> = {
  toCalls: ({ severity }) => [{ action: 'SetMonitoringLevel', payload: { severity } }],
  toOutcome: byStatus,
};

/** That of the first monitor the station refused. */
function monitored(results: proto.MonitorResult[]): CommandOutcome {
  const refused = results.find(({ status }) => status !== 'Accepted');
  const name = refused?.variable?.name ?? (refused === undefined ? '' : `monitor ${refused.monitorId}`);
  return { ...outcome(refused?.status ?? 'Accepted', name), monitoring: { results } };
}

function result(one: unknown, value?: string): proto.VariableResult {
  const record = isRecord(one) ? one : {};
  const component = record['component'];
  const evse = isRecord(component) ? component['evse'] : undefined;
  const instance = textOf(component, 'instance');
  const connectorId = numberOf(evse, 'connectorId');
  const attributeType = textOf(record, 'attributeType');
  return {
    variable: {
      component: textOf(component, 'name'),
      name: textOf(record['variable'], 'name'),
      value: value ?? textOf(record, 'attributeValue'),
      evseId: numberOf(evse, 'id'),
      instance: textOf(record['variable'], 'instance'),
      ...(instance === '' ? {} : { componentInstance: instance }),
      ...(connectorId === 0 ? {} : { connectorId }),
      ...(attributeType === '' || attributeType === 'Actual' ? {} : { attributeType }),
    },
    status: textOf(record, 'attributeStatus'),
    readonly: false,
  };
}
