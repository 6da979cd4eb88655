import type { Command } from 'commander';
import { type Cli, example } from './cli.js';
import { type Client, type Json, query } from './client.js';
import { CliError, EXIT } from './errors.js';
import { saved } from './files.js';
import { followed } from './follow.js';
import type { Column, Output } from './output.js';
import { until, wholeNumber } from './words.js';

const RESTING: ReadonlySet<unknown> = new Set(['Received', 'Failed', 'Deleted']);
const UPLOAD: readonly Column[] = [
  ['UPLOAD', 'uploadId'],
  ['STATION', 'stationId'],
  ['LOG', 'logType'],
  ['STATE', 'state'],
  ['ANSWER', 'answer'],
  ['STATUS', 'status'],
  ['BYTES', 'receivedBytes'],
  ['FILE', 'fileName'],
  ['REASON', 'reason'],
  ['CREATED', 'createdAt'],
];

interface RequestOptions {
  readonly type?: string;
  readonly from?: string;
  readonly to?: string;
  readonly retries?: number;
  readonly wait?: true;
}

export function addUploads(program: Command, cli: Cli): void {
  const uploads = program.command('uploads').description('logs that stations upload');
  uploads
    .command('request')
    .description('have a station upload a log')
    .argument('<stationId>')
    .option('--type <log>', 'DiagnosticsLog (default), SecurityLog or DataCollectorLog')
    .option('--from <instant>', 'from when on the log is wanted')
    .option('--to <instant>', 'until when')
    .option('--retries <n>', 'how often the station is to try again', wholeNumber)
    .option('--wait', 'follow it until the file is there')
    .addHelpText('after', example('voltlog uploads request CP-001 --type SecurityLog --wait'))
    .action((stationId: string, { type: logType, from, to, retries, wait }: RequestOptions) =>
      cli.run(async (client, output) => {
        const now = Date.now();
        const upload = await client.call('POST', `/v1/stations/${encodeURIComponent(stationId)}/log-uploads`, {
          logType,
          oldest: from === undefined ? undefined : until(from, now),
          latest: to === undefined ? undefined : until(to, now),
          retries,
        });
        await shown(client, output, upload, wait);
      }),
    );
  uploads
    .command('list')
    .description('uploads, newest first')
    .option('--station <id>', 'of this station')
    .option('--limit <n>', 'at most so many', wholeNumber, 20)
    .action(({ station: stationId, limit }: { station?: string; limit: number }) =>
      cli.run((client, output) => output.list(client.rows(`/v1/log-uploads${query({ stationId })}`, limit), UPLOAD)),
    );
  uploads
    .command('get')
    .description('an upload and how far it is')
    .argument('<uploadId>')
    .action((id: string) => cli.run(async (client, output) => output.one(await client.get(path(id)), UPLOAD)));
  uploads
    .command('download')
    .description('write its file to the disk')
    .argument('<uploadId>')
    .argument('[file]', 'default: the name that the station gave it')
    .action((id: string, file: string | undefined) =>
      cli.run(async (client, output) => {
        const upload = await client.get(path(id));
        const response = await client.send('GET', `${path(id)}/file`);
        // A station's word is no path.
        const name = file ?? (String(upload['fileName'] ?? '').replaceAll(/[^\w.-]/g, '_') || `${id}.log`);
        await saved(response, name, file === undefined ? 'wx' : 'w');
        output.say(`${String(upload['receivedBytes'])} bytes in ${name}`);
      }),
    );
  uploads
    .command('delete')
    .description('delete its file, or take its address back')
    .argument('<uploadId>')
    .action((id: string) =>
      cli.run(async (client, output) => {
        await client.send('DELETE', path(id));
        output.say(`${id} is deleted`);
      }),
    );
}

const path = (uploadId: string): string => `/v1/log-uploads/${encodeURIComponent(uploadId)}`;

/** Shows the upload, or follows it first. @throws {CliError} when no file came */
async function shown(client: Client, output: Output, upload: Json, wait: boolean | undefined): Promise<void> {
  const progress = (now: Json): string =>
    `${String(now['state'])}: ${String(now['receivedBytes'])} bytes, the station says ${String(now['status'] ?? 'nothing')}`;
  const following = { path: path(String(upload['uploadId'])), resting: RESTING, progress };
  const now = wait === true ? await followed(client, output, upload, following) : upload;
  output.one(now, UPLOAD);
  if (now['state'] === 'Failed') throw new CliError(EXIT.failed, `No file: ${String(now['reason'])}`);
}
