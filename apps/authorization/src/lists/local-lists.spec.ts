import { tokenKey } from '@voltlog/authorization-domain';
import type { StationFactType } from '@voltlog/connection-contract';
import { OperatingError } from '@voltlog/kernel';
import { authorizationV1, connectionV1 } from '@voltlog/proto';
import { until } from '@voltlog/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { authorizationProjections } from '../projections/rebuild.js';
import { openCollections } from '../store/documents.js';
import { AuthorizationWorld } from '../testing/world.js';
import { CLEAR_CACHE } from './cache-clearing.js';
import { LOCAL_LIST } from './local-lists.js';
import { TokenScan } from './token-scan.js';

const { CommandStatus } = connectionV1;
type Send = connectionV1.SendCommandRequest;
type Answer = Partial<connectionV1.SendCommandResponse>;

/** A station behind a fake connection service: it keeps a list as the specification says, and can be told to misbehave. */
class ListStation {
  connected = true;
  version = 0;
  readonly list = new Map<string, string>();
  readonly sent: { readonly differential: boolean; readonly version: number; readonly items: number }[] = [];
  /** Stations whose cache was cleared, in order. */
  readonly clearedAt: string[] = [];
  asked = 0;
  supports = true;
  /** Says of an empty list that there is none. */
  emptyIsNone = false;
  itemsMax = 2;
  /** Undefined: it does not say, when it is asked. */
  entriesMax: number | undefined = 100;
  fails = 0;
  /** The connection service is away. */
  unreachable = false;
  /** What happens once while the station is sent its list. */
  during: (() => Promise<void>) | undefined;

  constructor(readonly ocppVersion: string) {}

  get cleared(): number {
    return this.clearedAt.length;
  }

  answer({ command, stationId }: Send): Answer {
    this.asked += 1;
    if (this.unreachable) throw new OperatingError('ServiceUnreachable', 'nobody is there');
    if (!this.connected) return { status: CommandStatus.OFFLINE };
    switch (command?.$case) {
      case 'getLocalListVersion':
        return this.supports
          ? { status: CommandStatus.ACCEPTED, responseJson: JSON.stringify({ [this.word('listVersion', 'versionNumber')]: this.told }) }
          : { status: CommandStatus.NOT_SUPPORTED };
      case 'getVariables':
        return {
          status: CommandStatus.ACCEPTED,
          variables: [
            ...(this.entriesMax === undefined ? [] : [result('LocalAuthListMaxLength', this.entriesMax)]),
            result('SendLocalListMaxLength', this.itemsMax),
          ],
        };
      case 'rawCall':
        return {
          status: CommandStatus.ACCEPTED,
          responseJson: JSON.stringify({
            getVariableResult: [
              { attributeStatus: 'Accepted', attributeValue: String(this.itemsMax), variable: { name: 'ItemsPerMessage' } },
              { attributeStatus: 'UnknownVariable', variable: { name: 'BytesPerMessage' } },
              this.entriesMax === undefined
                ? { attributeStatus: 'NotSupportedAttributeType', variable: { name: 'Entries' } }
                : { attributeStatus: 'Accepted', attributeValue: String(this.entriesMax), variable: { name: 'Entries' } },
            ],
          }),
        };
      case 'sendLocalList':
        return this.take(command.value);
      case 'clearCache':
        this.clearedAt.push(stationId);
        return { status: CommandStatus.ACCEPTED };
      default:
        throw new Error(`${command?.$case} is not expected`);
    }
  }

  private take({ differential, listVersion, entries }: connectionV1.SendLocalList): Answer {
    this.sent.push({ differential, version: listVersion, items: entries.length });
    if (this.fails > 0) {
      this.fails -= 1;
      return { status: CommandStatus.REJECTED, stationStatus: 'Failed', reason: 'the station answered Failed' };
    }
    if (differential && listVersion <= this.version) return { status: CommandStatus.REJECTED, stationStatus: 'VersionMismatch' };
    if (!differential) this.list.clear();
    for (const { idToken, status } of entries) {
      if (status === '') this.list.delete(idToken?.idToken ?? '');
      else this.list.set(idToken?.idToken ?? '', status);
    }
    this.version = listVersion;
    return { status: CommandStatus.ACCEPTED };
  }

  async sending(): Promise<void> {
    const { during } = this;
    this.during = undefined;
    await during?.();
  }

