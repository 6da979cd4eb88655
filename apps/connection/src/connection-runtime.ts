import { hostname } from 'node:os';
import { DEVICE_TOPIC, type DeviceEventType } from '@voltlog/device-contract';
import type { Subscription } from '@voltlog/event-log';
import { LIMITS } from '@voltlog/ocpp-rpc';
import { type KeyDoc, keySchema, openSecretBox } from '@voltlog/outbound';
import {
  authorizationV1,
  certificatesV1,
  connectionV1,
  deviationsV1,
  deviceSecurityV1,
  deviceV1,
  recordingsV1,
  sessionV1,
} from '@voltlog/proto';
import type { ServiceContext } from '@voltlog/service';
import { Credentials } from './access/credentials.js';
import { Gate } from './access/gate.js';
import { RevocationWatch } from './access/revocation-watch.js';
import { Revocations } from './access/revocations.js';
import { StationAccessCache } from './access/station-access.js';
import { type AcceptedTokenRow, AcceptedTokens, acceptedTokenSchema } from './authorization/accepted-tokens.js';
import { Authorizations } from './authorization/authorizations.js';
import { SitePolicies } from './authorization/site-policies.js';
import { Commander } from './commands/commander.js';
import type { ConnectionConfig } from './config.js';
import { openVendors } from './data-transfer/open-vendors.js';
import { Dialects } from './edge/actions.js';
import { Endpoints } from './edge/endpoints.js';
import { FactRecorder } from './edge/facts.js';
import { FINAL_COST_DEADLINE_MS, FinalCosts } from './edge/final-costs.js';
import { Inquiries } from './edge/inquiries.js';
import type { EdgeParts } from './edge/parts.js';
import { Stations } from './edge/stations.js';
import { type FrameChunk, frameSchema } from './frames/frame.schema.js';
import { FrameHistory } from './frames/frame-history.js';
import { FrameLog } from './frames/frame-log.js';
import { ConnectionRpc } from './grpc/connection-rpc.js';
import { PeerRpc, Peers } from './grpc/peers.js';
import { Presence } from './presence/presence.js';
import { type InstanceRow, instanceSchema, type PresenceRow, presenceSchema } from './presence/presence.schema.js';
import { type DeviationRow, deviationSchema } from './quirks/deviation.schema.js';
import { DeviationRpc } from './quirks/deviation-rpc.js';
import { Deviations } from './quirks/deviations.js';
import { Recorder } from './recording/recorder.js';
import { type RecordingChunk, type RecordingRow, recordingChunkSchema, recordingSchema } from './recording/recording.schema.js';
import { RecordingRpc } from './recording/recording-rpc.js';
import { SoapEdge } from './soap/soap-edge.js';

/** After these, what is known about a station may be outdated. */
const ACCESS_EVENTS: readonly DeviceEventType[] = [
  'voltlog.device.StationRegistered.v1',
  'voltlog.device.StationChanged.v1',
  'voltlog.device.StationQuarantined.v1',
  'voltlog.device.StationAccepted.v1',
  'voltlog.device.StationRetired.v1',
  'voltlog.device.StationCredentialSet.v1',
  'voltlog.device.StationCredentialOffered.v1',
  'voltlog.device.StationCredentialWithdrawn.v1',
  'voltlog.device.StationSecurityProfileRequired.v1',
  'voltlog.device.StationBootDecided.v1',
  'voltlog.device.StationIdentityReported.v1',
  'voltlog.device.StationCertificateRevoked.v1',
  'voltlog.device.ConnectorsLearnt.v1',
  'voltlog.device.StationQuirkChosen.v1',
];
const DEVICE_PARTITIONS = 12;
/** Milliseconds that facts nobody waits for get when the process stops. */
const SETTLE_MS = 5_000;
const FENCE_TIMEOUT_MS = 5_000;

/** One running instance of the connection service: everything between the sockets and the ports. */
export class ConnectionRuntime {
  private subscription: Subscription | undefined;
  private draining: Promise<void> | undefined;

  private constructor(
    private readonly context: ServiceContext,
    private readonly config: ConnectionConfig,
    readonly stations: Stations,
    private readonly parts: RuntimeParts,
  ) {}

