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

const variable = z.strictObject({
  component: z.string().max(50).default('').meta({ description: 'empty for a configuration key of OCPP 1.6' }),
  name: z.string().min(1).max(50),
  instance: z.string().max(50).default(''),
  evseId: evseId.default(0),
});

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
        instance: z.string(),
        evseId: z.int(),
        value: z.string().nullable(),
        status: z.string(),
        readonly: z.boolean(),
      }),
    ),
  })
  .meta({ id: 'CommandResult' });

export const toVariable = (result: connectionV1.VariableResult): z.input<typeof commandResult>['variables'][number] => ({
  component: result.variable?.component ?? '',
  name: result.variable?.name ?? '',
  instance: result.variable?.instance ?? '',
  evseId: result.variable?.evseId ?? 0,
  value: result.variable === undefined ? null : result.variable.value,
  status: result.status,
  readonly: result.readonly,
});
