import { randomBytes, randomFillSync } from 'node:crypto';
import { ConfigError, loadConfig } from '@voltlog/config';
import { openKafkaEventLog } from '@voltlog/event-log';
import { createRpc } from '@voltlog/grpc';
import { RequestError, uuidV7Source } from '@voltlog/kernel';
import { openMongoStore } from '@voltlog/store';
import { createTelemetry, type Span } from '@voltlog/telemetry';
import { tuneGarbageCollection } from './garbage-collection.js';
import { Health } from './health.js';
import { platformConfig } from './platform-config.js';
import { findProjection, listProjections, replay } from './replay.js';
import type { ServiceContext, ServiceDefinition } from './service.js';
import { startService } from './start-service.js';
import { tracedLog } from './traced-log.js';

/** Milliseconds from the signal to stop until the process gives up on an orderly end. */
const STOP_MS_MAX = 60_000;

/**
 * One service as its own process, on Kafka, MongoDB and gRPC; with the arguments `replay <projection>...` it rebuilds read models instead, and
 * with `replay --list` it names them. Ends the process when it cannot start.
 */
export async function runService<Config>(definition: ServiceDefinition<Config>): Promise<void> {
  const [command, ...projections] = process.argv.slice(2);
  try {
    await (command === 'replay' ? replayHere(definition, projections) : run(definition));
  } catch (error) {
    process.stderr.write(
      `${definition.name}: ${error instanceof ConfigError || error instanceof RequestError ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    process.exit(1);
  }
}

async function run<Config>(definition: ServiceDefinition<Config>): Promise<void> {
  tuneGarbageCollection();
  const platform = loadConfig(platformConfig, process.env);
  const config = loadConfig(definition.config, process.env);
  const instanceId = `${definition.name}-${randomBytes(4).toString('hex')}`;
  const telemetry = createTelemetry({
    instanceId,
    serviceName: definition.name,
    logLevel: platform.LOG_LEVEL,
    traceRatio: platform.TRACE_RATIO,
    ...(platform.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT === undefined ? {} : { otlpEndpoint: platform.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT }),
  });
  const logger = telemetry.logger.child({ service: definition.name });
  const tracing = telemetry.tracing(definition.name);
  const [log, store] = await Promise.all([
    openKafkaEventLog({ brokers: platform.KAFKA_BROKERS.split(','), clientId: instanceId, logger }),
    openMongoStore({ url: platform.MONGO_URL, database: `${platform.MONGO_DATABASE_PREFIX}_${definition.name}` }),
  ]);
  const rpc = createRpc({
    onError: (method, error) => logger.error({ err: error, method }, 'an RPC failed'),
    traceparent: telemetry.activeTraceparent,
    underTrace: (method, traceparent, work) => {
      const span = tracing.continue(method, traceparent);
      return span === undefined ? work() : underSpan(span, work);
    },
  });
  const health = new Health();
  health.add('event-log', () => log.health());
  health.add('store', () => store.health());
  const context: ServiceContext = {
    service: definition.name,
    instanceId,
    log: platform.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT === undefined ? log : tracedLog(log, tracing),
    store,
    rpc,
    logger,
    clock: { now: Date.now },
    ids: uuidV7Source(Date.now, randomFillSync),
    metrics: telemetry.metrics(definition.name),
    tracing,
    announce: (kind, text) => process.stdout.write(`${kind}: ${text}\n`),
    readiness: (name, check) => health.add(name, check),
  };
  const running = await startService(definition, context, config, {
    host: platform.HTTP_HOST,
    port: platform.HTTP_PORT,
    health,
    metricsText: telemetry.metricsText,
  });
  const grpc = await rpc.listen(platform.GRPC_LISTEN);
  logger.info({ http: running.url, grpc }, 'ready');

  onStopSignal(
    async () => {
      health.draining = true;
      logger.info('stopping');
      await running.stop();
      await rpc.close();
      await log.close();
      await store.close();
      await telemetry.close();
    },
    (error) => logger.error({ err: error }, 'did not stop in order'),
  );
}

/** Beside the instances that run, or without one. */
async function replayHere<Config>(definition: ServiceDefinition<Config>, projections: readonly string[]): Promise<void> {
  const write = (text: string): void => void process.stdout.write(text);
  if (projections.length === 0 || projections.includes('--list')) return write(listProjections([definition]));
  const found = projections.map((projection) => findProjection([definition], projection));
  const platform = loadConfig(platformConfig, process.env);
  const telemetry = createTelemetry({ instanceId: `${definition.name}-replay`, logLevel: platform.LOG_LEVEL, traceRatio: 0 });
  const [log, store] = await Promise.all([
    openKafkaEventLog({ brokers: platform.KAFKA_BROKERS.split(','), clientId: `${definition.name}-replay`, logger: telemetry.logger }),
    openMongoStore({ url: platform.MONGO_URL, database: `${platform.MONGO_DATABASE_PREFIX}_${definition.name}` }),
  ]);
  try {
    for (const each of found) await replay(each, { log, store }, write);
  } finally {
    await log.close();
    await store.close();
    await telemetry.close();
  }
}

/** A signal this soon after the first is the same one: a terminal sends it to the whole process group, and a launcher hands it on. */
const SAME_SIGNAL_MS = 1_000;

/** Runs work whose answer, or failure, ends the span. */
function underSpan<T>(span: Span, work: () => T): T {
  const answer = span.run(work);
  Promise.resolve(answer).then(
    () => span.end(),
    (error: unknown) => {
      span.fail(error);
      span.end();
    },
  );
  return answer;
}

/** Runs the orderly end once on SIGTERM or SIGINT; a second signal, or `STOP_MS_MAX`, ends the process at once. */
export function onStopSignal(stop: () => Promise<void>, onError: (error: unknown) => void): void {
  let stoppingSince: number | undefined;
  const handle = (): void => {
    if (stoppingSince !== undefined) {
      if (performance.now() - stoppingSince > SAME_SIGNAL_MS) process.exit(130);
      return;
    }
    stoppingSince = performance.now();
    setTimeout(() => process.exit(1), STOP_MS_MAX).unref();
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        onError(error);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', handle);
  process.on('SIGINT', handle);
}
