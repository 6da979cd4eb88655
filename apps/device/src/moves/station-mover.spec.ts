import type { ServerResponse } from 'node:http';
import { isoTime, OperatingError } from '@voltlog/kernel';
import { connectionV1 } from '@voltlog/proto';
import { openTestContext, Receiver, type TestContext } from '@voltlog/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Intent } from '../security/intents.js';
import { StationLine } from '../security/station-line.js';
import { openCollections } from '../store/documents.js';
import { createOutbox } from '../store/outbox.js';
import { type MoveCollections, openMoveCollections } from './move-documents.js';
import { type MoveStreams, moveStreams } from './move-streams.js';
import { type StationMoveData, StationMover } from './station-mover.js';

const { CommandStatus } = connectionV1;
const MOVE = 'M';
const STATION = 'CS-1';
const ID = `${MOVE}:${STATION}`;
const TARGET = {
  csmsUrl: 'wss://new.example/ocpp',
  securityProfile: 1,
  slot: 2,
  messageTimeoutSeconds: 30,
  keys: [{ vendor: 'ACME', keys: [{ key: 'Url', value: 'wss://new.example/{stationId}' }] }],
};

/** A station as the connection service shows it; what is told to it is kept. */
class FakeLine {
  connectedAt: string | undefined;
  ocppVersion = 'ocpp2.0.1';
  priority = '1,0';
  url: { value: string; status: string } = { value: 'wss://old', status: 'Accepted' };
  /** Keys of the catalogue that it has, by name. */
  keys: Readonly<Record<string, string>> = {};
  readonly sent: unknown[] = [];
  readonly refuses = new Set<string>();
  /** Commands after which it is gone, without an answer. */
  readonly leavesAt = new Set<string>();
  /** The connection service cannot be asked. */
  isDown = false;

  async sendCommand({ command }: connectionV1.SendCommandRequest): Promise<connectionV1.SendCommandResponse> {
    const answer = connectionV1.SendCommandResponse.fromPartial({});
    if (this.connectedAt === undefined) return { ...answer, status: CommandStatus.OFFLINE };
    if (command === undefined) throw new Error('no command');
    const { $case } = command;
    if ($case !== 'getVariables')
      this.sent.push($case === 'setVariables' ? command.value.variables.map(({ name, value }) => `${name}=${value}`) : $case);
    if (this.leavesAt.has($case)) {
      this.connectedAt = undefined;
      return { ...answer, status: CommandStatus.TIMED_OUT };
    }
    if (this.refuses.has($case)) return { ...answer, status: CommandStatus.REJECTED, reason: 'no' };
    const variables =
      $case === 'getVariables'
        ? command.value.variables.map((variable) => ({
            ...this.told(variable.name),
            variable: { ...variable, value: this.told(variable.name).value },
          }))
        : [];
    return { ...answer, status: CommandStatus.ACCEPTED, variables };
  }

  private told(name: string): { readonly value: string; readonly status: string; readonly readonly: boolean } {
    if (name === 'Url') return { ...this.url, readonly: false };
    if (name === 'NetworkConfigurationPriority') return { value: this.priority, status: 'Accepted', readonly: false };
    const value = this.keys[name];
    return { value: value ?? '', status: value === undefined ? 'UnknownVariable' : 'Accepted', readonly: value === 'fixed' };
  }

  async getConnection({ stationId }: connectionV1.GetConnectionRequest): Promise<connectionV1.GetConnectionResponse> {
    if (this.isDown) throw new OperatingError('unavailable', 'down');
    const { connectedAt, ocppVersion } = this;
    return {
      connection: connectionV1.Connection.fromPartial({ stationId, connected: connectedAt !== undefined, connectedAt, ocppVersion }),
    };
  }
}

