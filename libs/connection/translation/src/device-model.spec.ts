import type { OcppVersion } from '@voltlog/connection-contract';
import { loadV16 } from '@voltlog/ocpp-v16';
import { loadV21 } from '@voltlog/ocpp-v21';
import { loadV201 } from '@voltlog/ocpp-v201';
import { describe, expect, it } from 'vitest';
import type { Command } from './commands/command.js';
import { type CommandPlan, planCommand } from './commands/plan.js';
import type { CallContext } from './route.js';
import { routesOf } from './routing-table.js';
import { keyOf, variableOf } from './v16/configuration-keys.js';

const at = (component: string, name: string, value = '', more: object = {}) => ({
  component,
  name,
  value,
  evseId: 0,
  instance: '',
  ...more,
});
const planOf = (version: OcppVersion, command: Command) =>
  planCommand(version, command, {
    ocppVersion: version,
    connectorsPerEvse: undefined,
    nextRemoteStartId: () => 1,
    nextRequestId: () => 99,
  });

function sent(version: OcppVersion, command: Command): CommandPlan {
  const plan = planOf(version, command);
  if ('notSupported' in plan) throw new Error(plan.notSupported);
  return plan;
}

describe('one variable, said to a 1.6 station', () => {
  it('is the key that stands for it', () => {
    const variables = [
      at('OCPPCommCtrlr', 'HeartbeatInterval', '60'),
      at('1.6', 'BlinkRepeat', '3'),
      at('', 'LightIntensity', '50'),
      at('OCPPCommCtrlr', 'MessageAttempts', '5', { instance: 'TransactionEvent' }),
    ];
    const plan = sent('ocpp1.6', { $case: 'setVariables', value: { variables } });
    expect(plan.calls.map(({ payload }) => payload)).toEqual([
      { key: 'HeartbeatInterval', value: '60' },
      { key: 'BlinkRepeat', value: '3' },
      { key: 'LightIntensity', value: '50' },
      { key: 'TransactionMessageAttempts', value: '5' },
    ]);
    const answers = ['Accepted', 'NotSupported', 'Rejected', 'RebootRequired'].map((status) => ({ status }));
    const told = plan.outcome(answers);
    expect(told).toMatchObject({ status: 'NOT_SUPPORTED', stationStatus: 'NotSupported' });
    expect(told.variables.map(({ variable, status }) => [variable?.component, variable?.name, status])).toEqual([
      ['OCPPCommCtrlr', 'HeartbeatInterval', 'Accepted'],
      ['1.6', 'BlinkRepeat', 'NotSupported'],
      ['', 'LightIntensity', 'Rejected'],
      ['OCPPCommCtrlr', 'MessageAttempts', 'RebootRequired'],
    ]);
  });

  it('without a key among others is told as unknown, and the others are set', () => {
    const variables = [at('EVSE', 'Power', '1'), at('TxCtrlr', 'EVConnectionTimeOut', '90'), at('DisplayMessageCtrlr', 'Language', 'de')];
    const plan = sent('ocpp1.6', { $case: 'setVariables', value: { variables } });
    expect(plan.calls.map(({ payload }) => payload)).toEqual([{ key: 'ConnectionTimeOut', value: '90' }]);
    expect(plan.outcome([{ status: 'Accepted' }]).variables.map(({ status }) => status)).toEqual([
      'UnknownVariable',
      'Accepted',
      'UnknownVariable',
    ]);
  });

  it.each(['setVariables', 'getVariables'] as const)('that has no key is no message: %s', ($case) => {
    expect(planOf('ocpp1.6', { $case, value: { variables: [at('EVSE', 'Power', '1', { evseId: 1 })] } })).toEqual({
      notSupported: '1.6 has no configuration key for EVSE.Power',
    });
  });

  it('is read under the name that was asked for, however the station writes the key', () => {
    const variables = [
      at('OCPPCommCtrlr', 'HeartbeatInterval'),
      at('', 'Nothing'),
      at('LocalAuthListCtrlr', 'Entries', '', { attributeType: 'MaxSet' }),
    ];
    const plan = sent('ocpp1.6', { $case: 'getVariables', value: { variables } });
    expect(plan.calls.map(({ payload }) => payload)).toEqual([{ key: ['HeartbeatInterval', 'Nothing', 'LocalAuthListMaxLength'] }]);
    const configurationKey = [
      { key: 'heartbeatinterval', readonly: false, value: '300' },
      { key: 'LocalAuthListMaxLength', readonly: true, value: '100' },
    ];
    const { variables: told } = plan.outcome([{ configurationKey, unknownKey: ['Nothing'] }]);
    expect(told.map(({ variable, status, readonly }) => [variable?.name, variable?.value, status, readonly])).toEqual([
      ['HeartbeatInterval', '300', 'Accepted', false],
      ['Nothing', '', 'UnknownVariable', false],
      ['Entries', '100', 'Accepted', true],
    ]);
  });

  it('is among all keys, under the names of the device model', () => {
    const plan = sent('ocpp1.6', { $case: 'getBaseReport', value: { requestId: 1, reportBase: 'FullInventory' } });
    expect(plan.calls).toEqual([{ action: 'GetConfiguration', payload: {} }]);
    const configurationKey = [
      { key: 'HeartbeatInterval', readonly: false, value: '300' },
      { key: 'BlinkRepeat', readonly: false },
    ];
    expect(plan.outcome([{ configurationKey }]).variables.map(({ variable }) => variable)).toEqual([
      at('OCPPCommCtrlr', 'HeartbeatInterval', '300'),
      at('1.6', 'BlinkRepeat'),
    ]);
    expect(planOf('ocpp1.6', { $case: 'getBaseReport', value: { requestId: 1, reportBase: 'SummaryInventory' } })).toHaveProperty(
      'notSupported',
    );
  });

  it('and its key are one another', () => {
    for (const key of [
      'HeartbeatInterval',
      'LocalAuthListMaxLength',
      'SendLocalListMaxLength',
      'TransactionMessageAttempts',
      'BlinkRepeat',
    ]) {
      const { component, name, instance = '', attributeType } = variableOf(key);
      expect(keyOf({ component, name, instance, attributeType })).toBe(key);
    }
    expect(keyOf({ component: 'LocalAuthListCtrlr', name: 'Entries', instance: '' })).toBeUndefined();
  });
});

