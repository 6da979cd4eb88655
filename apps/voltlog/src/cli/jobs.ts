import type { Command } from 'commander';
import { type Cli, example } from './cli.js';
import type { Client, Json } from './client.js';
import { CliError, EXIT } from './errors.js';
import { counts, followed, inWords } from './follow.js';
import type { Column, Output } from './output.js';
import { type SelectionOptions, selectionOf, withSelection } from './selection.js';
import { bodyOf, until, wholeNumber, words } from './words.js';

const OPEN: readonly string[] = ['Pending', 'Waiting', 'Sending'];
const GOOD: ReadonlySet<string> = new Set([...OPEN, 'Accepted']);
/** A job in one of these goes on only when somebody says so. */
const RESTING: ReadonlySet<unknown> = new Set(['Ended', 'Paused']);

const JOB: readonly Column[] = [
  ['JOB', 'jobId'],
  ['NAME', 'name'],
  ['COMMAND', 'command.name'],
  ['STATE', (job) => job['outcome'] ?? job['state']],
  ['STATIONS', 'stationCount'],
  ['RESULTS', inWords],
  ['CREATED', 'createdAt'],
];
const STATION: readonly Column[] = [
  ['STATION', 'stationId'],
  ['STATE', 'state'],
  ['ANSWER', 'stationStatus'],
  ['REASON', 'reason'],
  ['ATTEMPTS', 'attempts'],
  ['UPDATED', 'updatedAt'],
];

interface CreateOptions extends SelectionOptions {
  readonly body?: string;
  readonly name?: string;
  readonly perMinute?: number;
  readonly concurrency?: number;
  readonly stopAt?: number;
  readonly expires?: string;
  readonly wait?: true;
  readonly dryRun?: true;
}

