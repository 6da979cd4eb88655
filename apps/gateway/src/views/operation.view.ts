import type { deviceOperationV1 } from '@voltlog/proto';
import { z } from 'zod';
import { connectorId, evseId, identifier, instant, instantIn, orNull, pageOf, pageQuery, stationId } from './common.js';

const reason = z.string().max(255).default('');
const bootStatus = z.enum(['Accepted', 'Pending', 'Rejected']);
const place = {
  evseId: evseId.default(0).meta({ description: '0: the whole station' }),
  connectorId: connectorId.default(0).meta({ description: '0: the whole EVSE' }),
};

export const bootBody = z
  .strictObject({
    status: bootStatus.meta({ description: 'Pending: the station is provisioned first, then accepted' }),
    intervalSeconds: z.int().min(1).max(86_400).default(60).meta({ description: 'until a station that is not accepted asks again' }),
    reason,
  })
  .meta({ id: 'BootDecision' });

export const availabilityBody = z.strictObject({ operative: z.boolean(), ...place, reason }).meta({ id: 'AvailabilityIntent' });
export const newOutage = z.strictObject({ ...place, from: instantIn, until: instantIn, reason }).meta({ id: 'NewOutage' });
export const outageId = identifier('outageId', 64);

const placeView = { evseId: z.int(), connectorId: z.int() };
export const operationView = z
  .object({
    stationId: z.string(),
    boot: z.object({ status: bootStatus, intervalSeconds: z.int().nullable() }).meta({ description: 'what the next boot is answered' }),
    registration: bootStatus.nullable().meta({ description: 'what the last boot was answered' }),
    inoperative: z.array(z.object({ ...placeView, reason: z.string().nullable(), since: instant.nullable() })),
    outages: z
      .array(
        z.object({
          outageId: z.string(),
          ...placeView,
          from: instant.nullable(),
          until: instant.nullable(),
          reason: z.string().nullable(),
        }),
      )
      .meta({ description: 'to come, or under way' }),
  })
  .meta({ id: 'StationOperation' });

export const alertQuery = pageQuery.extend({
  stationId: stationId.optional(),
  state: z.enum(['open', 'cleared', 'all']).default('open').meta({ description: '`open`: also those that are acknowledged' }),
});
export const alertId = identifier('alertId', 80);
export const alertNote = z.strictObject({ note: reason }).meta({ id: 'AlertNote' });
export const alertView = z
  .object({
    alertId: z.string(),
    stationId: z.string().nullable().meta({ description: 'null: of work on many stations, as `subject` says' }),
    source: z.enum(['Monitor', 'SecurityEvent', 'Boot', 'Configuration', 'Firmware', 'Job', 'Campaign', 'Move']),
    severity: z.int().meta({ description: '0 danger to 9 debug' }),
    subject: z.string(),
    detail: z.string(),
    ...placeView,
    value: z.string().nullable(),
    state: z.enum(['Open', 'Acknowledged', 'Cleared']),
    note: z.string().nullable(),
    occurredAt: instant.nullable(),
    openedAt: instant.nullable(),
    clearedAt: instant.nullable(),
    clearedBy: z.enum(['Station', 'Operator', 'Platform']).nullable(),
  })
  .meta({ id: 'Alert' });
export const alertPage = pageOf(alertView, 'AlertPage');

type OperationView = z.input<typeof operationView>;
type AlertView = z.input<typeof alertView>;

export const toOperation = (operation: deviceOperationV1.Operation): OperationView => ({
  stationId: operation.stationId,
  boot: {
    status: operation.bootStatus as OperationView['boot']['status'],
    intervalSeconds: operation.bootIntervalSeconds === 0 ? null : operation.bootIntervalSeconds,
  },
  registration: operation.registration === '' ? null : (operation.registration as OperationView['registration']),
  inoperative: operation.inoperative.map((each) => ({ ...placeOf(each.place), reason: orNull(each.reason), since: each.since ?? null })),
  outages: operation.outages.map((each) => ({
    outageId: each.outageId,
    ...placeOf(each.place),
    from: each.from ?? null,
    until: each.until ?? null,
    reason: orNull(each.reason),
  })),
});

export const toAlert = (alert: deviceOperationV1.Alert): AlertView => ({
  alertId: alert.alertId,
  stationId: orNull(alert.stationId),
  source: alert.source as AlertView['source'],
  severity: alert.severity,
  subject: alert.subject,
  detail: alert.detail,
  ...placeOf(alert.place),
  value: orNull(alert.value),
  state: alert.state as AlertView['state'],
  note: orNull(alert.note),
  occurredAt: alert.occurredAt ?? null,
  openedAt: alert.openedAt ?? null,
  clearedAt: alert.clearedAt ?? null,
  clearedBy: alert.clearedBy === '' ? null : (alert.clearedBy as AlertView['clearedBy']),
});

const placeOf = (told: deviceOperationV1.Place | undefined) => ({ evseId: told?.evseId ?? 0, connectorId: told?.connectorId ?? 0 });
