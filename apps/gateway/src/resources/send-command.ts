import { OperatingError } from '@voltlog/kernel';
import { connectionV1 } from '@voltlog/proto';
import type { z } from 'zod';
import type { Caller } from '../auth/api-keys.js';
import { Problem } from '../problems/problem.js';
import type { Services } from '../services.js';
import { commandResult, toMonitor, toVariable } from '../views/command.view.js';
import { orNull, parsed } from '../views/common.js';
import { Write } from '../web/route.js';
import { checkStation } from './known.js';

export type Command = NonNullable<connectionV1.SendCommandRequest['command']>;

/** What the route of a command promises. */
export const CommandRoute = (summary: string, note = '') =>
  Write({
    role: 'operator',
    summary,
    description:
      `Waits for the station's real answer, at most \`timeoutMs\`. A refusal of the station is a 200 with status Rejected. ${note}`.trim(),
    answer: commandResult,
    problems: {
      404: 'nobody knows the station (`station-unknown`)',
      409: 'the station is not connected (`station-offline`)',
      429: 'too many commands wait for this station (`station-busy`)',
      501: 'the station or its OCPP version does not know this command (`not-supported`)',
      504: 'no answer in time (`station-timeout`): it is not known whether the station acted',
    },
  });

/** @throws {Problem} when only an admin may have stations do that, as with `POST /v1/customer-erasures` */
export function checkMaySend(caller: Pick<Caller, 'role'>, command: Command): void {
  if (caller.role !== 'admin' && forgetsCustomers(command))
    throw new Problem(403, 'forbidden', 'To have stations forget a customer needs the role admin, as POST /v1/customer-erasures does.');
}

/** As an erasure does; what a raw call asks for is not looked into. */
function forgetsCustomers(command: Command): boolean {
  if (command.$case === 'rawCall') return command.value.action === 'CustomerInformation';
  if (command.$case !== 'stationRequest') return false;
  const { request } = command.value;
  return request?.$case === 'customerInformation' && request.value.clear;
}

/** Sends a command and gives what the station said to it. @throws {Problem} when it said nothing */
export async function sendCommand(
  services: Services,
  stationId: string,
  timeoutMs: number,
  command: Command,
): Promise<z.input<typeof commandResult>> {
  try {
    const answer = await services.commands.sendCommand({ stationId, timeoutMs, command });
    if (answer.status === connectionV1.CommandStatus.OFFLINE) await checkStation(services, stationId); // one that is connected is known
    return toResult(stationId, answer);
  } catch (error) {
    if (error instanceof OperatingError && error.code === 'DeadlineExceeded') throw timedOut(stationId, {}, error);
    throw error;
  }
}

function toResult(stationId: string, answer: connectionV1.SendCommandResponse): z.input<typeof commandResult> {
  const { CommandStatus } = connectionV1;
  const known = { stationId, action: answer.action, messageId: answer.messageId, stationStatus: orNull(answer.stationStatus) };
  switch (answer.status) {
    case CommandStatus.ACCEPTED:
    case CommandStatus.REJECTED:
      return {
        status: answer.status === CommandStatus.ACCEPTED ? 'Accepted' : 'Rejected',
        stationStatus: orNull(answer.stationStatus),
        reason: orNull(answer.reason),
        action: answer.action,
        messageId: answer.messageId,
        latencyMs: answer.latencyMs,
        requestId: answer.requestId === 0 ? null : answer.requestId,
        response: parsed(answer.responseJson),
        variables: answer.variables.map(toVariable),
        monitors: (answer.monitoring?.results ?? []).map(toMonitor),
      };
    case CommandStatus.OFFLINE:
      throw new Problem(409, 'station-offline', answer.reason || `Station ${stationId} is not connected.`, { extensions: known });
    case CommandStatus.NOT_SUPPORTED:
      throw new Problem(501, 'not-supported', answer.reason || `Station ${stationId} does not know this command.`, { extensions: known });
    case CommandStatus.BUSY:
      throw new Problem(429, 'station-busy', answer.reason || `Too many commands wait for station ${stationId}.`, {
        extensions: known,
        headers: { 'retry-after': '1' },
      });
    case CommandStatus.TIMED_OUT:
      throw timedOut(stationId, known);
    default:
      throw new Error(`unknown command status ${answer.status}`);
  }
}

const timedOut = (stationId: string, extensions: Readonly<Record<string, unknown>>, cause?: unknown): Problem =>
  new Problem(504, 'station-timeout', `Station ${stationId} did not answer in time. It is not known whether it acted.`, {
    extensions,
    cause,
  });
