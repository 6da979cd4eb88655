import type { TransactionStarted } from '@voltlog/connection-contract';
import type { LogRecord } from '@voltlog/event-log';
import { isSameMinute } from '@voltlog/kernel';
import type { RegisterPoint } from '@voltlog/session-domain';
import { registerPoints } from '@voltlog/session-domain';
import { pages } from '@voltlog/store';
import { sessionIdOf } from '../session-id.js';
import { readingsOf } from '../store/readings.js';
import type { QuarantinedDocument, SessionCollections, SessionDocument } from '../store/session-documents.js';
import { meterValueRange } from '../store/session-documents.js';
import type { Batch } from './batch.js';
import type { StationEvent } from './route.js';
import { findById, startedSessionId, transactionIdOf } from './route.js';
import type { SessionEntry, StationCache, StationEntry } from './station-cache.js';
import { newEntry } from './station-cache.js';

/** Documents read at a time. */
const PAGE = 1_000;

/** Sessions of one station that may have begun after a late start. */
const LATER_MAX = 16;

/**
 * A start may be older than sessions that are no longer in memory when it is older than this on arrival, when it comes behind newer
 * facts of its station, or when it is the first that is heard of the station since a restart.
 */
const LATE_START_MS = 60_000;

/** Register values read of one session; beyond it the rest is left out. At one value a second more than five hours. */
export const POINTS_MAX = 20_000;

/** Brings into memory what a batch needs, with one query per kind for the whole batch; in the steady state none. */
export class SessionLoader {
  constructor(
    private readonly collections: SessionCollections,
    private readonly cache: StationCache,
  ) {}

  async load(records: readonly LogRecord[], batch: Pick<Batch, 'startIdOf'>): Promise<void> {
    await this.loadStations(records.map((record) => stationEvent(record).data.stationId));
    const wanted: Wanted = { transactionIds: new Set(), sessionIds: new Set() };
    /** Transactions whose start is in the batch: it makes or finds the session of what comes behind it. */
    const begun = new Set<string>();
    const late: StationEvent[] = [];
    for (const record of records) {
      const event = stationEvent(record);
      const station = this.cache.get(event.data.stationId);
      const transactionId = transactionIdOf(event);
      if (station === undefined || transactionId === undefined) continue;
      const mayBeOlder = isLate(event.data) || event.data.receivedAt < station.seenUntil || station.seenUntil === '';
      if (event.data.receivedAt > station.seenUntil) station.seenUntil = event.data.receivedAt;
      if (event.type === 'voltlog.connection.TransactionStarted.v1') {
        const startId = batch.startIdOf(event.data);
        const isKnown =
          station.unknown.has(transactionId) || findById(station, startedSessionId(station, event.data, startId)) !== undefined;
        if (!isKnown) wantStart(event.data, startId, { ...wanted, mayBeOlder });
        if (mayBeOlder) late.push(event);
        begun.add(`${station.stationId}\n${transactionId}`);
      } else if (!isKnownTransaction(station, transactionId) && !begun.has(`${station.stationId}\n${transactionId}`)) {
        want(event, transactionId, wanted);
      }
    }
    const { sessionIds, transactionIds } = wanted;
    if (sessionIds.size > 0) await this.addSessions([...(await this.collections.sessions.getMany([...sessionIds])).values()]);
    if (transactionIds.size > 0) await this.loadTransactions([...transactionIds]);
    await Promise.all(late.map((event) => this.loadLater(event)));
  }

  /** All register values of a session that are stored. */
  async points(sessionId: string): Promise<RegisterPoint[]> {
    const points: RegisterPoint[] = [];
    let after: string | undefined;
    do {
      const page = await this.collections.meterValues.find({
        where: { id: meterValueRange(sessionId) },
        limit: PAGE,
        ...(after === undefined ? {} : { after }),
      });
      for (const value of page.docs) points.push(...registerPoints(value));
      after = points.length < POINTS_MAX ? page.next : undefined;
    } while (after !== undefined);
    return points;
  }

  /** Stations not in memory, with their open sessions and stray facts. */
  async loadStations(stationIds: Iterable<string>): Promise<void> {
    const cold = new Set<string>();
    for (const stationId of stationIds) if (this.cache.get(stationId) === undefined) cold.add(stationId);
    if (cold.size === 0) return;
    const openOn = { $in: [...cold] };
    const sessions: SessionDocument[] = [];
    for await (const page of pages(this.collections.sessions, { where: { openOn }, limit: PAGE })) sessions.push(...page);
    const orphans: QuarantinedDocument[] = [];
    for await (const page of pages(this.collections.quarantine, { where: { openOn }, limit: PAGE })) orphans.push(...page);
    for (const stationId of cold) this.cache.add(stationId);
    await this.addSessions(sessions);
    for (const orphan of orphans) this.cache.get(orphan.stationId)?.orphans.push(orphan);
  }