const monitor = {
  monitorId: 0,
  variable: at('EVSE', 'Temperature', '', { evseId: 1 }),
  type: 'UpperThreshold',
  value: 70,
  severity: 4,
  transaction: false,
};

describe('a command about the device model', () => {
  const commands: readonly [Command, object][] = [
    [
      {
        $case: 'getVariables',
        value: { variables: [at('EVSE', 'Power', '', { evseId: 1, connectorId: 2, componentInstance: 'i', attributeType: 'MaxSet' })] },
      },
      {
        getVariableData: [
          {
            component: { name: 'EVSE', instance: 'i', evse: { id: 1, connectorId: 2 } },
            variable: { name: 'Power' },
            attributeType: 'MaxSet',
          },
        ],
      },
    ],
    [
      { $case: 'getBaseReport', value: { requestId: 7, reportBase: 'FullInventory' } },
      { requestId: 7, reportBase: 'FullInventory' },
    ],
    [
      { $case: 'getReport', value: { requestId: 7, criteria: ['Problem'], variables: [at('EVSE', ''), at('EVSE', 'Power')] } },
      {
        requestId: 7,
        componentCriteria: ['Problem'],
        componentVariable: [{ component: { name: 'EVSE' } }, { component: { name: 'EVSE' }, variable: { name: 'Power' } }],
      },
    ],
    [
      { $case: 'setVariableMonitoring', value: { monitors: [monitor] } },
      {
        setMonitoringData: [
          {
            component: { name: 'EVSE', evse: { id: 1 } },
            variable: { name: 'Temperature' },
            type: 'UpperThreshold',
            value: 70,
            severity: 4,
          },
        ],
      },
    ],
    [{ $case: 'clearVariableMonitoring', value: { monitorIds: [3] } }, { id: [3] }],
    [
      { $case: 'getMonitoringReport', value: { requestId: 9, criteria: ['DeltaMonitoring'], variables: [] } },
      { requestId: 9, monitoringCriteria: ['DeltaMonitoring'] },
    ],
    [{ $case: 'setMonitoringBase', value: { monitoringBase: 'FactoryDefault' } }, { monitoringBase: 'FactoryDefault' }],
    [{ $case: 'setMonitoringLevel', value: { severity: 5 } }, { severity: 5 }],
  ];

  it.each(commands)('%j fits the schemas of both 2.x versions', async (command, payload) => {
    for (const [version, load] of [
      ['ocpp2.0.1', loadV201],
      ['ocpp2.1', loadV21],
    ] as const) {
      const plan = sent(version, command);
      expect(plan.calls.map((call) => call.payload)).toEqual([payload]);
      for (const call of plan.calls) expect((await load()).checkRequest(call.action, call.payload)).toBeUndefined();
    }
    const in16 = planOf('ocpp1.6', command);
    if (!('notSupported' in in16))
      for (const call of in16.calls) expect((await loadV16()).checkRequest(call.action, call.payload)).toBeUndefined();
  });

  it('on monitors has a result for each', () => {
    const plan = sent('ocpp2.0.1', { $case: 'setVariableMonitoring', value: { monitors: [monitor, monitor] } });
    const one = { type: 'UpperThreshold', severity: 4, component: { name: 'EVSE', evse: { id: 1 } }, variable: { name: 'Temperature' } };
    const told = plan.outcome([
      {
        setMonitoringResult: [
          { ...one, id: 12, status: 'Accepted' },
          { ...one, status: 'Duplicate' },
        ],
      },
    ]);
    expect(told).toMatchObject({ status: 'REJECTED', stationStatus: 'Duplicate' });
    expect(told.monitoring?.results.map(({ monitorId, status }) => [monitorId, status])).toEqual([
      [12, 'Accepted'],
      [0, 'Duplicate'],
    ]);
  });
});

