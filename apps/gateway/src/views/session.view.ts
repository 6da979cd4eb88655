import { sessionV1 } from '@voltlog/proto';
import { z } from 'zod';
import { instant, orNull, pageOf, pageQuery, parsed, wordOf } from './common.js';

const moneyView = z.object({ amount: z.string(), currency: z.string() });

export const sessionView = z
  .object({
    sessionId: z.string(),
    stationId: z.string(),
    evseId: z.int(),
    connectorId: z.int(),
    transactionId: z.string().nullable(),
    state: z.enum(['Active', 'Ended']),
    idToken: z.string().nullable(),
    idTokenType: z.string().nullable(),
    authorizationStatus: z.string().nullable(),
    startedAt: instant.nullable().meta({ description: "by the station's clock" }),
    endedAt: instant.nullable(),
    energyWh: z.number(),
    meterStartWh: z.number().nullable(),
    meterStopWh: z.number().nullable(),
    powerW: z.number().nullable(),
    stateOfChargePercent: z.number().nullable(),
    chargingState: z.string().nullable(),
    stoppedReason: z.string().nullable(),
    endCause: z.string().nullable().meta({
      description: 'who or what ended it: Limit, Driver, Operator, Group (another token of the same group); null: see stoppedReason',
    }),
    stoppedBy: z.string().nullable().meta({ description: 'the token that stopped it, where one was presented' }),
    flags: z.array(z.string()).meta({ description: 'what is odd about it: OfflineStart, TokenBlocked, RegisterFell, ...' }),
    incomplete: z.boolean().meta({ description: 'true while facts of the transaction are known to be missing' }),
    limit: z
      .object({
        energyWh: z.number().nullable(),
        durationSeconds: z.int().nullable(),
        cost: moneyView.nullable(),
        stateOfChargePercent: z.number().nullable(),
      })
      .nullable(),
    cost: moneyView.nullable().meta({ description: 'so far, by the price that held at the start' }),
    milestones: z.array(
      z.object({
        kind: z.string().meta({ description: 'ChargingStarted, BatteryAt, LimitReached, ChargingEnded, SessionEnded, ...' }),
        at: instant.nullable(),
        stateOfChargePercent: z.number().nullable(),
        dimension: z.string().nullable(),
      }),
    ),
    startRequestId: z.string().nullable(),
    stop: z
      .object({
        cause: z.string().meta({ description: 'Limit, Driver or Operator' }),
        attempts: z.int(),
        requestedAt: instant.nullable().meta({ description: 'the latest attempt' }),
        status: z.string().nullable().meta({ description: 'what came of it; accepted is not happened' }),
        escalated: z.boolean().meta({ description: 'the station does not stop; nobody asks it any more' }),
      })
      .nullable()
      .meta({ description: 'what was asked of the station and has not happened; null once the session ended' }),
    unpluggedAt: instant.nullable().meta({ description: 'when the connector was free again' }),
    durationSeconds: z.int().nullable().meta({
      description: "from the start to the end, by the station's clock unless that was set in between; null while it runs",
    }),
    idleSeconds: z.int().nullable().meta({ description: 'from the end until the connector was free' }),
    overshootWh: z.number().nullable(),
    overshootSeconds: z.int().nullable(),
    overshootCost: moneyView.nullable().meta({ description: 'beyond a limit in money' }),
    overshootPercent: z.number().nullable().meta({ description: 'beyond a limit of the state of charge, in percentage points' }),
    ocppVersion: z.string().nullable(),
    lastReadingAt: instant.nullable(),
    updatedAt: instant.nullable(),
    version: z.int(),
  })
  .meta({ id: 'Session' });

export const toSession = (session: sessionV1.Session): z.input<typeof sessionView> => ({
  sessionId: session.sessionId,
  stationId: session.stationId,
  evseId: session.evseId,
  connectorId: session.connectorId,
  transactionId: orNull(session.transactionId),
  state: session.state === sessionV1.SessionState.ENDED ? 'Ended' : 'Active',
  idToken: orNull(session.idToken?.idToken),
  idTokenType: orNull(session.idToken?.type),
  authorizationStatus: orNull(session.authorizationStatus),
  startedAt: session.startedAt ?? null,
  endedAt: session.endedAt ?? null,
  energyWh: session.energyWh,
  meterStartWh: session.meterStartWh ?? null,
  meterStopWh: session.meterStopWh ?? null,
  powerW: session.powerW ?? null,
  stateOfChargePercent: session.stateOfChargePercent ?? null,
  chargingState: orNull(session.chargingState),
  stoppedReason: orNull(session.stoppedReason),
  endCause: orNull(session.endCause),
  stoppedBy: orNull(session.stoppedBy?.idToken),
  flags: session.flags,
  incomplete: session.incomplete,
  limit:
    session.limit === undefined
      ? null
      : {
          energyWh: session.limit.energyWh ?? null,
          durationSeconds: session.limit.durationSeconds ?? null,
          cost: session.limit.cost ?? null,
          stateOfChargePercent: session.limit.stateOfChargePercent ?? null,
        },
  cost: session.cost ?? null,
  milestones: session.milestones.map(({ kind, at, stateOfChargePercent, dimension }) => ({
    kind,
    at: at ?? null,
    stateOfChargePercent: stateOfChargePercent ?? null,
    dimension: orNull(dimension),
  })),
  startRequestId: orNull(session.startRequestId),
  stop: toStop(session.stop),
  unpluggedAt: session.unpluggedAt ?? null,
  durationSeconds: session.state === sessionV1.SessionState.ENDED ? session.durationSeconds : null,
  idleSeconds: session.idleSeconds ?? null,
  overshootWh: session.overshootWh ?? null,
  overshootSeconds: session.overshootSeconds ?? null,
  overshootCost: session.overshootCost ?? null,
  overshootPercent: session.overshootPercent ?? null,
  ocppVersion: orNull(session.ocppVersion),
  lastReadingAt: session.lastReadingAt ?? null,
  updatedAt: session.updatedAt ?? null,
  version: session.version,
});

