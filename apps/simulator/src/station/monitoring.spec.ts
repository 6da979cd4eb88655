import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CAR_MODELS, Car } from '../car/car.js';
import { noteWrongFrames } from '../testing/checked.js';
import { type FakeCsms, startFakeCsms } from '../testing/fake-csms.js';
import { VirtualClock } from '../time/clock.js';
import { SimulatedStation } from './station.js';

const POWER = { component: { name: 'EVSE', evse: { id: 1 } }, variable: { name: 'Power' } };
const TEMPERATURE = { component: { name: 'EVSE', evse: { id: 1 } }, variable: { name: 'Temperature' } };
type Event = Readonly<Record<string, unknown>>;

describe.each(['2.0.1', '2.1'] as const)('what a station of OCPP %s watches', (version) => {
  let csms: FakeCsms;
  let station: SimulatedStation;
  const clock = new VirtualClock();
  const wrong: string[] = [];
  beforeEach(async () => {
    csms = await startFakeCsms();
    station = new SimulatedStation({ id: 'CS-1', version, url: csms.url, clock, onEvent: noteWrongFrames(version, wrong) });
    await station.connect();
  });
  afterEach(async () => {
    await station.stop();
    await csms.close();
    expect(wrong.splice(0)).toEqual([]);
  });

  const ask = async (action: string, payload: object): Promise<Readonly<Record<string, unknown>>> => {
    const answer = await csms.command('CS-1', action, { ...payload });
    await station.idle();
    return answer.kind === 'result' ? answer.payload : { error: answer };
  };
  const set = async (what: object): Promise<unknown> => {
    const answer = await ask('SetVariableMonitoring', { setMonitoringData: [{ severity: 5, ...POWER, ...what }] });
    return (answer['setMonitoringResult'] as { status: unknown }[])[0]?.status;
  };
  const events = (): readonly Event[] => csms.of('NotifyEvent').flatMap(({ payload }) => payload['eventData'] as Event[]);
  const told = (): readonly string[] =>
    events().map((event) => `${event['trigger']} ${event['actualValue']}${event['cleared'] === true ? ' cleared' : ''}`);

  it('tells that a threshold was crossed once, and that it is over', async () => {
    expect(await set({ type: 'UpperThreshold', value: 5_000 })).toBe('Accepted');
    station.plugIn(1, new Car(CAR_MODELS.family, 0.3));
    station.start(1, 'CARD');
    station.sampleNow();
    station.stopTransaction(1);
    await station.idle();
    expect(told()).toEqual(['Alerting 11000', 'Alerting 0 cleared']);
    expect(events()[0]).toMatchObject({ eventNotificationType: 'CustomMonitor', transactionId: expect.any(String) });
    expect(events()[0]?.['severity']).toBe(version === '2.1' ? 5 : undefined);
  });

  it('tells that an EVSE is too hot, as its maker built in', async () => {
    station.heat(1, 80);
    station.heat(1, 81);
    await station.idle();
    expect(events()).toMatchObject([{ actualValue: '81', eventNotificationType: 'PreconfiguredMonitor', ...TEMPERATURE }]);
  });

  it('tells a change from what it told last, and a value again and again', async () => {
    expect(await set({ ...TEMPERATURE, type: 'Delta', value: 10 })).toBe('Accepted');
    expect(await set({ ...TEMPERATURE, type: 'Periodic', value: 60 })).toBe('Accepted');
    station.heat(1, 34);
    station.heat(1, 35);
    station.heat(1, 44);
    await clock.pass(125_000);
    await station.idle();
    expect(told()).toEqual(['Delta 35', 'Periodic 44', 'Periodic 44']);
  });

  it('tells nothing beyond its level, nor outside of a transaction what is of one', async () => {
    expect(await ask('SetMonitoringLevel', { severity: 4 })).toEqual({ status: 'Accepted' });
    expect(await ask('SetMonitoringLevel', { severity: 10 })).toEqual({ status: 'Rejected' });
    await set({ ...TEMPERATURE, type: 'UpperThreshold', value: 50 });
    await set({ ...TEMPERATURE, type: 'LowerThreshold', value: 30, severity: 4, transaction: true });
    station.heat(1, 60);
    station.heat(1, 20);
    await station.idle();
    expect(told()).toEqual([]);
    station.start(1, 'CARD');
    await station.idle();
    expect(told()).toEqual(['Alerting 20']);
  });

  it.each([
    [{ variable: { name: 'Colour' } }, 'UnknownVariable'],
    [{ component: { name: 'Roof' } }, 'UnknownComponent'],
    [{ type: 'Periodic', value: 0 }, 'Rejected'],
    [{ type: 'Delta', value: -1 }, 'Rejected'],
    [{ id: 999 }, 'Rejected'],
    [{ id: 1 }, 'Rejected'],
  ])('does not take %j: %s', async (what, word) => {
    expect(await set({ type: 'UpperThreshold', value: 1, ...what })).toBe(word);
  });

  it('takes a monitor once, replaces it by its id, clears it, and keeps its own', async () => {
    expect(await set({ type: 'UpperThreshold', value: 1 })).toBe('Accepted');
    expect(await set({ type: 'UpperThreshold', value: 2 })).toBe('Duplicate');
    expect(await set({ id: 2, type: 'UpperThreshold', value: 3 })).toBe('Accepted');
    expect(await ask('GetMonitoringReport', { requestId: 7 })).toEqual({ status: 'Accepted' });
    const monitors = csms.of('NotifyMonitoringReport').flatMap(({ payload }) => payload['monitor'] as { variableMonitoring: object[] }[]);
    expect(monitors.flatMap(({ variableMonitoring }) => variableMonitoring)).toMatchObject([
      { id: 1, type: 'UpperThreshold', value: 80, severity: 3 },
      { id: 2, type: 'UpperThreshold', value: 3, severity: 5 },
    ]);
    expect(await ask('GetMonitoringReport', { requestId: 8, monitoringCriteria: ['DeltaMonitoring'] })).toEqual({
      status: 'EmptyResultSet',
    });
    expect(await ask('ClearVariableMonitoring', { id: [1, 2, 3] })).toEqual({
      clearMonitoringResult: [
        { status: 'Rejected', id: 1 },
        { status: 'Accepted', id: 2 },
        { status: 'NotFound', id: 3 },
      ],
    });
  });

  it('has the monitors of its maker, or none, as its base is set', async () => {
    await set({ type: 'UpperThreshold', value: 1 });
    await ask('SetMonitoringBase', { monitoringBase: 'HardWiredOnly' });
    expect(await ask('GetMonitoringReport', { requestId: 1 })).toEqual({ status: 'EmptyResultSet' });
    await ask('SetMonitoringBase', { monitoringBase: 'FactoryDefault' });
    expect(await ask('GetMonitoringReport', { requestId: 2 })).toEqual({ status: 'Accepted' });
    expect(csms.of('NotifyMonitoringReport')).toHaveLength(1);
  });

  it('reports the variables that it is asked for', async () => {
    expect(await ask('GetReport', { requestId: 1, componentVariable: [{ component: { name: 'EVSE' } }] })).toEqual({ status: 'Accepted' });
    const names = csms
      .of('NotifyReport')
      .flatMap(({ payload }) => payload['reportData'] as { variable: { name: string }; variableCharacteristics: object }[])
      .map(({ variable: { name }, variableCharacteristics }) => [name, variableCharacteristics]);
    expect(names).toMatchObject([
      ['Power', { supportsMonitoring: true, unit: 'W' }],
      ['Temperature', { supportsMonitoring: true }],
    ]);
    expect(await ask('GetReport', { requestId: 2, componentVariable: [{ component: { name: 'Roof' } }] })).toEqual({
      status: 'EmptyResultSet',
    });
    expect(await ask('GetReport', { requestId: 3, componentCriteria: ['Problem'] })).toEqual({ status: 'EmptyResultSet' });
  });
});