describe('a station that is moved', () => {
  let context: TestContext;
  let line: FakeLine;
  let streams: MoveStreams;
  let collections: MoveCollections;
  let mover: StationMover;
  let vendor: string;
  beforeEach(async () => {
    context = await openTestContext('device');
    line = new FakeLine();
    vendor = 'ACME';
    intent = fresh;
    collections = await openMoveCollections(context.store);
    streams = moveStreams(context, collections, createOutbox(context));
    const { statuses } = await openCollections(context.store);
    const memory = { docs: async () => new Map([[STATION, { vendor } as never]]) };
    mover = new StationMover({
      context,
      collections,
      streams,
      memory,
      statuses,
      line: new StationLine(line),
      fallbackMs: 60_000,
      allowPrivate: true,
    });
  });
  afterEach(() => context.close());

  const begin = async (change: object = {}) => {
    const direction = 'direction' in change ? 'In' : 'Out';
    const attributes = {
      name: '',
      direction,
      selection: {},
      target: TARGET,
      waves: [{ percent: 100, stations: 0, pauseMinutes: 0 }],
    } as const;
    const limits = { atOnceMax: 1, healthMinutes: 10, confirm: false, stopAtFailedPercent: 0, stopAtFailedMin: 0, createdBy: 'ops' };
    const now = context.clock.now();
    const move = { ...attributes, ...limits, ...change } as never;
    await streams.moves.one(MOVE, { kind: 'CreateMove', moveId: MOVE, attributes: move, stationIds: [[STATION]], now }, 'create');
    await streams.stations.one(ID, { kind: 'StartStation', moveId: MOVE, stationId: STATION, wave: 1, direction, now }, 'start');
  };
  let intent: Intent<StationMoveData>;
  const fresh: Intent<StationMoveData> = {
    id: 'i',
    version: 1,
    stationId: STATION,
    kind: 'MoveStation',
    data: { moveId: MOVE },
    attempts: 0,
    createdAt: '',
    expiresAt: '',
  };
  const attempt = async () => {
    const step = await mover.attempt(intent);
    if ('data' in step && step.data !== undefined) intent = { ...intent, data: step.data };
    return { step, doc: await collections.stations.get(ID) };
  };
  const connect = () => {
    line.connectedAt = isoTime(context.clock.now());
  };
  const later = (ms: number) => {
    context.clock.ms += ms;
  };
  /** Until it was told to start again, and is seen to have gone. */
  const gone = async (change: object = {}) => {
    connect();
    await begin(change);
    await attempt();
    await attempt();
    line.connectedAt = undefined;
    await attempt();
  };
  const cancel = () => streams.moves.one(MOVE, { kind: 'CancelMove', by: 'ops', now: context.clock.now() }, 'cancel');

  it('2.x: keeps its other network profiles behind the new one, and starts again when it is idle', async () => {
    connect();
    await begin();
    await attempt();
    expect((await attempt()).doc).toMatchObject({ phase: 'Switched', before: { priority: '1,0', keys: [] } });
    expect(line.sent).toEqual(['setNetworkProfile', ['NetworkConfigurationPriority=2,1,0'], 'reset']);
  });

  it('1.6: is told the keys of its make, with its own id', async () => {
    line.ocppVersion = 'ocpp1.6';
    connect();
    await begin();
    await attempt();
    expect((await attempt()).doc).toMatchObject({
      phase: 'Switched',
      before: { priority: '', keys: [{ key: 'Url', value: 'wss://old' }] },
    });
    expect(line.sent).toEqual([['Url=wss://new.example/CS-1'], 'reset']);
  });

  it('1.6: of a make whose keys nobody gave is left alone', async () => {
    line.ocppVersion = 'ocpp1.6';
    vendor = 'Other';
    connect();
    await begin();
    expect((await attempt()).doc).toMatchObject({
      phase: 'Failed',
      reason: expect.stringContaining('none of the keys CentralSystemURI, Cst_BackendUrl holds'),
    });
    expect(line.sent).toEqual([]);
  });

  it.each<[vendor: string, keys: Record<string, string>, told: string[]]>([
    ['Other', { Cst_BackendUrl: 'wss://old/ocpp' }, ['Cst_BackendUrl=wss://new.example/ocpp']],
    ['EVNEX Ltd', { OCPPEndPoint: 'wss://old/' }, ['OCPPEndPoint=wss://new.example/ocpp']],
    // It goes by wire: the address of its mobile network is not set, and stays so.
    [
      'Alfen BV',
      { 'BackOffice-URL-wired': 'wss://old:443', 'BackOffice-Path-wired': '', 'BackOffice-URL-APN': '', 'BackOffice-Path-APN': '/' },
      ['BackOffice-URL-wired=wss://new.example', 'BackOffice-Path-wired=/ocpp'],
    ],
  ])(
    '1.6: of %s, which the plan does not name, is told by the keys that are known of it, and set back by them',
    async (make, keys, told) => {
      line.ocppVersion = 'ocpp1.6';
      line.keys = keys;
      vendor = make;
      await gone();
      expect(line.sent).toEqual([told, 'reset']);
      later(120_000);
      connect();
      later(60_000);
      expect((await attempt()).doc).toMatchObject({ phase: 'CameBack' });
      await attempt();
      expect(line.sent.at(-1)).toEqual(told.map((each) => `${each.split('=')[0]}=${keys[each.split('=')[0] ?? '']}`));
    },
  );

  it('1.6: with a known key that is read-only is left alone', async () => {
    line.ocppVersion = 'ocpp1.6';
    line.keys = { Cst_BackendUrl: 'fixed' };
    vendor = 'Other';
    connect();
    await begin();
    expect((await attempt()).doc).toMatchObject({ phase: 'Failed' });
    expect(line.sent).toEqual([]);
  });

  describe('with a health address', () => {
    let receiver: Receiver;
    beforeEach(async () => {
      receiver = await Receiver.start();
    });
    afterEach(() => receiver.stop());
    const goes = () => gone({ target: { ...TARGET, healthUrl: `${receiver.url}/{stationId}` } });

    it('has moved as soon as that says so', async () => {
      receiver.answer = (response) => response.writeHead(404).end();
      await goes();
      expect((await attempt()).doc).toMatchObject({ phase: 'Switched' });
      receiver.answer = (response) => response.writeHead(200).end('{"connected":false}');
      expect((await attempt()).doc).toMatchObject({ phase: 'Switched' });
      receiver.answer = (response) => response.writeHead(200).end('{"connected":true}');
      expect((await attempt()).doc).toMatchObject({ phase: 'Moved', confirmed: true, confirmedBy: 'health address' });
      expect(new Set(receiver.received.map(({ path }) => path))).toEqual(new Set(['/hook/CS-1']));
    });

    it.each([
      ['says no', (response: ServerResponse) => response.writeHead(404).end(), 'it answered 404'],
      ['is away', (response: ServerResponse) => response.destroy(), 'hang up'],
    ])('has failed when that %s until its time is over, and its way back is open', async (_, answer, reason) => {
      receiver.answer = answer;
      await goes();
      later(599_999);
      expect((await attempt()).doc).toMatchObject({ phase: 'Switched' });
      later(1);
      expect((await attempt()).doc).toMatchObject({ phase: 'Failed', reason: expect.stringContaining(reason) });
    });
  });

  it.each([
    ['does not know', { value: '', status: 'UnknownVariable' }],
    ['knows without a value', { value: '', status: 'Accepted' }],
    ['does not tell', { value: 'wss://old', status: 'Rejected' }],
  ])('1.6: with a key that it %s there is no way back, so it is left alone', async (_, url) => {
    line.ocppVersion = 'ocpp1.6';
    line.url = url;
    connect();
    await begin();
    expect(await attempt()).toMatchObject({ step: { done: true }, doc: { phase: 'Failed', reason: expect.stringContaining('Url') } });
    expect(line.sent).toEqual([]);
  });

  it.each(['2,1', '1,2', ' 1, 2 ,0'])('the slots it may be connected by are never overwritten: %s', async (priority) => {
    line.priority = priority;
    connect();
    await begin();
    expect((await attempt()).doc).toMatchObject({ phase: 'Failed', reason: expect.stringContaining('slot 2 is one of those') });
    expect(line.sent).toEqual([]);
  });

  it('2.x: one that does not tell its slots is left alone', async () => {
    line.priority = '';
    connect();
    await begin();
    expect(await attempt()).toMatchObject({ step: { done: true }, doc: { phase: 'Failed' } });
    expect(line.sent).toEqual([]);
  });

  it('has moved once it was away for as long as was asked for', async () => {
    await gone();
    later(599_999);
    expect((await attempt()).doc).toMatchObject({ phase: 'Switched' });
    later(1);
    expect(await attempt()).toMatchObject({ step: { again: expect.any(Number) }, doc: { phase: 'Moved', confirmed: false } });
  });

  it('has moved as soon as somebody says so, and has failed when nobody does where that is asked for', async () => {
    await gone();
    await streams.stations.one(ID, { kind: 'ConfirmStation', by: 'them', now: context.clock.now() }, 'confirm');
    expect((await attempt()).doc).toMatchObject({ phase: 'Moved', confirmed: true });
  });

  it('nobody says that it arrived: it has failed where that is asked for', async () => {
    await gone({ confirm: true });
    later(600_000);
    expect((await attempt()).doc).toMatchObject({ phase: 'Failed', reason: 'nobody said within 10 min that it has arrived' });
  });

  it.each([{}, { confirm: true }])('is away from when it left, however long a car charged before: %o', async (change) => {
    connect();
    await begin(change);
    await attempt();
    await attempt();
    later(7_200_000);
    await attempt();
    line.connectedAt = undefined;
    expect((await attempt()).doc).toMatchObject({ phase: 'Switched' });
    later(599_999);
    expect((await attempt()).doc).toMatchObject({ phase: 'Switched' });
    later(1);
    expect((await attempt()).doc).toMatchObject({ phase: 'confirm' in change ? 'Failed' : 'Moved' });
  });

  it('what it was away before counts no more once it is here again', async () => {
    await gone();
    later(590_000);
    connect();
    later(1);
    await attempt();
    line.connectedAt = undefined;
    await attempt();
    later(20_000);
    expect((await attempt()).doc).toMatchObject({ phase: 'Switched' });
    later(580_000);
    expect((await attempt()).doc).toMatchObject({ phase: 'Moved' });
  });

  it('is not taken for away while nobody can tell', async () => {
    connect();
    await begin();
    await attempt();
    await attempt();
    line.isDown = true;
    expect((await attempt()).step).toEqual({ again: 'later' });
    later(7_200_000);
    expect(await attempt()).toMatchObject({ step: { again: 'later' }, doc: { phase: 'Switched' } });
  });

  it('one that leaves before it answers has been told: it is waited for, and not sent away a second time', async () => {
    line.leavesAt.add('reset');
    connect();
    await begin();
    await attempt();
    expect((await attempt()).doc).toMatchObject({ phase: 'Switched' });
    await attempt();
    later(120_000);
    line.leavesAt.clear();
    connect();
    later(60_000);
    expect((await attempt()).doc).toMatchObject({ phase: 'CameBack' });
    expect(line.sent.filter((each) => each === 'reset')).toEqual(['reset']);
  });

  it('one that did not hear that it is to start again is told so until it answers, once', async () => {
    connect();
    const { connectedAt } = line;
    await begin();
    await attempt();
    line.leavesAt.add('reset');
    expect((await attempt()).step).toMatchObject({ again: 'later' });
    line.leavesAt.clear();
    line.connectedAt = connectedAt;
    later(2_000);
    await attempt();
    await attempt();
    expect(line.sent.filter((each) => each === 'reset')).toEqual(['reset', 'reset']);
  });

  it('one that is told where to go and does not answer is given up after a day, and set back when it is here', async () => {
    connect();
    await begin();
    await attempt();
    line.leavesAt.add('setNetworkProfile');
    expect(await attempt()).toMatchObject({ step: { again: 'later' }, doc: { phase: 'Prepared' } });
    later(86_400_000);
    expect((await attempt()).doc).toMatchObject({ phase: 'Failed', reason: 'it could not be reached for a day after its turn had come' });
    line.leavesAt.clear();
    connect();
    later(60_000);
    await attempt();
    expect(line.sent.at(-1)).toEqual(['NetworkConfigurationPriority=1,0']);
  });

  it('one that is not yet on its way when the move is cancelled stays, set to what it was', async () => {
    connect();
    await begin();
    await attempt();
    await cancel();
    expect((await attempt()).doc).toMatchObject({ phase: 'Cancelled' });
    later(60_000);
    expect(await attempt()).toMatchObject({ step: { done: true }, doc: { phase: 'Cancelled', restoredAt: isoTime(context.clock.now()) } });
    expect(line.sent).toEqual([['NetworkConfigurationPriority=1,0']]);
  });

  it('its way back is open for its time, and not for another', async () => {
    await gone();
    later(600_000);
    expect((await attempt()).doc).toMatchObject({ phase: 'Moved' });
    expect(await mover.expired(intent)).toEqual({ done: true });
  });

  it('one that is here again for a minute came back, and is set to what it was', async () => {
    await gone();
    later(120_000);
    connect();
    later(59_999);
    expect((await attempt()).doc).toMatchObject({ phase: 'Switched' });
    later(1);
    expect((await attempt()).doc).toMatchObject({ phase: 'CameBack', restoredAt: '' });
    expect(await attempt()).toMatchObject({ step: { done: true }, doc: { phase: 'CameBack', restoredAt: isoTime(context.clock.now()) } });
    expect(line.sent.at(-1)).toEqual(['NetworkConfigurationPriority=1,0']);
  });

  it('one that moved and is here again weeks later is set to what it was, too', async () => {
    await gone();
    later(600_000);
    await attempt();
    later(20 * 86_400_000);
    expect((await attempt()).step).toEqual({ again: 3_600_000 });
    connect();
    later(60_000);
    expect((await attempt()).doc).toMatchObject({ phase: 'Moved', restoredAt: isoTime(context.clock.now()) });
  });

  it('one that does not start again at once is waited for: a car may charge', async () => {
    connect();
    await begin();
    await attempt();
    await attempt();
    later(3_600_000);
    expect((await attempt()).doc).toMatchObject({ phase: 'Switched' });
    later(86_400_000);
    expect((await attempt()).doc).toMatchObject({ phase: 'Failed', reason: 'it was told to start again and did not within a day' });
  });

  it.each([
    ['setNetworkProfile', 'it does not take the new address: no'],
    ['reset', 'it does not start again: no'],
  ])('one that refuses %s is set to what it was', async (command, reason) => {
    connect();
    line.refuses.add(command);
    await begin();
    await attempt();
    expect((await attempt()).doc).toMatchObject({ phase: 'Failed', reason });
    expect(line.sent.at(-1)).toEqual(['NetworkConfigurationPriority=1,0']);
  });

  it('one that is offline is waited for, a day long', async () => {
    await begin();
    expect((await attempt()).doc).toMatchObject({ phase: 'Started' });
    later(86_400_000);
    expect((await attempt()).doc).toMatchObject({ phase: 'Failed', reason: 'it could not be reached for a day after its turn had come' });
  });

  it('in: fails with what is missing when its time is over', async () => {
    await begin({ direction: 'In' });
    later(599_999);
    expect((await attempt()).doc).toMatchObject({ phase: 'Started' });
    later(1);
    expect((await attempt()).doc).toMatchObject({ phase: 'Failed', reason: 'it is not connected here after 10 min' });
  });
});
