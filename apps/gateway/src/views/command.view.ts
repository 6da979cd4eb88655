import type { connectionV1 } from '@voltlog/proto';
import { z } from 'zod';
import { COMMAND_MS_MAX } from '../services.js';
import { connectorId, evseId, instantIn } from './common.js';
import { idToken, idTokenType } from './token.view.js';

/** Milliseconds a command waits for its station when the caller does not say. */
const COMMAND_MS_DEFAULT = 30_000;
export const timeoutMs = z.int().min(1_000).max(COMMAND_MS_MAX).default(COMMAND_MS_DEFAULT);

/** OCPP reservationId: a 32-bit integer. */
const reservationNumber = z.int().min(0).max(2_147_483_647);

/** A variable of the device model. */
export const variable = z.strictObject({
  component: z.string().max(50).default('').meta({
    description: 'a 1.6 station is told the key that stands for the variable; empty or `1.6`: `name` is a configuration key of 1.6',
  }),
  componentInstance: z.string().max(50).optional(),
  name: z.string().min(1).max(50),
  instance: z.string().max(50).default(''),
  evseId: evseId.default(0),
  connectorId: connectorId.optional(),
  attributeType: z.enum(['Actual', 'Target', 'MinSet', 'MaxSet']).optional().meta({ description: 'absent: Actual' }),
});

const requestId = z.int().min(0).max(2_147_483_647).default(0).meta({ description: 'repeated in the parts of the report; 0: one is made' });
const severity = z.int().min(0).max(9).meta({ description: '0 danger to 9 debug' });
const selected = z
  .array(variable.extend({ name: z.string().max(50).default('').meta({ description: 'empty: all of the component' }) }))
  .max(100)
  .default([]);

/** The body of each command. */
export const commandBodies = {
  requestStart: z
    .strictObject({
      idToken,
      idTokenType: idTokenType.default('ISO14443'),
      evseId: evseId.default(0).meta({ description: '0: the station chooses' }),
      connectorId: connectorId.default(0).meta({ description: 'OCPP 1.6: the connector, counted over the station' }),
      remoteStartId: z.int().min(0).max(2_147_483_647).default(0),
      timeoutMs,
    })
    .meta({ id: 'RequestStart' }),
  requestStop: z.strictObject({ transactionId: z.string().min(1).max(36), timeoutMs }).meta({ id: 'RequestStop' }),
  reset: z
    .strictObject({ type: z.enum(['Immediate', 'OnIdle']).default('OnIdle'), evseId: evseId.default(0), timeoutMs })
    .meta({ id: 'Reset' }),
  changeAvailability: z
    .strictObject({ operative: z.boolean(), evseId: evseId.default(0), connectorId: connectorId.default(0), timeoutMs })
    .meta({ id: 'ChangeAvailability' }),
  unlockConnector: z
    .strictObject({ evseId: evseId.default(1), connectorId: connectorId.default(1), timeoutMs })
    .meta({ id: 'UnlockConnector' }),
  triggerMessage: z
    .strictObject({
      requestedMessage: z.string().min(1).max(50),
      evseId: evseId.default(0),
      connectorId: connectorId.default(0),
      timeoutMs,
    })
    .meta({ id: 'TriggerMessage' }),
  getVariables: z
    .strictObject({
      variables: z.array(variable).max(100).default([]).meta({ description: 'empty: all configuration keys (OCPP 1.6 only)' }),
      timeoutMs,
    })
    .meta({ id: 'GetVariables' }),
  setVariables: z
    .strictObject({
      variables: z
        .array(variable.extend({ value: z.string().max(2_500) }))
        .min(1)
        .max(100),
      timeoutMs,
    })
    .meta({ id: 'SetVariables' }),
  getBaseReport: z
    .strictObject({
      requestId,
      reportBase: z.enum(['ConfigurationInventory', 'FullInventory', 'SummaryInventory']).default('FullInventory'),
      timeoutMs,
    })
    .meta({
      id: 'GetBaseReport',
      description: 'The report alone; `POST /v1/stations/{stationId}/device-model/reports` follows it to its end.',
    }),
  getReport: z
    .strictObject({
      requestId,
      criteria: z
        .array(z.enum(['Active', 'Available', 'Enabled', 'Problem']))
        .max(4)
        .default([]),
      variables: selected,
      timeoutMs,
    })
    .meta({ id: 'GetReport' }),
  setVariableMonitoring: z
    .strictObject({
      monitors: z
        .array(
          z.strictObject({
            monitorId: z.int().min(0).max(2_147_483_647).default(0).meta({ description: 'of the monitor that is replaced; 0: a new one' }),
            variable,
            type: z.enum(['UpperThreshold', 'LowerThreshold', 'Delta', 'Periodic', 'PeriodicClockAligned']),
            value: z.number().meta({ description: 'a threshold in the unit of the variable, or seconds' }),
            severity,
            transaction: z.boolean().default(false).meta({ description: 'only while a transaction is going on' }),
          }),
        )
        .min(1)
        .max(100),
      timeoutMs,
    })
    .meta({ id: 'SetVariableMonitoring' }),
  clearVariableMonitoring: z
    .strictObject({ monitorIds: z.array(z.int().min(0).max(2_147_483_647)).min(1).max(100), timeoutMs })
    .meta({ id: 'ClearVariableMonitoring' }),
  getMonitoringReport: z
    .strictObject({
      requestId,
      criteria: z
        .array(z.enum(['ThresholdMonitoring', 'DeltaMonitoring', 'PeriodicMonitoring']))
        .max(3)
        .default([]),
      variables: selected,
      timeoutMs,
    })
    .meta({ id: 'GetMonitoringReport' }),
  setMonitoringBase: z
    .strictObject({ monitoringBase: z.enum(['All', 'FactoryDefault', 'HardWiredOnly']), timeoutMs })
    .meta({ id: 'SetMonitoringBase' }),
  setMonitoringLevel: z.strictObject({ severity, timeoutMs }).meta({ id: 'SetMonitoringLevel' }),
  clearCache: z.strictObject({ timeoutMs }).meta({ id: 'ClearCache' }),
  dataTransfer: z
    .strictObject({
      vendorId: z.string().min(1).max(255),
      messageId: z.string().max(50).default(''),
      data: z.string().max(100_000).default(''),
      timeoutMs,
    })
    .meta({ id: 'DataTransfer' }),
  reserveNow: z
    .strictObject({
      reservationId: reservationNumber,
      evseId: evseId.default(0).meta({ description: '0: any EVSE of the station' }),
      connectorId: connectorId.default(0).meta({ description: 'OCPP 1.6: which connector of the EVSE; 0: its first' }),
      connectorType: z.string().max(20).default('').meta({ description: 'OCPP 2.x; empty: any' }),
      idToken,
      idTokenType: idTokenType.default('ISO14443'),
      groupId: z.string().max(255).default(''),
      expiresAt: instantIn,
      timeoutMs,
    })
    .meta({ id: 'ReserveNow', description: 'A hold on the spot alone; `POST /v1/reservations` holds in the backend too.' }),
  cancelReservation: z.strictObject({ reservationId: reservationNumber, timeoutMs }).meta({ id: 'CancelReservation' }),
  raw: z
    .strictObject({
      action: z
        .string()
        .min(1)
        .max(64)
        .meta({ examples: ['GetLocalListVersion'] }),
      payload: z.looseObject({}).default({}),
      timeoutMs,
    })
    .meta({ id: 'RawCall' }),
} as const;

