import { requestCase, requestPath, STATION_REQUESTS, type StationRequestAction } from '@voltlog/connection-contract';
import { connectionV1, stationRequestsV1 } from '@voltlog/proto';
import type { z } from 'zod';
import { type FieldError, invalid } from '../problems/problem.js';
import { commandBodies } from '../views/command.view.js';
import { certificateBodies } from '../views/security.view.js';
import { requestBody } from '../views/station-request.view.js';
import { pointerOf } from '../web/pointer.js';
import type { Command } from './send-command.js';

/** Without how long to wait: the command itself has no word for it. */
type Fields<Schema extends z.ZodType> = Omit<z.output<Schema>, 'timeoutMs'>;

interface Entry<Schema extends z.ZodType> {
  readonly summary: string;
  readonly schema: Schema;
  toCommand(fields: Fields<Schema>): Command;
}

const entry = <Schema extends z.ZodType>(
  summary: string,
  schema: Schema,
  toCommand: (fields: Fields<Schema>) => Command,
): Entry<Schema> => ({
  summary,
  schema,
  toCommand,
});

type Variable = z.output<typeof commandBodies.getVariables>['variables'][number];
const withoutValue = (variable: Variable) => ({ ...variable, value: '' });

/** Every command with words of its own, by the last part of its route: an entry here makes the route, and lets jobs send it. */
export const COMMANDS = {
  'request-start': entry(
    'Start a transaction',
    commandBodies.requestStart,
    ({ idToken, idTokenType, evseId, connectorId, remoteStartId }) => ({
      $case: 'requestStartTransaction',
      value: { idToken: { idToken, type: idTokenType }, evseId, connectorId, remoteStartId, groupId: '' },
    }),
  ),
  'request-stop': entry('Stop a transaction', commandBodies.requestStop, ({ transactionId }) => ({
    $case: 'requestStopTransaction',
    value: { transactionId },
  })),
  reset: entry('Reset the station or one EVSE', commandBodies.reset, ({ type, evseId }) => ({
    $case: 'reset',
    value: { type: type === 'Immediate' ? connectionV1.ResetType.IMMEDIATE : connectionV1.ResetType.ON_IDLE, evseId },
  })),
  'change-availability': entry(
    'Take the station, an EVSE or a connector out of service, or back',
    commandBodies.changeAvailability,
    ({ ...value }) => ({ $case: 'changeAvailability', value }),
  ),
  'unlock-connector': entry('Unlock a connector', commandBodies.unlockConnector, ({ ...value }) => ({
    $case: 'unlockConnector',
    value,
  })),
  'trigger-message': entry('Ask the station to send a message', commandBodies.triggerMessage, ({ ...value }) => ({
    $case: 'triggerMessage',
    value,
  })),
  'get-variables': entry('Read variables, or configuration keys of OCPP 1.6', commandBodies.getVariables, ({ variables }) => ({
    $case: 'getVariables',
    value: { variables: variables.map(withoutValue) },
  })),
  'set-variables': entry('Set variables, or configuration keys of OCPP 1.6', commandBodies.setVariables, ({ variables }) => ({
    $case: 'setVariables',
    value: { variables },
  })),
  'get-base-report': entry('Ask for a report on all variables', commandBodies.getBaseReport, ({ ...value }) => ({
    $case: 'getBaseReport',
    value,
  })),
  'get-report': entry('Ask for a report on some components or variables', commandBodies.getReport, ({ variables, ...rest }) => ({
    $case: 'getReport',
    value: { ...rest, variables: variables.map(withoutValue) },
  })),
  'set-variable-monitoring': entry('Have the station watch variables', commandBodies.setVariableMonitoring, ({ monitors }) => ({
    $case: 'setVariableMonitoring',
    value: { monitors: monitors.map((monitor) => ({ ...monitor, variable: withoutValue(monitor.variable) })) },
  })),
  'clear-variable-monitoring': entry('Take monitors away', commandBodies.clearVariableMonitoring, ({ ...value }) => ({
    $case: 'clearVariableMonitoring',
    value,
  })),
  'get-monitoring-report': entry('Ask for a report on monitors', commandBodies.getMonitoringReport, ({ variables, ...rest }) => ({
    $case: 'getMonitoringReport',
    value: { ...rest, variables: variables.map(withoutValue) },
  })),
  'set-monitoring-base': entry('Set which monitors are active', commandBodies.setMonitoringBase, ({ ...value }) => ({
    $case: 'setMonitoringBase',
    value,
  })),
  'set-monitoring-level': entry('Set up to which severity events are sent', commandBodies.setMonitoringLevel, ({ ...value }) => ({
    $case: 'setMonitoringLevel',
    value,
  })),
  'clear-cache': entry("Clear the station's authorization cache", commandBodies.clearCache, () => ({ $case: 'clearCache', value: {} })),
  'data-transfer': entry('Send vendor data', commandBodies.dataTransfer, ({ ...value }) => ({
    $case: 'dataTransfer',
    value,
  })),
  'reserve-now': entry('Ask the station to hold a connector', commandBodies.reserveNow, ({ idToken, idTokenType, ...rest }) => ({
    $case: 'reserveNow',
    value: { ...rest, idToken: { idToken, type: idTokenType } },
  })),
  'cancel-reservation': entry('Ask the station to let go of a connector it holds', commandBodies.cancelReservation, ({ ...value }) => ({
    $case: 'cancelReservation',
    value,
  })),
  'install-certificate': entry('Install a root certificate', certificateBodies.install, ({ ...value }) => ({
    $case: 'installCertificate',
    value,
  })),
  'get-installed-certificate-ids': entry(
    'List the root certificates that are installed; they are in `response`',
    certificateBodies.list,
    ({ ...value }) => ({ $case: 'getInstalledCertificateIds', value }),
  ),
  'delete-certificate': entry('Delete an installed certificate', certificateBodies.remove, ({ certificateType, ...certificate }) => ({
    $case: 'deleteCertificate',
    value: { certificate, certificateType },
  })),
  'certificate-signed': entry('Bring a certificate made elsewhere to the station', certificateBodies.signed, ({ ...value }) => ({
    $case: 'certificateSigned',
    value,
  })),
  raw: entry("Send any message of the station's OCPP version, checked against its schema", commandBodies.raw, ({ action, payload }) => ({
    $case: 'rawCall',
    value: { action, payloadJson: JSON.stringify(payload) },
  })),
} as const;

