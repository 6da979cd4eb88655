import type { Command } from 'commander';
import { type Cli, example } from './cli.js';
import { type Client, type Json, query } from './client.js';
import { CliError, EXIT } from './errors.js';
import { objectOf, saved } from './files.js';
import { counts, followed, inWords } from './follow.js';
import { type Column, type Output, rowsOf } from './output.js';

/** A move in one of these goes on only when somebody says so. */
const RESTING: ReadonlySet<unknown> = new Set(['Ended', 'Stopped', 'Paused']);

const MOVE: readonly Column[] = [
  ['MOVE', 'moveId'],
  ['NAME', 'name'],
  ['DIRECTION', 'direction'],
  ['STATE', (move) => move['outcome'] ?? move['state']],
  ['STATIONS', 'stationCount'],
  ['WAVE', (move) => `${String(move['wave'])} of ${(move['waves'] as readonly unknown[]).length}`],
  ['RESULTS', inWords],
  ['CREATED', 'createdAt'],
];
const STATION: readonly Column[] = [
  ['STATION', 'stationId'],
  ['WAVE', 'wave'],
  ['PHASE', 'phase'],
  ['CONFIRMED', (row) => (row['confirmed'] === true ? 'yes' : 'no')],
  ['SWITCHED', 'switchedAt'],
  ['BACK TO WHAT IT WAS', 'restoredAt'],
  ['REASON', 'reason'],
];
const PREVIEW: readonly Column[] = [
  ['STATION', 'stationId'],
  ['WAVE', 'wave'],
  ['OCPP', 'ocppVersion'],
  ['CONNECTED', (row) => (row['connected'] === true ? 'yes' : 'no')],
  ['PROBLEM', 'problem'],
];

export function addMoves(program: Command, cli: Cli): void {
  const moves = program.command('moves').description('bring stations to another CSMS, or here, wave by wave');
  moves
    .command('create')
    .description('begin a move; the plan is a JSON file as POST /v1/moves takes it')
    .argument('<file>')
    .option('--dry-run', 'only say what it would be at each station')
    .option('--wait', 'follow it to its end')
    .addHelpText('after', example('voltlog moves create plan.json --dry-run', 'voltlog moves create plan.json --wait'))
    .action((file: string, { dryRun, wait }: { dryRun?: true; wait?: true }) =>
      cli.run(async (client, output) => {
        const plan = objectOf(file);
        if (dryRun === true) {
          const { data } = await client.call('POST', '/v1/moves/preview', plan);
          await output.list(rowsOf(data), PREVIEW);
          return;
        }
        const move = await client.call('POST', '/v1/moves', plan);
        if (wait === true) await follow(client, output, move);
        else output.one(move, MOVE);
      }),
    );
  moves
    .command('list')
    .description('moves, newest first')
    .action(() => cli.run((client, output) => output.list(client.rows('/v1/moves'), MOVE)));
  moves
    .command('get')
    .description('how far a move is')
    .argument('<moveId>')
    .action((id: string) => cli.run(async (client, output) => output.one(await client.get(path(id)), MOVE)));
  moves
    .command('stations')
    .description('what came of each station whose turn has come')
    .argument('<moveId>')
    .option('--phase <word>', 'Started, Prepared, Switched, Moved, Failed, CameBack or Cancelled')
    .action((id: string, { phase }: { phase?: string }) =>
      cli.run((client, output) => output.list(client.rows(`${path(id)}/stations${query({ phase })}`), STATION)),
    );
  for (const [word, does] of [
    ['pause', 'begin with no further station'],
    ['resume', 'go on'],
    ['cancel', 'end it; stations that were told to go are followed on'],
  ] as const)
    moves
      .command(word)
      .description(does)
      .argument('<moveId>')
      .action((id: string) => cli.run(async (client, output) => output.one(await client.call('POST', `${path(id)}/${word}`), MOVE)));
  moves
    .command('confirm')
    .description('say that a station has arrived where it was sent')
    .argument('<moveId>')
    .argument('<stationId>')
    .action((id: string, stationId: string) =>
      cli.run(async (client, output) =>
        output.one(await client.call('POST', `${path(id)}/stations/${encodeURIComponent(stationId)}/confirm`), STATION),
      ),
    );
  moves
    .command('export')
    .description('write what the other side needs to know of the stations, as lines of JSON')
    .argument('<moveId>')
    .argument('[file]', 'default: standard output')
    .action((id: string, file: string | undefined) =>
      cli.run(async (client) => {
        await saved(await client.send('GET', `${path(id)}/export`), file);
      }),
    );
}

/** Shows it once it rests. @throws {CliError} when not every station arrived */
async function follow(client: Client, output: Output, made: Json): Promise<void> {
  const moveId = String(made['moveId']);
  const move = await followed(client, output, made, {
    path: path(moveId),
    resting: RESTING,
    progress: (now) => `${String(now['state'])}, wave ${String(now['wave'])}: ${inWords(now)}`,
  });
  output.one(move, MOVE);
  const { Moved: moved = 0, ...others } = counts(move);
  if (move['state'] === 'Ended' && move['outcome'] === 'Completed' && moved === move['stationCount']) return;
  // Those whose turn never came are in no phase.
  const bad = Object.entries(others).filter(([, count]) => count > 0);
  const rest = [`${moved} of ${String(move['stationCount'])} Moved`, ...bad.map(([phase, count]) => `${count} ${phase}`)].join(', ');
  const phase = bad[0] === undefined ? '' : ` --phase ${bad[0][0]}`;
  throw new CliError(
    EXIT.failed,
    `Not every station arrived, the move is ${String(move['outcome'] ?? move['state'])}: ${rest}. See: voltlog moves stations ${moveId}${phase}`,
  );
}

const path = (moveId: string): string => `/v1/moves/${encodeURIComponent(moveId)}`;
