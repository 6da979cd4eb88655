import { createReadStream, createWriteStream, openSync, rmSync, statSync, type WriteStream } from 'node:fs';
import { pipeline, Readable } from 'node:stream';
import type { Command } from 'commander';
import split from 'split2';
import { type Cli, example } from './cli.js';
import { type Client, query } from './client.js';
import { CliError, EXIT } from './errors.js';
import { bodyOf, saved } from './files.js';
import type { Output } from './output.js';

interface ImportOptions {
  readonly dryRun?: true;
  readonly skipBad?: true;
  readonly makePasswords?: true;
  readonly passwordsFile?: string;
}

const BROKE_OFF = 'The answer broke off: import the same file again.';
const LOST_PASSWORDS =
  ' A password that was made is told once: for each new station with hasCredential that is not in the passwords file, set a new one by PUT /v1/stations/{stationId}/credential.';

type Line = { readonly type: string } & Readonly<Record<string, unknown>>;

export function addRegistry(program: Command, cli: Cli): void {
  const registry = program.command('registry').description('all sites and stations, in and out');
  registry
    .command('export')
    .description('write sites, stations, EVSEs and connectors to a file')
    .argument('[file]', 'default: standard output')
    .option('--format <format>', 'csv or ndjson (a JSON object on each line)', 'csv')
    .option('--separator <sign>', ', or ;', ',')
    .option('--bom', 'with a byte order mark, for spreadsheets')
    .addHelpText('after', example('voltlog registry export fleet.csv', 'voltlog registry export --format ndjson | jq .'))
    .action((file: string | undefined, options: { format: string; separator: string; bom?: true }) =>
      cli.run(async (client) => {
        const { format, separator, bom } = options;
        const response = await client.send('GET', `/v1/registry/export${query({ format, separator, bom: bom && 'true' })}`);
        await saved(response, file);
      }),
    );
  registry
    .command('import')
    .description('bring sites and stations to what a file says; what is so already stays')
    .argument('<file>', 'of .csv (comma, semicolon or tab) or .ndjson')
    .option('--dry-run', 'only say what would be')
    .option('--skip-bad', 'import rows without a problem though others have one; default: all or nothing')
    .option('--make-passwords', 'give new stations without a password one; needs --passwords-file')
    .option('--passwords-file <file>', 'where the passwords that were made are written, as lines of JSON')
    .addHelpText(
      'after',
      example(
        'voltlog registry import fleet.csv --dry-run',
        'voltlog registry import fleet.csv --make-passwords --passwords-file passwords.ndjson',
      ),
    )
    .action((file: string, options: ImportOptions) => cli.run((client, output) => importFile(client, output, file, options)));
}

async function importFile(client: Client, output: Output, file: string, options: ImportOptions): Promise<void> {
  checkFile(file);
  if (options.makePasswords && options.passwordsFile === undefined)
    throw new CliError(EXIT.usage, '--make-passwords needs --passwords-file: the passwords are told once, and kept nowhere');
  const passwords = options.passwordsFile === undefined || options.dryRun ? undefined : newFile(options.passwordsFile);
  try {
    const flags = {
      dryRun: options.dryRun && 'true',
      onProblem: options.skipBad && 'skip',
      makePasswords: options.makePasswords && 'true',
    };
    const brokeOff = options.makePasswords ? BROKE_OFF + LOST_PASSWORDS : BROKE_OFF;
    await sendImport(client, output, { path: `/v1/registry/import${query(flags)}`, file, passwords, brokeOff });
  } finally {
    if (passwords !== undefined) await closed(passwords, options.passwordsFile);
  }
}

/** @throws {CliError} */
export function checkFile(file: string): void {
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) throw new CliError(EXIT.usage, `there is no file ${file}`);
}

/** Sends a file and tells what comes of it, row by row. @throws {CliError} when rows had a problem, or it broke off */
export async function sendImport(
  client: Client,
  output: Output,
  { path, file, passwords, brokeOff = BROKE_OFF }: { path: string; file: string; passwords?: WriteStream | undefined; brokeOff?: string },
): Promise<void> {
  const response = await client.send('POST', path, {
    body: Readable.toWeb(createReadStream(file)) as unknown as ReadableStream,
    headers: { 'content-type': /\.(?:nd)?json(?:l)?$/i.test(file) ? 'application/x-ndjson' : 'text/csv' },
    duplex: 'half',
  });
  let result: Line | undefined;
  // Only a line feed ends a line: `node:readline` also breaks at U+2028, which a record's text may hold.
  for await (const text of pipeline(bodyOf(response), split('\n'), () => undefined) as AsyncIterable<string>) {
    const line = JSON.parse(text) as Line;
    if (line.type === 'progress') output.progress(`${String(line['phase'])}: ${String(line['records'])} records`);
    else if (line.type === 'problem')
      output.say(`row ${String(line['row'])}${line['id'] === '' ? '' : ` (${String(line['id'])})`}: ${String(line['message'])}`);
    else if (line.type === 'password')
      passwords?.write(`${JSON.stringify({ stationId: line['stationId'], password: line['password'] })}\n`);
    else result = line;
  }
  if (result?.type !== 'result') throw new CliError(EXIT.unavailable, String(result?.['message'] ?? brokeOff));
  output.one(result, [
    ['IMPORTED', (row) => (row['imported'] === true ? 'yes' : 'no')],
    ['CREATED', 'created'],
    ['CHANGED', 'changed'],
    ['UNCHANGED', 'unchanged'],
    ['FAILED', 'failed'],
  ]);
  if (Number(result['failed']) > 0)
    throw new CliError(EXIT.failed, result['imported'] === true ? 'Rows with a problem were left out.' : 'Nothing was imported.');
}

/** An empty file goes: it would stand in the way of the same command again. */
async function closed(passwords: WriteStream, path = ''): Promise<void> {
  await new Promise<void>((resolve) => passwords.end(resolve));
  if (passwords.bytesWritten === 0) rmSync(path, { force: true });
}

/** Readable by its owner alone. @throws {CliError} when there is a file of this name: it may hold passwords of another import */
function newFile(path: string): WriteStream {
  try {
    return createWriteStream(path, { fd: openSync(path, 'wx', 0o600) });
  } catch (error) {
    throw new CliError(EXIT.usage, `${path} cannot be made: ${error instanceof Error ? error.message : String(error)}`);
  }
}
