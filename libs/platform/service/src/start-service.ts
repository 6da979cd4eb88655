import type { INestApplicationContext, LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from '@voltlog/telemetry';
import type { FastifyInstance } from 'fastify';
import { type Health, serveHealth } from './health.js';
import type { ServiceContext, ServiceDefinition } from './service.js';

export interface HttpOptions {
  readonly host: string;
  /** 0 picks one. */
  readonly port: number;
  readonly health: Health;
  metricsText(): Promise<string>;
}

export interface RunningService {
  readonly name: string;
  /** Absent when it does not listen for HTTP. */
  readonly url?: string;
  stop(): Promise<void>;
}

/** Bytes of an HTTP request's body. */
const HTTP_BODY_BYTES_MAX = 1024 * 1024;

/** Starts one service on the parts it is given. With `http` it listens; without, it lives on its log and its RPC alone. */
export async function startService<Config>(
  definition: ServiceDefinition<Config>,
  context: ServiceContext,
  config: Config,
  http?: HttpOptions,
): Promise<RunningService> {
  await context.log.ensureTopics(definition.topics);
  const module = definition.module(context, config);
  const options = { logger: nestLogger(context.logger), abortOnError: false };
  if (http === undefined) {
    const app = await NestFactory.createApplicationContext(module, options);
    return { name: definition.name, stop: () => close(app) };
  }
  const adapter = new FastifyAdapter({
    bodyLimit: HTTP_BODY_BYTES_MAX,
    forceCloseConnections: true,
    ...definition.httpErrors?.(context),
  });
  serveHealth(adapter.getInstance() as unknown as FastifyInstance, http.health, http.metricsText);
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, options);
  await app.listen(http.port, http.host);
  return { name: definition.name, url: await app.getUrl(), stop: () => close(app) };
}

const close = (app: INestApplicationContext): Promise<void> => app.close();

/** Nest's own words at debug level; its warnings and errors as they are. */
function nestLogger(logger: Logger): LoggerService {
  const nest = logger.child({ component: 'nest' });
  return {
    log: (message: unknown) => nest.debug(String(message)),
    debug: (message: unknown) => nest.trace(String(message)),
    verbose: (message: unknown) => nest.trace(String(message)),
    warn: (message: unknown) => nest.warn(String(message)),
    error: (message: unknown, ...rest: unknown[]) =>
      nest.error({ detail: rest.map(String) }, message instanceof Error ? message.message : String(message)),
    fatal: (message: unknown) => nest.fatal(String(message)),
  };
}
