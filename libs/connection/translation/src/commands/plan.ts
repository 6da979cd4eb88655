import type { OcppVersion } from '@voltlog/connection-contract';
import { commands2 } from '../v2/commands.js';
import { commands16 } from '../v16/commands.js';
import type {
  Command,
  CommandCase,
  CommandContext,
  CommandOutcome,
  CommandRoute,
  CommandTable,
  CommandValue,
  NotSupportedHere,
  OutgoingMessage,
} from './command.js';

const TABLES: Readonly<Record<OcppVersion, CommandTable>> = { 'ocpp1.6': commands16, 'ocpp2.0.1': commands2, 'ocpp2.1': commands2 };

/** What is sent down for a command, and how the answers are read. */
export interface CommandPlan {
  readonly calls: readonly OutgoingMessage[];
  outcome(responses: readonly unknown[]): CommandOutcome;
}

/**
 * A neutral command in the words of the station's version.
 *
 * @throws {SyntaxError} for a raw call whose payload is no JSON object
 */
export function planCommand(version: OcppVersion, command: Command, context: CommandContext): CommandPlan | NotSupportedHere {
  return plan(TABLES[version][command.$case] as CommandRoute<CommandCase>, command.value as CommandValue<CommandCase>, context);
}

/** The table ties each case to its own value type; one look-up cannot say that twice, hence the two casts above. */
function plan<Case extends CommandCase>(
  route: CommandRoute<Case>,
  value: CommandValue<Case>,
  context: CommandContext,
): CommandPlan | NotSupportedHere {
  const calls = route.toCalls(value, context);
  return 'notSupported' in calls ? calls : { calls, outcome: (responses) => route.toOutcome(responses, value) };
}
