import type { SecretBox } from '@voltlog/outbound';
import { callCredentialsV1 } from '@voltlog/proto';
import type { ServiceContext } from '@voltlog/service';
import type { Gate } from '../access/gate.js';
import type { StationAccessCache } from '../access/station-access.js';
import type { ConnectionConfig } from '../config.js';
import type { Dialects } from '../edge/actions.js';
import { CLOSE } from '../edge/close.js';
import type { EdgeParts } from '../edge/parts.js';
import type { Stations } from '../edge/stations.js';
import { readPem } from '../edge/tls/tls-files.js';
import type { Presence } from '../presence/presence.js';
import { CallCredentialRpc } from './call-credential-rpc.js';
import { type CallCredentialRow, CallCredentials, callCredentialSchema } from './call-credentials.js';
import { callbackPolicy } from './callback.js';
import { SoapEndpoint } from './soap-endpoint.js';
import { SoapStations } from './soap-stations.js';

/** A station that speaks SOAP has gone when so many heartbeats did not come, and some. */
const SILENT_HEARTBEATS = 2;
const SILENT_MARGIN_MS = 60_000;
/** An envelope names each field twice and brings headers: it has up to so many times the bytes of the frame that says the same. */
const XML_PER_JSON = 4;

export interface SoapEdgeParts {
  readonly context: ServiceContext;
  readonly config: ConnectionConfig;
  readonly edge: EdgeParts;
  readonly gate: Gate;
  readonly access: StationAccessCache;
  readonly dialects: Dialects;
  readonly presence: Presence;
  readonly sockets: Stations;
  readonly box: SecretBox;
}

/** Everything of an instance that is there for stations without a socket. */
export class SoapEdge {
  private constructor(
    readonly stations: SoapStations,
    readonly endpoint: SoapEndpoint,
    private readonly parts: SoapEdgeParts,
  ) {}

  static async create(parts: SoapEdgeParts): Promise<SoapEdge> {
    const { context, config, edge, gate, access, dialects, presence, sockets, box } = parts;
    const { clock, logger, ids, metrics, instanceId, rpc } = context;
    const rows = await context.store.collection<CallCredentialRow>('callCredentials', callCredentialSchema);
    rpc.serve<callCredentialsV1.CallCredentialService>(
      callCredentialsV1.CallCredentialServiceDefinition,
      new CallCredentialRpc({ rows, box, access, clock }),
    );
    const stations = new SoapStations({
      clock,
      logger,
      facts: edge.facts,
      presence,
      access,
      dialects,
      instanceId,
      edge,
      closeSocket: (stationId) => sockets.get(stationId)?.close(CLOSE.replaced),
      silentMs: config.HEARTBEAT_INTERVAL_SECONDS * SILENT_HEARTBEATS * 1_000 + SILENT_MARGIN_MS,
      pauseMs: config.HEARTBEAT_INTERVAL_SECONDS * 1_000 + SILENT_MARGIN_MS,
      calling: {
        ca: config.OCPP_MTLS_CA_PATH === '' ? undefined : await readPem(config.OCPP_MTLS_CA_PATH),
        credentials: new CallCredentials(rows, box, logger),
      },
    });
    const endpoint = new SoapEndpoint({
      stations,
      gate,
      dialects,
      edge,
      clock,
      ids,
      logger,
      metrics,
      callbacks: callbackPolicy(config.OCPP_SOAP_CALLBACK_HOSTS),
      bytesMax: config.FRAME_BYTES_MAX * XML_PER_JSON,
      waitMs: config.LOG_WAIT_SECONDS * 1_000,
    });
    metrics.gauge('voltlog_soap_stations', 'Stations that speak SOAP and were heard by this instance', () => stations.size);
    return new SoapEdge(stations, endpoint, parts);
  }

  start(): void {
    this.stations.start();
  }

  /** No new requests; those in work are finished, or given up as when the log is away too long. */
  async drain(): Promise<void> {
    const { context, config } = this.parts;
    this.endpoint.stopAccepting();
    const deadline = context.clock.now() + config.LOG_WAIT_SECONDS * 1_000;
    while (this.endpoint.busy > 0 && context.clock.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
    await this.stations.stop();
  }
}
