import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { STATION_TOPIC } from '@voltlog/connection-contract';
import type { Subscription } from '@voltlog/event-log';
import { connectionV1, sessionV1 } from '@voltlog/proto';
import { SERVICE_CONFIG, SERVICE_CONTEXT, type ServiceContext } from '@voltlog/service';
import { PRICE_TOPIC, SESSION_TOPIC, START_REQUEST_TOPIC } from '@voltlog/session-contract';
import { priceDecider, priceScopeOfStream, sessionDecider, startRequestDecider } from '@voltlog/session-domain';
import { Aggregates, type Commit, OutboxRelay } from '@voltlog/store';
import { Prices } from './commands/prices.js';
import { SessionChanges } from './commands/session-changes.js';
import { StartRequests } from './commands/start-requests.js';
import { COMMAND_DEADLINE_MS, StationCommands } from './commands/station-commands.js';
import type { SessionConfig } from './config.js';
import { CommandsGrpc } from './grpc/commands.grpc.js';
import { SessionGrpc } from './grpc/session.grpc.js';
import { SESSION_FACT_TYPES } from './intake/route.js';
import { SessionIntake } from './intake/session-intake.js';
import { NOTICE_TYPES, writeNotices } from './projections/session-notices.js';
import { CostUpdates } from './reactions/cost-updates.js';
import { LimitLook } from './reactions/limit-look.js';
import { QuietSessions } from './reactions/quiet-sessions.js';
import { SessionWatch } from './reactions/session-watch.js';
import { StationContexts } from './reactions/station-contexts.js';
import { sessionMetrics } from './session-metrics.js';
import { HeldSessions } from './store/held-sessions.js';
import { openCollections, type SessionCollections } from './store/session-documents.js';

/** Facts of one batch when there is a backlog: each batch ends in two syncs of the disk, or in half a dozen requests to the database. */
const BATCH_MAX = 4_096;

/** Consumer group of the station topic. */
export const SESSION_GROUP = 'session';
export const NOTICE_GROUP = 'session-notices';

/** Start requests and prices have streams, and topics, of their own. */
function topicOf({ streamId, events }: Commit): string {
  if (priceScopeOfStream(streamId) !== undefined) return PRICE_TOPIC;
  return events[0]?.type.startsWith('voltlog.session.Start') === true ? START_REQUEST_TOPIC : SESSION_TOPIC;
}

const keyOf = ({ streamId }: Commit): string => priceScopeOfStream(streamId) ?? streamId;

