import { Command } from 'commander';
import { addApiCommands, endOf } from './cli/cli.js';
import { CliError, EXIT } from './cli/errors.js';
import { nodeProblem } from './node-version.js';
import type { StartOptions } from './start.js';

const program = new Command('voltlog')
  .description('Voltlog: an open, event-sourced charging station management system. Starts it, and speaks to one that runs.')
  .showHelpAfterError('(--help shows what there is)')
  .exitOverride();

program
  .command('start', { isDefault: true })
  .description('start every service on the embedded log and stores')
  .option('--data <folder>', 'where everything is kept', process.env['VOLTLOG_DATA'] ?? '.voltlog')
  .option('--http-port <port>', 'API, console and probes', process.env['HTTP_PORT'] ?? '8080')
  .option('--ocpp-port <port>', 'WebSocket endpoint for stations', process.env['OCPP_PORT'] ?? '9220')
  .option('--host <address>', 'address to listen on', process.env['HTTP_HOST'] ?? '127.0.0.1')
  .option('--no-demo', 'without the three simulated stations')
  .option('--log-level <level>', 'fatal, error, warn, info, debug, trace or silent', process.env['LOG_LEVEL'] ?? 'warn')
  .addHelpText(
    'after',
    '\nEvery setting of a service can be given by its environment variable; docs/reference/configuration.md lists them.\n',
  )
  .action(async (options: StartOptions) => {
    needsNode();
    // The services take a second to load, which commands to a running Voltlog do without.
    const { start } = await import('./start.js');
    await start(options, process.env);
  });

program
  .command('replay')
  .description('rebuild read models of a stopped Voltlog from what happened')
  .argument('[projections...]', 'which ones, in this order; see --list')
  .option('--data <folder>', 'where everything is kept', process.env['VOLTLOG_DATA'] ?? '.voltlog')
  .option('--list', 'name the read models and stop')
  .action(async (projections: readonly string[], options: { readonly data: string; readonly list?: true }) => {
    needsNode();
    const { projectionList, replayProjections } = await import('./replay.js');
    const write = (text: string): void => void process.stdout.write(text);
    if (options.list === true || projections.length === 0) write(projectionList());
    else await replayProjections({ dataFolder: options.data, projections, write });
  });

addApiCommands(program, process.env);

try {
  await program.parseAsync();
} catch (error) {
  const end = endOf(error) ?? {
    code: 1,
    text: `\n${isKnown(error) ? error.message : error instanceof Error ? error.stack : String(error)}\n`,
  };
  process.stderr.write(end.text);
  process.exit(end.code);
}

/** The services use modules that an older one lacks; the commands to a running Voltlog do not. */
function needsNode(): void {
  const problem = nodeProblem(process.versions.node);
  if (problem !== undefined) throw new CliError(EXIT.failed, problem);
}

/** Errors that say themselves what to do: a wrong setting, a port in use, a data folder that another process holds. */
function isKnown(error: unknown): error is Error {
  return error instanceof Error && ('code' in error || error.name === 'ConfigError');
}
