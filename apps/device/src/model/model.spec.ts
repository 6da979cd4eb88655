import { MODEL_TOPIC } from '@voltlog/device-contract';
import { deviceModelV1 } from '@voltlog/proto';
import { until } from '@voltlog/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ModelWorld, STATION, variableNamed } from '../testing/model-world.js';

let world: ModelWorld;
beforeEach(async () => {
  world = await ModelWorld.open();
});
afterEach(() => world.close());

const intended = (component: string, name: string, value: string) =>
  deviceModelV1.IntendedVariable.fromPartial({ variable: { component, name }, value });
const names = async () =>
  (await world.model()).variables.map(({ variable, reported }) => `${variable?.component}.${variable?.name}=${reported ?? '-'}`);

describe('a report in parts', () => {
  const ask = async (): Promise<number> => {
    await world.device.modelGrpc.requestModelReport({ stationId: STATION, reportBase: '' });
    return world.station.baseReports.at(-1)?.requestId ?? 0;
  };

  it('is whole whatever the order and the repetitions of its parts', async () => {
    const requestId = await ask();
    for (const seqNo of [2, 0, 2, 1, 0]) await world.part(requestId, seqNo, seqNo < 2, [variableNamed('A', `V${seqNo}`, '1')]);
    await until(async () => (await world.reports())[0]?.status === 'Complete', 'the report is whole');
    expect(await names()).toEqual(['A.V0=1', 'A.V1=1', 'A.V2=1']);
    expect(await world.reports()).toMatchObject([{ requestId, parts: 3, detail: '' }]);
  });

  it('that is whole takes away what the station no longer has, and one of a part of it does not', async () => {
    const first = await ask();
    await world.part(first, 0, false, [variableNamed('A', 'Old', '1'), variableNamed('A', 'Kept', '1')]);
    await until(async () => (await names()).length === 2, 'the first report');
    // Nobody asked for all: what is not in it may be there all the same.
    await world.part(77, 0, false, [variableNamed('A', 'Other', '5')]);
    await until(async () => (await names()).length === 3, 'the report nobody asked for');
    const second = await ask();
    await world.part(second, 0, false, [variableNamed('A', 'Kept', '2')]);
    await until(async () => (await names()).length === 1, 'the second report');
    expect(await names()).toEqual(['A.Kept=2']);
  });

  it('with a gap is over when no more comes, says what is missing, and takes nothing away', async () => {
    const first = await ask();
    await world.part(first, 0, false, [variableNamed('A', 'Old', '1')]);
    await until(async () => (await names()).length === 1, 'the first report');
    // Reports are listed by when they were asked for.
    world.context.clock.ms += 1_000;
    const second = await ask();
    await world.part(second, 0, true, [variableNamed('A', 'New', '1')]);
    await world.part(second, 3, false, [variableNamed('A', 'Last', '1')]);
    await until(async () => (await world.reports())[0]?.parts === 2, 'both parts');
    world.context.clock.ms += 59_000;
    expect((await world.reports())[0]?.status).toBe('Receiving');
    world.context.clock.ms += 2_000;
    await until(async () => (await world.reports())[0]?.status === 'Incomplete', 'it was given up');
    expect((await world.reports())[0]?.detail).toBe('parts are missing: 1 to 2');
    expect(await names()).toEqual(['A.Last=1', 'A.New=1', 'A.Old=1']);
    // Too late: nothing changes any more.
    await world.part(second, 1, true, [variableNamed('A', 'Late', '1')]);
    await world.part(99, 0, false, [variableNamed('B', 'Sign', '1')]);
    await until(async () => (await names()).includes('B.Sign=1'), 'the later report');
    expect(await names()).not.toContain('A.Late=1');
  });

  it('goes on after a restart in its midst', async () => {
    const requestId = await ask();
    await world.part(requestId, 1, false, [variableNamed('A', 'V1', '1')]);
    await until(async () => (await world.reports())[0]?.parts === 1, 'the first part');
    await world.restart();
    await world.part(requestId, 0, true, [variableNamed('A', 'V0', '1')]);
    await until(async () => (await world.reports())[0]?.status === 'Complete', 'the report is whole');
    expect(await names()).toEqual(['A.V0=1', 'A.V1=1']);
  });

  it('that the station refuses is told, and none at all is told too', async () => {
    world.station.online = false;
    await expect(ask()).rejects.toMatchObject({ reason: 'StationOffline' });
    expect(await world.reports()).toMatchObject([{ status: 'Refused', detail: 'the station could not be reached' }]);
    world.station.online = true;
    world.context.clock.ms += 1_000;
    await ask();
    world.context.clock.ms += 61_000;
    await until(async () => (await world.reports())[0]?.status === 'Incomplete', 'nothing came');
    expect((await world.reports())[0]?.detail).toBe('the station sent no part of it');
  });
});