const toStop = (stop: sessionV1.SessionStop | undefined): z.input<typeof sessionView>['stop'] =>
  stop === undefined ? null : { ...stop, requestedAt: stop.requestedAt ?? null, status: orNull(stop.status) };

export const sessionPage = pageOf(sessionView, 'SessionPage');
export const sessionQuery = pageQuery.extend({
  stationId: z.string().max(48).default(''),
  state: z.enum(['Active', 'Ended']).optional(),
  idToken: z.string().max(255).default(''),
  transactionId: z.string().max(64).default(''),
});

export const toSessionState = (word: string | undefined): sessionV1.SessionState =>
  Object.values(sessionV1.SessionState).find((value) => wordOf(value, 'SESSION_STATE_') === word) ?? sessionV1.SessionState.UNSPECIFIED;

const sampleView = z
  .object({
    measurand: z.string(),
    value: z.number(),
    unit: z.string().nullable(),
    phase: z.string().nullable(),
    location: z.string(),
    context: z.string(),
  })
  .meta({ id: 'SampledValue' });
export const meterValueView = z.object({ at: instant.nullable(), samples: z.array(sampleView) }).meta({ id: 'MeterValue' });

export const toMeterValue = (value: sessionV1.MeterValue): z.input<typeof meterValueView> => ({
  at: value.at ?? null,
  samples: value.samples.map((sample) => ({
    measurand: sample.measurand,
    value: sample.value,
    unit: orNull(sample.unit),
    phase: orNull(sample.phase),
    // What OCPP takes where a station says nothing.
    location: sample.location || 'Outlet',
    context: sample.context || 'Sample.Periodic',
  })),
});
export const meterValuePage = pageOf(meterValueView, 'MeterValuePage');

export const sessionEventView = z
  .object({
    eventId: z.string(),
    type: z.string(),
    at: instant.nullable(),
    version: z.int(),
    causationId: z.string().nullable(),
    data: z.unknown(),
  })
  .meta({ id: 'SessionEvent' });

export const toSessionEvent = (event: sessionV1.SessionEvent): z.input<typeof sessionEventView> => ({
  eventId: event.eventId,
  type: event.type,
  at: event.at ?? null,
  version: event.version,
  causationId: orNull(event.causationId),
  data: parsed(event.dataJson),
});
export const sessionEventPage = pageOf(sessionEventView, 'SessionEventPage');

export const sessionNoticeView = z
  .object({
    noticeId: z.string().meta({ description: 'id of the fact on the log' }),
    kind: z.enum(['ChargingNeeds', 'ChargingSchedule', 'ExternalLimit', 'ExternalLimitCleared', 'PriorityCharging', 'Settlement']),
    at: instant.nullable(),
    evseId: z.int().meta({ description: '0: the whole station, or told by the transaction' }),
    details: z
      .object({
        requestedEnergyTransfer: z.string().optional(),
        departureAt: z.string().optional(),
        energyWh: z.number().optional(),
        energyWhMin: z.number().optional(),
        energyWhMax: z.number().optional(),
        stateOfChargePercent: z.number().optional(),
        fullStateOfChargePercent: z.number().optional(),
        batteryCapacityWh: z.number().optional(),
        controlMode: z.string().optional(),
        mobilityNeedsMode: z.string().optional(),
        source: z.string().optional().meta({ description: 'who limits: EMS, SO, ...' }),
        gridCritical: z.boolean().optional(),
        limit: z.number().optional().meta({ description: 'of the first period of the schedule' }),
        unit: z.string().optional().meta({ description: 'A or W' }),
        durationSeconds: z.number().optional(),
        activated: z.boolean().optional(),
        pspRef: z.string().optional(),
        status: z.string().optional(),
        amount: z.number().optional().meta({ description: 'in the currency of the payment, which the station does not tell' }),
        receiptId: z.string().optional(),
        receiptUrl: z.string().optional(),
      })
      .meta({ description: 'what was told; the rest is absent' }),
  })
  .meta({ id: 'SessionNotice' });
export const sessionNoticeList = z.object({ data: z.array(sessionNoticeView) }).meta({ id: 'SessionNotices' });

export const toSessionNotice = (notice: sessionV1.SessionNotice): z.input<typeof sessionNoticeView> => ({
  noticeId: notice.noticeId,
  kind: notice.kind as z.input<typeof sessionNoticeView>['kind'],
  at: notice.at ?? null,
  evseId: notice.evseId,
  details: parsed(notice.detailsJson) as z.input<typeof sessionNoticeView>['details'],
});

export const quarantinedView = z
  .object({
    factId: z.string(),
    stationId: z.string(),
    type: z.string(),
    reason: z.string(),
    at: instant.nullable(),
    matchedSessionId: z.string().nullable().meta({ description: 'set when a session was found later' }),
    data: z.unknown(),
  })
  .meta({ id: 'QuarantinedFact' });

export const toQuarantined = (fact: sessionV1.QuarantinedFact): z.input<typeof quarantinedView> => ({
  factId: fact.factId,
  stationId: fact.stationId,
  type: fact.type,
  reason: fact.reason,
  at: fact.at ?? null,
  matchedSessionId: orNull(fact.matchedSessionId),
  data: parsed(fact.dataJson),
});
export const quarantinedPage = pageOf(quarantinedView, 'QuarantinedFactPage');
export const quarantineQuery = pageQuery.extend({ stationId: z.string().max(48).default('') });
