import 'reflect-metadata';
import { X509Certificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { STATION_TOPIC } from '@voltlog/connection-contract';
import { DEVICE_TOPIC, FIRMWARE_TOPIC, JOB_TOPIC, MODEL_TOPIC, MOVE_TOPIC } from '@voltlog/device-contract';
import { deviceModelV1, deviceOperationV1, deviceV1 } from '@voltlog/proto';
import { TestAuthority, until, untilPassed } from '@voltlog/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { certificateIdOf } from '../pki/certificate-id.js';
import { type Intent, intentSchema } from '../security/intents.js';
import { ModelWorld, STATION } from '../testing/model-world.js';

let world: ModelWorld;
beforeEach(async () => {
  world = await ModelWorld.open();
  world.station.values.set('OCPPCommCtrlr.HeartbeatInterval', '300');
});
afterEach(() => world.close());

const variable = (value: string) =>
  deviceModelV1.IntendedVariable.fromPartial({ variable: { component: 'OCPPCommCtrlr', name: 'HeartbeatInterval' }, value });
const put = (template: Partial<deviceModelV1.Template>) =>
  world.device.modelGrpc.putTemplate({
    template: { ...deviceModelV1.Template.fromPartial({}), templateId: 't', ...template },
    expectedVersion: 0,
    mustBeNew: false,
    idempotencyKey: '',
  });
const access = async (): Promise<deviceV1.StationAccess | undefined> =>
  (await world.device.grpc.getStationAccess({ stationIds: [STATION], changedStationIds: [] })).stations[0];
const operation = async () => (await world.device.operationGrpc.getOperation({ stationId: STATION })).operation;
const alerts = async (request: Partial<deviceOperationV1.ListAlertsRequest> = {}) =>
  (await world.device.operationGrpc.listAlerts({ ...deviceOperationV1.ListAlertsRequest.fromPartial({}), ...request })).alerts;
const triggers = () => world.station.sent.filter(({ $case }) => $case === 'triggerMessage').length;

describe('what a boot is answered', () => {
  const decide = (status: string, intervalSeconds = 0) =>
    world.device.operationGrpc.decideBoot({ stationId: STATION, status, intervalSeconds, reason: '', idempotencyKey: '' });

  it('is Accepted without a word about it', async () => {
    expect((await access())?.bootStatus).toBeUndefined();
  });

  it('is what an operator decided, also after a restart', async () => {
    await decide('Rejected', 120);
    expect(await access()).toMatchObject({ bootStatus: 'Rejected', bootIntervalSeconds: 120 });
    await world.restart();
    expect(await access()).toMatchObject({ bootStatus: 'Rejected', bootIntervalSeconds: 120 });
    await decide('Accepted');
    expect((await access())?.bootStatus).toBeUndefined();
    await expect(decide('Perhaps')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('is Pending for a short time while it is not known what a station is, if a template could hold it', async () => {
    await put({ vendor: 'Other', boot: 'Pending' });
    expect(await access()).toMatchObject({ bootStatus: 'Pending', bootIntervalSeconds: 10 });
    await world.booted('1.0', { registrationStatus: 'Pending' });
    // It is none of those: it is accepted, and asked to boot again.
    await until(async () => (await access())?.bootStatus === undefined, 'it is known');
    await until(() => triggers() > 0, 'the trigger');
  });

  it('is Pending until the station is provisioned, then it is asked to boot again', async () => {
    await put({ vendor: 'Voltmaker', boot: 'Pending', variables: [variable('600')] });
    await world.booted('1.0', { registrationStatus: 'Pending' });
    await until(async () => (await operation())?.bootStatus === 'Accepted', 'it is provisioned');
    expect(world.station.values.get('OCPPCommCtrlr.HeartbeatInterval')).toBe('600');
    expect(world.station.baseReports).toHaveLength(1);
    await until(() => triggers() > 0, 'the trigger');
    world.context.clock.ms += 1_000;
    await world.booted('1.0', { registrationStatus: 'Accepted' });
    await until(async () => (await operation())?.registration === 'Accepted', 'it is accepted');
  });

  it('is Pending as long as the station does not take what is intended; after ten minutes the operator hears of it', async () => {
    world.station.words.set('OCPPCommCtrlr.HeartbeatInterval', 'Rejected');
    await put({ vendor: 'Voltmaker', boot: 'Pending', variables: [variable('600')] });
    await world.booted('1.0', { registrationStatus: 'Pending' });
    await until(() => world.station.sets.length > 0, 'it was tried');
    // That it does not take its configuration is told too, and at once.
    const ofBoot = async (request: Partial<deviceOperationV1.ListAlertsRequest> = {}) =>
      (await alerts(request)).filter(({ source }) => source === 'Boot');
    expect(await ofBoot()).toEqual([]);
    expect((await operation())?.bootStatus).toBe('Pending');
    await untilPassed(world.context.clock, 601_000, async () => (await ofBoot()).length === 1, 'the alert');
    expect(await ofBoot()).toMatchObject([{ state: 'Open', stationId: STATION }]);
    await decide('Accepted');
    await until(async () => (await ofBoot({ open: false })).length === 1, 'it is cleared');
    await until(() => triggers() > 0, 'the trigger');
  });
});

describe('a station that nobody registered', () => {
  const stationId = 'CS-NEW';
  const boots = (registrationStatus: 'Pending' | 'Accepted') => world.booted('1.0', { stationId, registrationStatus });
  const quarantined = async () =>
    (await world.device.grpc.listStations(deviceV1.ListStationsRequest.fromPartial({}))).stations.some(
      (each) => each.stationId === stationId && each.lifecycle === deviceV1.StationLifecycle.QUARANTINED,
    );
  const registration = async () => (await world.device.operationGrpc.getOperation({ stationId })).operation?.registration;

  beforeEach(async () => {
    await boots('Pending');
    await until(async () => (await quarantined()) && (await registration()) === 'Pending', 'the quarantine');
  });

  it('is asked to boot again as soon as it is accepted, and not before', async () => {
    expect(triggers()).toBe(0);
    await world.device.grpc.updateStation(deviceV1.UpdateStationRequest.fromPartial({ stationId, accept: true }));
    await until(() => triggers() === 1, 'the trigger');
    world.context.clock.ms += 1_000;
    await boots('Accepted');
    await until(async () => (await registration()) === 'Accepted', 'it is accepted');
  });

  describe('gets what templates say of the make that it claims to be', () => {
    const certificate = async () => (await TestAuthority.create('V2G Root')).certificate;
    const says = async () =>
      put({
        vendor: 'Voltmaker',
        variables: [variable('600')],
        monitoringBase: 'All',
        monitors: [
          deviceModelV1.IntendedMonitor.fromPartial({
            variable: { component: 'EVSE', evseId: 1, name: 'Temperature' },
            type: 'UpperThreshold',
            value: 70,
            severity: 3,
          }),
        ],
        certificates: [{ certificateType: 'V2GRootCertificate', certificate: await certificate() }],
      });
    const heard = async () => {
      for (const [group, topic] of [
        ['device-facts', STATION_TOPIC],
        ['device-reported', STATION_TOPIC],
        ['device-identities', DEVICE_TOPIC],
      ] as const)
        expect(await world.context.log.caughtUp({ group, topic, deadlineMs: 10_000 })).toBe(true);
      const intents = await world.context.store.collection<Intent>('security_intents', intentSchema);
      await until(async () => (await intents.count()) === 0, 'nothing to be under way');
    };
    const sent = () => new Set(world.station.sent.map(({ $case }) => $case));

    it.each([
      ['accepted', () => world.device.grpc.updateStation(deviceV1.UpdateStationRequest.fromPartial({ stationId, accept: true }))],
      ['registered', () => world.register(stationId)],
    ])('once it is %s, and not before, whatever is asked', async (_, takes) => {
      await says();
      await boots('Pending');
      await heard();
      await world.device.modelGrpc.reconcile({ stationId });
      await heard();
      expect(world.station.sent).toEqual([]);
      await takes();
      await until(() => world.station.values.get('OCPPCommCtrlr.HeartbeatInterval') === '600', 'its variables');
      await until(() => sent().has('setMonitoringBase') && sent().has('installCertificate'), 'its monitors and roots');
    });

    it('but what is intended for it alone it gets at once', async () => {
      await says();
      await world.device.modelGrpc.setIntent({ stationId, variables: [variable('900')], expectedVersion: 0, idempotencyKey: '' });
      await until(() => world.station.values.get('OCPPCommCtrlr.HeartbeatInterval') === '900', 'its own variable');
      await heard();
      expect([...sent()].sort()).toEqual(['getVariables', 'setVariables']);
    });
  });

  it('is asked to boot again when it is registered after all', async () => {
    await world.register(stationId);
    await until(() => triggers() === 1, 'the trigger');
  });

  it('is asked less and less often where it takes the trigger and does not boot', async () => {
    const { clock } = world.context;
    await world.register(stationId);
    await until(() => triggers() === 1, 'the first');
    const askedAt: number[] = [];
    for (const count of [2, 3, 4]) {
      await untilPassed(clock, 0, () => triggers() === count, `trigger ${count}`);
      askedAt.push(clock.ms);
    }
    const [second = 0, third = 0, fourth = 0] = askedAt;
    expect(third - second).toBeGreaterThanOrEqual(9_000);
    expect(fourth - third).toBeGreaterThanOrEqual(19_000);
  });
});

describe('what a station is to watch', () => {
  const monitor = { variable: { component: 'EVSE', evseId: 1, name: 'Temperature' }, type: 'UpperThreshold', value: 70, severity: 3 };
  const withMonitors = (more: object = {}) =>
    put(deviceModelV1.Template.fromPartial({ templateId: 't', vendor: 'Voltmaker', monitors: [monitor], ...more }));
  const sent = ($case: string) => world.station.sent.filter((each) => each.$case === $case);

  it('is set at its boot, base and level first, where it tells that it watches nothing', async () => {
    world.station.refuse('getMonitoringReport', 'EmptyResultSet');
    await withMonitors({ monitoringBase: 'All', monitoringLevel: 6 });
    await world.booted();
    await until(() => sent('setVariableMonitoring').length === 1, 'it is set');
    expect(world.station.sent.map(({ $case }) => $case)).toEqual([
      'setMonitoringBase',
      'setMonitoringLevel',
      'getMonitoringReport',
      'setVariableMonitoring',
    ]);
    expect(sent('setVariableMonitoring')[0]).toMatchObject({ value: { monitors: [{ monitorId: 0, value: 70, severity: 3 }] } });
    expect((await world.model()).intendedMonitors).toMatchObject([{ type: 'UpperThreshold', templateId: 't', held: false }]);
  });

  it('is not set where it watches it by its report, and in the place of one with another value', async () => {
    await withMonitors({ monitors: [monitor, { ...monitor, severity: 5, value: 60 }] });
    await world.booted();
    await until(() => sent('getMonitoringReport').length === 1, 'it is asked');
    const [asked] = sent('getMonitoringReport') as { value: { requestId: number } }[];
    const held = { ...monitor, monitorId: 7, transaction: false };
    await world.tell('voltlog.connection.MonitorsReported.v1', {
      stationId: STATION,
      messageId: 'm',
      action: 'NotifyMonitoringReport',
      raw: {},
      requestId: asked?.value.requestId ?? 0,
      seqNo: 0,
      toBeContinued: false,
      monitors: [held, { ...held, monitorId: 8, severity: 5, value: 55 }],
    });
    await untilPassed(world.context.clock, 2_000, () => sent('setVariableMonitoring').length === 1, 'the other is set');
    expect(sent('setVariableMonitoring')).toMatchObject([{ value: { monitors: [{ monitorId: 8, value: 60 }] } }]);
    expect((await world.model()).intendedMonitors.map(({ held: is }) => is)).toEqual([true, false]);
  });

  describe('and no longer', () => {
    const held = { ...monitor, monitorId: 7, transaction: false };
    /** It booted, was asked, and told what it watches. */
    const tells = async (asked: number, monitors: readonly object[]) => {
      await world.booted();
      await until(() => sent('getMonitoringReport').length === asked, 'it is asked');
      const { requestId } = (sent('getMonitoringReport') as { value: { requestId: number } }[])[asked - 1]?.value ?? { requestId: 0 };
      await world.tell('voltlog.connection.MonitorsReported.v1', {
        stationId: STATION,
        messageId: 'm',
        action: 'NotifyMonitoringReport',
        raw: {},
        requestId,
        seqNo: 0,
        toBeContinued: false,
        monitors: monitors as never,
      });
    };

    it('is cleared at its next boot; what somebody else has set stays', async () => {
      await withMonitors();
      await tells(1, []);
      await untilPassed(world.context.clock, 2_000, () => sent('setVariableMonitoring').length === 1, 'it is set');
      await withMonitors({ monitors: [] });
      await tells(2, [held, { ...held, monitorId: 9, severity: 8 }]);
      await untilPassed(world.context.clock, 2_000, () => sent('clearVariableMonitoring').length === 1, 'it is cleared');
      expect(sent('clearVariableMonitoring')).toMatchObject([{ value: { monitorIds: [7] } }]);
      // There is nothing left to look after.
      await world.booted();
      await world.booted('2.0');
      expect(sent('getMonitoringReport')).toHaveLength(2);
    });

    it('is cleared where only its severity changed, and an alert where the station keeps it', async () => {
      await withMonitors();
      await tells(1, []);
      await untilPassed(world.context.clock, 2_000, () => sent('setVariableMonitoring').length === 1, 'it is set');
      world.station.refuse('clearVariableMonitoring', 'Rejected');
      await withMonitors({ monitors: [{ ...monitor, severity: 5 }] });
      await tells(2, [held]);
      await untilPassed(world.context.clock, 2_000, async () => (await alerts()).length === 1, 'the alert');
      expect((await alerts())[0]?.detail).toContain('UpperThreshold of EVSE.Temperature is not cleared');
      expect(sent('setVariableMonitoring').at(-1)).toMatchObject({ value: { monitors: [{ monitorId: 0, severity: 5 }] } });
      world.station.refusals.delete('clearVariableMonitoring');
      await tells(3, [held, { ...held, monitorId: 8, severity: 5 }]);
      await untilPassed(world.context.clock, 2_000, async () => (await alerts({ open: true })).length === 0, 'it is over');
      expect(sent('clearVariableMonitoring')).toHaveLength(2);
    });

    it('is nobody’s business where it was never set by a template', async () => {
      await withMonitors({ monitors: [] });
      await world.booted();
      await world.booted('2.0');
      expect(sent('getMonitoringReport')).toEqual([]);
    });
  });

  it('is an alert where the station does not take it, until it does', async () => {
    world.station.refuse('getMonitoringReport', 'EmptyResultSet');
    world.station.refuse('setVariableMonitoring', 'Rejected');
    await withMonitors();
    await world.booted();
    await until(async () => (await alerts({ open: true })).length === 1, 'the alert');
    expect((await alerts())[0]).toMatchObject({ source: 'Configuration', subject: 'Monitoring' });
    world.station.refusals.delete('setVariableMonitoring');
    await world.device.modelGrpc.reconcile({ stationId: STATION });
    await until(async () => (await alerts({ open: true })).length === 0, 'it is cleared');
  });

  it('is refused where a template says it wrongly', async () => {
    await expect(withMonitors({ monitors: [{ ...monitor, type: 'Sometimes' }] })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(withMonitors({ monitors: [{ ...monitor, severity: 10 }] })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(withMonitors({ monitors: [monitor, monitor] })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(withMonitors({ monitoringBase: 'Some' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

it('a variable that a station refuses is an alert outside of its boot, too, until it takes it', async () => {
  world.station.words.set('OCPPCommCtrlr.HeartbeatInterval', 'Rejected');
  const intend = { stationId: STATION, variables: [variable('600')], expectedVersion: 0, idempotencyKey: '' };
  await world.device.modelGrpc.setIntent(intend);
  await until(async () => (await alerts({ open: true })).length === 1, 'the alert');
  expect((await alerts())[0]).toMatchObject({
    source: 'Configuration',
    subject: 'Configuration',
    detail: 'the station does not take what is intended: OCPPCommCtrlr.HeartbeatInterval = 600: Rejected',
  });
  world.station.words.delete('OCPPCommCtrlr.HeartbeatInterval');
  await world.device.modelGrpc.reconcile({ stationId: STATION });
  await until(async () => (await alerts({ open: true })).length === 0, 'it is cleared');
});

describe('what a station notices', () => {
  const event = (more: object) => ({
    eventId: 1,
    at: '2026-11-02T07:59:00.000Z',
    trigger: 'Alerting',
    notification: 'CustomMonitor',
    variable: { component: 'EVSE', evseId: 1, name: 'Temperature' },
    value: '74',
    cleared: false,
    monitorId: 5,
    ...more,
  });
  const notify = (...events: object[]) =>
    world.tell('voltlog.connection.StationEventsReported.v1', {
      stationId: STATION,
      messageId: 'e',
      action: 'NotifyEvent',
      raw: {},
      seqNo: 0,
      toBeContinued: false,
      events: events as never,
    });
  const secure = (securityEventType: string, stationId = STATION) =>
    world.tell('voltlog.connection.SecurityEventReported.v1', {
      stationId,
      messageId: 's',
      action: 'SecurityEventNotification',
      raw: {},
      securityEventType,
    });

  it('is one alert however often it is told, rated by its monitor, and cleared by the station', async () => {
    await world.tell('voltlog.connection.MonitorsReported.v1', {
      stationId: STATION,
      messageId: 'm',
      action: 'NotifyMonitoringReport',
      raw: {},
      requestId: 4,
      seqNo: 0,
      toBeContinued: false,
      monitors: [
        {
          monitorId: 5,
          variable: { component: 'EVSE', evseId: 1, name: 'Temperature' },
          type: 'UpperThreshold',
          value: 70,
          severity: 2,
          transaction: false,
        },
      ],
    });
    await until(async () => (await world.model()).monitors.length === 1, 'the monitor');
    await notify(event({}), event({ value: '75' }));
    await until(async () => (await alerts()).length === 1, 'the alert');
    expect((await alerts())[0]).toMatchObject({
      severity: 2,
      subject: 'EVSE[1].Temperature',
      detail: 'UpperThreshold 70 was passed: 74',
      state: 'Open',
    });
    await notify(event({ cleared: true, at: '2026-11-02T08:01:00.000Z' }));
    await until(async () => (await alerts({ open: true })).length === 0, 'it is cleared');
    expect((await alerts({ stationId: STATION }))[0]).toMatchObject({ state: 'Cleared', clearedBy: 'Station' });
  });

  it('is no alert where it is a reading, and is raised where it gets worse', async () => {
    await notify(
      event({ trigger: 'Periodic', monitorId: 6 }),
      event({ trigger: 'Delta', monitorId: 7 }),
      event({ severity: 6, monitorId: 8 }),
    );
    await until(async () => (await alerts()).length === 1, 'one alert');
    await notify(event({ severity: 1, monitorId: 8, value: '99' }));
    await until(async () => (await alerts())[0]?.severity === 1, 'it is raised');
    expect((await alerts())[0]).toMatchObject({ value: '99' });
  });

  it('of the grid is an alert until it is over', async () => {
    const alarm = (ended: boolean) =>
      world.tell('voltlog.connection.DerAlarmReported.v1', {
        stationId: STATION,
        messageId: `d${ended}`,
        action: 'NotifyDERAlarm',
        raw: {},
        controlType: 'FreqDroop',
        gridEventFault: 'OverFrequency',
        ended,
      });
    await alarm(false);
    await until(async () => (await alerts({ open: true })).length === 1, 'the alert');
    expect((await alerts())[0]).toMatchObject({ subject: 'DER FreqDroop', value: 'OverFrequency', severity: 4 });
    await alarm(true);
    await until(async () => (await alerts({ open: true })).length === 0, 'it is over');
  });

  it('about a monitor is its last value, by events and by a periodic stream while that is open', async () => {
    const head = (action: string) => ({ stationId: STATION, messageId: action, action, raw: {} });
    const monitor = {
      monitorId: 5,
      variable: { component: 'EVSE', evseId: 1, name: 'Temperature' },
      type: 'Periodic',
      value: 60,
      severity: 7,
      transaction: false,
    };
    const part = { requestId: 4, seqNo: 0, toBeContinued: false };
    await world.tell('voltlog.connection.MonitorsReported.v1', { ...head('NotifyMonitoringReport'), ...part, monitors: [monitor] });
    await until(async () => (await world.model()).monitors.length === 1, 'the monitor');
    expect((await world.model()).monitors[0]?.lastValue).toBeUndefined();
    const told = (value: string) => until(async () => (await world.model()).monitors[0]?.lastValue === value, value);
    await notify(event({ trigger: 'Periodic', value: '41', at: '2026-11-02T08:00:00.000Z' }));
    await told('41');
    await world.tell('voltlog.connection.EventStreamOpened.v1', {
      ...head('OpenPeriodicEventStream'),
      streamId: 2,
      variableMonitoringId: 5,
    });
    const stream = (value: string, at: string) =>
      world.tell('voltlog.connection.EventStreamReported.v1', {
        ...head('NotifyPeriodicEventStream'),
        streamId: 2,
        pending: 0,
        values: [{ at, value }],
      });
    await stream('43', '2026-11-02T08:02:00.000Z');
    await told('43');
    // Older than what is known, and of a stream that is closed.
    await stream('42', '2026-11-02T08:01:00.000Z');
    await world.tell('voltlog.connection.EventStreamClosed.v1', { ...head('ClosePeriodicEventStream'), streamId: 2 });
    await stream('99', '2026-11-02T08:09:00.000Z');
    await notify(event({ trigger: 'Delta', value: '44', at: '2026-11-02T08:03:00.000Z' }));
    await told('44');
  });

  it('that is a security event of its maker is one alert, whatever its name', async () => {
    for (const type of ['constructor', 'MadeUp1', 'MadeUp2', 'MemoryExhaustion']) await secure(type);
    await until(async () => (await alerts()).some(({ subject }) => subject === 'MemoryExhaustion'), 'the last one');
    expect((await alerts()).map(({ subject, detail, severity }) => [subject, detail, severity])).toEqual(
      expect.arrayContaining([
        ['Unknown security event', 'constructor', 5],
        ['MemoryExhaustion', 'MemoryExhaustion', 3],
      ]),
    );
    expect(await alerts()).toHaveLength(2);
  });

  it('opens a hundred alerts at most; the rest is one that says so, and goes on when some are cleared', async () => {
    const monitors = (from: number, count: number, more: object = {}) =>
      Array.from({ length: count }, (_, index) => event({ monitorId: from + index, ...more }));
    const open = async () => alerts({ open: true, pageSize: 200 });
    await notify(...monitors(0, 60));
    await notify(...monitors(50, 60), event({ monitorId: 999, severity: 3 }));
    const isMore = ({ subject }: { readonly subject: string }) => subject === 'More alerts';
    await until(async () => (await open()).some(isMore), 'the one about the rest');
    expect(await open()).toHaveLength(101);
    expect((await open()).find(isMore)).toMatchObject({
      severity: 3,
      detail: expect.stringContaining('100 alerts of this station are open'),
    });
    await notify(...monitors(200, 50));
    await notify(...monitors(0, 3, { cleared: true, at: '2026-11-02T08:01:00.000Z' }));
    await until(async () => (await open()).length === 98, 'three are over');
    await notify(...monitors(300, 5));
    await until(async () => (await open()).length === 100, 'two more have room');
  });

  it('is an alert of which nobody is to be notified until the station is accepted', async () => {
    const stationId = 'CS-NEW';
    const said: { type: string; data: Record<string, unknown> }[] = [];
    await world.context.log.subscribe({
      group: 'test',
      topics: [MODEL_TOPIC],
      handle: async (batch) => void said.push(...batch.map(({ event }) => event as never)),
    });
    const held = (type: string) =>
      until(() => said.some(({ data }) => data['subject'] === type), type).then(
        () => said.find(({ data }) => data['subject'] === type)?.data['notAccepted'],
      );
    await secure('MemoryExhaustion', stationId);
    expect(await held('MemoryExhaustion')).toBe(true);
    await world.booted('1.0', { stationId, registrationStatus: 'Pending' });
    const accept = () => world.device.grpc.updateStation(deviceV1.UpdateStationRequest.fromPartial({ stationId, accept: true }));
    const isThere = () =>
      accept().then(
        () => true,
        () => false,
      );
    await until(isThere, 'it is known, and accepted');
    await secure('TamperDetectionActivated', stationId);
    expect(await held('TamperDetectionActivated')).toBeUndefined();
    const cleared = (await alerts({ stationId })).find(({ subject }) => subject === 'MemoryExhaustion')?.alertId ?? '';
    await world.device.operationGrpc.clearAlert({ alertId: cleared, idempotencyKey: '' });
    await until(() => said.some(({ type }) => type.includes('AlertCleared')), 'it is cleared');
    expect(said.find(({ type }) => type.includes('AlertCleared'))?.data['notAccepted']).toBe(true);
  });

  it('about its security is rated by us', async () => {
    await secure('StartupOfTheDevice');
    await secure('TamperDetectionActivated');
    await until(async () => (await alerts()).length > 0, 'the alert');
    expect((await alerts()).map(({ subject, severity }) => [subject, severity])).toEqual([['TamperDetectionActivated', 1]]);
    const alertId = (await alerts())[0]?.alertId ?? '';
    const { operationGrpc } = world.device;
    const seen = await operationGrpc.acknowledgeAlert({ alertId, note: 'on the way', idempotencyKey: '' });
    expect(seen.alert).toMatchObject({ state: 'Acknowledged', note: 'on the way' });
    expect((await operationGrpc.clearAlert({ alertId, idempotencyKey: '' })).alert).toMatchObject({
      state: 'Cleared',
      clearedBy: 'Operator',
    });
    await expect(operationGrpc.acknowledgeAlert({ alertId, note: '', idempotencyKey: '' })).rejects.toMatchObject({
      reason: 'AlertCleared',
    });
    await expect(operationGrpc.clearAlert({ alertId: 'nothing', idempotencyKey: '' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('availability', () => {
  const told = () =>
    world.station.sent.flatMap((each) => (each.$case === 'changeAvailability' ? [[each.value.evseId, each.value.operative]] : []));
  const set = (evseId: number, operative: boolean) =>
    world.device.operationGrpc.setAvailability({
      stationId: STATION,
      place: { evseId, connectorId: 0 },
      operative,
      reason: '',
      idempotencyKey: '',
    });

  it('is told, told again at each boot while it is out of service, and told back', async () => {
    await set(1, false);
    await until(() => told().length === 1, 'it is told');
    await world.booted();
    await until(() => told().length === 2, 'it is told again');
    await set(1, true);
    await until(() => told().length === 3, 'it is told back');
    expect(told()).toEqual([
      [1, false],
      [1, false],
      [1, true],
    ]);
    expect((await operation())?.inoperative).toEqual([]);
  });

  const status = (connectorStatus: string) =>
    world.tell('voltlog.connection.ConnectorStatusReported.v1', {
      stationId: STATION,
      messageId: 'c',
      action: 'StatusNotification',
      raw: {},
      evseId: 1,
      connectorId: 1,
      status: connectorStatus as 'Available',
    });

  it('is told again when the station says that it is back in service without a word from here', async () => {
    await set(1, false);
    await until(() => told().length === 1, 'it is told');
    world.context.clock.ms += 11_000;
    // In use it changes when it is free; Unavailable is as it is to be.
    await status('Occupied');
    await status('Unavailable');
    await status('Available');
    await until(() => told().length === 2, 'it is told again');
    expect(told()).toEqual([
      [1, false],
      [1, false],
    ]);
    await set(1, true);
    await until(() => told().length === 3, 'it is told back');
    world.context.clock.ms += 11_000;
    await status('Available');
    await set(2, false);
    await until(() => told().length === 4, 'only the other one');
    expect(told().at(-1)).toEqual([2, false]);
  });

  it('that a station refuses is an alert, until it takes it', async () => {
    world.station.refuse('changeAvailability', 'Rejected');
    await set(1, false);
    await until(async () => (await alerts({ open: true })).length === 1, 'the alert');
    expect((await alerts())[0]).toMatchObject({
      source: 'Configuration',
      subject: 'Availability',
      detail: 'the station does not take what is intended: EVSE 1 out of service: no',
    });
    world.station.refusals.delete('changeAvailability');
    await world.booted();
    await until(async () => (await alerts({ open: true })).length === 0, 'it is cleared');
  });

  it('changes when an outage begins and ends, also over a restart', async () => {
    const at = (minutes: number) => new Date(world.context.clock.now() + minutes * 60_000).toISOString();
    const outage = {
      stationId: STATION,
      place: { evseId: 0, connectorId: 0 },
      from: at(10),
      until: at(20),
      reason: 'grid work',
      idempotencyKey: '',
    };
    await world.device.operationGrpc.scheduleOutage(outage);
    expect((await operation())?.outages).toHaveLength(1);
    await world.restart();
    expect(told()).toEqual([]);
    world.context.clock.ms += 601_000;
    await until(() => told().length === 1, 'it began');
    world.context.clock.ms += 600_000;
    await until(() => told().length === 2, 'it ended');
    expect(told()).toEqual([
      [0, false],
      [0, true],
    ]);
    expect((await operation())?.outages).toEqual([]);
    await expect(world.device.operationGrpc.scheduleOutage(outage)).rejects.toMatchObject({ reason: 'OutageInThePast' });
  });

  it('of an outage that is cancelled changes back at once', async () => {
    const now = world.context.clock.now();
    const [from, until_] = [new Date(now).toISOString(), new Date(now + 60_000).toISOString()];
    const { operation: made } = await world.device.operationGrpc.scheduleOutage({
      stationId: STATION,
      place: undefined,
      from,
      until: until_,
      reason: '',
      idempotencyKey: '',
    });
    await until(() => told().length === 1, 'it began');
    await world.device.operationGrpc.cancelOutage({ stationId: STATION, outageId: made?.outages[0]?.outageId ?? '', idempotencyKey: '' });
    await until(() => told().length === 2, 'it is back');
    expect(told()).toEqual([
      [0, false],
      [0, true],
    ]);
  });
});

describe('roots that a station is to trust', () => {
  let roots: { readonly pem: string; readonly hash: Record<string, string> }[];
  beforeEach(async () => {
    const made = await Promise.all(['One', 'Two'].map((name) => TestAuthority.create(name)));
    roots = made.map(({ certificate }) => ({
      pem: certificate,
      hash: { ...certificateIdOf(new X509Certificate(certificate).serialNumber, new X509Certificate(certificate).raw) },
    }));
  });
  const template = (templateId: string, certificates: Partial<deviceModelV1.IntendedCertificate>[], vendor = 'Voltmaker') =>
    put(deviceModelV1.Template.fromPartial({ templateId, vendor, certificates }));
  const v2g = (index: number) => ({ certificateType: 'V2GRootCertificate', certificate: roots[index]?.pem ?? '' });
  const of = ($case: string) => world.station.sent.filter((each) => each.$case === $case);
  const holds = (response: object) => world.station.answers.set('getInstalledCertificateIds', { responseJson: JSON.stringify(response) });

  it('are installed at its boot where they are missing, by the templates together', async () => {
    holds({
      status: 'Accepted',
      certificateHashDataChain: [{ certificateType: 'V2GRootCertificate', certificateHashData: roots[0]?.hash }],
    });
    await template('a', [v2g(0), v2g(1)]);
    await template('b', [{ certificateType: 'MORootCertificate', certificate: roots[1]?.pem ?? '' }, v2g(1)], '');
    await world.booted();
    await until(() => of('installCertificate').length === 2, 'they are installed');
    expect(of('getInstalledCertificateIds').map(({ value }) => value)).toEqual([
      { certificateTypes: ['V2GRootCertificate'] },
      { certificateTypes: ['MORootCertificate'] },
    ]);
    expect(of('installCertificate').map(({ value }) => value)).toEqual([
      v2g(1),
      { certificateType: 'MORootCertificate', certificate: roots[1]?.pem },
    ]);
  });

  it.each([
    ['1.6', (hash: object) => ({ status: 'Accepted', certificateHashData: [hash] })],
    [
      '1.6 by DataTransfer',
      (hash: object) => ({ status: 'Accepted', data: JSON.stringify({ certificateHashDataChain: [{ certificateHashData: hash }] }) }),
    ],
  ])('are known by the answer of %s, in capitals and with zeros before', async (_, answer) => {
    const [root] = roots;
    holds(
      answer({
        ...root?.hash,
        issuerNameHash: root?.hash['issuerNameHash']?.toUpperCase(),
        serialNumber: `00${root?.hash['serialNumber']}`,
      }),
    );
    await template('a', [v2g(0), v2g(1)]);
    await world.booted();
    await until(() => of('installCertificate').length === 1, 'the other is installed');
    expect(of('installCertificate').map(({ value }) => value)).toEqual([v2g(1)]);
  });

  it('are an alert where it does not take them, until it does', async () => {
    world.station.refuse('installCertificate', 'Rejected');
    await template('a', [v2g(0)]);
    await world.booted();
    await until(async () => (await alerts()).length === 1, 'the alert');
    expect((await alerts())[0]).toMatchObject({
      source: 'Configuration',
      subject: 'Certificates',
      detail: expect.stringContaining('CN=One'),
    });
    world.station.refusals.delete('installCertificate');
    await world.booted();
    await until(async () => (await alerts({ open: true })).length === 0, 'it is over');
  });

  it('wait for a station that is away, over a restart', async () => {
    world.station.online = false;
    await template('a', [v2g(0)]);
    await world.booted();
    await world.restart();
    world.station.online = true;
    const { clock } = world.context;
    const isInstalled = () => {
      clock.ms += 1_000;
      return of('installCertificate').length === 1;
    };
    await until(isInstalled, 'it is installed', 60_000);
  });

  it.each([
    [[{ certificateType: 'Other', certificate: '' }]],
    [[{ certificateType: 'V2GRootCertificate', certificate: 'no PEM' }]],
    [[{ certificateType: 'V2GRootCertificate', certificate: 'x'.repeat(5_501) }]],
  ])('that are none are refused: %j', async (certificates) => {
    await expect(template('a', certificates)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(template('a', [{ ...v2g(0), certificate: `${roots[0]?.pem}${roots[1]?.pem}` }])).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await expect(
      template(
        'a',
        Array.from({ length: 11 }, () => v2g(0)),
      ),
    ).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

describe('a station that gets no certificate', () => {
  const CERTIFICATE = 'ChargingStationCertificate';
  const signed = (csr: string) =>
    world.tell('voltlog.connection.CertificateSigningRequested.v1', { stationId: STATION, csr, certificateType: CERTIFICATE } as never);

  it('since its request is refused is an alert, once, until it gets one', async () => {
    await signed('no CSR at all');
    await until(async () => (await alerts()).length === 1, 'the alert');
    const refusal = 'its certificate request was refused: ';
    expect(await alerts()).toMatchObject([
      {
        source: 'SecurityEvent',
        stationId: STATION,
        severity: 4,
        subject: CERTIFICATE,
        detail: expect.stringContaining(refusal),
        state: 'Open',
      },
    ]);
    await signed('nor this');
    const keys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
    const algorithm = { name: 'ECDSA', hash: 'SHA-256' };
    const csr = await x509.Pkcs10CertificateRequestGenerator.create({
      name: `CN=${STATION}, O=Voltlog`,
      keys,
      signingAlgorithm: algorithm,
    });
    await signed(csr.toString('pem'));
    await until(async () => (await alerts({ open: true })).length === 0, 'it is over');
    expect(await alerts()).toMatchObject([{ state: 'Cleared', clearedBy: 'Platform' }]);
  });

  it('is no alert where it was refused before alerts were made of that', async () => {
    await world.close();
    world = await ModelWorld.open(async ({ log, ids }) => {
      const at = '2026-01-01T00:00:00.000Z';
      const data = { stationId: STATION, certificateType: 'V2GCertificate', detail: 'long ago', at };
      const type = 'voltlog.device.CertificateRequestRefused.v1';
      await log.append(DEVICE_TOPIC, STATION, [{ id: ids.next(), type, source: '/test', subject: STATION, time: at, data }]);
    });
    await signed('no CSR at all');
    await until(async () => (await alerts()).some(({ subject }) => subject === CERTIFICATE), 'the alert');
    expect(await alerts()).toHaveLength(1);
  });

  it('since it does not ask for one is an alert', async () => {
    world.station.refuse('triggerMessage', 'NotImplemented');
    await world.device.securityGrpc.renewCertificate({ stationId: STATION, idempotencyKey: '' });
    await until(async () => (await alerts()).length === 1, 'the alert');
    expect((await alerts())[0]).toMatchObject({
      subject: CERTIFICATE,
      detail: expect.stringContaining('does not ask for a new certificate: '),
    });
  });
});

describe('work on many stations that stops by itself', () => {
  let count = 0;
  const at = (seconds: number) => new Date(Date.UTC(2030, 0, 1, 0, 0, seconds)).toISOString();
  const eventOf = (name: string, data: object) => ({
    id: `work-${(count += 1)}`,
    type: `voltlog.device.${name}.v1`,
    source: '/device/d',
    subject: 'work',
    time: at(0),
    data,
  });
  const tell = (topic: string, ...events: ReturnType<typeof eventOf>[]) => world.context.log.append(topic, 'work', events);

  it.each([
    [
      JOB_TOPIC,
      'Job',
      'JobPaused',
      { jobId: 'J1', by: '', reason: '3 of 4 stations failed' },
      'JobResumed',
      'it was paused: 3 of 4 stations failed',
    ],
    [FIRMWARE_TOPIC, 'Campaign', 'CampaignStopped', { campaignId: 'C1', failed: 3, ended: 4 }, 'CampaignResumed', 'it stopped: 3 of 4'],
    [MOVE_TOPIC, 'Move', 'MoveStopped', { moveId: 'M1', failed: 3, ended: 4 }, 'MoveCancelled', 'it stopped: 3 of 4'],
  ])('is an alert of no station until somebody has decided: %s %s', async (topic, source, stops, data, goesOn, detail) => {
    const [stopped, resumed, again] = [
      eventOf(stops, { ...data, at: at(1) }),
      eventOf(goesOn, { ...data, at: at(2) }),
      eventOf(stops, { ...data, at: at(3) }),
    ];
    await tell(topic, stopped);
    await until(async () => (await alerts()).length === 1, 'the alert');
    const [alert] = await alerts();
    expect(alert).toMatchObject({ source, stationId: '', severity: 4, detail: expect.stringContaining(detail), state: 'Open' });
    const { alert: seen } = await world.device.operationGrpc.acknowledgeAlert({
      alertId: alert?.alertId ?? '',
      note: 'on it',
      idempotencyKey: '',
    });
    expect(seen?.state).toBe('Acknowledged');
    await tell(topic, resumed);
    await until(async () => (await alerts({ open: true })).length === 0, 'it is over');
    await tell(topic, again);
    await until(async () => (await alerts({ open: true })).length === 1, 'it stopped again');
    // All of it once more: nothing new, and what is open stays open.
    await tell(topic, stopped, resumed, again, eventOf(stops, { ...data, jobId: 'J9', campaignId: 'C9', moveId: 'M9', at: at(4) }));
    await until(async () => (await alerts({ open: true })).length === 2, 'the last of them was heard');
  });

  it('stays one when its last stations are through: it ends at once then, and nobody has looked at it', async () => {
    const of = { campaignId: 'C2', failed: 4, ended: 9, outcome: 'Completed' };
    await tell(FIRMWARE_TOPIC, eventOf('CampaignStopped', { ...of, at: at(1) }), eventOf('CampaignEnded', { ...of, at: at(1) }));
    await tell(FIRMWARE_TOPIC, eventOf('CampaignStopped', { ...of, campaignId: 'C3', at: at(2) }));
    await until(async () => (await alerts()).length === 2, 'all was heard');
    expect((await alerts({ open: true })).map(({ subject }) => subject)).toEqual(['Campaign C3', 'Campaign C2']);
  });

  it('is none where a person has paused it', async () => {
    await tell(
      JOB_TOPIC,
      eventOf('JobPaused', { jobId: 'J2', by: 'ops', reason: '', at: at(1) }),
      eventOf('JobPaused', { jobId: 'J3', by: '', reason: 'x', at: at(1) }),
    );
    await until(async () => (await alerts()).length > 0, 'the other is heard');
    expect((await alerts()).map(({ subject }) => subject)).toEqual(['Job J3']);
  });
});