describe('what a station answers', () => {
  const answered = (more: object) =>
    world.tell('voltlog.connection.CommandAnswered.v1', {
      stationId: STATION,
      messageId: 'm',
      action: 'x',
      request: {},
      status: 'Accepted',
      ...more,
    });

  it('is in its model, a 1.6 station telling all at once', async () => {
    await answered({
      tellsAll: true,
      variables: [variableNamed('OCPPCommCtrlr', 'HeartbeatInterval', '300'), variableNamed('1.6', 'Own', 'x')],
    });
    await until(async () => (await names()).length === 2, 'all keys');
    await answered({ variables: [variableNamed('ocppcommctrlr', 'heartbeatinterval', '60')] });
    await until(async () => (await names()).includes('OCPPCommCtrlr.HeartbeatInterval=60'), 'one key');
    await answered({ tellsAll: true, variables: [variableNamed('OCPPCommCtrlr', 'HeartbeatInterval', '60')] });
    await until(async () => (await names()).length === 1, 'a key that is gone');
  });
});

describe('what is intended', () => {
  beforeEach(() => {
    world.station.values.set('OCPPCommCtrlr.HeartbeatInterval', '300');
    world.station.values.set('TxCtrlr.EVConnectionTimeOut', '60');
  });
  const setIntent = (...variables: deviceModelV1.IntendedVariable[]) =>
    world.device.modelGrpc.setIntent({ stationId: STATION, variables, expectedVersion: 0, idempotencyKey: '' });
  const put = (template: Partial<deviceModelV1.Template>, mustBeNew = false) =>
    world.device.modelGrpc.putTemplate({
      template: { ...deviceModelV1.Template.fromPartial({}), ...template },
      expectedVersion: 0,
      mustBeNew,
      idempotencyKey: '',
    });
  const last = async () => (await world.model()).lastReconciliation;

  it('is sent where the station has something else, and only that', async () => {
    await setIntent(intended('OCPPCommCtrlr', 'HeartbeatInterval', '600'), intended('TxCtrlr', 'EVConnectionTimeOut', '60'));
    await until(async () => (await last())?.outcome === 'InSync', 'it was sent');
    expect(world.station.values.get('OCPPCommCtrlr.HeartbeatInterval')).toBe('600');
    expect(world.station.sets.map(({ name }) => name)).toEqual(['HeartbeatInterval']);
  });

  it('by a template that must be new is made by one of two who make it at once', async () => {
    const made = await Promise.allSettled(['a', 'b'].map((name) => put({ templateId: 'T', name }, true)));
    expect(made.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const first = made.flatMap((each) => (each.status === 'fulfilled' ? [each.value.template?.name] : []));
    expect((await world.device.modelGrpc.getTemplate({ templateId: 'T' })).template?.name).toBe(first[0]);
    await expect(put({ templateId: 'T' }, true)).rejects.toMatchObject({ code: 'ABORTED', reason: 'TemplateExists' });
    await world.device.modelGrpc.retireTemplate({ templateId: 'T', idempotencyKey: '' });
    expect((await put({ templateId: 'T', name: 'anew' }, true)).template?.name).toBe('anew');
  });

  it('is changed variable by variable, and what is not named stays', async () => {
    const change = (set: deviceModelV1.IntendedVariable[], remove: Partial<deviceModelV1.ModelVariableName>[] = []) =>
      world.device.modelGrpc.changeIntent(
        deviceModelV1.ChangeIntentRequest.fromPartial({ stationId: STATION, set, remove, idempotencyKey: '' }),
      );
    await setIntent(intended('OCPPCommCtrlr', 'HeartbeatInterval', '600'));
    await change([intended('TxCtrlr', 'EVConnectionTimeOut', '90')]);
    await until(() => world.station.values.get('TxCtrlr.EVConnectionTimeOut') === '90', 'it was sent');
    expect(world.station.values.get('OCPPCommCtrlr.HeartbeatInterval')).toBe('600');
    const left = await change([], [{ component: 'ocppcommctrlr', name: 'heartbeatinterval' }]);
    expect(left.variables.map(({ variable }) => variable?.name)).toEqual(['EVConnectionTimeOut']);
    const twice = [intended('TxCtrlr', 'EVConnectionTimeOut', '1')];
    await expect(change(twice, [{ component: 'TxCtrlr', name: 'EVConnectionTimeOut' }])).rejects.toThrow('is named twice');
    await expect(change([intended('SecurityCtrlr', 'BasicAuthPassword', 'x')])).rejects.toThrow('is a secret');
  });

  it('waits for a station that is away', async () => {
    world.station.online = false;
    await setIntent(intended('OCPPCommCtrlr', 'HeartbeatInterval', '600'));
    world.station.online = true;
    await world.tell('voltlog.connection.StationConnected.v1', {
      stationId: STATION,
      epoch: 1,
      instanceId: 'c',
      remoteAddress: '',
      securityProfile: 1,
      registered: true,
    });
    await until(async () => (await last())?.outcome === 'InSync', 'it was sent');
  });

  it('is held against the station at each boot: one that lost it gets it again', async () => {
    await setIntent(intended('OCPPCommCtrlr', 'HeartbeatInterval', '600'));
    await until(() => world.station.values.get('OCPPCommCtrlr.HeartbeatInterval') === '600', 'it was sent');
    world.station.values.set('OCPPCommCtrlr.HeartbeatInterval', '300');
    await world.booted();
    await until(() => world.station.values.get('OCPPCommCtrlr.HeartbeatInterval') === '600', 'it was sent again');
  });

  it('has a result for each variable that the station does not take', async () => {
    world.station.words.set('OCPPCommCtrlr.HeartbeatInterval', 'Rejected');
    world.station.words.set('TxCtrlr.EVConnectionTimeOut', 'RebootRequired');
    await setIntent(
      intended('OCPPCommCtrlr', 'HeartbeatInterval', '600'),
      intended('TxCtrlr', 'EVConnectionTimeOut', '90'),
      intended('No', 'Such', '1'),
    );
    await until(async () => (await last()) !== undefined, 'it was sent');
    expect(await last()).toMatchObject({ outcome: 'Refused' });
    expect((await last())?.results.map(({ variable, status }) => [variable?.name, status]).toSorted()).toEqual([
      ['EVConnectionTimeOut', 'RebootRequired'],
      ['HeartbeatInterval', 'Rejected'],
      ['Such', 'UnknownVariable'],
    ]);
  });

  it('follows a template by vendor, model and firmware; the station its own intent before it', async () => {
    await world.booted('1.0');
    await until(async () => (await world.device.grpc.getStation({ stationId: STATION })).station?.vendor === 'Voltmaker', 'its identity');
    await put({
      templateId: 'all',
      variables: [intended('OCPPCommCtrlr', 'HeartbeatInterval', '100'), intended('TxCtrlr', 'EVConnectionTimeOut', '100')],
    });
    await put({
      templateId: 'voltmaker-2',
      vendor: 'voltmaker',
      firmwareVersion: '2.*',
      variables: [intended('TxCtrlr', 'EVConnectionTimeOut', '200')],
    });
    await world.device.modelGrpc.reconcile({ stationId: STATION });
    await until(() => world.station.values.get('TxCtrlr.EVConnectionTimeOut') === '100', 'the template of all');
    // Another firmware: another template.
    world.context.clock.ms += 1_000;
    await world.booted('2.1');
    await until(() => world.station.values.get('TxCtrlr.EVConnectionTimeOut') === '200', 'the template of the firmware');
    await setIntent(intended('TxCtrlr', 'EVConnectionTimeOut', '300'));
    await until(() => world.station.values.get('TxCtrlr.EVConnectionTimeOut') === '300', 'its own');
    const model = await world.model({ filter: 'evconn' });
    expect(model.templateIds).toEqual(['voltmaker-2', 'all']);
    expect(model.variables[0]).toMatchObject({
      intended: { value: '300', templateId: '' },
      overridden: [
        { value: '200', templateId: 'voltmaker-2' },
        { value: '100', templateId: 'all' },
      ],
    });
  });

  it('is shown beside what is reported', async () => {
    world.station.online = false;
    await setIntent(intended('A', 'Same', 'TRUE'), intended('A', 'Other', '2'), intended('A', 'Untold', '3'));
    await world.part(5, 0, false, [variableNamed('A', 'Same', 'true'), variableNamed('A', 'Other', '1'), variableNamed('A', 'Plain', '9')]);
    await until(async () => (await world.model()).reported === 3, 'the report');
    const { variables, differences } = await world.model();
    expect(variables.map(({ variable, difference }) => [variable?.name, difference])).toEqual([
      ['Other', 'Differs'],
      ['Plain', 'None'],
      ['Same', 'None'],
      ['Untold', 'NotReported'],
    ]);
    expect(differences).toBe(2);
    const page = await world.model({ onlyDifferences: true, pageSize: 1 });
    expect(page.variables.map(({ variable }) => variable?.name)).toEqual(['Other']);
    expect((await world.model({ onlyDifferences: true, pageSize: 1, pageToken: page.nextPageToken })).variables[0]?.variable?.name).toBe(
      'Untold',
    );
  });

  it.each([
    ['SecurityCtrlr', 'BasicAuthPassword'],
    ['1.6', 'authorizationkey'],
  ])('is never the secret %s.%s', async (component, name) => {
    await expect(setIntent(intended(component, name, 'hunter2hunter2hu'))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      reason: 'SecretVariable',
    });
    await expect(put({ templateId: 't', variables: [intended(component, name, 'hunter2hunter2hu')] })).rejects.toMatchObject({
      reason: 'SecretVariable',
    });
  });

  it('is told on its topic, keyed by the station', async () => {
    const told: { key: string; type: string }[] = [];
    const { log } = world.context;
    const subscription = await log.subscribe({
      group: 'spec',
      topics: [MODEL_TOPIC],
      handle: async (batch) => void told.push(...batch.map(({ key, event }) => ({ key, type: event.type }))),
    });
    await setIntent(intended('TxCtrlr', 'EVConnectionTimeOut', '60'));
    await until(() => told.length >= 1, 'the event');
    await subscription.stop();
    expect(told[0]).toEqual({ key: STATION, type: 'voltlog.device.ConfigurationIntended.v1' });
  });
});
