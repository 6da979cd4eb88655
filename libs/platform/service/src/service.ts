import type { DynamicModule } from '@nestjs/common';
import type { EventLog, TopicSpec } from '@voltlog/event-log';
import type { Rpc } from '@voltlog/grpc';
import type { Clock, IdSource } from '@voltlog/kernel';
import type { Store } from '@voltlog/store';
import type { Logger, Metrics, Tracing } from '@voltlog/telemetry';
import type { FastifyServerOptions } from 'fastify';
import type { z } from 'zod';

/** All that a service is given; nothing in it is global, so that many services can share a process. */
export interface ServiceContext {
  /** The service's name, e.g. `session`. */
  readonly service: string;
  /** Unique among running processes, e.g. `connection-7f3a`. */
  readonly instanceId: string;
  readonly log: EventLog;
  /** The service's own store. */
  readonly store: Store;
  readonly rpc: Rpc;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  /** Tells the person at the terminal something once, e.g. the first admin key (`admin-key`) or an address (`listening`). Never logged. */
  announce(kind: string, text: string): void;
  /** Adds a check to `/readyz`; it rejects while the service cannot do its work. */
  readiness(name: string, check: () => Promise<void>): void;
}

/** What a replay is given: the service itself may run beside it, or not at all. */
export type ReplayContext = Pick<ServiceContext, 'log' | 'store'>;

/** A read model that can be made anew from what happened. */
export interface Projection {
  /** What it shows, in a line. */
  readonly about: string;
  /** What it is made of. */
  readonly from: 'commits' | 'records';
  /**
   * Rebuilds it; the live one serves until it is done.
   *
   * @returns the number of commits or records replayed
   */
  rebuild(context: ReplayContext, onProgress: (done: number) => void): Promise<number>;
}

/** How requests are answered that HTTP itself refuses, before any route. */
export type HttpErrors = Required<Pick<FastifyServerOptions, 'frameworkErrors' | 'clientErrorHandler'>>;

/** A service, the same for its own process and for the all-in-one `voltlog`. */
export interface ServiceDefinition<Config = unknown> {
  readonly name: string;
  /** Topics it owns. */
  readonly topics: readonly TopicSpec[];
  /** The environment as a typed object; every default is in here. */
  readonly config: z.ZodType<Config>;
  /** Read models that `replay` can rebuild, by name. */
  readonly projections?: Readonly<Record<string, Projection>>;
  /**
   * The Nest module. Providers ask for `SERVICE_CONTEXT` and `SERVICE_CONFIG`. They subscribe in `onApplicationBootstrap` and stop in
   * `beforeApplicationShutdown`; gRPC services are offered by `context.rpc.serve` in `onModuleInit`.
   */
  module(context: ServiceContext, config: Config): DynamicModule;
  /** Absent: in Fastify's words. */
  httpErrors?(context: ServiceContext): HttpErrors;
}

/** Injection token of the {@link ServiceContext}. */
export const SERVICE_CONTEXT = Symbol('voltlog.serviceContext');
/** Injection token of the service's own configuration. */
export const SERVICE_CONFIG = Symbol('voltlog.serviceConfig');
