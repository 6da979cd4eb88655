import type { OcppVersion } from '@voltlog/connection-contract';
import type { connectionV1 } from '@voltlog/proto';

/** A neutral command, as the gRPC API has it. */
export type Command = NonNullable<connectionV1.SendCommandRequest['command']>;
export type CommandCase = Command['$case'];
export type CommandValue<Case extends CommandCase> = Extract<Command, { $case: Case }>['value'];

/** One CALL down. */
export interface OutgoingMessage {
  readonly action: string;
  readonly payload: object;
}

/** What a station's answer means; `status` is gRPC's word. */
export interface CommandOutcome {
  readonly status: 'ACCEPTED' | 'REJECTED' | 'NOT_SUPPORTED';
  /** The station's own word; empty when it gave none. */
  readonly stationStatus: string;
  /** For a person; empty when accepted. */
  readonly reason: string;
  readonly variables: connectionV1.VariableResult[];
  /** Only of commands about monitors. */
  readonly monitoring?: connectionV1.MonitorResults | undefined;
}

export interface CommandContext {
  readonly ocppVersion: OcppVersion;
  /** Of the station's registration; only 1.6 needs it. */
  readonly connectorsPerEvse: readonly number[] | undefined;
  /** Rises by one per command that asks for it: 2.x remoteStartId. */
  nextRemoteStartId(): number;
  /** The same for the number by which later messages refer to a request. */
  nextRequestId(): number;
}

/** A command that the station's version has no word for. */
export interface NotSupportedHere {
  readonly notSupported: string;
}

/** How one neutral command is said in one version family, and how the answers are read. */
export interface CommandRoute<Case extends CommandCase> {
  /** Usually one CALL; 1.6 changes one configuration key at a time. They are sent in order, each after the answer of the one before. */
  toCalls(value: CommandValue<Case>, context: CommandContext): readonly OutgoingMessage[] | NotSupportedHere;
  /** @param responses payloads of the CALLRESULTs, in the order of the calls; all have passed their schemas */
  toOutcome(responses: readonly unknown[], value: CommandValue<Case>): CommandOutcome;
}

export type CommandTable = { readonly [Case in CommandCase]: CommandRoute<Case> };

/** Words with which a station agrees. Sources: OCPP 1.6 §7, OCPP 2.0.1 Part 2 §3 (the status enumerations of the responses). */
const AGREED = new Set(['Accepted', 'AcceptedCanceled', 'Scheduled', 'RebootRequired', 'Unlocked', 'Unpublished']);
const UNKNOWN_TO_STATION = new Set(['NotSupported', 'NotImplemented', 'UnknownVendorId', 'UnknownMessageId']);

/** The outcome of a response with a `status` field. */
export function byStatus(responses: readonly unknown[]): CommandOutcome {
  const response = responses[0];
  const status = textOf(response, 'status');
  return outcome(status, textOf(infoOf(response), 'additionalInfo') || textOf(infoOf(response), 'reasonCode'));
}

export function outcome(stationStatus: string, detail = '', variables: connectionV1.VariableResult[] = []): CommandOutcome {
  if (AGREED.has(stationStatus)) return { status: 'ACCEPTED', stationStatus, reason: '', variables };
  const why = `the station answered ${stationStatus}${detail === '' ? '' : `: ${detail}`}`;
  return { status: UNKNOWN_TO_STATION.has(stationStatus) ? 'NOT_SUPPORTED' : 'REJECTED', stationStatus, reason: why, variables };
}

/** The outcome of a command about several variables: that of the first the station refused, else that of one that needs a reboot. */
export function overall(variables: connectionV1.VariableResult[]): CommandOutcome {
  const refused = variables.find((one) => one.status !== 'Accepted' && one.status !== 'RebootRequired');
  return outcome(
    refused?.status ?? variables.find((one) => one.status === 'RebootRequired')?.status ?? 'Accepted',
    refused?.variable?.name,
    variables,
  );
}

const infoOf = (response: unknown): unknown => (isRecord(response) ? response['statusInfo'] : undefined);
export const textOf = (value: unknown, field: string): string => {
  const text = isRecord(value) ? value[field] : undefined;
  return typeof text === 'string' ? text : '';
};
/** 0 where there is none. */
export const numberOf = (value: unknown, field: string): number => {
  const number = isRecord(value) ? value[field] : undefined;
  return typeof number === 'number' ? number : 0;
};
export const listOf = (value: unknown, field: string): readonly unknown[] => {
  const list = isRecord(value) ? value[field] : undefined;
  return Array.isArray(list) ? list : [];
};
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null;

/** Said with an answer to the station's own message, hence never a CALL of ours: a 2.1 station is served without a plan. */
export const offerTransactionLimit: CommandRoute<'offerTransactionLimit'> = {
  toCalls: () => ({ notSupported: 'only a 2.1 station keeps limits of a transaction by itself' }),
  toOutcome: () => outcome('NotSupported'),
};

/** The same of the running cost, for 2.x. */
export const offerRunningCost: CommandRoute<'offerRunningCost'> = {
  toCalls: () => ({ notSupported: '1.6 has no message for what a transaction costs' }),
  toOutcome: () => outcome('NotSupported'),
};

/** The message is on its way as it is; whether the answer agrees is read from its `status` where it has one. */
export const raw: CommandRoute<'rawCall'> = {
  toCalls: (value) => [{ action: value.action, payload: payloadOf(value.payloadJson) }],
  toOutcome(responses) {
    const status = textOf(responses[0], 'status');
    return status === '' ? { status: 'ACCEPTED', stationStatus: '', reason: '', variables: [] } : byStatus(responses);
  },
};

/** @throws {SyntaxError} when it is no JSON object: the caller's mistake */
function payloadOf(json: string): object {
  const payload: unknown = JSON.parse(json === '' ? '{}' : json);
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) throw new SyntaxError('the payload is not a JSON object');
  return payload;
}
