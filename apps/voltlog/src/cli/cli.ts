import { type Command, CommanderError, Option } from 'commander';
import { addCall } from './call.js';
import { addCampaigns } from './campaigns.js';
import { Client } from './client.js';
import { addCommands } from './commands.js';
import { addModel, addTemplates } from './device-model.js';
import { CliError, EXIT } from './errors.js';
import { addFirmware } from './firmware.js';
import { addJobs } from './jobs.js';
import { addMoves } from './moves.js';
import { addAlerts, addCustomers, addOperation } from './operation.js';
import { type Format, Output } from './output.js';
import { addPrices } from './prices.js';
import { addRecordings } from './recordings.js';
import { addCertificates, addSessions, addTokens } from './records.js';
import { addRegistry } from './registry.js';
import { addSecurity } from './security.js';
import { configPath, keep, readKept, settingsOf } from './settings.js';
import { addStations } from './stations.js';
import { addUploads } from './uploads.js';
import { addVendors } from './vendors.js';

/** What commands of the API are given. */
export interface Cli {
  /** Does the work with the API's client; whatever goes wrong ends the process with its code. */
  run(work: (client: Client, output: Output) => Promise<void> | void): Promise<void>;
  /** It was done, and the answer was no. */
  failed(): void;
}

/** Examples under the help of a command. */
export const example = (...lines: readonly string[]): string => `\nExamples:\n${lines.map((line) => `  ${line}\n`).join('')}`;

interface GlobalOptions {
  readonly url?: string;
  readonly key?: string;
  readonly output: Format;
}

/** Adds the commands that speak to a running Voltlog by its REST API. */
export function addApiCommands(program: Command, environment: Readonly<Record<string, string | undefined>>): void {
  // Where one command is the default, a word that names none would be taken for a word of that.
  program.hook('preSubcommand', ({ args: [word = '-'] }, command) => {
    if (!word.startsWith('-') && word !== command.name()) program.error(`error: unknown command '${word}'`);
  });
  program
    .option('--url <address>', 'API, for commands to a running Voltlog (or VOLTLOG_URL, or config set)')
    .option('--key <key>', 'API key (or VOLTLOG_API_KEY, or config set)')
    .addOption(new Option('--output <format>', 'how results are shown').choices(['table', 'json']).default('table'))
    .addHelpText(
      'after',
      `${example('voltlog start', 'voltlog config set --url https://csms.example --key voltlog_live_...', 'voltlog stations list', 'voltlog jobs create reset type=OnIdle --site depot-north --wait')}
Exit codes: 0 done; 1 refused, or not by every station; 2 wrong usage; 3 no valid key or too small a role; 4 not found; 5 not reachable.`,
    );
  const cli: Cli = {
    async run(work) {
      const { output: format, ...flags } = program.opts<GlobalOptions>();
      await work(new Client(settingsOf(flags, environment)), new Output(format));
    },
    failed: () => void (process.exitCode = EXIT.failed),
  };
  addStations(program, cli);
  addSessions(program, cli);
  addCommands(program, cli);
  addJobs(program, cli);
  addFirmware(program, cli);
  addCampaigns(program, cli);
  addUploads(program, cli);
  addCertificates(program, cli);
  addTokens(program, cli);
  addRegistry(program, cli);
  addRecordings(program, cli);
  addMoves(program, cli);
  addVendors(program, cli);
  addPrices(program, cli);
  addModel(program, cli);
  addTemplates(program, cli);
  addOperation(program, cli);
  addAlerts(program, cli);
  addSecurity(program, cli);
  addCustomers(program, cli);
  addCall(program, cli);
  addConfig(program, environment);
}

function addConfig(program: Command, environment: Readonly<Record<string, string | undefined>>): void {
  const config = program.command('config').description('which API the command line speaks to');
  config
    .command('set')
    .description('keep --url and --key in a file that only you can read')
    .action(() => {
      const { url, key } = program.opts<GlobalOptions>();
      if (url === undefined && key === undefined) throw new CliError(EXIT.usage, 'give --url, --key or both');
      const path = configPath(environment);
      keep(path, { ...readKept(path), ...(url === undefined ? {} : { url }), ...(key === undefined ? {} : { key }) });
      process.stdout.write(`kept in ${path}\n`);
    });
  config
    .command('show')
    .description('what is kept, without the secret')
    .action(() => {
      const path = configPath(environment);
      const { url, key } = readKept(path);
      process.stdout.write(`file  ${path}\nurl   ${url ?? '-'}\nkey   ${key === undefined ? '-' : `${key.slice(0, 21)}...`}\n`);
    });
}

/** What a failed command prints, and the code it ends with; undefined: it is not an error of the command line. */
export function endOf(error: unknown): { readonly code: number; readonly text: string } | undefined {
  // Commander has printed its own.
  if (error instanceof CommanderError) return { code: error.exitCode === 0 ? EXIT.ok : EXIT.usage, text: '' };
  if (error instanceof CliError) return { code: error.exitCode, text: `${error.message}\n` };
  return undefined;
}