export const commandResult = z
  .object({
    status: z
      .enum(['Accepted', 'Rejected'])
      .meta({ description: 'whether the station agreed; accepted is not happened: the station shows later what it did' }),
    stationStatus: z.string().nullable().meta({ description: "the station's own word, e.g. Scheduled or Unlocked, or its CALLERROR code" }),
    reason: z.string().nullable(),
    action: z.string().meta({ description: 'the OCPP action that was sent' }),
    messageId: z.string(),
    latencyMs: z.int(),
    requestId: z
      .int()
      .nullable()
      .meta({ description: 'of a request whose real answer comes in later messages of the station: they carry it' }),
    response: z.unknown().meta({ description: "the station's answer as received" }),
    variables: z.array(
      z.object({
        component: z.string(),
        name: z.string(),
        componentInstance: z.string(),
        instance: z.string(),
        evseId: z.int(),
        connectorId: z.int(),
        attributeType: z.string(),
        value: z.string().nullable(),
        status: z.string(),
        readonly: z.boolean(),
      }),
    ),
    monitors: z.array(z.object({ monitorId: z.int(), status: z.string(), component: z.string(), name: z.string(), type: z.string() })),
  })
  .meta({ id: 'CommandResult' });

export const toVariable = (result: connectionV1.VariableResult): z.input<typeof commandResult>['variables'][number] => ({
  component: result.variable?.component ?? '',
  name: result.variable?.name ?? '',
  componentInstance: result.variable?.componentInstance ?? '',
  instance: result.variable?.instance ?? '',
  evseId: result.variable?.evseId ?? 0,
  connectorId: result.variable?.connectorId ?? 0,
  attributeType: result.variable?.attributeType ?? 'Actual',
  value: result.variable === undefined ? null : result.variable.value,
  status: result.status,
  readonly: result.readonly,
});

export const toMonitor = (result: connectionV1.MonitorResult): z.input<typeof commandResult>['monitors'][number] => ({
  monitorId: result.monitorId,
  status: result.status,
  component: result.variable?.component ?? '',
  name: result.variable?.name ?? '',
  type: result.type,
});