const context: CallContext = {
  stationId: 'CS1',
  ocppVersion: 'ocpp2.0.1',
  messageId: 'm',
  action: 'NotifyReport',
  receivedAt: '2026-01-02T03:04:05.678Z',
  receivedAtMs: Date.parse('2026-01-02T03:04:05.678Z'),
  connectedAtMs: 0,
  clockBehindMs: 0,
  connectorsPerEvse: undefined,
  registrationStatus: 'Accepted',
  heartbeatIntervalSeconds: 300,
};

describe('a part of a report', () => {
  const report = (reportData: object[], tbc?: boolean) =>
    routesOf('ocpp2.0.1')
      .get('NotifyReport')
      ?.toFacts(
        { requestId: 7, seqNo: 2, generatedAt: '2026-01-02T03:00:00Z', ...(tbc === undefined ? {} : { tbc }), reportData },
        context,
        undefined,
      );

  it('is kept once, and says where it belongs', () => {
    const facts = report(
      [{ component: { name: 'EVSE', evse: { id: 1 } }, variable: { name: 'Power' }, variableAttribute: [{ value: '7' }] }],
      true,
    );
    expect(facts?.[0]).toMatchObject({
      type: 'voltlog.connection.VariablesReported.v1',
      data: {
        requestId: 7,
        seqNo: 2,
        toBeContinued: true,
        occurredAt: '2026-01-02T03:00:00.000Z',
        raw: { requestId: 7, seqNo: 2, tbc: true },
        variables: [{ component: 'EVSE', evseId: 1, name: 'Power', attributes: [{ type: 'Actual', value: '7' }] }],
      },
    });
    expect(JSON.stringify(facts).match(/"Power"/g)).toHaveLength(1);
  });

  it.each(['BasicAuthPassword', 'basicauthpassword', 'AuthorizationKey'])('never holds the secret %s', (name) => {
    const facts = report([
      { component: { name: 'SecurityCtrlr' }, variable: { name }, variableAttribute: [{ value: 'hunter2', mutability: 'WriteOnly' }] },
    ]);
    expect(JSON.stringify(facts)).not.toContain('hunter2');
    expect(facts?.[0]?.data).toMatchObject({
      toBeContinued: false,
      variables: [{ name, attributes: [{ type: 'Actual', mutability: 'WriteOnly' }] }],
    });
  });

  it('that is empty is a part all the same', () => {
    expect(report([])?.[0]?.data).toMatchObject({ variables: [], seqNo: 2 });
  });
});