  /** Builds the instance and offers its RPC; stations are let in by {@link listen}. */
  static async create(context: ServiceContext, config: ConnectionConfig): Promise<ConnectionRuntime> {
    const parts = await buildParts(context, config);
    return new ConnectionRuntime(context, config, parts.stations, parts);
  }

  /** The port stations connect to, once listening. */
  get port(): number {
    return this.parts.endpoints.port.plain;
  }

  /** The ports of all listeners, once listening. */
  get ports(): Endpoints['port'] {
    return this.parts.endpoints.port;
  }

  /** Reads the TLS certificates anew. For tests. */
  refreshCertificates(): Promise<void> {
    return this.parts.endpoints.refresh();
  }

  async listen(): Promise<void> {
    const { log, instanceId } = this.context;
    await this.parts.presence.renewLease();
    await log.ensureTopics([{ name: DEVICE_TOPIC, partitions: DEVICE_PARTITIONS }]);
    this.subscription = await log.subscribe({
      group: `connection-access-${instanceId}`,
      topics: [DEVICE_TOPIC],
      types: ACCESS_EVENTS,
      startFrom: 'latest',
      temporary: true,
      handle: async (batch) => {
        // The topic's key is the station; the subject is the stream.
        for (const record of batch) this.deviceChanged(record.key);
      },
    });
    await this.parts.policies.start(log, instanceId);
    this.stations.start();
    this.parts.soap.start();
    this.parts.frames.start();
    this.parts.accepted.start();
    this.parts.deviations.start();
    await this.parts.recorder.start();
    this.parts.revocationWatch?.start();
    await this.parts.endpoints.listen();
  }

  /** What was known is read anew at the next handshake, and at once for a station that is connected. */
  private deviceChanged(stationId: string): void {
    const { access } = this.parts;
    access.invalidate(stationId);
    const station = this.stations.get(stationId);
    if (station === undefined) return;
    access.get(stationId).then(
      (known) => this.parts.gate.review(station, known),
      (error: unknown) =>
        this.context.logger.warn({ err: error, station_id: stationId }, 'a connected station could not be looked up again'),
    );
  }

  /** Stores the frames that wait. For tests. */
  flushFrames(): Promise<void> {
    return this.parts.frames.flush();
  }

  /** Stores the deviations that wait. For tests. */
  flushDeviations(): Promise<void> {
    return this.parts.deviations.flush();
  }

  /** Looks for recordings and stores what waits. For tests. */
  tickRecordings(): Promise<void> {
    return this.parts.recorder.tick();
  }

  /** Asks about the certificates of connected stations. For tests. */
  async watchRevocations(): Promise<void> {
    await this.parts.revocationWatch?.look();
  }

  /** Stops as a crash would: nothing is told to anybody. For tests. */
  die(): void {
    this.parts.endpoints.stopAccepting();
    this.parts.revocationWatch?.stop();
    this.stations.abandon();
  }

  /** Ends in order, once: no new stations, calls in work finished, sockets closed in waves, facts flushed, presence given up. */
  async drain(): Promise<void> {
    this.draining ??= this.end();
    await this.draining;
  }

  private async end(): Promise<void> {
    this.parts.draining.value = true;
    this.parts.endpoints.stopAccepting();
    this.parts.revocationWatch?.stop();
    const soap = this.parts.soap.drain();
    await this.stations.drain(this.config.OCPP_DRAIN_SECONDS * 1_000);
    await soap;
    await this.subscription?.stop();
    await this.parts.policies.stop();
    await this.parts.facts.settle(SETTLE_MS);
    await this.parts.frames.stop();
    await this.parts.accepted.stop();
    await this.parts.deviations.stop();
    await this.parts.recorder.stop();
    await this.parts.presence.leave();
  }
}

interface RuntimeParts {
  readonly accepted: AcceptedTokens;
  readonly access: StationAccessCache;
  readonly deviations: Deviations;
  readonly recorder: Recorder;
  /** undefined: no foreign authority has made stations' certificates. */
  readonly revocationWatch: RevocationWatch | undefined;
  readonly endpoints: Endpoints;
  readonly facts: FactRecorder;
  readonly frames: FrameLog;
  readonly gate: Gate;
  readonly policies: SitePolicies;
  readonly presence: Presence;
  readonly soap: SoapEdge;
  readonly stations: Stations;
  readonly draining: { value: boolean };
}

