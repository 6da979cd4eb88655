import 'reflect-metadata';
import { randomFillSync } from 'node:crypto';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadConfig } from '@voltlog/config';
import { connectionService } from '@voltlog/connection-app';
import { openKafkaEventLog, openSqliteEventLog } from '@voltlog/event-log';
import { createRpc } from '@voltlog/grpc';
import { uuidV7Source } from '@voltlog/kernel';
import { authorizationV1, deviceV1 } from '@voltlog/proto';
import { startService, tuneGarbageCollection } from '@voltlog/service';
import { openSqliteStore } from '@voltlog/store';
import { createTelemetry } from '@voltlog/telemetry';

// The connection service without the others: device and authorization answer from memory. What the benchmark calls "connection alone".

tuneGarbageCollection();
const { values } = parseArgs({ options: { data: { type: 'string', default: '.' }, brokers: { type: 'string' } } });
const telemetry = createTelemetry({ instanceId: 'bench', logLevel: 'error', traceRatio: 0 });
const rpc = createRpc();

rpc.serve(deviceV1.DeviceServiceDefinition, {
  getStationAccess: async ({ stationIds }: deviceV1.GetStationAccessRequest) =>
    deviceV1.GetStationAccessResponse.fromPartial({
      stations: stationIds.map((stationId) => ({
        stationId,
        lifecycle: deviceV1.StationLifecycle.ACTIVE,
        connectorsPerEvse: [1],
        // One client certificate for all stations of a benchmark.
        serialNumber: 'BENCH',
        passwordHash: process.env['BENCH_PASSWORD_HASH'] ?? '',
      })),
    }),
});
rpc.serve(authorizationV1.AuthorizationServiceDefinition, {
  authorize: async ({ requests }: authorizationV1.AuthorizeRequest) =>
    authorizationV1.AuthorizeResponse.fromPartial({
      decisions: requests.map(() => ({ decisionId: 'bench', status: authorizationV1.AuthorizationStatus.ACCEPTED })),
    }),
});

const log =
  values.brokers === undefined
    ? await openSqliteEventLog({ path: join(values.data, 'log.db') })
    : await openKafkaEventLog({ brokers: values.brokers.split(','), clientId: 'bench' });
const config = loadConfig(connectionService.config, {
  OCPP_PORT: '0',
  OCPP_HOST: '127.0.0.1',
  OCPP_ALLOW_INSECURE: 'true',
  ...process.env,
});
await startService(
  connectionService,
  {
    service: 'connection',
    instanceId: 'connection-bench',
    log,
    store: await openSqliteStore({ path: join(values.data, 'connection.db') }),
    rpc,
    logger: telemetry.logger,
    clock: { now: Date.now },
    ids: uuidV7Source(Date.now, randomFillSync),
    metrics: telemetry.metrics('connection'),
    tracing: telemetry.tracing('connection'),
    announce: (kind, text) => process.stdout.write(`${kind}: ${text}\n`),
    readiness: () => {},
  },
  config,
);
