import { randomFillSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { STATION_TOPIC } from '@voltlog/connection-contract';
import { DEVICE_TOPIC } from '@voltlog/device-contract';
import { type EventLog, openSqliteEventLog } from '@voltlog/event-log';
import { createRpc, type Rpc } from '@voltlog/grpc';
import type { EventEnvelope } from '@voltlog/kernel';
import { uuidV7Source } from '@voltlog/kernel';
import { connectionV1, sessionV1 } from '@voltlog/proto';
import { type RunningService, type ServiceContext, startService } from '@voltlog/service';
import type { SessionMilestoneReached } from '@voltlog/session-contract';
import { openSqliteStore, type Store } from '@voltlog/store';
import { type Count, createTelemetry, type Metrics, type Telemetry } from '@voltlog/telemetry';
import { sessionConfig } from '../config.js';
import { sessionService } from '../session.module.js';
import { SESSION_GROUP } from '../session-runtime.js';
import { T0 } from './facts.js';
import { FakeStations } from './fake-stations.js';
import { ObservedTimers, observed } from './observed-timers.js';

const DEADLINE_MS = 10_000;

const MILESTONE = 'SessionMilestoneReached';

/** The whole service on a log and a store in files of its own; it can be stopped and started again on the same files. */
export class SessionHarness {
  private readonly folder = mkdtempSync(join(tmpdir(), 'voltlog-session-'));
  private running:
    | { service: RunningService; log: EventLog; store: Store; timers: ObservedTimers; rpc: Rpc; telemetry: Telemetry }
    | undefined;
  private readonly others: { readonly sessions: sessionV1.SessionService; stop(): Promise<void> }[] = [];
  private readonly counts = new Map<string, Count>();
  /** What commands are sent to. */
  readonly stations = new FakeStations();
  /** What the service takes for the time, ms. */
  nowMs = T0;

  constructor(private readonly environment: Readonly<Record<string, string>> = {}) {}

  /** Another instance on the same log and store, until the harness stops; its partitions are some of the log's. */
  async another(): Promise<{ readonly sessions: sessionV1.SessionService; stop(): Promise<void> }> {
    const { log, store, timers } = this.parts;
    const service = await this.serve({ log, store, timers }, `other-${this.others.length + 1}`);
    const { rpc } = service;
    const stop = async (): Promise<void> => {
      await service.service.stop();
      await rpc.close();
      await service.telemetry.close();
    };
    const other = { sessions: sessionsOf(rpc), stop };
    this.others.push(other);
    return {
      ...other,
      stop: async () => {
        this.others.splice(this.others.indexOf(other), 1);
        await stop();
      },
    };
  }

  async start(): Promise<this> {
    const log = await openSqliteEventLog({ path: join(this.folder, 'log.db') });
    const store = await openSqliteStore({ path: join(this.folder, 'store.db') });
    const timers = new ObservedTimers(store.timers, ['SessionWatch', 'StartRequest']);
    await log.ensureTopics([
      { name: STATION_TOPIC, partitions: 3 },
      { name: DEVICE_TOPIC, partitions: 3 },
    ]);
    this.running = { log, store, timers, ...(await this.serve({ log, store, timers }, 'test')) };
    return this;
  }

  private async serve({ log, store, timers }: { log: EventLog; store: Store; timers: ObservedTimers }, instanceId: string) {
    const telemetry = createTelemetry({ instanceId, logLevel: 'silent', traceRatio: 0 });
    const rpc = createRpc({});
    rpc.serve<Partial<connectionV1.ConnectionService>>(connectionV1.ConnectionServiceDefinition, this.stations);
    const context: ServiceContext = {
      service: 'session',
      instanceId,
      log,
      store: observed(store, timers),
      rpc,
      logger: telemetry.logger,
      clock: { now: () => this.nowMs },
      ids: uuidV7Source(Date.now, randomFillSync),
      metrics: this.counting(telemetry.metrics('session')),
      tracing: telemetry.tracing('session'),
      announce: () => undefined,
      readiness: () => undefined,
    };
    const service = await startService(sessionService, context, sessionConfig.parse(this.environment));
    return { service, rpc, telemetry };
  }

  async stop(): Promise<void> {
    const running = this.running;
    this.running = undefined;
    for (const other of this.others.splice(0)) await other.stop();
    await running?.service.stop();
    await running?.rpc.close();
    await running?.store.close();
    await running?.log.close();
    await running?.telemetry.close();
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  async dispose(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The same files at another time: for the next start. */
  at(minute: number): this {
    this.nowMs = T0 + minute * 60_000;
    return this;
  }

  /** Lets the time of the next sweep come, and waits until it was made. */
  async swept(): Promise<void> {
    const sweeps = this.counts.get('voltlog_session_sweeps_total');
    if (sweeps === undefined) throw new Error('sweeps are not counted');
    const before = sweeps.value;
    this.nowMs += 60_000;
    for (const deadline = Date.now() + DEADLINE_MS; sweeps.value === before; await setTimeout(20))
      if (Date.now() > deadline) throw new Error('no sweep was made');
  }

  private counting(metrics: Metrics): Metrics {
    return {
      gauge: (name, help, read, labels) => metrics.gauge(name, help, read, labels),
      histogram: (name, help, labels) => metrics.histogram(name, help, labels),
      counter: (name, help, labels) => {
        const count = metrics.counter(name, help, labels);
        this.counts.set(name, count);
        return count;
      },
    };
  }

  get parts() {
    if (this.running === undefined) throw new Error('not started');
    return this.running;
  }

  get sessions(): sessionV1.SessionService {
    return sessionsOf(this.parts.rpc);
  }

  /** The same service at a later time. */
  later(minute: number): void {
    this.nowMs = T0 + minute * 60_000;
  }

  /** Waits until every timer that is due by now was handled: of these kinds, else of those that move sessions. */
  async settled(...kinds: readonly string[]): Promise<void> {
    const { timers } = this.parts;
    const from = timers.mark();
    await this.until(() => (kinds.length === 0 ? timers.quietSince(from) : timers.quietSince(from, kinds)));
  }

  /** Waits until something holds. */
  async until<Found>(look: () => Promise<Found | undefined | false> | Found | undefined | false): Promise<Found> {
    for (const deadline = Date.now() + DEADLINE_MS; ; await setTimeout(10)) {
      const found = await look();
      if (found !== undefined && found !== false) return found;
      if (Date.now() > deadline) throw new Error(`did not come to be: ${look.toString()}`);
    }
  }

  /** Puts facts on the log, one append each, and waits until the service has handled them. */
  async given(...events: readonly EventEnvelope[]): Promise<void> {
    const { log } = this.parts;
    for (const event of events) await log.append(STATION_TOPIC, event.subject, [event]);
    for (const key of new Set(events.map((event) => event.subject))) {
      const done = await log.caughtUp({ group: SESSION_GROUP, topic: STATION_TOPIC, key, deadlineMs: DEADLINE_MS });
      if (!done) throw new Error('the service did not catch up');
    }
  }

  /** All sessions, newest first. */
  async all(stationId = ''): Promise<sessionV1.Session[]> {
    const { sessions } = await this.sessions.listSessions({
      pageSize: 100,
      pageToken: '',
      stationId,
      state: sessionV1.SessionState.UNSPECIFIED,
      idToken: '',
      transactionId: '',
    });
    return sessions;
  }

  /** The only session there is. */
  async only(): Promise<sessionV1.Session> {
    const all = await this.all();
    if (all.length !== 1 || all[0] === undefined) throw new Error(`expected one session, found ${all.length}`);
    return all[0];
  }

  async quarantined(): Promise<sessionV1.QuarantinedFact[]> {
    return (await this.sessions.listQuarantined({ pageSize: 100, pageToken: '', stationId: '' })).facts;
  }

  /** What the stream tells, without the milestones. */
  async events(sessionId: string): Promise<string[]> {
    const { events } = await this.sessions.listSessionEvents({ sessionId });
    return events.map((each) => each.type.replace(/^voltlog\.session\.(.*)\.v1$/, '$1')).filter((name) => name !== MILESTONE);
  }

  /** Milestones that were announced, in order. */
  async milestones(sessionId: string): Promise<SessionMilestoneReached[]> {
    const { events } = await this.sessions.listSessionEvents({ sessionId });
    return events.filter((each) => each.type.includes(MILESTONE)).map((each) => JSON.parse(each.dataJson) as SessionMilestoneReached);
  }
}

const sessionsOf = (rpc: Rpc): sessionV1.SessionService =>
  rpc.client<sessionV1.SessionService>(sessionV1.SessionServiceDefinition, { address: 'unused:1' });
