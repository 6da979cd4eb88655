import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { KafkaContainer } from '@testcontainers/kafka';
import { startTestMongo } from '@voltlog/testing';
import { Wait } from 'testcontainers';
import { ADMIN_KEY } from './all-in-one.js';
import { Api } from './api.js';
import { Child } from './child.js';
import { eventually } from './eventually.js';

/** Kafka and MongoDB as the services are told of them. */
export interface Infrastructure {
  readonly brokers: string;
  readonly mongoUrl: string;
  stop(): Promise<void>;
}

/** Those of `KAFKA_BROKERS` and `MONGO_URL`, else in containers. */
export async function startInfrastructure(): Promise<Infrastructure> {
  const [kafka, mongo] = await Promise.all([startKafka(), startTestMongo()]);
  return {
    brokers: kafka.address,
    mongoUrl: mongo.url,
    stop: async () => {
      await Promise.all([kafka.stop(), mongo.stop()]);
    },
  };
}

interface Part {
  readonly address: string;
  stop(): Promise<unknown>;
}

async function startKafka(): Promise<Part> {
  const given = process.env['KAFKA_BROKERS'] ?? '';
  if (given !== '') return { address: given, stop: async () => {} };
  // Its own wait makes kafkajs back off for half a minute.
  const container = await new KafkaContainer(process.env['VOLTLOG_KAFKA_IMAGE'] ?? 'ev/kafka:8.0.0')
    .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/))
    .start();
  return { address: `${container.getHost()}:${container.getMappedPort(9093)}`, stop: () => container.stop() };
}

/** Every process of the platform; `connection` twice. */
export const PROCESSES = [
  'device',
  'authorization',
  'session',
  'reservation',
  'notification',
  'connection-1',
  'connection-2',
  'gateway',
] as const;
/** Any service may run several times; a test says so where it matters. */
export type ProcessName = (typeof PROCESSES)[number] | 'device-2';

interface Ports {
  readonly grpc: number;
  readonly http: number;
  readonly ocpp: number;
}

const READY_MS = 180_000;
const SAID_CHARACTERS = 4_000;

const appOf = (name: ProcessName): string => name.replace(/-\d$/, '');

/** The platform as it is deployed: each service its own process, on Kafka, MongoDB and gRPC. */
export class Processes {
  private readonly children = new Map<ProcessName, Child>();
  private readonly ports: Readonly<Record<ProcessName, Ports>>;
  readonly api: Api;
  readonly ocppUrls: readonly [string, string];
  private readonly prefix = `e2e_${randomBytes(4).toString('hex')}`;

  private constructor(
    private readonly infrastructure: Infrastructure,
    private readonly environment: Readonly<Record<string, string>>,
    private readonly names: readonly ProcessName[],
    ports: readonly Ports[],
  ) {
    this.ports = Object.fromEntries(names.map((name, index) => [name, ports[index]])) as Record<ProcessName, Ports>;
    this.api = new Api(`http://127.0.0.1:${this.ports.gateway.http}`, ADMIN_KEY);
    const ocppUrl = (name: ProcessName): string => `ws://127.0.0.1:${this.ports[name].ocpp}/ocpp`;
    this.ocppUrls = [ocppUrl('connection-1'), ocppUrl('connection-2')];
  }

  static async start(
    infrastructure: Infrastructure,
    environment: Readonly<Record<string, string>> = {},
    names: readonly ProcessName[] = PROCESSES,
  ): Promise<Processes> {
    const free = await freePorts(names.length * 3);
    const ports = names.map((_, index) => {
      const [grpc = 0, http = 0, ocpp = 0] = free.slice(index * 3);
      return { grpc, http, ocpp };
    });
    const processes = new Processes(infrastructure, environment, names, ports);
    for (const name of names) processes.launch(name);
    await processes.ready();
    return processes;
  }

  /** As if its machine lost power. */
  async kill9(name: ProcessName): Promise<void> {
    await this.child(name).kill9();
  }

  /** On the same ports. */
  async restart(name: ProcessName): Promise<void> {
    this.launch(name);
    await this.readyOf(name);
  }

  /** The end of what each process printed, but for what the client of Kafka tells of every group that is divided anew. */
  get said(): string {
    return [...this.children]
      .map(([name, { output }]) => {
        const lines = output.split('\n').filter((line) => !line.includes('"kafka":"'));
        return `== ${name}\n${lines.join('\n').slice(-SAID_CHARACTERS)}`;
      })
      .join('\n');
  }

  /** Another process of a service's program, beside those that run, until it ends. */
  async run(app: string, ...args: readonly string[]): Promise<{ readonly code: number | null; readonly output: string }> {
    const child = new Child(app, args, { ...this.parts, LOG_LEVEL: 'warn' });
    const code = await child.exited();
    return { code, output: child.output };
  }

  private get parts(): Readonly<Record<string, string>> {
    const { brokers, mongoUrl } = this.infrastructure;
    return { KAFKA_BROKERS: brokers, MONGO_URL: mongoUrl, MONGO_DATABASE_PREFIX: this.prefix };
  }

  async ready(): Promise<void> {
    await Promise.all(this.names.map((name) => this.readyOf(name)));
  }

  async stop(): Promise<void> {
    await Promise.all([...this.children.values()].map((child) => child.stop()));
  }

  private child(name: ProcessName): Child {
    const child = this.children.get(name);
    if (child === undefined) throw new Error(`${name} was never started`);
    return child;
  }

  private launch(name: ProcessName): void {
    const { grpc, http, ocpp } = this.ports[name];
    const at = (app: string): string =>
      this.names
        .filter((other) => appOf(other) === app)
        .map((other) => `127.0.0.1:${this.ports[other].grpc}`)
        .join(',');
    const child = new Child(appOf(name), [], {
      ...this.parts,
      LOG_LEVEL: 'warn',
      GRPC_LISTEN: `127.0.0.1:${grpc}`,
      GRPC_ADVERTISE: `127.0.0.1:${grpc}`,
      HTTP_HOST: '127.0.0.1',
      HTTP_PORT: String(http),
      OCPP_HOST: '127.0.0.1',
      OCPP_PORT: String(ocpp),
      OCPP_DRAIN_SECONDS: '1',
      DEVICE_GRPC: at('device'),
      AUTHORIZATION_GRPC: at('authorization'),
      SESSION_GRPC: at('session'),
      RESERVATION_GRPC: at('reservation'),
      NOTIFICATION_GRPC: at('notification'),
      CONNECTION_GRPC: at('connection'),
      GATEWAY_ADMIN_KEY: ADMIN_KEY,
      RATE_LIMIT_BURST: '100000',
      RATE_LIMIT_PER_SECOND: '100000',
      ...this.environment,
    });
    this.children.set(name, child);
  }

  private async readyOf(name: ProcessName): Promise<void> {
    const child = this.child(name);
    await eventually(
      `${name} is ready`,
      async () => {
        if (!child.running) return true;
        return (await fetch(`http://127.0.0.1:${this.ports[name].http}/readyz`)).ok;
      },
      READY_MS,
    ).catch((error: unknown) => {
      throw new Error(`${name} is not ready: ${child.output.slice(-3_000)}`, { cause: error });
    });
    if (!child.running) throw new Error(`${name} ended: ${child.output.slice(-3_000)}`);
  }
}

/** Ports nobody listens on, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
