import type { EventLog, LogRecord, TopicPartition } from '@voltlog/event-log';
import type { Clock, EventEnvelope } from '@voltlog/kernel';
import { isoTime } from '@voltlog/kernel';
import type { SessionEvent, SessionFactQuarantined } from '@voltlog/session-contract';
import { SESSION_TOPIC } from '@voltlog/session-contract';
import type { RecordClaim, RecordContext, SessionClaims } from '@voltlog/session-domain';
import {
  claimedPoints,
  hasNews,
  isActive,
  needsAllPoints,
  outcomeOf,
  piecewiseEnergy,
  registerPoints,
  sameOutcome,
} from '@voltlog/session-domain';
import type { Aggregates } from '@voltlog/store';
import type { Logger } from '@voltlog/telemetry';
import type { StationContexts } from '../reactions/station-contexts.js';
import { uuidOf } from '../session-id.js';
import type { SessionMetrics } from '../session-metrics.js';
import type { HeldSessions } from '../store/held-sessions.js';
import type { SessionCollections } from '../store/session-documents.js';
import { askedStarts } from './asked-starts.js';
import { Batch } from './batch.js';
import { settleStation } from './quarantine.js';
import { concernsSessions, route } from './route.js';
import { SessionLoader, stationEvent } from './session-loader.js';
import { SessionWriter } from './session-writer.js';
import type { SessionEntry } from './station-cache.js';
import { abandonGhosts, StationCache } from './station-cache.js';

/** Stations that were only looked at: their facts go to another instance, or none came yet. */
const NOT_OURS: ReadonlySet<number | undefined> = new Set([undefined]);

export type SessionAggregates = Pick<Aggregates<RecordClaim, SessionClaims, SessionEvent, never>, 'execute'>;

export interface IntakeParts {
  /** Where documents stay held their sessions are the view of `held`. */
  readonly collections: SessionCollections;
  readonly held: HeldSessions;
  /** Whether documents stay held until `settle`: only where nobody else reads the store. */
  readonly holds: boolean;
  readonly aggregates: SessionAggregates;
  readonly log: Pick<EventLog, 'append'>;
  readonly clock: Clock;
  readonly source: string;
  readonly metrics: SessionMetrics;
  readonly logger: Logger;
  readonly cacheStations: number;
  readonly quarantineMax: number;
  /** The mark of the milestone `BatteryAt`. */
  readonly batteryPercent: number;
  /** Site and price of stations; those at no site and without a price may be left out. */
  readonly contexts: Pick<StationContexts, 'of'>;
}

/**
 * Takes batches of station facts in: loads what is not in memory, folds the facts there, commits what changed a stream, writes the projections.
 * Every step is idempotent, so a batch that failed half-way or is handed over again ends the same. Session documents are durable only once
 * `settle` has resolved.
 */
export class SessionIntake {
  private readonly cache: StationCache;
  private readonly loader: SessionLoader;
  private readonly writer: SessionWriter;
  /** Told of every batch once it is stored; a rejection hands the batch over again. */
  onWritten: ((batch: Batch) => Promise<void>) | undefined;
  /** Batches and sweeps take turns. */
  private turn: Promise<unknown> = Promise.resolve();

  constructor(private readonly parts: IntakeParts) {
    this.cache = new StationCache(parts.cacheStations);
    this.loader = new SessionLoader(parts.collections, this.cache);
    this.writer = new SessionWriter(parts.collections, parts.held, () => parts.clock.now());
  }

  /** Handles one batch of the station topic. */
  handle(batchOfRecords: readonly LogRecord[]): Promise<void> {
    const records = batchOfRecords.filter((record) => concernsSessions(stationEvent(record)));
    this.parts.metrics.facts.value += records.length;
    if (records.length === 0) return Promise.resolve();
    return this.inTurn(async (batch) => {
      [batch.asked] = await Promise.all([askedStarts(this.parts.collections.openStarts, records), this.loader.load(records, batch)]);
      for (const record of records) {
        const event = stationEvent(record);
        const station = this.cache.get(event.data.stationId) ?? this.cache.add(event.data.stationId);
        station.partition = record.partition;
        batch.stations.add(station);
        route(batch, station, event);
      }
      for (const [station, cause] of batch.unsettled) settleStation(batch, station, cause);
      await this.commit(batch, this.parts.holds);
    });
  }

  /** Makes the session documents of the batches that were handled durable. @throws {OperatingError} as `HeldSessions.flush` */
  settle(): Promise<void> {
    return this.parts.held.flush();
  }

  /** Changes sessions by something else than facts: `change` is given the entries that are still stored under these ids. */
  change(stationIds: readonly string[], change: (batch: Batch, entries: readonly SessionEntry[]) => void): Promise<void> {
    return this.inTurn(async (batch) => {
      await this.loader.loadStations(stationIds);
      const entries: SessionEntry[] = [];
      for (const stationId of stationIds) {
        const station = this.cache.get(stationId);
        if (station === undefined) continue;
        batch.stations.add(station);
        entries.push(...station.sessions);
      }
      change(batch, entries);
      // Nothing hands this over again.
      await this.commit(batch, false);
      this.cache.forget(NOT_OURS);
    });
  }

  /** Forgets the stations of partitions that other instances handle from now on, or did for a while. */
  revoked(partitions: readonly TopicPartition[]): void {
    const lost = new Set(partitions.map(({ partition }) => partition));
    void this.inTurn(async () => this.cache.forget(lost));
  }

