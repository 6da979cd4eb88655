import { STATION_TOPIC } from '@voltlog/connection-contract';
import { DEVICE_TOPIC, JOB_TOPIC } from '@voltlog/device-contract';
import { isoTime, OperatingError, type RequestError } from '@voltlog/kernel';
import { connectionV1, deviceJobV1, deviceModelV1, deviceV1 } from '@voltlog/proto';
import { openTestContext, type TestContext, until } from '@voltlog/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deviceConfig } from '../config.js';
import { createDevice, type Device } from '../device.js';

const { CommandStatus } = connectionV1;
const { JobState, JobStationState: State } = deviceJobV1;
const WAIT_MS = 120_000;

/** Stations as the connection service shows them. */
class FakeConnection {
  readonly offline = new Set<string>();
  /** What stations were sent, in order. */
  readonly sent: string[] = [];
  readonly answers = new Map<string, Partial<connectionV1.SendCommandResponse> | Error>();
  /** Commands are held until it resolves. */
  gate: Promise<void> = Promise.resolve();
  /** Commands after so many never come back. */
  hangsAfter = Number.POSITIVE_INFINITY;
  inFlight = 0;
  inFlightMax = 0;
  away = false;
  /** How often it was asked who is connected. */
  looks = 0;

  async sendCommand({ stationId }: connectionV1.SendCommandRequest): Promise<connectionV1.SendCommandResponse> {
    const response = connectionV1.SendCommandResponse.fromPartial({ action: 'Reset', messageId: 'm', latencyMs: 3 });
    if (this.offline.has(stationId)) return { ...response, status: CommandStatus.OFFLINE };
    const nth = this.sent.push(stationId) - 1;
    this.inFlight += 1;
    this.inFlightMax = Math.max(this.inFlightMax, this.inFlight);
    await this.gate;
    if (nth >= this.hangsAfter) await new Promise(() => {});
    this.inFlight -= 1;
    const answer = this.answers.get(stationId);
    if (answer instanceof Error) throw answer;
    return { ...response, status: CommandStatus.ACCEPTED, stationStatus: 'Accepted', responseJson: '{"status":"Accepted"}', ...answer };
  }

  async listConnections({ stationIds }: connectionV1.ListConnectionsRequest): Promise<connectionV1.ListConnectionsResponse> {
    this.looks += 1;
    if (this.away) throw new OperatingError('ServiceUnavailable', 'away');
    const connections = stationIds.map((stationId) =>
      connectionV1.Connection.fromPartial({ stationId, connected: !this.offline.has(stationId) }),
    );
    return { connections, nextPageToken: '', total: 0 };
  }
}

