import { randomFillSync } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { STATION_TOPIC, type StationFacts, type StationFactType } from '@voltlog/connection-contract';
import { type DataTexts, type EventLog, openSqliteEventLog } from '@voltlog/event-log';
import { createRpc, type Rpc } from '@voltlog/grpc';
import { type Clock, type EventEnvelope, OperatingError, uuidV7Source } from '@voltlog/kernel';
import { authorizationV1, certificatesV1, connectionV1, deviceSecurityV1, deviceV1, sessionV1 } from '@voltlog/proto';
import type { ServiceContext } from '@voltlog/service';
import { type Collection, openSqliteStore, type Store } from '@voltlog/store';
import type { Metrics } from '@voltlog/telemetry';
import { pino } from 'pino';
import { type ConnectionConfig, connectionConfig } from '../config.js';
import { ConnectionRuntime } from '../connection-runtime.js';
import { FakeAuthorization, FakeCertificates, FakeDevice, FakeSessions } from './fake-services.js';
import { type ConnectOptions, TestStation } from './test-station.js';

/** The real log, with a tap the specs can close. */
export class TestLog implements EventLog {
  readonly appended: EventEnvelope[] = [];
  /** Data that came as texts. */
  readonly texts: string[] = [];
  away = false;
  private held: (() => void)[] | undefined;

  constructor(private readonly inner: EventLog) {}

  /** Appends wait until {@link release}. */
  hold(): void {
    this.held ??= [];
  }

  get waiting(): number {
    return this.held?.length ?? 0;
  }

  release(): void {
    const { held } = this;
    this.held = undefined;
    for (const go of held ?? []) go();
  }

  /** Checked for every spec: a text of data is what the event says. */
  async append(topic: string, key: string, events: readonly EventEnvelope[], dataTexts?: DataTexts): Promise<void> {
    for (const [i, { type, data }] of events.entries()) {
      const text = dataTexts?.[i];
      if (text !== undefined && !isDeepStrictEqual(JSON.parse(text), JSON.parse(JSON.stringify(data))))
        throw new Error(`the text of ${type} is not its data: ${text}`);
      if (text !== undefined) this.texts.push(text);
    }
    if (this.held !== undefined) await new Promise<void>((resolve) => this.held?.push(resolve));
    if (this.away) throw new OperatingError('LogUnavailable', 'away');
    await this.inner.append(topic, key, events, dataTexts);
    this.appended.push(...events);
  }

  ensureTopics: EventLog['ensureTopics'] = (topics) => this.inner.ensureTopics(topics);
  subscribe: EventLog['subscribe'] = (options) => this.inner.subscribe(options);
  caughtUp: EventLog['caughtUp'] = (question) => this.inner.caughtUp(question);
  health: EventLog['health'] = () => this.inner.health();
  close: EventLog['close'] = () => this.inner.close();
}

/** The real store, whose collections can go away. */
class TestStore implements Store {
  private isAway = false;
  /** What others do, once, right after a document of that collection was read by this instance. */
  meanwhile: { readonly collection: string; readonly work: () => Promise<void> } | undefined;
  readonly shared = true;
  readonly streams: Store['streams'];
  readonly timers: Store['timers'];
  readonly files: Store['files'];

  constructor(
    private readonly inner: Store,
    private readonly all?: TestStore,
  ) {
    this.streams = inner.streams;
    this.timers = inner.timers;
    this.files = inner.files;
  }

  get away(): boolean {
    return this.isAway || this.all?.away === true;
  }

  set away(away: boolean) {
    this.isAway = away;
  }

  /** The same store as one instance sees it: away for that one alone, or for all. */
  ofInstance(): TestStore {
    return new TestStore(this.inner, this);
  }

  async collection<Doc extends { readonly id: string }>(...args: Parameters<Store['collection']>): Promise<Collection<Doc>> {
    const real = await this.inner.collection<Doc>(...args);
    const check = (): void => {
      if (this.away) throw new OperatingError('StoreUnavailable', 'away');
    };
    const guarded =
      <Args extends unknown[], Result>(work: (...args: Args) => Promise<Result>) =>
      async (...args: Args): Promise<Result> => {
        check();
        return work.apply(real, args);
      };
    return {
      get: async (id) => {
        const doc = await guarded(real.get)(id);
        const { meanwhile } = this;
        if (meanwhile?.collection !== args[0]) return doc;
        this.meanwhile = undefined;
        await meanwhile.work();
        return doc;
      },
      getMany: guarded(real.getMany),
      find: guarded(real.find),
      count: guarded(real.count),
      upsert: guarded(real.upsert),
      delete: guarded(real.delete),
      deleteWhere: guarded(real.deleteWhere),
    };
  }

  swapCollection: Store['swapCollection'] = (rebuilt, live) => this.inner.swapCollection(rebuilt, live);
  health: Store['health'] = () => this.inner.health();
  close: Store['close'] = () => this.inner.close();
}

/** What instances share: log, store, and the services they ask. */
export class World {
  readonly device = new FakeDevice();
  readonly authorization = new FakeAuthorization();
  readonly certificates = new FakeCertificates();
  readonly sessions = new FakeSessions();
  readonly instances: Instance[] = [];
  /** Added to the real time. */
  skewMs = 0;
  readonly clock: Clock = { now: () => Date.now() + this.skewMs };
  private readonly stations: TestStation[] = [];

  private constructor(
    readonly log: TestLog,
    readonly store: TestStore,
  ) {}