  /** By the numbers of 1.6: hashes, so that hardly two sessions of a whole fleet share one. */
  private async loadTransactions(transactionIds: readonly string[]): Promise<void> {
    const where = { transactionId: { $in: transactionIds } };
    const found: SessionDocument[] = [];
    for await (const page of pages(this.collections.sessions, { where, limit: PAGE })) found.push(...page);
    if (found.length > 0) await this.addSessions(found);
  }

  /** Sessions that began after a late start, which they may have superseded. */
  private async loadLater(event: StationEvent): Promise<void> {
    const { stationId, occurredAt } = event.data;
    const page = await this.collections.sessions.find({
      where: { stationId, startedAt: { $gt: occurredAt } },
      sort: ['startedAt', 1],
      limit: LATER_MAX,
    });
    await this.addSessions(page.docs);
  }

  private async addSessions(documents: readonly SessionDocument[]): Promise<void> {
    const missing = documents.filter((document) => {
      const station = this.cache.get(document.stationId);
      return station !== undefined && findById(station, document.id) === undefined;
    });
    if (missing.length === 0) return;
    const readings = await readingsOf(this.collections, missing);
    for (const document of missing) {
      const station = this.cache.get(document.stationId);
      if (station === undefined || findById(station, document.id) !== undefined) continue;
      station.sessions.push(entryOf(document, readings.get(document.id)));
      station.unknown.delete(document.transactionId);
    }
    for (const document of missing) this.cache.get(document.stationId)?.sessions.sort(byStart);
  }
}

/** The topic holds station facts only: its owner checked them. */
export const stationEvent = (record: LogRecord): StationEvent => record.event as StationEvent;

const isKnownTransaction = (station: StationEntry, transactionId: string): boolean =>
  station.unknown.has(transactionId) || station.sessions.some((session) => session.identity.transactionId === transactionId);

interface Wanted {
  readonly transactionIds: Set<string>;
  readonly sessionIds: Set<string>;
}

/** Of a transaction that was not just started. Stations of 2.x may all count theirs 1, 2, 3: those are never looked up by the transaction id alone. */
function want({ data }: StationEvent, transactionId: string, { transactionIds, sessionIds }: Wanted): void {
  if (data.ocppVersion === 'ocpp1.6') transactionIds.add(transactionId);
  else sessionIds.add(sessionIdOf(data.stationId, transactionId));
}

function wantStart(
  { stationId, ocppVersion, occurredAt, transactionKey }: TransactionStarted,
  startId: string,
  { sessionIds, mayBeOlder }: Pick<Wanted, 'sessionIds'> & { readonly mayBeOlder: boolean },
): void {
  sessionIds.add(startId);
  if (ocppVersion !== 'ocpp1.6') sessionIds.add(sessionIdOf(stationId, `${transactionKey}\n${occurredAt}`));
  // One of an earlier version of the service, whose ids did not begin with the time.
  else if (mayBeOlder) sessionIds.add(sessionIdOf(stationId, transactionKey));
}

const isLate = ({ occurredAt, receivedAt }: { occurredAt: string; receivedAt: string }): boolean =>
  !isSameMinute(occurredAt, receivedAt) && Date.parse(receivedAt) - Date.parse(occurredAt) > LATE_START_MS;

export function entryOf(
  document: SessionDocument,
  stored: { readonly version: number; readonly readings: SessionEntry['readings'] } | undefined,
): SessionEntry {
  const identity = document.claims.identity ?? {
    sessionId: document.id,
    stationId: document.stationId,
    transactionId: document.transactionId,
    ocppVersion: '',
  };
  const entry = newEntry(identity);
  entry.claims = document.claims;
  entry.version = document.version;
  entry.storedVersion = document.version;
  entry.active = document.state === 'Active';
  if (stored !== undefined) {
    entry.readings = { ...stored.readings };
    entry.readingsVersion = stored.version;
  }
  return entry;
}

const startOf = (entry: SessionEntry): string => entry.claims.start?.startedAt ?? '';
const byStart = (a: SessionEntry, b: SessionEntry): number => (startOf(a) < startOf(b) ? -1 : startOf(a) > startOf(b) ? 1 : 0);
