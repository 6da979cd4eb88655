import type { MeterValuesReported, StationFactType, TransactionEnded, TransactionUpdated } from '@voltlog/connection-contract';
import type { EventEnvelope } from '@voltlog/kernel';
import type { OrphanEnd } from '@voltlog/session-domain';
import { endOf, matchOrphans, supersessions, trueTime } from '@voltlog/session-domain';
import { uuidOf } from '../session-id.js';
import type { QuarantinedDocument } from '../store/session-documents.js';
import type { Batch, Cause } from './batch.js';
import type { SessionEntry, StationEntry } from './station-cache.js';

/** The facts that can be without a session. */
export type OrphanEvent =
  | EventEnvelope<'voltlog.connection.TransactionEnded.v1', TransactionEnded>
  | EventEnvelope<'voltlog.connection.TransactionUpdated.v1', TransactionUpdated>
  | EventEnvelope<'voltlog.connection.MeterValuesReported.v1', MeterValuesReported>;

const ENDED: StationFactType = 'voltlog.connection.TransactionEnded.v1';

/** A 1.6 station's clock may be set between a start and what follows it. */
const ADOPT_SLACK_MS = 5 * 60_000;

/**
 * Puts a fact aside whose transaction nobody knows. The same content again is the same document. Above the limit of its station it stays on
 * the log alone.
 */
export function quarantine(batch: Batch, station: StationEntry, event: OrphanEvent, transactionId: string): void {
  const { data } = event;
  const stop = event.type === ENDED && 'meterStopWh' in data ? data.meterStopWh : undefined;
  const values = 'meterValues' in data && event.type !== ENDED ? JSON.stringify(data.meterValues) : '';
  const id = uuidOf(`orphan\n${station.stationId}\n${event.type}\n${transactionId}\n${data.occurredAt}\n${stop}\n${values}`);
  station.unknown.add(transactionId);
  if (station.orphans.some((orphan) => orphan.id === id)) return;
  if (station.orphans.length >= batch.quarantineMax) {
    batch.dropped += 1;
    return;
  }
  const first = !station.orphans.some((orphan) => orphan.transactionId === transactionId && orphan.type === event.type);
  const orphan: QuarantinedDocument = {
    id,
    factId: event.id,
    stationId: station.stationId,
    type: event.type,
    transactionId,
    reason: 'UnknownTransaction',
    at: data.occurredAt,
    fact: data,
    openOn: station.stationId,
  };
  station.orphans.push(orphan);
  batch.quarantined.set(id, orphan);
  batch.unsettled.set(station, event);
  // One alert for a stop; for readings one for the transaction.
  if (event.type === ENDED || first) batch.orphaned.set(id, { orphan, cause: event });
}

/** A start was seen: what was put aside under its transaction id is its own. */
export function adoptOrphans(batch: Batch, station: StationEntry, entry: SessionEntry): void {
  const { start } = entry.claims;
  if (station.orphans.length === 0 || start === undefined) return;
  const startedAt = trueTime(start.startedAt, start);
  for (let i = 0; i < station.orphans.length; i++) {
    const orphan = station.orphans[i];
    if (orphan === undefined || orphan.transactionId !== entry.identity.transactionId) continue;
    const event = orphanEvent(orphan);
    if (trueTime(event.data.occurredAt, { receivedAt: event.data.receivedAt, offline: true }) < startedAt - ADOPT_SLACK_MS) continue;
    station.orphans.splice(i, 1);
    i -= 1;
    retract(batch, station, orphan);
    const { openOn: _, ...rest } = orphan;
    batch.quarantined.set(orphan.id, { ...rest, matchedSessionId: entry.sessionId });
    batch.orphaned.delete(orphan.id);
    const cause: Cause = { id: orphan.factId };
    batch.note(entry, event.data, cause);
    if (event.type === 'voltlog.connection.TransactionEnded.v1')
      batch.record(entry, { kind: 'Ended', end: endOf(event.data, 'Reported') }, cause);
  }
}

/** Looks at all sessions and stray stops of a station together: who was superseded, and which stop fits which session. */
export function settleStation(batch: Batch, station: StationEntry, cause: Cause): void {
  if (station.sessions.length > 1) supersede(batch, station, cause);
  if (station.orphans.length > 0) matchStops(batch, station, cause);
}

function supersede(batch: Batch, station: StationEntry, cause: Cause): void {
  for (const { sessionId, end } of supersessions(station.sessions)) {
    const entry = station.sessions.find((session) => session.sessionId === sessionId);
    if (entry !== undefined) batch.record(entry, { kind: 'Ended', end }, cause, `${cause.id}#Superseded`);
  }
}

function matchStops(batch: Batch, station: StationEntry, cause: Cause): void {
  const stops = station.orphans.filter((orphan) => orphan.type === ENDED);
  if (stops.length === 0) return;
  const matches = matchOrphans(station.sessions, stops.map(orphanEnd));
  for (const orphan of stops) {
    const sessionId = matches.get(orphan.id);
    if (sessionId === orphan.matchedSessionId) continue;
    retract(batch, station, orphan);
    const { matchedSessionId: _, ...rest } = orphan;
    const settled: QuarantinedDocument = sessionId === undefined ? rest : { ...rest, matchedSessionId: sessionId };
    station.orphans[station.orphans.indexOf(orphan)] = settled;
    batch.quarantined.set(orphan.id, settled);
    const entry = station.sessions.find((session) => session.sessionId === sessionId);
    if (entry === undefined) continue;
    batch.orphaned.delete(orphan.id);
    batch.record(entry, { kind: 'Ended', end: orphanEnd(settled).end }, cause, `${cause.id}#Matched#${orphan.id}`);
  }
}

function retract(batch: Batch, station: StationEntry, orphan: QuarantinedDocument): void {
  const entry =
    orphan.matchedSessionId === undefined ? undefined : station.sessions.find((session) => session.sessionId === orphan.matchedSessionId);
  if (entry !== undefined)
    batch.record(entry, { kind: 'EndRetracted', factId: orphan.id }, { id: orphan.factId }, `${orphan.id}#Retracted`);
}

function orphanEnd(orphan: QuarantinedDocument): OrphanEnd {
  const fact = orphan.fact as TransactionEnded;
  return { factId: orphan.id, evseId: fact.evseId, connectorId: fact.connectorId, end: endOf(fact, 'Matched', orphan.id) };
}

/** Decodes what was stored: it was an {@link OrphanEvent}. */
function orphanEvent(orphan: QuarantinedDocument): OrphanEvent {
  return { id: orphan.factId, type: orphan.type, source: '', subject: orphan.stationId, time: orphan.at, data: orphan.fact } as OrphanEvent;
}
