import type { ConnectorStatusReported } from '@voltlog/connection-contract';
import { awaitsUnplug, effectiveEnd, freedAfter, trueTime } from '@voltlog/session-domain';
import type { Batch, Cause } from './batch.js';
import type { ConnectorStatus, SessionEntry, StationEntry } from './station-cache.js';

/** 1.6 tells how far a charge is by the status of its connector. Sources: OCPP 1.6 §4.9, OCPP 2.1 ChargingStateEnumType. */
const STATES: Readonly<Record<string, string>> = {
  Charging: 'Charging',
  SuspendedEV: 'SuspendedEV',
  SuspendedEVSE: 'SuspendedEVSE',
  Finishing: 'EVConnected',
};

/** A status may be told this much before the start it belongs to. */
const BEFORE_START_MS = 60_000;
/** Stations round their own clock. */
const SLACK_MS = 2_000;

/** Gives the status of a connector to the session that is, or last was, on it. */
export function statusReported(batch: Batch, station: StationEntry, fact: ConnectorStatusReported, cause: Cause): void {
  const { evseId, connectorId, status, detail, errorCode, occurredAt: at, receivedAt } = fact;
  const told: ConnectorStatus = {
    evseId,
    connectorId,
    status,
    at,
    receivedAt,
    ...(detail === undefined ? {} : { detail }),
    ...(errorCode === undefined ? {} : { errorCode }),
  };
  const key = `${evseId}/${connectorId}`;
  const known = station.statuses.get(key);
  if (known === undefined || known.at <= at) station.statuses.set(key, told);
  const entry = sessionAt(station, told);
  if (entry !== undefined) apply(batch, entry, told, cause);
}

/** A start was seen: the status its connector told before may be its first. */
export function adoptStatus(batch: Batch, station: StationEntry, entry: SessionEntry, cause: Cause): void {
  const { start, place } = entry.claims;
  if (start === undefined || place === undefined) return;
  const told = station.statuses.get(`${place.evseId}/${place.connectorId}`);
  if (told === undefined) return;
  const sinceStartMs = timeOf(told) - trueTime(start.startedAt, start);
  if (sinceStartMs < -BEFORE_START_MS || sessionAt(station, told) !== entry) return;
  apply(batch, entry, told, cause);
}

/** A later session is on the EVSE: nobody waits any more for the connector to become free after an earlier one. */
export function letGoBefore(batch: Batch, station: StationEntry, next: SessionEntry, cause: Cause): void {
  const startedAt = next.claims.start?.startedAt ?? '';
  for (const entry of station.sessions) {
    const { claims } = entry;
    if (entry === next || entry.abandoned || !awaitsUnplug(claims) || claims.place?.evseId !== next.claims.place?.evseId) continue;
    if ((claims.start?.startedAt ?? '') > startedAt) continue;
    entry.abandoned = true;
    batch.touched.set(entry, cause);
  }
}

/** The session that began last on the connector before the status; a status just before a start belongs to it. */
function sessionAt(station: StationEntry, told: ConnectorStatus): SessionEntry | undefined {
  const at = timeOf(told);
  const slackMs = told.status === 'Available' ? 0 : SLACK_MS;
  let found: SessionEntry | undefined;
  let foundAt = Number.NEGATIVE_INFINITY;
  for (const entry of station.sessions) {
    const { start, place } = entry.claims;
    if (start === undefined || place?.evseId !== told.evseId) continue;
    if (place.connectorId !== 0 && told.connectorId !== 0 && place.connectorId !== told.connectorId) continue;
    const startedAt = trueTime(start.startedAt, start);
    const slack = isFlowing(told) ? BEFORE_START_MS : slackMs;
    // By the station's own clock, however wrong; or by ours, if it was set meanwhile.
    const begun = Date.parse(start.startedAt) <= Date.parse(told.at) + slack || startedAt <= at + slack;
    if (!begun || startedAt < foundAt) continue;
    found = entry;
    foundAt = startedAt;
  }
  return found;
}

function apply(batch: Batch, entry: SessionEntry, told: ConnectorStatus, cause: Cause): void {
  const { claims, readings } = entry;
  const end = effectiveEnd(claims, readings);
  const { at, receivedAt } = told;
  const isWell = told.status !== 'Faulted' && claims.fault !== undefined && claims.fault.at < at;
  if (isWell && (claims.faultCleared?.at ?? '') <= claims.fault.at)
    batch.record(entry, { kind: 'FaultCleared', cleared: { at, receivedAt } }, cause, `${cause.id}#FaultCleared`);
  switch (told.status) {
    case 'Available':
      if (freedAfter(claims, readings) !== undefined) return;
      batch.record(entry, { kind: 'Freed', freed: { at, receivedAt } }, cause, `${cause.id}#Freed`);
      return;
    case 'Faulted': {
      if (end !== undefined && !awaitsUnplug(claims)) return;
      const { errorCode } = told;
      const fault = { at, receivedAt, ...(errorCode === undefined ? {} : { errorCode }) };
      batch.record(entry, { kind: 'Fault', fault }, cause, `${cause.id}#Fault`);
      return;
    }
    default: {
      const value = STATES[told.detail ?? ''];
      // After the end it is the next car's, unless it says that this one is still there.
      if (value === undefined || (end !== undefined && value !== 'EVConnected' && at > end.endedAt)) return;
      batch.noteState(entry, { seqNo: -1, at, value }, cause);
    }
  }
}

const isFlowing = (told: ConnectorStatus): boolean => told.detail !== undefined && told.detail !== 'Finishing' && told.detail in STATES;

const timeOf = (told: ConnectorStatus): number => trueTime(told.at, { receivedAt: told.receivedAt, offline: true });