export function addJobs(program: Command, cli: Cli): void {
  const jobs = program.command('jobs').description('one command for many stations');
  withSelection(jobs.command('create').description('send a command to many stations'))
    .argument('<command>', 'see: voltlog commands list; or apply-template, collect-log')
    .argument('[words...]', 'its fields, as name=value')
    .option('--body <json>', 'its fields as JSON')
    .option('--name <text>', 'what to call it')
    .option('--per-minute <n>', 'stations a minute; default: no limit', wholeNumber)
    .option('--concurrency <n>', 'stations asked at once; default 50', wholeNumber)
    .option('--stop-at <percent>', 'pause when so many of at least 10 stations failed', wholeNumber)
    .option('--expires <when>', 'until when stations may come back: an instant, or 30m, 12h, 7d; default 24h')
    .option('--dry-run', 'only check the command, and say how many stations are meant')
    .option('--wait', 'follow it to its end')
    .addHelpText(
      'after',
      example(
        'voltlog jobs create reset type=OnIdle --site depot-north --per-minute 60 --wait',
        'voltlog jobs create apply-template templateId=ac22 --vendor Voltmaker --stop-at 20',
        'voltlog jobs create collect-log logType=SecurityLog --site depot-north',
        'voltlog jobs create raw --body \'{"action":"ClearCache"}\' --all --dry-run',
      ),
    )
    .action((command: string, fields: readonly string[], options: CreateOptions) =>
      cli.run(async (client, output) => {
        const selection = selectionOf(options);
        const work = workOf(command, bodyOf(fields, options.body));
        if (options.dryRun) {
          const preview = await client.call('POST', '/v1/station-selections', { selection, command: work.command });
          output.one(preview, [
            ['STATIONS', 'stationCount'],
            ['CONNECTED', 'connectedCount'],
            ['FIRST', (row) => (row['firstStationIds'] as readonly string[]).join(', ')],
          ]);
          return;
        }
        const job = await client.call('POST', '/v1/jobs', {
          ...work,
          failureBound: options.stopAt === undefined ? undefined : { percent: options.stopAt },
          selection,
          name: options.name,
          stationsPerMinute: options.perMinute,
          concurrency: options.concurrency,
          expiresAt: options.expires === undefined ? undefined : until(options.expires, Date.now()),
        });
        await shown(client, output, job, options.wait);
      }),
    );
  jobs
    .command('list')
    .description('jobs, newest first')
    .option('--limit <n>', 'at most so many', wholeNumber, 20)
    .action(({ limit }: { limit: number }) => cli.run((client, output) => output.list(client.rows('/v1/jobs', limit), JOB)));
  jobs
    .command('get')
    .description('a job and how far it is')
    .argument('<jobId>')
    .action((jobId: string) => cli.run(async (client, output) => output.one(await client.get(path(jobId)), JOB)));
  jobs
    .command('stations')
    .description('what came of a job at each station')
    .argument('<jobId>')
    .option('--state <state>', 'Pending, Waiting, Sending, Accepted, Rejected, NotSupported, Failed, Unknown, Expired or Cancelled')
    .option('--limit <n>', 'at most so many', wholeNumber)
    .addHelpText(
      'after',
      example('voltlog jobs stations 0198f0b2 --state Rejected', 'voltlog jobs stations 0198f0b2 --output json | jq .[].response'),
    )
    .action((jobId: string, { state, limit }: { state?: string; limit?: number }) =>
      cli.run((client, output) =>
        output.list(
          client.rows(`${path(jobId)}/stations${state === undefined ? '' : `?state=${encodeURIComponent(state)}`}`, limit),
          STATION,
        ),
      ),
    );
  jobs
    .command('watch')
    .description('follow a job until it ends or is paused')
    .argument('<jobId>')
    .action((jobId: string) => cli.run(async (client, output) => shown(client, output, await client.get(path(jobId)), true)));
  jobs
    .command('cancel')
    .description('send nothing more')
    .argument('<jobId>')
    .action((jobId: string) => cli.run(async (client, output) => output.one(await client.call('POST', `${path(jobId)}/cancel`, {}), JOB)));
  for (const [name, about] of [
    ['pause', 'send nothing until it is resumed'],
    ['resume', 'let a paused job go on'],
  ] as const)
    jobs
      .command(name)
      .description(about)
      .argument('<jobId>')
      .action((jobId: string) =>
        cli.run(async (client, output) => output.one(await client.call('POST', `${path(jobId)}/${name}`, {}), JOB)),
      );
  jobs
    .command('retry')
    .description('send again to stations where it failed')
    .argument('<jobId>')
    .option('--states <list>', 'which; default Rejected,Failed,Expired. A station of Unknown may have acted already', words)
    .option('--expires <when>', 'until when stations may come back; default 24h')
    .option('--wait', 'follow it to its end')
    .action((jobId: string, options: { states?: readonly string[]; expires?: string; wait?: true }) =>
      cli.run(async (client, output) => {
        const expiresAt = options.expires === undefined ? undefined : until(options.expires, Date.now());
        await shown(client, output, await client.call('POST', `${path(jobId)}/retry`, { states: options.states, expiresAt }), options.wait);
      }),
    );
}

function workOf(command: string, body: Json): Json & { readonly command?: Json } {
  if (command === 'apply-template') return { applyTemplate: body };
  if (command === 'collect-log') return { collectLog: body };
  return { command: { name: command, body } };
}

const path = (jobId: string): string => `/v1/jobs/${encodeURIComponent(jobId)}`;

/** Shows the job, or follows it first. @throws {CliError} when it was followed and did not go well everywhere */
async function shown(client: Client, output: Output, job: Json, wait: boolean | undefined): Promise<void> {
  if (wait !== true) return output.one(job, JOB);
  const id = String(job['jobId']);
  const now = await followed(client, output, job, { path: path(id), resting: RESTING, progress: progressOf });
  output.one(now, JOB);
  if (now['state'] === 'Paused')
    throw new CliError(
      EXIT.failed,
      `The job is paused: ${String(now['pausedBecause'])}. To go on: voltlog jobs resume ${id}; and then: voltlog jobs watch ${id}`,
    );
  const bad = Object.entries(counts(now)).filter(([state]) => !GOOD.has(state));
  if (bad.length > 0)
    throw new CliError(
      EXIT.failed,
      `Not accepted by every station: ${bad.map(([state, count]) => `${count} ${state}`).join(', ')}. See: voltlog jobs stations ${id} --state ${bad[0]?.[0] ?? ''}`,
    );
}

function progressOf(job: Json): string {
  const total = Number(job['stationCount']);
  if (total === 0) return 'looking up the stations';
  const open = OPEN.reduce((sum, state) => sum + (counts(job)[state] ?? 0), 0);
  return `${total - open}/${total} through (${Math.floor((100 * (total - open)) / total)} %): ${inWords(job)}`;
}