/** What runs while the service runs: the intake of station facts, the relay of its commits, the look for quiet sessions, the RPCs. */
@Injectable()
export class SessionRuntime implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly relay: OutboxRelay;
  private intake: SessionIntake | undefined;
  private quiet: QuietSessions | undefined;
  private watch: SessionWatch | undefined;
  private startRequests: StartRequests | undefined;
  private contexts: StationContexts | undefined;
  private costs: CostUpdates | undefined;
  private subscriptions: readonly Subscription[] = [];
  private collections: SessionCollections | undefined;

  constructor(
    @Inject(SERVICE_CONTEXT) private readonly context: ServiceContext,
    @Inject(SERVICE_CONFIG) private readonly config: SessionConfig,
  ) {
    const { store, log, logger } = context;
    this.relay = new OutboxRelay({ streams: store.streams, log, topic: topicOf, keyOf, logger });
  }

  async onModuleInit(): Promise<void> {
    const { context, config } = this;
    const { store, log, clock, ids, logger, instanceId } = context;
    const source = `/session/${instanceId}`;
    const stored = await openCollections(store);
    const held = new HeldSessions(stored.sessions, logger);
    const collections = store.shared ? stored : { ...stored, sessions: held.shown };
    this.collections = collections;
    const metrics = sessionMetrics(context.metrics);
    const aggregates = new Aggregates({ streams: store.streams, decider: sessionDecider, relay: this.relay, source, ids, clock });
    const contexts = new StationContexts(collections, log, clock);
    this.contexts = contexts;
    this.intake = new SessionIntake({
      collections: store.shared ? stored : { ...stored, sessions: held.view },
      held,
      holds: !store.shared,
      aggregates,
      log,
      clock,
      source,
      metrics,
      logger,
      cacheStations: config.SESSION_CACHE_STATIONS,
      quarantineMax: config.SESSION_QUARANTINE_MAX,
      batteryPercent: config.SESSION_BATTERY_PERCENT,
      contexts,
    });
    this.quiet = new QuietSessions({
      collections,
      intake: this.intake,
      metrics,
      timers: store.timers,
      clock,
      logger,
      limits: { staleHours: config.SESSION_STALE_HOURS, rebootGraceHours: config.SESSION_REBOOT_GRACE_HOURS },
      everyMs: config.SESSION_SWEEP_MINUTES * 60_000,
    });
    this.serve(collections, this.intake, contexts);
  }

  /** What is done to sessions beside folding what stations say. */
  private serve(collections: SessionCollections, intake: SessionIntake, contexts: StationContexts): void {
    const { store, rpc, clock, ids, logger, instanceId } = this.context;
    const { timers, streams } = store;
    const connection = rpc.client<connectionV1.ConnectionService>(connectionV1.ConnectionServiceDefinition, {
      address: this.config.CONNECTION_GRPC,
      deadlineMs: COMMAND_DEADLINE_MS,
    });
    const commands = new StationCommands(connection);
    const changes = new SessionChanges(collections, intake);
    const limits = new LimitLook(collections, commands, clock);
    // Whichever instance a timer comes to goes on with them.
    const shared = { streams, relay: this.relay, source: `/session/${instanceId}`, ids, clock, cacheMax: 0 };
    const sessions = new Aggregates({ ...shared, decider: sessionDecider });
    const aggregates = new Aggregates({ ...shared, decider: startRequestDecider });
    const watch = new SessionWatch({ collections, streams: sessions, changes, commands, limits, timers, clock, logger });
    const lapseMs = this.config.SESSION_START_LAPSE_SECONDS * 1_000;
    const startRequests = new StartRequests({
      collections,
      aggregates,
      changes,
      commands,
      stops: watch,
      timers,
      clock,
      ids,
      logger,
      lapseMs,
    });
    intake.onWritten = async (batch) => {
      await startRequests.started(batch);
      await watch.touched(batch.touched.keys());
    };
    const everyMs = this.config.SESSION_COST_UPDATE_SECONDS * 1_000;
    this.costs = new CostUpdates({ collections, commands, log: this.context.log, timers, clock, logger, everyMs });
    this.watch = watch;
    this.startRequests = startRequests;
    const reads = new SessionGrpc(collections, streams, clock);
    const writes = new CommandsGrpc({ startRequests, watch, changes, prices: this.prices(collections, contexts), clock, ids });
    rpc.serve<sessionV1.SessionService>(sessionV1.SessionServiceDefinition, joined(reads, writes));
  }

  private prices(collections: SessionCollections, contexts: StationContexts): Prices {
    const { store, clock, ids, instanceId } = this.context;
    const aggregates = new Aggregates({
      streams: store.streams,
      decider: priceDecider,
      relay: this.relay,
      source: `/session/${instanceId}`,
      ids,
      clock,
      // Another instance may have changed them.
      cacheMax: 0,
    });
    return new Prices({ aggregates, collections, contexts, clock, ids });
  }

  async onApplicationBootstrap(): Promise<void> {
    const { intake, quiet, collections } = this;
    if (intake === undefined || quiet === undefined || collections === undefined) throw new Error('the module was not initialised');
    this.relay.start();
    await quiet.start();
    await this.contexts?.start();
    this.watch?.start();
    this.startRequests?.start();
    await this.costs?.start();
    const { log } = this.context;
    const notices = await log.subscribe({
      group: NOTICE_GROUP,
      topics: [STATION_TOPIC],
      types: NOTICE_TYPES,
      handle: (batch) => writeNotices(collections.notices, batch),
    });
    const facts = await log.subscribe({
      group: SESSION_GROUP,
      topics: [STATION_TOPIC],
      types: SESSION_FACT_TYPES,
      batchMax: BATCH_MAX,
      handle: (batch) => intake.handle(batch),
      ...(this.context.store.shared ? {} : { settle: () => intake.settle() }),
      onRevoked: (partitions) => intake.revoked(partitions),
    });
    this.subscriptions = [facts, notices];
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.subscriptions.map((subscription) => subscription.stop()));
    await this.costs?.stop();
    await this.startRequests?.stop();
    await this.watch?.stop();
    await this.contexts?.stop();
    await this.quiet?.stop();
    await this.relay.stop();
  }
}

const joined = (reads: SessionGrpc, writes: CommandsGrpc): sessionV1.SessionService => ({
  getSession: (request) => reads.getSession(request),
  listSessions: (request) => reads.listSessions(request),
  listMeterValues: (request) => reads.listMeterValues(request),
  listSessionEvents: (request) => reads.listSessionEvents(request),
  listSessionNotices: (request) => reads.listSessionNotices(request),
  listQuarantined: (request) => reads.listQuarantined(request),
  getReceipt: (request) => reads.getReceipt(request),
  getFinalCost: (request) => reads.getFinalCost(request),
  requestStart: (request) => writes.requestStart(request),
  getStartRequest: (request) => writes.getStartRequest(request),
  cancelStart: (request) => writes.cancelStart(request),
  requestStop: (request) => writes.requestStop(request),
  setLimit: (request) => writes.setLimit(request),
  putPrice: (request) => writes.putPrice(request),
  removePrice: (request) => writes.removePrice(request),
  getPrice: (request) => writes.getPrice(request),
});
