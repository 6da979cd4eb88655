import type { ListLimits } from '@voltlog/authorization-domain';
import { connectionV1 } from '@voltlog/proto';

const { CommandStatus } = connectionV1;

type Connection = Pick<connectionV1.ConnectionService, 'sendCommand'>;

const COMMAND_MS = 15_000;
/** Of a station that does not say: few enough for any. */
const ITEMS_DEFAULT = 20;
/** Bytes of an entry with a group and an expiry, at most. */
const ENTRY_BYTES = 300;

const CONTROLLER = { name: 'LocalAuthListCtrlr' };
const VARIABLES_2 = {
  getVariableData: [
    { component: CONTROLLER, variable: { name: 'ItemsPerMessage' } },
    { component: CONTROLLER, variable: { name: 'BytesPerMessage' } },
    { component: CONTROLLER, variable: { name: 'Entries' }, attributeType: 'MaxSet' },
  ],
};

/** The version in a station's answer: 1.6 listVersion, 2.x versionNumber. */
export function versionIn(responseJson: string): number {
  const answer: unknown = JSON.parse(responseJson);
  if (typeof answer !== 'object' || answer === null) return 0;
  const { listVersion, versionNumber } = answer as { readonly listVersion?: unknown; readonly versionNumber?: unknown };
  return Number(listVersion ?? versionNumber ?? 0);
}

/**
 * What a station says it can take; what it does not say is taken to be small.
 *
 * @param bounds ours, and what it reported of itself before; it counts where the station does not say now
 *
 * Source: OCPP 1.6 §9.3 (LocalAuthListMaxLength, SendLocalListMaxLength), OCPP 2.0.1 Part 2 §2.1.7 (LocalAuthListCtrlr)
 */
export async function readLimits(
  connection: Connection,
  { stationId, ocppVersion }: { readonly stationId: string; readonly ocppVersion: string },
  { entriesMax, entriesReported }: { readonly entriesMax: number; readonly entriesReported: number | undefined },
): Promise<ListLimits> {
  const read = ocppVersion === 'ocpp1.6' ? await read16(connection, stationId) : await read2(connection, stationId);
  const bytes = read.get('BytesPerMessage');
  const items = read.get('SendLocalListMaxLength') ?? read.get('ItemsPerMessage') ?? ITEMS_DEFAULT;
  const entries = read.get('LocalAuthListMaxLength') ?? read.get('Entries') ?? entriesReported ?? entriesMax;
  return {
    itemsPerMessage: Math.max(1, Math.min(items, bytes === undefined ? items : Math.floor(bytes / ENTRY_BYTES))),
    entriesMax: Math.min(entries, entriesMax),
  };
}

async function read16(connection: Connection, stationId: string): Promise<ReadonlyMap<string, number>> {
  const names = ['LocalAuthListMaxLength', 'SendLocalListMaxLength'];
  const variables = names.map((name) => ({ component: '', name, value: '', evseId: 0, instance: '' }));
  const answer = await connection.sendCommand({
    stationId,
    timeoutMs: COMMAND_MS,
    command: { $case: 'getVariables', value: { variables } },
  });
  const read = new Map<string, number>();
  for (const { variable, status } of answer.variables) if (status === 'Accepted') note(read, variable?.name, variable?.value);
  return read;
}

async function read2(connection: Connection, stationId: string): Promise<ReadonlyMap<string, number>> {
  const value = { action: 'GetVariables', payloadJson: JSON.stringify(VARIABLES_2) };
  const answer = await connection.sendCommand({ stationId, timeoutMs: COMMAND_MS, command: { $case: 'rawCall', value } });
  const read = new Map<string, number>();
  if (answer.status !== CommandStatus.ACCEPTED) return read;
  // The answer has passed its schema in the connection service.
  const { getVariableResult } = JSON.parse(answer.responseJson) as {
    readonly getVariableResult: readonly {
      readonly attributeStatus: string;
      readonly attributeValue?: string;
      readonly variable: { readonly name: string };
    }[];
  };
  for (const { attributeStatus, attributeValue, variable } of getVariableResult)
    if (attributeStatus === 'Accepted') note(read, variable.name, attributeValue);
  return read;
}

function note(read: Map<string, number>, name: string | undefined, value: string | undefined): void {
  const number = Number(value);
  if (name !== undefined && value !== undefined && value !== '' && Number.isInteger(number) && number > 0) read.set(name, number);
}
