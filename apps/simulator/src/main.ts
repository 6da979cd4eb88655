import { Command, CommanderError } from 'commander';
import { addLoadCommand } from './cli/load.command.js';
import { addReplayCommand } from './cli/replay.command.js';
import { addRunCommand } from './cli/run.command.js';
import { addScenarioCommand } from './cli/scenario.command.js';

const program = new Command('simulator')
  .description('Simulated charging stations for OCPP 1.6J and 2.0.1, with cars that have a battery and a charging curve.')
  .showHelpAfterError()
  .exitOverride()
  .addHelpText('after', "\nEvery command has its own --help with examples, e.g. 'simulator run --help'.");
addRunCommand(program);
addScenarioCommand(program);
addLoadCommand(program);
addReplayCommand(program);
for (const command of program.commands) exitWithErrors(command);

/** Wrong options leave by an exception, so that the exit code is one place's business. */
function exitWithErrors(command: Command): void {
  command.exitOverride().showHelpAfterError('(try --help)');
  for (const child of command.commands) exitWithErrors(child);
}

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = error instanceof RangeError || error instanceof TypeError ? 2 : 1;
  }
}