describe('jobs', () => {
  let context: TestContext;
  let connection: FakeConnection;
  let service: Device;
  const devices: Device[] = [];

  const open = async (of: TestContext = context, from: FakeConnection = connection): Promise<Device> => {
    const rpc = { ...of.rpc, client: <Impl extends object>() => from as object as Impl };
    const device = await createDevice({ ...of, rpc }, deviceConfig.parse({ DEVICE_JOB_LOOK_MS: '10' }));
    await device.start();
    devices.push(device);
    return device;
  };
  const register = async (count: number, change: Partial<deviceV1.RegisterStationRequest> = {}): Promise<string[]> => {
    const ids = Array.from({ length: count }, (_, n) => `CP-${String(n + 1).padStart(5, '0')}`);
    const now = context.clock.now();
    await service.repository.onStations(
      ids.map((stationId) => ({
        stationId,
        command: { kind: 'RegisterStation' as const, stationId, siteId: change.siteId ?? '', name: '', evses: [], now },
        causationId: 'registered',
      })),
    );
    return ids;
  };

  beforeEach(async () => {
    context = await openTestContext('device');
    connection = new FakeConnection();
    await context.log.ensureTopics([DEVICE_TOPIC, JOB_TOPIC, STATION_TOPIC].map((name) => ({ name, partitions: 1 })));
    service = await open();
  });
  afterEach(async () => {
    for (const device of devices.splice(0)) await device.stop();
    await context.close();
  });

  const create = async (change: Readonly<Record<string, unknown>> = {}): Promise<deviceJobV1.Job> => {
    const command = { command: { $case: 'reset' as const, value: { type: connectionV1.ResetType.ON_IDLE } } };
    const { job } = await service.jobGrpc.createJob(
      deviceJobV1.CreateJobRequest.fromPartial({ command, selection: { all: true }, ...change } as object),
    );
    if (job === undefined) throw new Error('it was made');
    return job;
  };
  const get = async (jobId: string): Promise<deviceJobV1.Job> => {
    const { job } = await service.jobGrpc.getJob({ jobId });
    if (job === undefined) throw new Error('it is known');
    return job;
  };
  const counts = async (jobId: string): Promise<Record<string, number>> =>
    Object.fromEntries((await get(jobId)).counts.map(({ state, count }) => [state.replace('JOB_STATION_STATE_', ''), count]));
  const ended = (jobId: string) => until(async () => (await get(jobId)).state === JobState.ENDED, 'the job ends', WAIT_MS);
  const stations = async (jobId: string, state: deviceJobV1.JobStationState = State.UNSPECIFIED) =>
    (await service.jobGrpc.listJobStations({ jobId, state, pageSize: 500, pageToken: '' })).stations;
  const failure = (work: Promise<unknown>) =>
    work.then(
      () => {
        throw new Error('it did not fail');
      },
      ({ code, reason, message }: RequestError) => ({ code, reason, message }),
    );
  const connects = (stationId: string): Promise<void> => {
    connection.offline.delete(stationId);
    const at = isoTime(context.clock.now());
    const data = {
      stationId,
      ocppVersion: 'ocpp1.6',
      receivedAt: at,
      occurredAt: at,
      messageId: 'm',
      action: 'x',
      raw: {},
      epoch: 1,
      registered: true,
    };
    return context.log.append(STATION_TOPIC, stationId, [
      {
        id: context.ids.next(),
        type: 'voltlog.connection.StationConnected.v1',
        source: '/connection/test',
        subject: stationId,
        time: at,
        data,
      },
    ]);
  };

  it('sends to every station of a selection once, so many at a time, and keeps what each said', async () => {
    const ids = await register(250);
    connection.answers.set('CP-00003', {
      status: CommandStatus.REJECTED,
      stationStatus: 'Rejected',
      reason: 'not now',
      responseJson: '{"status":"Rejected"}',
    });
    connection.answers.set('CP-00004', { status: CommandStatus.NOT_SUPPORTED, reason: 'it does not know this' });
    connection.answers.set('CP-00005', { status: CommandStatus.TIMED_OUT, reason: 'no answer' });
    const { jobId } = await create({ concurrency: 20, createdBy: 'ops', name: 'Restart all' });
    await ended(jobId);
    expect(connection.sent.toSorted()).toEqual(ids);
    expect(connection.inFlightMax).toBeLessThanOrEqual(20);
    expect(await get(jobId)).toMatchObject({
      name: 'Restart all',
      createdBy: 'ops',
      outcome: 'Completed',
      stationCount: 250,
      selection: { all: true },
    });
    expect(await counts(jobId)).toEqual({ ACCEPTED: 247, REJECTED: 1, NOT_SUPPORTED: 1, UNKNOWN: 1 });
    expect(await stations(jobId, State.REJECTED)).toMatchObject([
      {
        stationId: 'CP-00003',
        attempts: 1,
        stationStatus: 'Rejected',
        reason: 'not now',
        action: 'Reset',
        latencyMs: 3,
        responseJson: '{"status":"Rejected"}',
      },
    ]);
  });

  it('pauses and goes on by an operator; what is on its way is waited for', async () => {
    const ids = await register(30);
    let letThrough: () => void = () => {};
    connection.gate = new Promise((resolve) => {
      letThrough = resolve;
    });
    const { jobId } = await create({ concurrency: 5 });
    await until(() => connection.sent.length === 5, 'some are asked');
    const { job: paused } = await service.jobGrpc.pauseJob({ jobId, pausedBy: 'ops', idempotencyKey: '' });
    expect(paused).toMatchObject({ state: JobState.PAUSED, pausedBecause: 'paused by ops' });
    letThrough();
    await until(async () => (await counts(jobId))['ACCEPTED'] === 5, 'their answers');
    await service.stop();
    devices.length = 0;
    service = await open();
    expect((await get(jobId)).state).toBe(JobState.PAUSED);
    expect(connection.sent).toHaveLength(5);
    await service.jobGrpc.resumeJob({ jobId, resumedBy: 'ops', idempotencyKey: '' });
    await ended(jobId);
    expect(connection.sent.toSorted()).toEqual(ids);
  });

  it('pauses by itself when too many fail, and counts anew when it goes on', async () => {
    const ids = await register(60);
    for (const id of ids.slice(0, 12)) connection.answers.set(id, { status: CommandStatus.REJECTED, reason: 'no' });
    const { jobId } = await create({ concurrency: 2, failureBound: { percent: 50, stations: 10 } });
    await until(async () => (await get(jobId)).state === JobState.PAUSED, 'it pauses');
    const { pausedBecause } = await get(jobId);
    expect(pausedBecause).toMatch(/^1[0-2] of 1[0-2] stations failed$/);
    const sent = connection.sent.length;
    expect(sent).toBeLessThanOrEqual(14);
    await service.jobGrpc.resumeJob({ jobId, resumedBy: 'ops', idempotencyKey: '' });
    await ended(jobId);
    expect(await counts(jobId)).toEqual({ ACCEPTED: 48, REJECTED: 12 });
    await expect(create({ failureBound: { percent: 0, stations: 1 } })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('sets stations to a template, and keeps what each took', async () => {
    await register(3);
    const set = (status: string): Partial<connectionV1.SendCommandResponse> => ({
      status: status === 'Accepted' ? CommandStatus.ACCEPTED : CommandStatus.REJECTED,
      variables: [
        {
          variable: { component: '1.6', name: 'Key', value: '', evseId: 0, instance: '' },
          status,
          readonly: false,
        } as connectionV1.VariableResult,
      ],
    });
    connection.answers.set('CP-00001', set('Accepted'));
    connection.answers.set('CP-00002', set('Rejected'));
    connection.answers.set('CP-00003', set('Accepted'));
    const template = deviceModelV1.Template.fromPartial({
      templateId: 'keys',
      vendor: 'Somebody else',
      variables: [{ variable: { component: '1.6', name: 'Key' }, value: '7' }],
    });
    await service.modelGrpc.putTemplate({ template, expectedVersion: 0, mustBeNew: false, idempotencyKey: '' });
    const { jobId } = await create({ command: undefined, applyTemplate: { templateId: 'keys' } });
    await ended(jobId);
    expect(await counts(jobId)).toEqual({ ACCEPTED: 2, REJECTED: 1 });
    expect(await stations(jobId, State.REJECTED)).toMatchObject([{ stationId: 'CP-00002', reason: '1.6.Key = 7: Rejected' }]);
    const unknown = { command: undefined, applyTemplate: { templateId: 'nothing' } };
    expect(await failure(create(unknown))).toMatchObject({ code: 'INVALID_ARGUMENT', reason: 'TemplateUnknown' });
    expect(await failure(create({ applyTemplate: { templateId: 'keys' } }))).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('is not listed for ever when it has ended', async () => {
    await register(2);
    const old = await create();
    await ended(old.jobId);
    context.clock.ms += 100 * 86_400_000;
    const young = await create();
    await ended(young.jobId);
    context.clock.ms += 81 * 86_400_000;
    const isGone = () =>
      get(old.jobId).then(
        () => false,
        ({ code }: RequestError) => code === 'NOT_FOUND',
      );
    await until(isGone, 'it is gone', WAIT_MS);
    expect(await context.store.streams.load([`job:${old.jobId}`])).not.toEqual(new Map());
    expect((await get(young.jobId)).jobId).toBe(young.jobId);
  });

  it('makes one job of a request that is repeated with its key', async () => {
    await register(1);
    const first = await create({ idempotencyKey: 'k1' });
    expect((await create({ idempotencyKey: 'k1' })).jobId).toBe(first.jobId);
    await ended(first.jobId);
    expect(connection.sent).toEqual(['CP-00001']);
  });

  it('keeps the command for a station that is offline, and sends it once when it is back', async () => {
    await register(3);
    connection.offline.add('CP-00002');
    const { jobId } = await create();
    await until(async () => (await counts(jobId))['WAITING'] === 1 && (await counts(jobId))['ACCEPTED'] === 2, 'one waits', WAIT_MS);
    expect((await stations(jobId, State.WAITING))[0]).toMatchObject({
      stationId: 'CP-00002',
      attempts: 0,
      reason: 'the station is not connected',
    });
    await connects('CP-00002');
    await ended(jobId);
    expect(connection.sent.filter((id) => id === 'CP-00002')).toEqual(['CP-00002']);
    expect(await counts(jobId)).toEqual({ ACCEPTED: 3 });
  });

  it('tries a station ever more rarely that is connected but cannot be sent to', async () => {
    await register(1);
    connection.answers.set('CP-00001', { status: CommandStatus.OFFLINE });
    const { jobId } = await create();
    for (let minute = 0; minute < 40; minute += 1) {
      const { looks } = connection;
      await until(async () => (await counts(jobId))['WAITING'] === 1, 'it waits', WAIT_MS);
      context.clock.ms += 61_000;
      await until(() => connection.looks > looks, 'it is looked for', WAIT_MS);
    }
    // After 1, 2, 4, 8 and 16 minutes.
    expect(connection.sent.length).toBeGreaterThan(3);
    expect(connection.sent.length).toBeLessThan(8);
  });

  it('ends when its time is over; a station that never came is told as expired', async () => {
    await register(2);
    connection.offline.add('CP-00002');
    const { jobId } = await create({ expiresAt: isoTime(context.clock.now() + 60_000) });
    await until(async () => (await counts(jobId))['WAITING'] === 1 && (await counts(jobId))['ACCEPTED'] === 1, 'one waits', WAIT_MS);
    context.clock.ms += 60_000;
    await ended(jobId);
    expect(await get(jobId)).toMatchObject({ outcome: 'Expired' });
    expect(await counts(jobId)).toEqual({ ACCEPTED: 1, EXPIRED: 1 });
    await connects('CP-00002');
    expect(connection.sent).toEqual(['CP-00001']);
  });

  it('sends nothing more once it is cancelled, and keeps the answer of what was on its way', async () => {
    await register(30);
    let release = (): void => {};
    connection.gate = new Promise((resolve) => {
      release = resolve;
    });
    const { jobId } = await create({ concurrency: 5 });
    await until(() => connection.sent.length === 5, 'five are asked', WAIT_MS);
    await service.jobGrpc.cancelJob({ jobId, cancelledBy: 'ops', idempotencyKey: '' });
    await until(async () => (await counts(jobId))['CANCELLED'] === 25, 'the others are dropped', WAIT_MS);
    expect((await get(jobId)).state).toBe(JobState.CANCELLING);
    release();
    await ended(jobId);
    expect(await get(jobId)).toMatchObject({ outcome: 'Cancelled' });
    expect(await counts(jobId)).toEqual({ ACCEPTED: 5, CANCELLED: 25 });
    expect(connection.sent).toHaveLength(5);
  });

  it('sends again to those that failed, and to those of unknown outcome only when told so', async () => {
    await register(4);
    connection.answers.set('CP-00001', { status: CommandStatus.REJECTED, stationStatus: 'Rejected' });
    connection.answers.set('CP-00002', new OperatingError('DeadlineExceeded', 'late'));
    const { jobId } = await create();
    await ended(jobId);
    expect(await counts(jobId)).toEqual({ ACCEPTED: 2, REJECTED: 1, UNKNOWN: 1 });
    connection.answers.clear();
    const retry = (states: deviceJobV1.JobStationState[]) =>
      service.jobGrpc.retryJob({ jobId, states, expiresAt: undefined, retriedBy: 'ops', idempotencyKey: '' });
    expect((await retry([])).job).toMatchObject({ state: JobState.RUNNING, round: 2, outcome: '' });
    await ended(jobId);
    expect(await counts(jobId)).toEqual({ ACCEPTED: 3, UNKNOWN: 1 });
    await retry([State.UNKNOWN]);
    await ended(jobId);
    expect(await counts(jobId)).toEqual({ ACCEPTED: 4 });
    expect(connection.sent.toSorted()).toEqual(['CP-00001', 'CP-00001', 'CP-00002', 'CP-00002', 'CP-00003', 'CP-00004']);
  });

  it('keeps to its pace', async () => {
    await register(40);
    const { jobId } = await create({ stationsPerMinute: 10 });
    for (let sent = 1; sent <= 15; sent += 1) {
      await until(() => connection.sent.length >= sent, `${sent} are sent`, WAIT_MS);
      expect(connection.sent).toHaveLength(sent);
      // The next one is due in 6 s.
      context.clock.ms += 6_001;
    }
    expect((await get(jobId)).stationsPerMinute).toBe(10);
  });

  it('tells that a command cannot be sent to a station, and goes on', async () => {
    await register(2);
    const { RequestError: Refusal } = await import('@voltlog/kernel');
    connection.answers.set('CP-00001', new Refusal('INVALID_ARGUMENT', 'Reset: type is missing'));
    const { jobId } = await create();
    await ended(jobId);
    expect(await stations(jobId)).toMatchObject([
      { stationId: 'CP-00001', state: State.FAILED, reason: 'Reset: type is missing' },
      { stationId: 'CP-00002', state: State.ACCEPTED },
    ]);
  });

  it('waits while nobody can tell which stations are connected', async () => {
    await register(2);
    connection.away = true;
    const { jobId } = await create();
    await until(async () => (await get(jobId)).state === JobState.RUNNING, 'it is planned', WAIT_MS);
    expect(await counts(jobId)).toEqual({ PENDING: 2 });
    connection.away = false;
    context.clock.ms += 5_000;
    await ended(jobId);
    expect(await counts(jobId)).toEqual({ ACCEPTED: 2 });
  });

  it('over 10 000 stations goes on after a crash: nobody is sent it twice, nobody is left out, and what was on its way is told as unknown', {
    timeout: 300_000,
  }, async () => {
    const ids = await register(10_000);
    // An instance whose commands come back no more after a third of them: as good as dead.
    const dead = new FakeConnection();
    dead.hangsAfter = 3_000;
    await devices.pop()?.stop();
    service = await open(context, dead);
    const { jobId } = await create({ concurrency: 100 });
    await until(async () => (await counts(jobId))['ACCEPTED'] === 3_000 && dead.sent.length === 3_100, 'some have answered', 120_000);
    const log = context.log;
    const other = await openTestContext('device', { log, store: context.store, clock: context.clock });
    // It is cut off here: the timer's lease must end before another takes over, also one that it took while it was stopping.
    void devices.pop()?.stop();
    service = await open(other);
    const later = (): boolean => {
      context.clock.ms += 1_000;
      return connection.sent.length > 0;
    };
    await until(later, 'another goes on', 120_000);
    await until(async () => (await get(jobId)).state === JobState.ENDED, 'the job ends', 120_000);
    expect(await counts(jobId)).toEqual({ ACCEPTED: 9_900, UNKNOWN: 100 });
    expect([...dead.sent, ...connection.sent].toSorted()).toEqual(ids);
    expect((await stations(jobId, State.UNKNOWN))[0]?.reason).toContain('it is not known whether the station acted');
  });

  it('is worked on by two instances without a station being sent it twice', async () => {
    const ids = await register(600);
    const other = await openTestContext('device', { log: context.log, store: context.store, clock: context.clock });
    await open(other);
    const { jobId } = await create({ concurrency: 100 });
    await ended(jobId);
    expect(connection.sent.toSorted()).toEqual(ids);
  });

  it('selects by what stations have in common, and says how many they are', async () => {
    await register(3);
    await register(2, { siteId: '' });
    connection.offline.add('CP-00001');
    const preview = (selection: object) =>
      service.jobGrpc.previewSelection({ selection: deviceJobV1.StationSelection.fromPartial(selection) });
    expect(await preview({ all: true })).toEqual({
      stationCount: 3,
      connectedCount: 0,
      firstStationIds: ['CP-00001', 'CP-00002', 'CP-00003'],
    });
    expect(await preview({ vendor: 'Nobody' })).toMatchObject({ stationCount: 0 });
    const tag = (stationId: string, tags: string[]) =>
      service.grpc.updateStation({ ...deviceV1.UpdateStationRequest.fromPartial({ stationId }), tags: { tags } });
    await tag('CP-00001', ['fast', 'phase-2', 'fast']);
    await tag('CP-00002', ['fast']);
    expect(await preview({ tags: ['fast'] })).toMatchObject({ firstStationIds: ['CP-00001', 'CP-00002'] });
    expect(await preview({ tags: ['phase-2', 'fast'] })).toMatchObject({ firstStationIds: ['CP-00001'] });
    expect(await preview({ tags: ['slow'] })).toMatchObject({ stationCount: 0 });
    await expect(tag('CP-00001', ['two words'])).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    const { station } = await service.grpc.updateStation({
      ...deviceV1.UpdateStationRequest.fromPartial({ stationId: 'CP-00001', name: 'Bay' }),
      tags: undefined,
    });
    expect(station?.tags).toEqual(['fast', 'phase-2']);
    await tag('CP-00001', []);
    expect(await preview({ tags: ['fast'] })).toMatchObject({ firstStationIds: ['CP-00002'] });
    await service.repository.onStation('CP-00002', { kind: 'RetireStation', now: context.clock.now() }, 'gone');
    expect(await preview({ stationIds: ['CP-00003', 'CP-00002', 'CP-00003'] })).toMatchObject({ stationCount: 1 });
    await connects('CP-00003');
    await until(async () => (await preview({ connected: true })).stationCount === 1, 'it is connected', WAIT_MS);
    expect(await preview({ connected: false })).toMatchObject({ stationCount: 1, firstStationIds: ['CP-00001'] });
  });

  it.each([
    ['no command', { command: undefined }, 'command is missing'],
    ['no condition', { selection: {} }, 'say `all`'],
    ['all and a condition', { selection: { all: true, vendor: 'V' } }, 'excludes'],
    ['a station that is not in service', { selection: { stationIds: ['CP-00001', 'CP-9'] } }, 'not in service: CP-9'],
    ['a time that is over', { expiresAt: '2020-01-01T00:00:00.000Z' }, 'future'],
    ['too much at once', { concurrency: 501 }, 'at most 500'],
    [
      'a command of one station',
      { command: { command: { $case: 'requestStopTransaction', value: { transactionId: 'x' } } } },
      'of one station',
    ],
    [
      'a password',
      { command: { command: { $case: 'setVariables', value: { variables: [{ name: 'AuthorizationKey', value: 'x' }] } } } },
      'passwords',
    ],
    [
      'a password in a raw message',
      {
        command: {
          command: { $case: 'rawCall', value: { action: 'ChangeConfiguration', payloadJson: '{"key":"AuthorizationKey","value":"x"}' } },
        },
      },
      'passwords',
    ],
  ] as const)('refuses %s', async (_, change, words) => {
    await register(1);
    expect(await failure(create(change))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(words),
    });
    expect((await service.jobGrpc.listJobs({ pageSize: 0, pageToken: '' })).jobs).toEqual([]);
  });

  it('refuses to retry what is being cancelled, and knows no job of another id', async () => {
    await register(1);
    connection.gate = new Promise(() => {});
    const { jobId } = await create();
    await until(() => connection.sent.length === 1, 'it is asked', WAIT_MS);
    await service.jobGrpc.cancelJob({ jobId, cancelledBy: '', idempotencyKey: '' });
    expect(
      await failure(service.jobGrpc.retryJob({ jobId, states: [], expiresAt: undefined, retriedBy: '', idempotencyKey: '' })),
    ).toMatchObject({ code: 'FAILED_PRECONDITION', reason: 'JobCancelling' });
    expect(await failure(service.jobGrpc.getJob({ jobId: 'x' }))).toMatchObject({ code: 'NOT_FOUND', reason: 'JobUnknown' });
  });
});
