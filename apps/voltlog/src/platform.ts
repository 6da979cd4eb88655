import { randomBytes, randomFillSync } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { authorizationService } from '@voltlog/authorization-app';
import { loadConfig } from '@voltlog/config';
import { connectionService } from '@voltlog/connection-app';
import { deviceService } from '@voltlog/device-app';
import { type EventLog, openSqliteEventLog } from '@voltlog/event-log';
import { gatewayService } from '@voltlog/gateway-app';
import { createRpc, type Rpc } from '@voltlog/grpc';
import { uuidV7Source } from '@voltlog/kernel';
import { notificationService } from '@voltlog/notification-app';
import { reservationService } from '@voltlog/reservation-app';
import {
  Health,
  type HttpOptions,
  type RunningService,
  type ServiceContext,
  type ServiceDefinition,
  startService,
  tracedLog,
} from '@voltlog/service';
import { sessionService } from '@voltlog/session-app';
import { openSqliteStore, type Store } from '@voltlog/store';
import { createTelemetry } from '@voltlog/telemetry';
import { withSecretKey } from './secret-key.js';

export interface PlatformOptions {
  readonly dataFolder: string;
  readonly logLevel: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  progress?(text: string): void;
}

/** The whole platform in this process. */
export interface Platform {
  readonly rpc: Rpc;
  readonly dataFolder: string;
  readonly httpUrl: string;
  readonly ocppUrl: string;
  /** Where stations connect on security profiles 2 and 3; empty: not configured. */
  readonly ocppTlsUrl: string;
  readonly ocppMtlsUrl: string;
  /** The first admin key, when this start made one. */
  readonly adminKey: string | undefined;
  stop(): Promise<void>;
}

/** In the order in which they start; they stop in the opposite one, so that stations are let go first. */
export const SERVICES: readonly ServiceDefinition[] = [
  deviceService,
  authorizationService,
  sessionService,
  reservationService,
  notificationService,
  connectionService,
  gatewayService,
] as readonly ServiceDefinition[];

/**
 * Starts every service on the embedded adapters: one event log and one store per service, all files in one folder.
 *
 * @throws {ConfigError} with every wrong variable; {OperatingError} `DataFolderInUse` when another process holds the folder
 */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const dataFolder = resolve(options.dataFolder);
  mkdirSync(dataFolder, { recursive: true });
  const environment = withSecretKey(options.environment, dataFolder);
  const configs = SERVICES.map((service) => loadConfig(service.config, environment));
  const instanceId = `voltlog-${randomBytes(3).toString('hex')}`;
  const otlp = options.environment['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'];
  const telemetry = createTelemetry({
    instanceId,
    logLevel: options.logLevel,
    traceRatio: Number(options.environment['TRACE_RATIO'] ?? 0.01),
    ...(otlp === undefined ? {} : { otlpEndpoint: otlp }),
  });
  const rpc = createRpc({ onError: (method, error) => telemetry.logger.error({ err: error, method }, 'an RPC failed') });
  const health = new Health();
  const stops: (() => Promise<void>)[] = [() => telemetry.close(), () => rpc.close()];
  const stop = async (): Promise<void> => {
    health.draining = true;
    for (const each of stops.splice(0).toReversed()) await each();
  };
  try {
    options.progress?.(`opening the event log in ${dataFolder}`);
    const log = await openSqliteEventLog({ path: join(dataFolder, 'log.db'), logger: telemetry.logger });
    stops.push(() => log.close());
    health.add('event-log', () => log.health());
    const announced = new Map<string, string>();
    const ids = uuidV7Source(Date.now, randomFillSync);
    let httpUrl = '';
    for (const [index, service] of SERVICES.entries()) {
      options.progress?.(`starting ${service.name}`);
      const store = await openSqliteStore({ path: join(dataFolder, `${service.name}.db`) });
      stops.push(() => store.close());
      health.add(`${service.name}-store`, () => store.health());
      const context = serviceContext({
        service: service.name,
        instanceId,
        log,
        traced: otlp !== undefined,
        store,
        rpc,
        telemetry,
        ids,
        announced,
        health,
      });
      const http = service.name === 'gateway' ? httpOptions(options.environment, health, telemetry.metricsText) : undefined;
      const running: RunningService = await startService(service, context, configs[index], http);
      stops.push(() => running.stop());
      if (running.url !== undefined) httpUrl = running.url;
    }
    const urlOf = (kind: string): string => (announced.get(kind) ?? '').replace('/{stationId}', '');
    return {
      rpc,
      dataFolder,
      httpUrl,
      ocppUrl: urlOf('listening'),
      ocppTlsUrl: urlOf('listening-tls'),
      // That listener begins once the roots of client certificates are known.
      get ocppMtlsUrl() {
        return urlOf('listening-mtls');
      },
      adminKey: announced.get('admin-key'),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Parts {
  readonly service: string;
  readonly instanceId: string;
  readonly log: EventLog;
  /** Traces are exported. */
  readonly traced: boolean;
  readonly store: Store;
  readonly rpc: Rpc;
  readonly telemetry: ReturnType<typeof createTelemetry>;
  readonly ids: ServiceContext['ids'];
  readonly announced: Map<string, string>;
  readonly health: Health;
}

function serviceContext(parts: Parts): ServiceContext {
  const { service, telemetry, announced, health } = parts;
  return {
    service,
    instanceId: parts.instanceId,
    log: parts.traced ? tracedLog(parts.log, telemetry.tracing(service)) : parts.log,
    store: parts.store,
    rpc: parts.rpc,
    logger: telemetry.logger.child({ service }),
    clock: { now: Date.now },
    ids: parts.ids,
    metrics: telemetry.metrics(service),
    tracing: telemetry.tracing(service),
    announce: (kind, text) => announced.set(kind, text),
    readiness: (name, check) => health.add(`${service}-${name}`, check),
  };
}

function httpOptions(environment: PlatformOptions['environment'], health: Health, metricsText: () => Promise<string>): HttpOptions {
  return { host: environment['HTTP_HOST'] ?? '127.0.0.1', port: Number(environment['HTTP_PORT'] ?? 8080), health, metricsText };
}