  /** Forgets what is in memory, e.g. once the collections were rebuilt. */
  reset(): Promise<void> {
    return this.inTurn(async () => {
      await this.settle();
      this.cache.clear();
    });
  }

  private inTurn(work: (batch: Batch) => Promise<void>): Promise<void> {
    const run = this.turn.then(async () => {
      const batch = new Batch(this.parts.quarantineMax);
      try {
        await work(batch);
      } catch (error) {
        // What is in memory may not be what is stored.
        this.cache.clear();
        throw error;
      }
    });
    this.turn = run.catch(() => undefined);
    return run;
  }

  private async commit(batch: Batch, holds: boolean): Promise<void> {
    for (const entry of batch.touched.keys()) if (needsAllPoints(entry.claims, entry.readings)) await this.countPiecewise(batch, entry);
    review(batch, this.parts.batteryPercent);
    if (batch.claims.length > 0) await this.execute(batch);
    for (const station of batch.stations) for (const ghost of abandonGhosts(station)) batch.touched.set(ghost, { id: ghost.sessionId });
    await this.alert(batch);
    await this.writer.write(batch);
    if (!holds) await this.settle();
    await this.onWritten?.(batch);
    this.cache.trim(batch.stations);
    this.parts.metrics.quarantined.value += batch.orphaned.size;
    this.parts.metrics.dropped.value += batch.dropped;
  }

  private async execute(batch: Batch): Promise<void> {
    const { batteryPercent, contexts } = this.parts;
    const stations = await contexts.of(new Set(batch.claims.map(({ entry }) => entry.identity.stationId)));
    const plain: RecordContext = { batteryPercent };
    const contextOf = (stationId: string): RecordContext => {
      const station = stations.get(stationId);
      return station === undefined ? plain : { ...station, batteryPercent };
    };
    const executions = await this.parts.aggregates.execute(
      batch.claims.map(({ entry, claim, cause, causationId }) => ({
        streamId: entry.sessionId,
        command: { identity: entry.identity, claim, readings: entry.readings, context: contextOf(entry.identity.stationId) },
        causationId,
        ...(cause.correlationId === undefined ? {} : { correlationId: cause.correlationId }),
        ...(cause.traceparent === undefined ? {} : { traceparent: cause.traceparent }),
      })),
    );
    batch.claims.forEach((pending, i) => {
      const { entry } = pending;
      const execution = executions[i];
      pending.committed = execution?.outcome === 'committed';
      if (execution === undefined || execution.version < entry.version) return;
      const wasActive = entry.version > 0 && entry.active;
      entry.claims = execution.state;
      entry.version = execution.version;
      entry.active = isActive(entry.claims, entry.readings);
      entry.due ||= !entry.active;
      this.parts.metrics.active.value += Number(entry.active) - Number(wasActive);
    });
  }

  /** Registers that fell or jumped: the energy is counted over all of them. */
  private async countPiecewise(batch: Batch, entry: SessionEntry): Promise<void> {
    if (entry.points === undefined) {
      entry.points = await this.loader.points(entry.sessionId);
      for (const value of batch.valuesOf(entry.sessionId)) entry.points.push(...registerPoints(value));
    }
    entry.due = true;
    entry.readings.piecewise = piecewiseEnergy([...entry.points, ...claimedPoints(entry.claims)]);
  }

  /**
   * Tells the topic about facts that found no session, before they are stored: stored facts are known when the batch comes again after a
   * crash or an outage, and would not be told of any more. The id is made of the fact, so that a repetition is known as one.
   */
  private async alert(batch: Batch): Promise<void> {
    for (const { orphan, cause } of batch.orphaned.values()) {
      const data: SessionFactQuarantined = {
        stationId: orphan.stationId,
        factId: orphan.factId,
        factType: orphan.type,
        transactionId: orphan.transactionId,
        reason: orphan.reason,
        at: orphan.at,
      };
      const event: EventEnvelope = {
        id: uuidOf(`quarantined\n${orphan.id}`),
        type: 'voltlog.session.SessionFactQuarantined.v1',
        source: this.parts.source,
        subject: orphan.stationId,
        time: isoTime(this.parts.clock.now()),
        data,
        causationId: orphan.factId,
        ...(cause.correlationId === undefined ? {} : { correlationId: cause.correlationId }),
        ...(cause.traceparent === undefined ? {} : { traceparent: cause.traceparent }),
      };
      this.parts.logger.warn(
        { stationId: orphan.stationId, factId: orphan.factId, reason: orphan.reason },
        'a fact without a session was put aside',
      );
      await this.parts.log.append(SESSION_TOPIC, orphan.stationId, [event]);
    }
  }
}

/** Sessions whose readings now tell something else of their end, or show a milestone. */
function review(batch: Batch, batteryPercent: number): void {
  const claimed = new Set(batch.claims.map((pending) => pending.entry));
  for (const [entry, cause] of batch.touched) {
    if (claimed.has(entry)) continue;
    const { claims, readings } = entry;
    const { announced } = claims;
    const corrected = announced !== undefined && !sameOutcome(announced, outcomeOf(claims, readings));
    if (!corrected && !hasNews(claims, readings, batteryPercent)) continue;
    batch.claims.push({ entry, claim: { kind: 'Review' }, cause, causationId: `${cause.id}#Review` });
  }
}
