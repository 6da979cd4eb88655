import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { STATION_TOPIC } from '@voltlog/connection-contract';
import type { Subscription } from '@voltlog/event-log';
import { sessionV1 } from '@voltlog/proto';
import { SERVICE_CONFIG, SERVICE_CONTEXT, type ServiceContext } from '@voltlog/service';
import { SESSION_TOPIC } from '@voltlog/session-contract';
import { sessionDecider } from '@voltlog/session-domain';
import { Aggregates, OutboxRelay } from '@voltlog/store';
import type { SessionConfig } from './config.js';
import { SessionGrpc } from './grpc/session.grpc.js';
import { SESSION_FACT_TYPES } from './intake/route.js';
import { SessionIntake } from './intake/session-intake.js';
import { QuietSessions } from './reactions/quiet-sessions.js';
import { sessionMetrics } from './session-metrics.js';
import { openCollections } from './store/session-documents.js';

/** Consumer group of the station topic. */
export const SESSION_GROUP = 'session';

/** What runs while the service runs: the intake of station facts, the relay of its commits, the look for quiet sessions, the RPCs. */
@Injectable()
export class SessionRuntime implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly relay: OutboxRelay;
  private intake: SessionIntake | undefined;
  private quiet: QuietSessions | undefined;
  private subscription: Subscription | undefined;

  constructor(
    @Inject(SERVICE_CONTEXT) private readonly context: ServiceContext,
    @Inject(SERVICE_CONFIG) private readonly config: SessionConfig,
  ) {
    const { store, log, logger } = context;
    this.relay = new OutboxRelay({ streams: store.streams, log, topic: SESSION_TOPIC, logger });
  }

  async onModuleInit(): Promise<void> {
    const { context, config } = this;
    const { store, log, clock, ids, logger, instanceId } = context;
    const source = `/session/${instanceId}`;
    const collections = await openCollections(store);
    const metrics = sessionMetrics(context.metrics);
    const aggregates = new Aggregates({ streams: store.streams, decider: sessionDecider, relay: this.relay, source, ids, clock });
    this.intake = new SessionIntake({
      collections,
      aggregates,
      log,
      clock,
      source,
      metrics,
      logger,
      cacheStations: config.SESSION_CACHE_STATIONS,
      quarantineMax: config.SESSION_QUARANTINE_MAX,
      batteryPercent: config.SESSION_BATTERY_PERCENT,
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
    context.rpc.serve<Partial<sessionV1.SessionService>>(
      sessionV1.SessionServiceDefinition,
      new SessionGrpc(collections, store.streams, clock),
    );
  }

  async onApplicationBootstrap(): Promise<void> {
    const { intake, quiet } = this;
    if (intake === undefined || quiet === undefined) throw new Error('the module was not initialised');
    this.relay.start();
    await quiet.start();
    this.subscription = await this.context.log.subscribe({
      group: SESSION_GROUP,
      topics: [STATION_TOPIC],
      types: SESSION_FACT_TYPES,
      handle: (batch) => intake.handle(batch),
      onRevoked: (partitions) => intake.revoked(partitions),
    });
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.subscription?.stop();
    await this.quiet?.stop();
    await this.relay.stop();
  }
}