  static async open(): Promise<World> {
    const log = new TestLog(await openSqliteEventLog({ path: ':memory:' }));
    await log.ensureTopics([{ name: STATION_TOPIC, partitions: 1 }]);
    return new World(log, new TestStore(await openSqliteStore({ path: ':memory:' })));
  }

  /** Starts an instance. Profile 0 is on and the station `CP1` known, unless said otherwise. */
  async start(config: Partial<Record<keyof ConnectionConfig, string>> = {}): Promise<Instance> {
    const rpc = createRpc();
    rpc.serve(deviceV1.DeviceServiceDefinition, this.device);
    rpc.serve(deviceSecurityV1.StationSecurityServiceDefinition, this.device);
    rpc.serve(certificatesV1.CertificateServiceDefinition, this.certificates);
    rpc.serve(sessionV1.SessionServiceDefinition, this.sessions);
    rpc.serve(authorizationV1.AuthorizationServiceDefinition, this.authorization);
    const counts = new Map<string, { value: number }>();
    const gauges = new Map<string, () => number>();
    const store = this.store.ofInstance();
    const instanceId = `connection-${this.instances.length + 1}`;
    const readiness = new Map<string, () => Promise<void>>();
    const context: ServiceContext = {
      service: 'connection',
      instanceId,
      log: this.log,
      store,
      rpc,
      logger: pino({ level: process.env['TEST_LOG_LEVEL'] ?? 'silent' }),
      clock: this.clock,
      ids: uuidV7Source(Date.now, randomFillSync),
      metrics: testMetrics(counts, gauges),
      tracing: { start: () => undefined, continue: () => undefined },
      announce: () => {},
      readiness: (name, check) => void readiness.set(name, check),
    };
    const address = `127.0.0.1:${await freePort()}`;
    const runtime = await ConnectionRuntime.create(
      context,
      connectionConfig.parse({
        OCPP_HOST: '127.0.0.1',
        OCPP_PORT: '0',
        OCPP_ALLOW_INSECURE: 'true',
        OCPP_DRAIN_SECONDS: '1',
        AUTHORIZATION_WAIT_MS: '0',
        GRPC_ADVERTISE: address,
        ...config,
      }),
    );
    await rpc.listen(address);
    await runtime.listen();
    const instance = { runtime, store, rpc, counts, gauges, instanceId, readiness, port: runtime.port };
    this.instances.push(instance);
    if (!this.device.stations.has('CP1')) this.device.register('CP1');
    return instance;
  }

  async connect(options: Partial<ConnectOptions> = {}): Promise<TestStation> {
    const station = await TestStation.connect({ port: this.instances[0]?.port ?? 0, stationId: 'CP1', ...options });
    this.stations.push(station);
    return station;
  }

  /** Sends a command as another service would, to the first instance or the one given. */
  command(
    stationId: string,
    command: NonNullable<connectionV1.SendCommandRequest['command']>,
    options: { instance?: Instance; timeoutMs?: number } = {},
  ): Promise<connectionV1.SendCommandResponse> {
    return this.rpc(options.instance).sendCommand({ stationId, timeoutMs: options.timeoutMs ?? 5_000, command });
  }

  /** What an instance offers other services. */
  rpc(instance = this.instances[0]): connectionV1.ConnectionService {
    if (instance === undefined) throw new Error('no instance was started');
    return instance.rpc.client<connectionV1.ConnectionService>(connectionV1.ConnectionServiceDefinition, { address: '' });
  }

  /** As the device service says it: something about the station changed. */
  async deviceChanged(stationId: string): Promise<void> {
    const time = new Date(this.clock.now()).toISOString();
    await this.log.append('device.station.v1', stationId, [
      {
        id: `device-${stationId}-${time}`,
        type: 'voltlog.device.StationChanged.v1',
        source: '/device/test',
        subject: `station:${stationId}`,
        time,
        data: { stationId },
      },
    ]);
  }

  /** Facts of one type that are on the log, oldest first. */
  facts<Type extends StationFactType>(type: Type): StationFacts[Type][] {
    return this.log.appended.filter((event) => event.type === type).map((event) => event.data as StationFacts[Type]);
  }

  async close(): Promise<void> {
    this.log.release();
    this.log.away = false;
    this.store.away = false;
    for (const station of this.stations) station.socket.terminate();
    for (const instance of this.instances) {
      instance.store.away = false;
      await instance.runtime.drain();
      await instance.rpc.close();
    }
    await this.log.close();
    await this.store.close();
  }
}

export interface Instance {
  readonly runtime: ConnectionRuntime;
  readonly store: TestStore;
  readonly rpc: Rpc;
  readonly counts: ReadonlyMap<string, { value: number }>;
  readonly gauges: ReadonlyMap<string, () => number>;
  readonly instanceId: string;
  readonly readiness: ReadonlyMap<string, () => Promise<void>>;
  readonly port: number;
}

/** Waits for a condition with a deadline. */
export async function eventually<T>(condition: () => T | undefined | false, what: string, timeoutMs = 5_000): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = condition();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function testMetrics(counts: Map<string, { value: number }>, gauges: Map<string, () => number>): Metrics {
  return {
    counter(name, _help, labels = {}) {
      const key = `${name}${JSON.stringify(labels)}`;
      const count = counts.get(key) ?? { value: 0 };
      counts.set(key, count);
      return count;
    },
    gauge: (name, _help, read) => void gauges.set(name, read),
    histogram: () => ({ record: () => {} }),
  };
}

async function freePort(): Promise<number> {
  const { createServer } = await import('node:net');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
