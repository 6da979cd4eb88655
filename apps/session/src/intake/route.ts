import type {
  CommandAnswered,
  MeterValuesReported,
  StationBooted,
  StationFacts,
  TransactionEnded,
  TransactionFact,
  TransactionStarted,
  TransactionUpdated,
} from '@voltlog/connection-contract';
import type { EventOf } from '@voltlog/kernel';
import { chooseSession, detectedClaim, effectiveEnd, endOf, startClaim, tokenClaim, trueTime } from '@voltlog/session-domain';
import { sameTransaction, sessionIdOf } from '../session-id.js';
import { askedFor, matchUpdate } from './asked-starts.js';
import type { Batch, Cause } from './batch.js';
import { adoptStatus, letGoBefore, statusReported } from './connector-status.js';
import { adoptOrphans, quarantine } from './quarantine.js';
import type { SessionEntry, StationEntry } from './station-cache.js';
import { identityOf, newEntry } from './station-cache.js';

export type StationEvent = EventOf<StationFacts>;

/** The facts that say something about sessions. */
export const SESSION_FACT_TYPES = [
  'voltlog.connection.TransactionStarted.v1',
  'voltlog.connection.TransactionUpdated.v1',
  'voltlog.connection.TransactionEnded.v1',
  'voltlog.connection.MeterValuesReported.v1',
  'voltlog.connection.StationBooted.v1',
  'voltlog.connection.ConnectorStatusReported.v1',
  'voltlog.connection.CommandAnswered.v1',
] as const satisfies readonly (keyof StationFacts)[];

/** Takes one fact into memory: finds its session (or makes it, or puts the fact aside) and notes what it says. */
export function route(batch: Batch, station: StationEntry, event: StationEvent): void {
  switch (event.type) {
    case 'voltlog.connection.TransactionStarted.v1':
      return started(batch, station, event.data, event);
    case 'voltlog.connection.TransactionUpdated.v1':
      return updated(batch, station, event);
    case 'voltlog.connection.TransactionEnded.v1':
      return ended(batch, station, event);
    case 'voltlog.connection.MeterValuesReported.v1':
      return metered(batch, station, event);
    case 'voltlog.connection.StationBooted.v1':
      return booted(batch, station, event.data, event);
    case 'voltlog.connection.ConnectorStatusReported.v1':
      return statusReported(batch, station, event.data, event);
    case 'voltlog.connection.CommandAnswered.v1':
      return answered(batch, station, event.data, event);
    default:
  }
}

/** False: nothing to look at, e.g. values that belong to no transaction. */
export function concernsSessions(event: StationEvent): boolean {
  switch (event.type) {
    case 'voltlog.connection.StationBooted.v1':
      return true;
    case 'voltlog.connection.ConnectorStatusReported.v1':
      return event.data.evseId !== 0;
    default:
      return transactionIdOf(event) !== undefined;
  }
}

/** The transaction a fact is about; undefined: none, or none that is told. */
export function transactionIdOf(event: StationEvent): string | undefined {
  switch (event.type) {
    case 'voltlog.connection.TransactionStarted.v1':
    case 'voltlog.connection.TransactionUpdated.v1':
    case 'voltlog.connection.TransactionEnded.v1':
    case 'voltlog.connection.MeterValuesReported.v1':
      return event.data.transactionId;
    case 'voltlog.connection.CommandAnswered.v1':
      return askedTransaction(event.data);
    default:
      return undefined;
  }
}

/**
 * The session of a start message; of 1.6 also one whose id was made before ids began with the time. A 2.x station that uses a transaction id again after that transaction's end gets a session of its
 * own, told apart by the start time.
 *
 * @param sessionId `startIdOf` the start
 */
export function startedSessionId(station: StationEntry, fact: TransactionStarted, sessionId: string): string {
  if (fact.ocppVersion === 'ocpp1.6')
    return station.sessions.find((session) => sameTransaction(session.sessionId, sessionId))?.sessionId ?? sessionId;
  const known = findById(station, sessionId);
  const { start, reported } = known?.claims ?? {};
  if (start === undefined || reported === undefined || start.startedAt === fact.occurredAt) return sessionId;
  return trueTime(fact.occurredAt, fact) > trueTime(reported.endedAt, reported)
    ? sessionIdOf(fact.stationId, `${fact.transactionKey}\n${fact.occurredAt}`)
    : sessionId;
}

export const findById = (station: StationEntry, sessionId: string): SessionEntry | undefined =>
  station.sessions.find((session) => session.sessionId === sessionId);

/** The session under a transaction id; of several the one that fits the time. */
export function findByTransaction(station: StationEntry, transactionId: string, at: () => number): SessionEntry | undefined {
  let found: SessionEntry | undefined;
  for (const session of station.sessions) {
    if (session.identity.transactionId !== transactionId) continue;
    if (found !== undefined) {
      return chooseSession(
        station.sessions.filter((each) => each.identity.transactionId === transactionId),
        at(),
      );
    }
    found = session;
  }
  return found;
}