  private get told(): number {
    return this.emptyIsNone && this.list.size === 0 ? 0 : this.version;
  }

  private word(v16: string, v2: string): string {
    return this.ocppVersion === 'ocpp1.6' ? v16 : v2;
  }
}

const result = (name: string, value: number): connectionV1.VariableResult => ({
  variable: { component: '', name, value: String(value), evseId: 0, instance: '' },
  status: 'Accepted',
  readonly: true,
});
const ANSWER: connectionV1.SendCommandResponse = {
  status: CommandStatus.ACCEPTED,
  stationStatus: '',
  reason: '',
  responseJson: '',
  action: '',
  messageId: '',
  latencyMs: 0,
  variables: [],
  requestId: 0,
};

describe.each(['ocpp1.6', 'ocpp2.0.1'])('the local list of a %s station', (ocppVersion) => {
  let world: AuthorizationWorld;
  let station: ListStation;
  const connection = (): Partial<connectionV1.ConnectionService> => ({
    sendCommand: async (request) => {
      const answer = { ...ANSWER, ...station.answer(request) };
      if (request.command?.$case === 'sendLocalList') await station.sending();
      return answer;
    },
    getConnection: async ({ stationId }) => ({
      connection: {
        stationId,
        connected: station.connected,
        ocppVersion: station.connected ? ocppVersion : '',
        dialect: '',
        instanceId: '',
        epoch: 1,
        connectedAt: undefined,
        lastSeenAt: undefined,
        remoteAddress: '',
        securityProfile: 1,
      },
    }),
  });
  const list = async () => (await world.service.grpc.getLocalList({ stationId: 'S1' })).localList;
  /** Lets what was gathered, or is to be tried again, fall due. */
  const later = (ms = 1_001): void => {
    world.context.clock.ms += ms;
    world.service.lists.hurry();
  };
  const connect = async (): Promise<void> => {
    const at = new Date(world.context.clock.ms).toISOString();
    const type: StationFactType = 'voltlog.connection.StationConnected.v1';
    const envelope = { id: world.context.ids.next(), type, source: '/connection/test', subject: 'S1', time: at, data: { stationId: 'S1' } };
    await world.context.log.append('connection.station.v1', 'S1', [envelope]);
  };
  const inStep = (tokens: readonly string[]) =>
    until(async () => {
      later();
      return (await list())?.state === 'InStep' && [...station.list.keys()].toSorted().join() === tokens.join();
    }, `the list is ${tokens.join()}`);

  beforeEach(async () => {
    station = new ListStation(ocppVersion);
    world = await AuthorizationWorld.open({ AUTHORIZATION_MASTER_PASS_GROUP: 'MASTER' }, (context) => ({
      ...context,
      rpc: { ...context.rpc, client: <Service extends object>() => connection() as Service },
    }));
    for (const token of ['A', 'B', 'C']) await world.putToken(token);
    await world.stationAt('S1', 'north');
    await until(async () => (await world.service.sites.load(['S1'])).get('S1') === 'north', 'the site of S1 is known');
  });
  afterEach(() => world.close());

  it('is built of the tokens that may charge there, sent in parts, and then by difference', async () => {
    await world.putToken('BLOCKED', { status: authorizationV1.TokenStatus.BLOCKED });
    await world.putToken('SOUTH', { replaceRules: true, siteIds: ['south'] });
    await world.putToken('GUARD', { groupId: 'MASTER' });
    expect((await list())?.state).toBe('Off');
    await world.putPolicy('north', { localLists: true });
    await inStep(['A', 'B', 'C']);
    expect(station.sent).toEqual([
      { differential: false, version: 1, items: 2 },
      { differential: true, version: 2, items: 1 },
    ]);
    await world.putToken('B', { status: authorizationV1.TokenStatus.BLOCKED });
    await inStep(['A', 'C']);
    expect(station.sent.at(-1)).toEqual({ differential: true, version: 3, items: 1 });
    expect(await list()).toMatchObject({ wantedVersion: 3, stationVersion: 3, wantedEntries: 2 });
  });

  it('is looked at for a station that comes once some site wants lists, and for none where no site does', async () => {
    const due = async () => {
      await world.context.log.caughtUp({ group: 'authorization-local-lists', topic: 'device.station.v1', deadlineMs: 10_000 });
      const now = new Date(world.context.clock.ms + 60_000).toISOString();
      return (await world.context.store.timers.claim({ kind: LOCAL_LIST, now, leaseMs: 1, limit: 10 })).map(({ id }) => id);
    };
    await world.stationAt('S2', 'south');
    expect(await due()).toEqual([]);
    await world.putPolicy('north', { localLists: true });
    await until(async () => (await due()).some((id) => id.includes('S1')), 'the station of the site that wants lists is looked at');
    await world.stationAt('S3', 'south');
    expect((await due()).some((id) => id.includes('S3'))).toBe(true);
  });

  it('is put off by no change that comes before it is due', async () => {
    const due = async (ms: number) => {
      world.context.clock.ms += ms;
      const now = new Date(world.context.clock.ms).toISOString();
      return (await world.context.store.timers.claim({ kind: LOCAL_LIST, now, leaseMs: 1, limit: 10 })).length;
    };
    await world.service.lists.stop();
    await world.service.lists.soon(['S1']);
    expect(await due(900)).toBe(0);
    await world.service.lists.soon(['S1']);
    expect(await due(100)).toBe(1);
  });

  it('is sent anew, in whole, when the station forgot it', async () => {
    await world.putPolicy('north', { localLists: true });
    await inStep(['A', 'B', 'C']);
    station.version = 0;
    station.list.clear();
    await world.service.grpc.syncLocalList({ stationId: 'S1', full: false });
    await inStep(['A', 'B', 'C']);
    expect(station.sent.at(-2)).toMatchObject({ differential: false });
  });

  it('is sent in whole where what was sent was lost, and to no station that is to have none', async () => {
    await world.putPolicy('north', { localLists: true });
    await inStep(['A', 'B', 'C']);
    await world.stationAt('S2', 'south');
    await until(async () => (await world.service.sites.load(['S2'])).get('S2') === 'south', 'the site of S2 is known');
    const { localLists } = await openCollections(world.context.store);
    await localLists.deleteWhere({});
    station.list.delete('B');
    expect(await authorizationProjections['local-lists']?.rebuild(world.context, () => {})).toBe(1);
    world.context.clock.ms = Math.max(world.context.clock.ms, Date.now());
    await inStep(['A', 'B', 'C']);
    expect(station.sent.at(-2)).toMatchObject({ differential: false });
    expect(await localLists.get('S2')).toBeUndefined();
  });

  it('is read for once for all stations that wait', async () => {
    const { tokens } = await openCollections(world.context.store);
    let reads = 0;
    const counted = new Proxy(tokens, {
      get(target, name) {
        if (name === 'find') reads += 1;
        return Reflect.get(target, name).bind(target);
      },
    });
    const { context, service } = world;
    const scan = new TokenScan(context, {
      contracts: service.contracts,
      collections: { tokens: counted },
      masterPassGroup: 'MASTER',
      entriesMax: 2,
    });
    await world.putToken('D', { replaceRules: true, siteIds: ['south'] });
    const lists = await Promise.all([
      scan.wanted({ stationId: 'S1', siteId: 'north' }),
      scan.wanted({ stationId: 'S2', siteId: 'south' }),
      scan.wanted({ stationId: 'S3', siteId: 'north' }),
    ]);
    expect(lists.map(({ entries }) => entries.map(({ key }) => key))).toEqual([
      ['A', 'B', 'C'],
      ['A', 'B', 'C', 'D'],
      ['A', 'B', 'C'],
    ]);
    expect(reads).toBe(1);
  });

  it('waits for a station that is away, and goes when it connects', async () => {
    station.connected = false;
    await world.putPolicy('north', { localLists: true });
    await until(async () => {
      later();
      return (await list())?.reason === 'the station is not connected';
    }, 'it waits');
    expect(station.sent).toEqual([]);
    station.connected = true;
    await connect();
    await inStep(['A', 'B', 'C']);
  });

  it('is tried again when the station fails, with a bound', async () => {
    station.fails = 2;
    await world.putPolicy('north', { localLists: true });
    await until(async () => {
      later(6_000);
      return (await list())?.state === 'InStep';
    }, 'the third try came through');
    station.fails = 100;
    await world.putToken('D');
    await until(async () => {
      later(200_000);
      return (await list())?.state === 'Failed';
    }, 'it is given up');
    expect(await list()).toMatchObject({ reason: 'the station answered Failed' });
  });

  it.each([
    [2, 'TooLarge'],
    [3, 'InStep'],
  ])('is held to the %i entries that it once reported, where it does not say now', async (maxLimit, state) => {
    station.entriesMax = undefined;
    const at = new Date(world.context.clock.ms).toISOString();
    const type: StationFactType = 'voltlog.connection.VariablesReported.v1';
    const variables = [
      {
        component: 'LocalAuthListCtrlr',
        name: 'Entries',
        attributes: [],
        characteristics: { dataType: 'integer', supportsMonitoring: false, maxLimit },
      },
    ];
    const data = { stationId: 'S1', requestId: 1, seqNo: 0, toBeContinued: false, variables };
    await world.context.log.append('connection.station.v1', 'S1', [
      { id: 'r', type, source: '/connection/test', subject: 'S1', time: at, data },
    ]);
    await until(async () => (await world.service.bounds.of('S1')) === maxLimit, 'the report is known');
    await world.putPolicy('north', { localLists: true });
    await until(async () => {
      later();
      return (await list())?.state === state;
    }, `it is ${state}`);
  });

  it('is not sent where the station keeps none, or not so many', async () => {
    station.entriesMax = 2;
    await world.putPolicy('north', { localLists: true });
    await until(async () => {
      later();
      return (await list())?.state === 'TooLarge';
    }, 'it is too large');
    station.supports = false;
    await world.service.grpc.syncLocalList({ stationId: 'S1', full: true });
    await until(async () => {
      later();
      return (await list())?.state === 'NotSupported';
    }, 'it is not supported');
    expect(station.sent).toEqual([]);
  });

  it('loses a token that is blocked, also while more tokens may charge there than the station keeps', async () => {
    station.entriesMax = 3;
    await world.putPolicy('north', { localLists: true });
    await inStep(['A', 'B', 'C']);
    await world.putToken('D');
    const tooLarge = (what: string, keys: readonly string[]): Promise<void> =>
      until(async () => {
        later();
        return (await list())?.state === 'TooLarge' && [...station.list.keys()].toSorted().join() === keys.join();
      }, what);
    await tooLarge('nobody is added', ['A', 'B', 'C']);
    await world.putToken('E');
    await world.putToken('B', { status: authorizationV1.TokenStatus.BLOCKED });
    await tooLarge('B is off the list', ['A', 'C']);
    await world.putToken('A', { status: authorizationV1.TokenStatus.BLOCKED });
    await inStep(['C', 'D', 'E']);
  });

  it.each([false, true])(
    'is emptied when the site wants none any more, also where the station says then that it has none: %s',
    async (none) => {
      station.emptyIsNone = none;
      await world.putPolicy('north', { localLists: true });
      await inStep(['A', 'B', 'C']);
      await world.putPolicy('north', { localLists: false });
      await until(async () => {
        later();
        return (await list())?.state === 'Off';
      }, 'it is off');
      expect(station.list.size).toBe(0);
      expect(await list()).toMatchObject({ reason: '', stationVersion: none ? 0 : 3 });
      await world.putPolicy('north', { localLists: true });
      await inStep(['A', 'B', 'C']);
    },
  );

  it('is emptied once the station is there again, when the site stopped wanting it meanwhile', async () => {
    await world.putPolicy('north', { localLists: true });
    await inStep(['A', 'B', 'C']);
    station.connected = false;
    await world.putPolicy('north', { localLists: false });
    await until(async () => {
      later();
      return (await list())?.state === 'Pending';
    }, 'it waits');
    station.connected = true;
    await connect();
    await until(async () => {
      later();
      return (await list())?.state === 'Off';
    }, 'it is off');
    expect(station.list.size).toBe(0);
  });

  it('is looked at again when that was asked for while it was sent, although a token begins to count later', async () => {
    const beginsAt = new Date(world.context.clock.ms + 30 * 86_400_000).toISOString();
    await world.putToken('LATER', { replaceRules: true, validFrom: beginsAt });
    station.during = () => world.service.lists.soon(['S1'], true);
    await world.putPolicy('north', { localLists: true });
    await until(() => {
      later();
      return station.sent.filter(({ differential }) => !differential).length === 2;
    }, 'all of it is sent again');
    await inStep(['A', 'B', 'C']);
    world.context.clock.ms = Date.parse(beginsAt);
    await inStep(['A', 'B', 'C', 'LATER']);
  });

  it('and the cache is cleared of a token that was good until just now, by its operator', async () => {
    const { status } = await world.ask({ token: 'A' });
    expect(status).toBe(authorizationV1.AuthorizationStatus.ACCEPTED);
    await world.putToken('A', { expiresAt: new Date(world.context.clock.ms + 1_000).toISOString() });
    await until(async () => {
      world.context.clock.ms += 1_000;
      world.service.caches.hurry();
      return station.cleared === 1;
    }, 'the cache is cleared');
  });

  it('and the cache is cleared later where nobody can be asked to, as while the platform starts', async () => {
    station.unreachable = true;
    const { clock } = world.context;
    const payload = { stationId: 'S1', attempt: 0, untilMs: clock.ms + 600_000 };
    await world.service.caches.handle({ id: `${CLEAR_CACHE}:S1`, kind: CLEAR_CACHE, dueAt: new Date(clock.ms).toISOString(), payload });
    station.unreachable = false;
    await until(async () => {
      clock.ms += 1_000;
      world.service.caches.hurry();
      return station.cleared === 1;
    }, 'the cache is cleared');
  });

  it('and the cache is cleared once the list of decisions is whole, where it was not when the token was blocked', async () => {
    const { log } = world.context;
    const caughtUp = log.caughtUp.bind(log);
    let asked = 0;
    log.caughtUp = async (question) => {
      if (question.group !== 'authorization-decisions') return caughtUp(question);
      asked += 1;
      return false;
    };
    expect((await world.ask({ token: 'A' })).status).toBe(authorizationV1.AuthorizationStatus.ACCEPTED);
    const { decisions } = await openCollections(world.context.store);
    await until(async () => (await decisions.find({ limit: 2 })).docs.length === 1, 'the decision is listed');
    const [accepted] = (await decisions.find({ limit: 2 })).docs;
    if (accepted === undefined) throw new Error('it is listed');
    await decisions.delete([accepted.id]);
    await world.putToken('A', { status: authorizationV1.TokenStatus.BLOCKED });
    await until(() => asked === 1, 'it is looked where it was accepted');
    // That it was accepted before is listed only now.
    await decisions.upsert([{ doc: accepted }]);
    await until(async () => {
      world.context.clock.ms += 1_000;
      world.service.caches.hurry();
      return station.cleared === 1;
    }, 'it is looked again, and the cache is cleared');
    const looks = asked;
    log.caughtUp = caughtUp;
    expect(looks).toBeGreaterThan(1);
  });

  it('and the cache is cleared once, however often it is looked again while the list is never whole', async () => {
    const { log } = world.context;
    const caughtUp = log.caughtUp.bind(log);
    let asked = 0;
    expect((await world.ask({ token: 'A' })).status).toBe(authorizationV1.AuthorizationStatus.ACCEPTED);
    log.caughtUp = async (question) => {
      const isWhole = await caughtUp(question);
      if (question.group !== 'authorization-decisions') return isWhole;
      asked += 1;
      return false;
    };
    await world.putToken('A', { status: authorizationV1.TokenStatus.BLOCKED });
    await until(() => {
      world.context.clock.ms += 5_000;
      world.service.caches.hurry();
      return asked >= 4 && station.cleared >= 1;
    }, 'it was looked four times');
    log.caughtUp = caughtUp;
    expect(station.cleared).toBe(1);
  });

  it('and the cache is cleared by a look that an earlier version of the service left behind', async () => {
    const { clock, store } = world.context;
    expect((await world.ask({ token: 'A' })).status).toBe(authorizationV1.AuthorizationStatus.ACCEPTED);
    const clearedTimes = (times: number) =>
      until(() => {
        clock.ms += 5_000;
        world.service.caches.hurry();
        return station.cleared === times;
      }, `it is cleared, ${times}`);
    await world.putToken('A', { status: authorizationV1.TokenStatus.BLOCKED });
    await clearedTimes(1);
    await store.timers.schedule([
      {
        id: 'left',
        kind: 'AuthorizationForgetToken',
        dueAt: new Date(clock.ms).toISOString(),
        payload: tokenKey('A'),
      },
    ]);
    await clearedTimes(2);
  });

  describe('and caches are cleared where a token may charge no more', () => {
    const { BLOCKED } = authorizationV1.TokenStatus;
    /** In any order. */
    const clearedAt = async (stationIds: readonly string[]): Promise<void> => {
      await until(() => {
        world.context.clock.ms += 1_000;
        world.service.caches.hurry();
        return station.cleared >= stationIds.length;
      }, `caches are cleared: ${stationIds.join()}`);
      expect(station.clearedAt.toSorted()).toEqual(stationIds);
    };
    beforeEach(async () => {
      await world.stationAt('S2', 'south');
      await until(async () => (await world.service.sites.load(['S2'])).get('S2') === 'south', 'the site of S2 is known');
      for (const stationId of ['S1', 'S2'])
        expect((await world.ask({ token: 'A', stationId })).status).toBe(authorizationV1.AuthorizationStatus.ACCEPTED);
    });

    it('since it is good at fewer sites, and nowhere else', async () => {
      await world.putToken('A', { replaceRules: true, siteIds: ['north', 'south'] });
      await world.putToken('A', { replaceRules: true, siteIds: ['north'] });
      await clearedAt(['S2']);
    });

    it('since its contract is', async () => {
      await world.putContract('FLEET');
      await world.putToken('A', { contractId: 'FLEET' });
      await world.putContract('FLEET', { stationIds: ['S2'] });
      await clearedAt(['S1']);
    });

    it('since it was moved to a contract that is blocked', async () => {
      await world.putContract('FLEET');
      await world.putToken('B', { contractId: 'FLEET' });
      await world.ask({ token: 'B', stationId: 'S9' });
      await world.putContract('FLEET', { status: BLOCKED });
      // That the contract is blocked was looked at before the token is moved.
      await clearedAt(['S9']);
      await world.putToken('A', { contractId: 'FLEET' });
      await clearedAt(['S1', 'S2', 'S9']);
    });

    it('but not at an end that their stations were told of', async () => {
      const end = world.context.clock.ms + 3_600_000;
      await world.putToken('GUEST', { expiresAt: new Date(end).toISOString() });
      expect((await world.ask({ token: 'GUEST', stationId: 'S9' })).status).toBe(authorizationV1.AuthorizationStatus.ACCEPTED);
      // Its end comes later, and stations were told of none.
      await world.putToken('A', { expiresAt: new Date(end + 2_000).toISOString() });
      world.context.clock.ms = end;
      await clearedAt(['S1', 'S2']);
    });

    it('once an end comes that was set for later, and not before', async () => {
      const end = world.context.clock.ms + 3_600_000;
      await world.putToken('A', { expiresAt: new Date(end).toISOString() });
      // What is told of another token meanwhile is told without it.
      await world.ask({ token: 'B', stationId: 'S9' });
      await world.putToken('B', { status: BLOCKED });
      await clearedAt(['S9']);
      expect(world.context.clock.ms).toBeLessThan(end);
      world.context.clock.ms = end;
      await clearedAt(['S1', 'S2', 'S9']);
    });
  });

  it('and the cache is cleared where a token that is blocked was accepted lately, be it a moment ago', async () => {
    await world.ask({ token: 'B' });
    const none = { pageSize: 0, pageToken: '', stationId: '', idToken: undefined, contractId: '', from: undefined, to: undefined };
    const listed = () => world.service.grpc.listDecisions({ ...none, status: authorizationV1.AuthorizationStatus.UNSPECIFIED });
    await until(async () => (await listed()).decisions.length === 1, 'the list was just written');
    await world.ask({ token: 'A' });
    // Whatever was asked by the API since, e.g. for a reservation that is looked at again and again, about this station and others.
    const reserved = { token: 'A', purpose: authorizationV1.AuthorizationPurpose.RESERVE };
    for (let times = 0; times < 600; times += 1) await world.ask({ ...reserved, stationId: times % 2 === 0 ? 'S1' : 'S9' });
    station.connected = false;
    await world.putToken('A', { status: authorizationV1.TokenStatus.BLOCKED });
    // For most of the day that the station may answer from its cache.
    for (let times = 0; times < 12; times += 1) {
      const { asked } = station;
      world.context.clock.ms += 90 * 60_000;
      await until(() => {
        world.service.caches.hurry();
        return station.asked > asked;
      }, 'it is asked again and again');
    }
    station.connected = true;
    await until(async () => {
      world.context.clock.ms += 1_000;
      world.service.caches.hurry();
      return station.cleared === 1;
    }, 'the cache is cleared, once it can be');
  });
});