export type CommandName = keyof typeof COMMANDS;

/** A request in OCPP 2.1's words. Its fields have passed the schema that the gRPC message is made of; `fromPartial` fills in its empty lists. */
export function stationRequest(action: StationRequestAction, fields: Readonly<Record<string, unknown>>): Command {
  const request = { $case: requestCase(action), value: fields } as NonNullable<stationRequestsV1.StationRequest['request']>;
  return { $case: 'stationRequest', value: stationRequestsV1.StationRequest.fromPartial({ request }) };
}

const ACTIONS = new Map((Object.keys(STATION_REQUESTS) as StationRequestAction[]).map((action) => [requestPath(action), action]));

/** The names under which {@link commandNamed} finds a command: the last part of its route. */
export const COMMAND_NAMES: readonly [string, ...string[]] = [...(Object.keys(COMMANDS) as [CommandName]), ...ACTIONS.keys()];

/** The name under which a command was found. */
export function nameOf(command: Command): string {
  if (command.$case === 'stationRequest') return kebab(command.value.request?.$case ?? '');
  return command.$case === 'rawCall' ? 'raw' : kebab(command.$case);
}

const kebab = (word: string): string => word.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/**
 * A command by its name and body, as its route takes it.
 *
 * @throws {Problem} 400 naming the fields that are wrong, under `pointer`
 */
export function commandNamed(name: string, body: unknown, pointer: string): { readonly command: Command; readonly timeoutMs: number } {
  const action = ACTIONS.get(name);
  if (action !== undefined) {
    const { timeoutMs, ...fields } = checked(requestBody(action), body, pointer) as { readonly timeoutMs: number };
    return { command: stationRequest(action, fields), timeoutMs };
  }
  if (!isName(name)) throw invalid(`there is no command ${name}`, [{ in: 'body', pointer, message: `one of ${COMMAND_NAMES.join(', ')}` }]);
  const { schema, toCommand } = commandEntry(name);
  const { timeoutMs, ...fields } = checked(schema, body, pointer);
  return { command: toCommand(fields), timeoutMs };
}

/** What passed the schema of an entry is what it makes a command of. */
export const commandEntry = (name: CommandName): Entry<z.ZodType<{ readonly timeoutMs: number }>> =>
  COMMANDS[name] as Entry<z.ZodType<{ readonly timeoutMs: number }>>;

const isName = (name: string): name is CommandName => Object.hasOwn(COMMANDS, name);

function checked<Schema extends z.ZodType>(schema: Schema, body: unknown, pointer: string): z.output<Schema> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const errors = result.error.issues.map(
    (issue): FieldError => ({ in: 'body', pointer: pointer + pointerOf(issue.path), message: issue.message }),
  );
  throw invalid(`the command's body is wrong: ${errors.map((error) => error.pointer).join(', ')}`, errors);
}
