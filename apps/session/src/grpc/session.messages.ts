import type { SampledValue } from '@voltlog/connection-contract';
import { sessionV1 } from '@voltlog/proto';
import type { LimitDimension, SessionLimit } from '@voltlog/session-contract';
import type { Overshoot, Readings, SessionClaims } from '@voltlog/session-domain';
import {
  effectiveEnd,
  elapsedMs,
  endCauseOf,
  freedAfter,
  limitOf,
  outcomeOf,
  overshootsOf,
  secondsOf,
  sessionCost,
} from '@voltlog/session-domain';
import type { Commit } from '@voltlog/store';
import type { MeterValueDocument, QuarantinedDocument, SessionDocument, SessionNoticeDocument } from '../store/session-documents.js';

/** What is shown of a session's document. */
export type ShownSession = Pick<SessionDocument, 'id' | 'stationId' | 'transactionId' | 'version' | 'claims' | 'updatedAt'>;

/** A session as it is told: the claims of its stream and its readings, joined now (`nowMs`, our clock). */
export function toSession(document: ShownSession, readings: Readings, nowMs: number): sessionV1.Session {
  const { claims } = document;
  const outcome = outcomeOf(claims, readings);
  const ended = endCauseOf(claims, readings);
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
    limit: toLimit(limitOf(claims)),
    durationSeconds: Math.round(secondsOf(claims, readings, nowMs)),
    cost: sessionCost(claims, readings, nowMs)?.total,
    milestones: toMilestones(claims, outcome.state === 'Ended'),
    groupId: claims.token?.authorization?.groupId ?? '',
    contractId: claims.token?.authorization?.contractId ?? '',
    reservationNumber: claims.start?.reservationId ?? 0,
    startRequestId: claims.startRequestId ?? '',
    endCause: ended?.cause ?? '',
    stoppedBy: ended?.stoppedBy,
    stop: outcome.state === 'Active' ? toStop(claims) : undefined,
    ...afterEnd(claims, readings),
  };
}

export const toLimit = (limit: SessionLimit | undefined): sessionV1.SessionLimit | undefined =>
  limit === undefined
    ? undefined
    : {
        energyWh: limit.energyWh,
        durationSeconds: limit.durationSeconds,
        cost: limit.cost,
        stateOfChargePercent: limit.stateOfChargePercent,
      };

function toStop({ stop }: SessionClaims): sessionV1.SessionStop | undefined {
  if (stop === undefined || stop.withdrawn) return undefined;
  const { cause, attempt, firstAttempt, at, status = '', escalated = false } = stop;
  return { cause, attempts: attempt - firstAttempt + 1, requestedAt: at, status, escalated };
}

/** In order of the station's time; without those of an end that turned out to be none. */
const toMilestones = ({ milestones = [] }: SessionClaims, ended: boolean): sessionV1.Milestone[] =>
  milestones
    .filter(({ milestone }) => ended || (milestone !== 'ChargingEnded' && milestone !== 'SessionEnded'))
    .sort((a, b) => (a.at === b.at ? 0 : a.at < b.at ? -1 : 1))
    .map(({ milestone, at, stateOfChargePercent, dimension }) => ({
      kind: milestone,
      at,
      stateOfChargePercent,
      dimension: dimension ?? '',
    }));

/** When the connector was free, how long it was held after the end, and by how much a limit was passed. */
function afterEnd(
  claims: SessionClaims,
  readings: Readings,
): Pick<sessionV1.Session, 'unpluggedAt' | 'idleSeconds' | 'overshootWh' | 'overshootSeconds' | 'overshootCost' | 'overshootPercent'> {
  const end = effectiveEnd(claims, readings);
  const freed = freedAfter(claims, readings);
  const overshoots = overshootsOf(claims, readings);
  const beyond = (which: LimitDimension): Partial<Overshoot> => overshoots.find(({ dimension }) => dimension === which) ?? {};
  const known = {
    overshootWh: beyond('energy').by,
    overshootSeconds: beyond('duration').by,
    overshootCost: beyond('cost').cost,
    overshootPercent: beyond('stateOfCharge').by,
  };
  if (end === undefined || freed === undefined) return { unpluggedAt: undefined, idleSeconds: undefined, ...known };
  const idleMs = elapsedMs({ ...end, at: end.endedAt }, { ...freed, offline: end.offline });
  return { unpluggedAt: freed.at < end.endedAt ? end.endedAt : freed.at, idleSeconds: Math.round(idleMs / 1_000), ...known };
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

export const toSessionNotice = ({ id, kind, receivedAt, evseId, details }: SessionNoticeDocument): sessionV1.SessionNotice => ({
  noticeId: id,
  kind,
  at: receivedAt,
  evseId,
  detailsJson: JSON.stringify(details),
});

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