async function buildParts(context: ServiceContext, config: ConnectionConfig): Promise<RuntimeParts> {
  const { clock, logger, metrics, instanceId, store, rpc } = context;
  const now = (): number => clock.now();
  const device = rpc.client<deviceV1.DeviceService>(deviceV1.DeviceServiceDefinition, { address: config.DEVICE_GRPC });
  const authorization = rpc.client<authorizationV1.AuthorizationService>(authorizationV1.AuthorizationServiceDefinition, {
    address: config.AUTHORIZATION_GRPC,
    deadlineMs: config.AUTHORIZATION_TIMEOUT_MS,
  });
  const certificates = rpc.client<certificatesV1.CertificateService>(certificatesV1.CertificateServiceDefinition, {
    address: config.DEVICE_GRPC,
    deadlineMs: config.CERTIFICATES_TIMEOUT_MS,
  });
  const facts = new FactRecorder(context.log, context.ids, clock, logger, { instanceId, metrics });
  const presence = new Presence(
    await store.collection<PresenceRow>('presence', presenceSchema),
    await store.collection<InstanceRow>('instances', instanceSchema),
    { instanceId, address: addressOf(config) },
    clock,
    logger,
  );
  const peers = new Peers(rpc);
  const fence = (address: string, stationId: string, epoch: number): void => {
    peers
      .get(address, FENCE_TIMEOUT_MS)
      .fence({ stationId, epoch })
      .catch((error: unknown) =>
        logger.warn({ err: error, station_id: stationId }, 'another instance could not be told that its socket is outdated'),
      );
  };
  const stations = new Stations({ clock, logger, facts, presence, instanceId, fence });
  const chunks = await store.collection<FrameChunk>('frames', frameSchema);
  const frames = new FrameLog(chunks, clock, context.ids, logger, {
    enabled: config.FRAME_LOG,
    retentionMs: config.FRAME_LOG_RETENTION_HOURS * 3_600_000,
    metrics,
  });
  const history = new FrameHistory(chunks, frames);
  const deviations = new Deviations(await store.collection<DeviationRow>('deviations', deviationSchema), clock, logger, metrics);
  rpc.serve<deviationsV1.DeviationService>(deviationsV1.DeviationServiceDefinition, new DeviationRpc(deviations));
  const recordings = await store.collection<RecordingRow>('recordings', recordingSchema);
  const lines = await store.collection<RecordingChunk>('recordingChunks', recordingChunkSchema);
  const recorder = new Recorder({
    recordings,
    chunks: lines,
    connected: (stationId) => stations.get(stationId),
    heard: (stationId) => soap.stations.get(stationId),
    clock,
    ids: context.ids,
    logger,
  });
  rpc.serve<recordingsV1.RecordingService>(
    recordingsV1.RecordingServiceDefinition,
    new RecordingRpc({ recorder, recordings, chunks: lines }),
  );
  const commander = new Commander(facts, clock, context.ids, config.COMMAND_TIMEOUT_MS);
  const accepted = new AcceptedTokens(await store.collection<AcceptedTokenRow>('acceptedTokens', acceptedTokenSchema), clock, logger);
  const policies = new SitePolicies();
  const access = new StationAccessCache(device, { ttlMs: config.ACCESS_CACHE_SECONDS * 1_000, now });
  const box = await openSecretBox(await store.collection<KeyDoc>('keys', keySchema), config.CONNECTION_SECRET_KEY?.split(',') ?? []);
  const vendors = await openVendors(context, config, box);
  const edge: EdgeParts = {
    clock,
    facts,
    inquiries: new Inquiries(
      vendors,
      certificates,
      new FinalCosts(
        rpc.client<sessionV1.SessionService>(sessionV1.SessionServiceDefinition, {
          address: config.SESSION_GRPC,
          deadlineMs: FINAL_COST_DEADLINE_MS,
        }),
        clock,
        logger,
      ),
      logger,
    ),
    authorizations: new Authorizations(
      authorization,
      accepted,
      {
        fallbackAt: (stationId) => policies.awayAt(access.peek(stationId)?.siteId ?? '') ?? config.AUTHORIZATION_FALLBACK,
        cacheMs: config.AUTHORIZATION_CACHE_SECONDS * 1_000,
        waitMs: config.AUTHORIZATION_WAIT_MS,
        now,
      },
      logger,
      metrics,
    ),
    frames,
    deviations,
    recorder,
    logger,
    tracing: context.tracing,
    limits: {
      frame: { ...LIMITS, frameBytes: config.FRAME_BYTES_MAX },
      rate: { callsPerSecond: config.CALLS_PER_SECOND_MAX, callsBurst: config.CALLS_PER_SECOND_MAX * 10 },
      heartbeatIntervalSeconds: config.HEARTBEAT_INTERVAL_SECONDS,
      logWaitMs: config.LOG_WAIT_SECONDS * 1_000,
      pingMs: config.PING_SECONDS * 1_000,
      deadMs: config.DEAD_SECONDS * 1_000,
    },
    fence,
    closed: (station, code, reason) => stations.closed(station, code, reason),
  };
  const dialects = new Dialects(metrics);
  const revocations =
    config.OCPP_MTLS_CA_PATH === '' ? undefined : new Revocations(certificates, { policy: config.OCPP_MTLS_REVOCATION, clock, logger });
  const revocationWatch = revocations === undefined ? undefined : new RevocationWatch(() => stations.all(), revocations, logger);
  const gate = new Gate(
    access,
    new Credentials(),
    clock,
    {
      unknownStations: config.UNKNOWN_STATIONS,
      allowInsecure: config.OCPP_ALLOW_INSECURE,
      organization: config.OCPP_MTLS_ORGANIZATION,
    },
    revocations,
  );
  const soap = await SoapEdge.create({ context, config, edge, gate, access, dialects, presence, sockets: stations, box });
  rpc.serve<connectionV1.ConnectionService>(
    connectionV1.ConnectionServiceDefinition,
    new ConnectionRpc({
      stations,
      soap: soap.stations,
      presence,
      commander,
      peers,
      history,
      authorizations: edge.authorizations,
      access,
      instanceId,
      clock,
      timeoutMsDefault: config.COMMAND_TIMEOUT_MS,
    }),
  );
  rpc.serve<connectionV1.ConnectionPeerService>(connectionV1.ConnectionPeerServiceDefinition, new PeerRpc(stations, commander, history));
  const endpoints = new Endpoints({
    config,
    endpoint: {
      frameBytesMax: config.FRAME_BYTES_MAX,
      handshakesMax: config.HANDSHAKES_MAX,
      clock,
      logger,
      metrics,
      gate,
      dialects,
      soap: config.OCPP_SOAP ? soap.endpoint : undefined,
      accepted: (socket, dialect, station) => recorder.opened(stations.accept(socket, dialect, station, edge)),
    },
    authority: rpc.client<deviceSecurityV1.StationSecurityService>(deviceSecurityV1.StationSecurityServiceDefinition, {
      address: config.DEVICE_GRPC,
    }),
    logger,
    metrics,
    announce: (kind, text) => context.announce(kind, text),
  });
  const draining = { value: false };
  context.readiness('draining', async () => {
    if (draining.value) throw new Error('this instance is stopping');
  });
  context.readiness('listeners', async () => endpoints.ready());
  metrics.gauge('voltlog_connections', 'Stations connected to this instance', () => stations.size);
  return {
    accepted,
    access,
    deviations,
    endpoints,
    facts,
    frames,
    gate,
    policies,
    presence,
    recorder,
    revocationWatch,
    soap,
    stations,
    draining,
  };
}

const addressOf = (config: ConnectionConfig): string =>
  config.GRPC_ADVERTISE === ''
    ? `${hostname()}:${config.GRPC_LISTEN.slice(config.GRPC_LISTEN.lastIndexOf(':') + 1)}`
    : config.GRPC_ADVERTISE;