function started(batch: Batch, station: StationEntry, fact: TransactionStarted, cause: Cause): void {
  const sessionId = startedSessionId(station, fact, batch.startIdOf(fact));
  const entry = findById(station, sessionId) ?? addSession(station, sessionId, fact, fact.transactionId);
  batch.record(entry, askedFor(batch, entry, startClaim(fact), fact), cause);
  batch.note(entry, fact, cause);
  batch.unsettled.set(station, cause);
  letGoBefore(batch, station, entry, cause);
  adoptOrphans(batch, station, entry);
  adoptStatus(batch, station, entry, cause);
}

function updated(
  batch: Batch,
  station: StationEntry,
  event: Extract<StationEvent, { type: 'voltlog.connection.TransactionUpdated.v1' }>,
): void {
  const fact: TransactionUpdated = event.data;
  const entry = sessionOf(station, fact);
  if (entry === undefined) return quarantine(batch, station, event, fact.transactionId);
  recordPlaceAndToken(batch, entry, fact, event);
  if (fact.remoteStartId !== undefined) matchUpdate(batch, entry, fact, event);
  batch.note(entry, fact, event);
}

function ended(
  batch: Batch,
  station: StationEntry,
  event: Extract<StationEvent, { type: 'voltlog.connection.TransactionEnded.v1' }>,
): void {
  const fact: TransactionEnded = event.data;
  const entry = sessionOf(station, fact);
  if (entry === undefined) return quarantine(batch, station, event, fact.transactionId);
  const detected = detectedClaim(fact, entry.claims);
  if (detected !== undefined) batch.record(entry, detected, event, `${event.id}#Detected`);
  batch.note(entry, fact, event);
  batch.record(entry, { kind: 'Ended', end: endOf(fact, 'Reported') }, event);
  batch.unsettled.set(station, event);
}

function metered(
  batch: Batch,
  station: StationEntry,
  event: Extract<StationEvent, { type: 'voltlog.connection.MeterValuesReported.v1' }>,
): void {
  const fact: MeterValuesReported = event.data;
  const { transactionId } = fact;
  // Values outside of any transaction are the station's, not a session's.
  if (transactionId === undefined) return;
  const entry = findByTransaction(station, transactionId, () => trueTime(fact.occurredAt, { receivedAt: fact.receivedAt, offline: true }));
  if (entry === undefined) return quarantine(batch, station, event, transactionId);
  batch.note(entry, fact, event);
}

function booted(batch: Batch, station: StationEntry, fact: StationBooted, cause: Cause): void {
  for (const entry of station.sessions) {
    if (effectiveEnd(entry.claims, entry.readings) !== undefined) continue;
    batch.record(
      entry,
      { kind: 'Interrupted', interruption: { at: fact.occurredAt, receivedAt: fact.receivedAt, reason: fact.reason } },
      cause,
    );
  }
}

/** OCPP 2.0.1 Part 2 E14: what the station says about a transaction and its queue. */
function answered(batch: Batch, station: StationEntry, fact: CommandAnswered, cause: Cause): void {
  const transactionId = askedTransaction(fact);
  if (transactionId === undefined) return;
  const messagesInQueue = field(fact.response, 'messagesInQueue');
  if (typeof messagesInQueue !== 'boolean') return;
  const ongoing = field(fact.response, 'ongoingIndicator');
  const known = findByTransaction(station, transactionId, () => Date.parse(fact.receivedAt));
  // A mistyped id must not make a session.
  if (known === undefined && !messagesInQueue && ongoing !== true) return;
  const entry = known ?? addSession(station, sessionIdOf(fact.stationId, transactionId), fact, transactionId);
  const queue = { messagesInQueue, receivedAt: fact.receivedAt, ...(typeof ongoing === 'boolean' ? { ongoing } : {}) };
  batch.record(entry, { kind: 'Queue', queue }, cause);
}

/** For 2.x the session is known by the transaction id alone, so a message may come before the start. For 1.6 it may not. */
function sessionOf(station: StationEntry, fact: TransactionFact): SessionEntry | undefined {
  const found = findByTransaction(station, fact.transactionId, () => trueTime(fact.occurredAt, fact));
  if (found !== undefined || fact.ocppVersion === 'ocpp1.6') return found;
  return addSession(station, sessionIdOf(fact.stationId, fact.transactionId), fact, fact.transactionId);
}

function addSession(
  station: StationEntry,
  sessionId: string,
  fact: Pick<TransactionFact, 'stationId' | 'ocppVersion'>,
  transactionId: string,
): SessionEntry {
  const entry = newEntry(identityOf(sessionId, fact, transactionId));
  station.sessions.push(entry);
  station.unknown.delete(transactionId);
  return entry;
}

function recordPlaceAndToken(batch: Batch, entry: SessionEntry, fact: TransactionFact, cause: Cause): void {
  const detected = detectedClaim(fact, entry.claims);
  if (detected !== undefined) batch.record(entry, detected, cause, `${cause.id}#Detected`);
  const token = tokenClaim(fact);
  if (token !== undefined) batch.record(entry, token, cause);
}

function askedTransaction(fact: CommandAnswered): string | undefined {
  if (fact.action !== 'GetTransactionStatus') return undefined;
  const transactionId = field(fact.request, 'transactionId');
  return typeof transactionId === 'string' && transactionId !== '' ? transactionId : undefined;
}

function field(value: unknown, name: string): unknown {
  return value !== null && typeof value === 'object' ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}
