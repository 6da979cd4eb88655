import type { ModelVariable } from '@voltlog/device-contract';
import { fold } from '@voltlog/kernel';
import { given } from '@voltlog/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DeviceModelCommand, type DeviceModelEvent, deviceModelDecider, VARIABLES_MAX } from './device-model.decider.js';

const NOW = Date.parse('2026-11-02T08:00:00.000Z');
const AT = '2026-11-02T08:00:00.000Z';
const stationId = 'CS-1';
const variable = (name: string, value: string, more: Partial<ModelVariable> = {}): ModelVariable => ({
  component: 'C',
  name,
  attributes: [{ type: 'Actual', value }],
  ...more,
});
const report = (
  variables: readonly ModelVariable[],
  more: Partial<Extract<DeviceModelCommand, { kind: 'Report' }>> = {},
): DeviceModelCommand => ({
  kind: 'Report',
  stationId,
  report: { requestId: 1, outcome: 'Complete', parts: 1, missingParts: [] },
  whole: true,
  variables,
  now: NOW,
  ...more,
});
const changed = (...variables: ModelVariable[]): DeviceModelEvent => ({
  type: 'voltlog.device.VariablesChanged.v1',
  data: { stationId, variables, at: AT },
});
const typesOf = (command: DeviceModelCommand, ...events: DeviceModelEvent[]) => {
  const { decision } = given(deviceModelDecider, ...events).when(command);
  return decision.ok ? decision.events.map(({ type }) => type.split('.')[2]) : [];
};

describe('a device model', () => {
  it('changes by what is new, and by nothing that is told again in another order', () => {
    const two: ModelVariable = {
      ...variable('A', '1'),
      attributes: [
        { type: 'MaxSet', value: '9', mutability: 'ReadOnly' },
        { type: 'Actual', value: '1', mutability: 'ReadWrite' },
      ],
      characteristics: { dataType: 'integer', supportsMonitoring: false, unit: 's' },
    };
    const again: ModelVariable = {
      ...two,
      component: 'c',
      attributes: two.attributes
        .toReversed()
        .map(({ type, value = '' }) => (type === 'MaxSet' ? { type, value, mutability: 'ReadOnly' as const } : { type, value })),
      characteristics: { unit: 's', supportsMonitoring: false, dataType: 'integer' },
    };
    expect(typesOf(report([again]), changed(two))).toEqual(['DeviceModelReported']);
    expect(typesOf(report([variable('A', '2')]), changed(two))).toEqual(['VariablesChanged', 'DeviceModelReported']);
  });

  it.each([
    [true, 'Complete', ['VariablesGone', 'DeviceModelReported']],
    [true, 'Incomplete', ['DeviceModelReported']],
    [false, 'Complete', ['DeviceModelReported']],
  ] as const)('of all: %s, %s: loses what is not told as %j', (whole, outcome, types) => {
    const command = report([], { whole, report: { requestId: 1, outcome, parts: 1, missingParts: [] } });
    expect(typesOf(command, changed(variable('A', '1')))).toEqual(types);
  });

  it('is told in events of at most 100 variables, and keeps no more than so many', () => {
    const many = Array.from({ length: VARIABLES_MAX + 1 }, (_, index) => variable(`V${index}`, '1'));
    const { decision } = given(deviceModelDecider).when(report(many));
    const events = decision.ok ? decision.events : [];
    expect(events).toHaveLength(VARIABLES_MAX / 100 + 1);
    expect(events.at(-1)?.data).toMatchObject({ variables: VARIABLES_MAX + 1, variablesLeftOut: 1 });
    expect(fold(deviceModelDecider, events).variables.size).toBe(VARIABLES_MAX);
  });

  it('keeps what it knows of a variable of which one attribute is read', () => {
    const known = variable('A', '1', { characteristics: { dataType: 'integer', supportsMonitoring: true } });
    given(deviceModelDecider, changed(known))
      .when({ kind: 'Note', stationId, variables: [{ component: 'C', name: 'A', attributes: [{ type: 'MaxSet', value: '5' }] }], now: NOW })
      .then(changed({ ...known, attributes: [...known.attributes, { type: 'MaxSet', value: '5' }] }));
    given(deviceModelDecider, changed(known))
      .when({ kind: 'Note', stationId, variables: [variable('A', '1')], now: NOW })
      .thenNothing();
  });

  it('knows the monitors that the last whole report told', () => {
    const monitor = (monitorId: number) => ({
      monitorId,
      variable: { component: 'C', name: 'A' },
      type: 'Delta',
      value: 1,
      severity: 5,
      transaction: false,
    });
    const told = (...ids: number[]): DeviceModelEvent => ({
      type: 'voltlog.device.MonitorsChanged.v1',
      data: { stationId, monitors: ids.map(monitor), gone: [], at: AT },
    });
    const command = { kind: 'ReportMonitors' as const, stationId, monitors: [monitor(2), monitor(3)], now: NOW };
    given(deviceModelDecider, told(1, 2))
      .when({ ...command, whole: true })
      .then({ type: 'voltlog.device.MonitorsChanged.v1', data: { stationId, monitors: [monitor(3)], gone: [1], at: AT } });
    given(deviceModelDecider, told(2, 3))
      .when({ ...command, whole: true })
      .thenNothing();
    given(deviceModelDecider, told(1))
      .when({ kind: 'ClearMonitors', stationId, monitorIds: [7], now: NOW })
      .thenNothing();
  });

  it('is what the reports said, however they were split', () => {
    const some = fc.array(fc.record({ name: fc.constantFrom('A', 'B', 'c', 'C', 'D'), value: fc.constantFrom('1', '2', '3') }), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(some, fc.integer({ min: 0, max: 12 }), (told, at) => {
        const variables = told.map(({ name, value }) => variable(name, value));
        const play = (...parts: (readonly ModelVariable[])[]) => {
          const events: DeviceModelEvent[] = [];
          for (const part of parts) {
            const decision = deviceModelDecider.decide(report(part, { whole: false }), fold(deviceModelDecider, events));
            if (decision.ok) events.push(...decision.events);
          }
          return [...fold(deviceModelDecider, events).variables].map(([key, { attributes }]) => [key, attributes[0]?.value]).toSorted();
        };
        expect(play(variables.slice(0, at), variables.slice(at))).toEqual(play(variables));
        expect(play(variables, variables)).toEqual(play(variables));
      }),
    );
  });
});
