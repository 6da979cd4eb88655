import 'reflect-metadata';
import { randomFillSync } from 'node:crypto';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { EventLog, LogRecord, SubscribeOptions } from '@voltlog/event-log';
import { createRpc } from '@voltlog/grpc';
import { uuidV7Source } from '@voltlog/kernel';
import type { ServiceContext } from '@voltlog/service';
import { openSqliteStore, type Store } from '@voltlog/store';
import type { InjectOptions } from 'fastify';
import { pino } from 'pino';
import { gatewayConfig } from '../config.js';
import { gatewayService } from '../gateway.module.js';
import { httpErrors } from '../web/http-errors.js';
import { FakeServices } from './fake-services.js';

export const ADMIN_KEY = `voltlog_live_admin01_${'a'.repeat(43)}`;

/** A log one can put records on by hand. */
export class FakeLog {
  readonly subscriptions = new Set<SubscribeOptions>();
  private offset = 0;

  readonly log: Pick<EventLog, 'subscribe' | 'ensureTopics'> = {
    ensureTopics: () => Promise.resolve(),
    subscribe: (options) => {
      this.subscriptions.add(options);
      return Promise.resolve({ stop: () => Promise.resolve(void this.subscriptions.delete(options)) });
    },
  };

  async publish(
    topic: string,
    key: string,
    ...events: readonly { readonly id: string; readonly type: string; readonly data: unknown }[]
  ): Promise<void> {
    const batch = events.map((event): LogRecord => {
      this.offset += 1;
      return {
        topic,
        partition: 0,
        offset: this.offset,
        key,
        event: { ...event, source: '/test', subject: key, time: '2026-11-23T10:00:00.000Z' },
      };
    });
    for (const { handle } of this.subscriptions) await handle(batch);
  }
}

export interface GatewayUnderTest<Fakes extends FakeServices = FakeServices> {
  readonly app: NestFastifyApplication;
  readonly services: Fakes;
  readonly log: FakeLog;
  readonly store: Store;
  readonly announced: Map<string, string>;
  /** Moves the clock. */
  readonly clock: { ms: number };
  call(
    method: InjectOptions['method'],
    url: string,
    options?: { key?: string | null; body?: unknown; headers?: Record<string, string> },
  ): Promise<Answer>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Record<string, unknown>;
}

/** The gateway with other services played by fakes; nothing but loopback, and that only when a test listens. */
export async function startGateway(environment?: Readonly<Record<string, string>>): Promise<GatewayUnderTest>;
export async function startGateway<Fakes extends FakeServices>(
  environment: Readonly<Record<string, string>>,
  services: Fakes,
): Promise<GatewayUnderTest<Fakes>>;
export async function startGateway(
  environment: Readonly<Record<string, string>> = { GATEWAY_ADMIN_KEY: ADMIN_KEY },
  services = new FakeServices(),
): Promise<GatewayUnderTest> {
  const log = new FakeLog();
  const announced = new Map<string, string>();
  const clock = { ms: Date.parse('2026-11-23T10:00:00.000Z') };
  const store = await openSqliteStore({ path: ':memory:' });
  const rpc = createRpc();
  services.serve(rpc);
  const context = {
    service: 'gateway',
    instanceId: 'gateway-test',
    log: log.log,
    store,
    rpc,
    logger: pino({ level: 'silent' }),
    clock: { now: () => clock.ms },
    ids: uuidV7Source(Date.now, randomFillSync),
    metrics: { counter: () => ({ value: 0 }), gauge: () => undefined, histogram: () => ({ record: () => undefined }) },
    tracing: { start: () => undefined, continue: () => undefined },
    announce: (kind: string, text: string) => void announced.set(kind, text),
    readiness: () => undefined,
  } as unknown as ServiceContext;
  const module = gatewayService.module(context, gatewayConfig.parse(environment));
  const app = await NestFactory.create<NestFastifyApplication>(module, new FastifyAdapter(httpErrors(context)), {
    logger: false,
    abortOnError: false,
  });
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  return {
    app,
    services,
    log,
    store,
    announced,
    clock,
    call: async (method, url, options = {}) => {
      const key = options.key === undefined ? ADMIN_KEY : options.key;
      const response = await app.inject({
        ...(method === undefined ? {} : { method }),
        url,
        headers: { ...(key === null ? {} : { authorization: `Bearer ${key}` }), ...options.headers },
        ...(options.body === undefined ? {} : { payload: options.body as object }),
      });
      const json = String(response.headers['content-type']).includes('json');
      return { status: response.statusCode, headers: response.headers, body: json ? response.json() : { text: response.payload } };
    },
  };
}
