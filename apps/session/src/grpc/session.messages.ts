import type { SampledValue } from '@voltlog/connection-contract';
import { sessionV1 } from '@voltlog/proto';
import type { Readings } from '@voltlog/session-domain';
import { outcomeOf } from '@voltlog/session-domain';
import type { Commit } from '@voltlog/store';
import type { MeterValueDocument, QuarantinedDocument, SessionDocument } from '../store/session-documents.js';

/** A session as it is told: the claims of its stream and its readings, joined now. */
export function toSession(document: SessionDocument, readings: Readings): sessionV1.Session {
  const { claims } = document;
  const outcome = outcomeOf(claims, readings);
  return {
    sessionId: document.id,
    stationId: document.stationId,
    evseId: claims.place?.evseId ?? 0,
    connectorId: claims.place?.connectorId ?? 0,
    transactionId: document.transactionId,
    state: outcome.state === 'Active' ? sessionV1.SessionState.ACTIVE : sessionV1.SessionState.ENDED,
    idToken: outcome.idToken,
    authorizationStatus: outcome.authorizationStatus ?? '',
    startedAt: outcome.startedAt,
    endedAt: outcome.endedAt,
    energyWh: outcome.energyWh,
    meterStartWh: outcome.meterStartWh,
    meterStopWh: outcome.meterStopWh,
    powerW: readings.power?.value,
    stateOfChargePercent: readings.stateOfCharge?.value,
    chargingState: readings.charging?.value ?? claims.charging?.value ?? '',
    stoppedReason: outcome.stoppedReason ?? '',
    flags: [...outcome.flags],
    lastReadingAt: readings.lastReadingAt,
    updatedAt:
      readings.lastReceivedAt !== undefined && readings.lastReceivedAt > document.updatedAt ? readings.lastReceivedAt : document.updatedAt,
    ocppVersion: claims.identity?.ocppVersion ?? '',
    version: document.version,
    incomplete: outcome.incomplete,
  };
}

export function toMeterValue(value: MeterValueDocument): sessionV1.MeterValue {
  return { at: value.at, samples: value.samples.map(toSample) };
}

export function toSessionEvents(commit: Commit): sessionV1.SessionEvent[] {
  return commit.events.map((event) => ({
    eventId: event.id,
    type: event.type,
    at: event.time,
    version: commit.version,
    causationId: commit.causationId,
    dataJson: JSON.stringify(event.data),
  }));
}

export function toQuarantined(document: QuarantinedDocument): sessionV1.QuarantinedFact {
  return {
    factId: document.factId,
    stationId: document.stationId,
    type: document.type,
    reason: document.reason,
    at: document.at,
    dataJson: JSON.stringify(document.fact),
    matchedSessionId: document.matchedSessionId ?? '',
  };
}

const toSample = (sample: SampledValue): sessionV1.SampledValue => ({
  measurand: sample.measurand,
  value: sample.value,
  unit: sample.unit,
  phase: sample.phase ?? '',
  location: sample.location ?? '',
  context: sample.context ?? '',
});
