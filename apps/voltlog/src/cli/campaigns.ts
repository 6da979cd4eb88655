import type { Command } from 'commander';
import { type Cli, example } from './cli.js';
import type { Client, Json } from './client.js';
import { CliError, EXIT } from './errors.js';
import { counts, followed, inWords } from './follow.js';
import type { Column, Output } from './output.js';
import { type SelectionOptions, selectionOf, withSelection } from './selection.js';
import { until, wholeNumber, words } from './words.js';

const OPEN: readonly string[] = ['Planned', 'Queued', 'Updating'];
const GOOD: ReadonlySet<string> = new Set([...OPEN, 'Updated', 'Skipped']);
/** A campaign in one of these goes on only when somebody says so. */
const RESTING: ReadonlySet<unknown> = new Set(['Ended', 'Stopped', 'Paused']);

const waves = (campaign: Json): string =>
  (campaign['waves'] as readonly { state: string; stationCount: number }[])
    .map(({ state, stationCount }) => `${stationCount} ${state}`)
    .join(', ');

const controllers = (campaign: Json): string =>
  // An older API tells of none.
  ((campaign['localControllers'] ?? []) as readonly { stationId: string; state: string | null }[])
    .map(({ stationId, state }) => `${stationId} ${state ?? 'Planned'}`)
    .join(', ');

const CAMPAIGN: readonly Column[] = [
  ['CAMPAIGN', 'campaignId'],
  ['NAME', 'name'],
  ['VERSION', 'version'],
  ['STATE', (campaign) => campaign['outcome'] ?? campaign['state']],
  ['STATIONS', 'stationCount'],
  ['RESULTS', inWords],
  ['WAVES', waves],
  ['CONTROLLERS', controllers],
  ['CREATED', 'createdAt'],
];
const STATION: readonly Column[] = [
  ['STATION', 'stationId'],
  ['WAVE', 'wave'],
  ['STATE', 'state'],
  ['STATUS', 'status'],
  ['FROM', 'fromVersion'],
  ['PROOF', 'evidence'],
  ['FETCHED', 'fetched'],
  ['VIA', 'via'],
  ['TRIES', 'attempts'],
  ['REASON', 'reason'],
  ['UPDATED', 'updatedAt'],
];

interface CreateOptions extends SelectionOptions {
  readonly image: string;
  readonly name?: string;
  readonly wave?: readonly string[];
  readonly window?: readonly string[];
  readonly timeZone?: string;
  readonly perMinute?: number;
  readonly concurrency?: number;
  readonly retrieve?: string;
  readonly install?: string;
  readonly doneWhen?: string;
  readonly stopAtPercent?: number;
  readonly stopAtMin?: number;
  readonly attempts?: number;
  readonly retryMinutes?: number;
  readonly stalledMinutes?: number;
  readonly expires?: string;
  readonly rollBackImage?: string;
  readonly rollBack?: string;
  readonly localController?: readonly string[];
  readonly wait?: true;
}

export function addCampaigns(program: Command, cli: Cli): void {
  const campaigns = program.command('campaigns').description('firmware for many stations');
  withSelection(campaigns.command('create').description('bring an image to many stations'))
    .requiredOption('--image <imageId>', 'see: voltlog firmware list')
    .option('--name <text>', 'what to call it')
    .option('--wave <sizes>', '5%, 20 or rest, each with a pause behind it: 5%:60m,20%:1d,rest; may be repeated', words)
    .option('--window <times>', "22:00-05:00 in the time zone of each station's site; Mon-Fri as 22:00-05:00/12345; may be repeated", words)
    .option('--time-zone <name>', 'of stations whose site has none; default UTC')
    .option('--per-minute <n>', 'stations a minute; default: no limit', wholeNumber)
    .option('--concurrency <n>', 'stations asked at once; default 50', wholeNumber)
    .option('--retrieve <when>', 'when they are to fetch it: an instant, or 30m, 12h, 7d')
    .option('--install <when>', 'when they are to install it')
    .option('--done-when <proof>', 'Boot (default): it boots with the version; Installed: it says so')
    .option('--stop-at-percent <n>', 'stop when so many of those that ended have failed', wholeNumber)
    .option('--stop-at-min <n>', 'and at least so many', wholeNumber)
    .option('--attempts <n>', 'tries at each station; default 1', wholeNumber)
    .option('--retry-minutes <n>', 'between two tries; default 10', wholeNumber)
    .option('--stalled-minutes <n>', 'a station that gets no further for so long has failed; default 60', wholeNumber)
    .option('--expires <when>', 'until when; default 7d')
    .option('--roll-back-image <imageId>', 'the way back')
    .option('--roll-back <mode>', 'Manual (default), or Automatic: once it stops by itself, bring back what it updated')
    .option(
      '--local-controller <ids>',
      'they publish it first, to the stations of their sites, or to those that are named: LC-1,LC-2:CP-3:CP-4; may be repeated',
      words,
    )
    .option('--wait', 'follow it to its end')
    .addHelpText(
      'after',
      example(
        'voltlog campaigns create --image 0198f0b2 --all --wave 5%:60m,rest --stop-at-percent 10 --stop-at-min 3 --wait',
        'voltlog campaigns create --image 0198f0b2 --site depot-north --window 22:00-05:00 --attempts 2',
        'voltlog campaigns create --image 0198f0b2 --all --local-controller LC-1,LC-2:CP-3:CP-4',
      ),
    )
    .action((options: CreateOptions) =>
      cli.run(async (client, output) => {
        const now = Date.now();
        const at = (when: string | undefined) => (when === undefined ? undefined : until(when, now));
        const campaign = await client.call('POST', PATH, {
          imageId: options.image,
          selection: selectionOf(options),
          name: options.name,
          waves: options.wave?.map(waveOf),
          windows: options.window?.map(windowOf),
          timeZone: options.timeZone,
          stationsPerMinute: options.perMinute,
          concurrency: options.concurrency,
          retrieveAt: at(options.retrieve),
          installAt: at(options.install),
          doneWhen: options.doneWhen,
          stopAtFailedPercent: options.stopAtPercent,
          stopAtFailedMin: options.stopAtMin,
          attemptsMax: options.attempts,
          retryMinutes: options.retryMinutes,
          noProgressMinutes: options.stalledMinutes,
          expiresAt: at(options.expires),
          rollBackImageId: options.rollBackImage,
          rollBack: options.rollBack,
          localControllers: options.localController?.map(controllerOf),
        });
        await shown(client, output, campaign, options.wait);
      }),
    );
  campaigns
    .command('list')
    .description('campaigns, newest first')
    .option('--limit <n>', 'at most so many', wholeNumber, 20)
    .action(({ limit }: { limit: number }) => cli.run((client, output) => output.list(client.rows(PATH, limit), CAMPAIGN)));
  campaigns
    .command('get')
    .description('a campaign and how far it is')
    .argument('<campaignId>')
    .action((id: string) => cli.run(async (client, output) => output.one(await client.get(path(id)), CAMPAIGN)));
  campaigns
    .command('stations')
    .description('how far each station is')
    .argument('<campaignId>')
    .option('--state <state>', 'Planned, Queued, Updating, Updated, Skipped, Failed, Expired or Cancelled')
    .option('--limit <n>', 'at most so many', wholeNumber)
    .addHelpText('after', example('voltlog campaigns stations 0198f0b2 --state Failed'))
    .action((id: string, { state, limit }: { state?: string; limit?: number }) =>
      cli.run((client, output) => {
        const filter = state === undefined ? '' : `?state=${encodeURIComponent(state)}`;
        return output.list(client.rows(`${path(id)}/stations${filter}`, limit), STATION);
      }),
    );
  campaigns
    .command('watch')
    .description('follow a campaign until it ends, stops or is paused')
    .argument('<campaignId>')
    .action((id: string) => cli.run(async (client, output) => shown(client, output, await client.get(path(id)), true)));
  for (const [word, what] of [
    ['pause', 'send nothing more until it is resumed'],
    ['resume', 'go on after a pause, or after too many failed'],
    ['cancel', 'send nothing more'],
  ] as const)
    campaigns
      .command(word)
      .description(what)
      .argument('<campaignId>')
      .action((id: string) =>
        cli.run(async (client, output) => output.one(await client.call('POST', `${path(id)}/${word}`, {}), CAMPAIGN)),
      );
  campaigns
    .command('roll-back')
    .description('bring its stations the image of the way back')
    .argument('<campaignId>')
    .option('--station <ids>', 'only these; may be repeated', words)
    .option('--wait', 'follow it to its end')
    .action((id: string, { station, wait }: { station?: readonly string[]; wait?: true }) =>
      cli.run(async (client, output) =>
        shown(client, output, await client.call('POST', `${path(id)}/roll-back`, { stationIds: station }), wait),
      ),
    );
}

const PATH = '/v1/firmware-campaigns';
const path = (campaignId: string): string => `${PATH}/${encodeURIComponent(campaignId)}`;

const MINUTES: Readonly<Record<string, number>> = { m: 1, h: 60, d: 1_440 };

/** @throws {CliError} */
function waveOf(text: string): Json {
  const [whole, percent, stations, pause, unit] = /^(?:(\d+)%|(\d+)|rest)(?::(\d+)([mhd]))?$/.exec(text) ?? [];
  if (whole === undefined) throw new CliError(EXIT.usage, `${text} is no wave: 5%, 20 or rest, with a pause as in 5%:60m`);
  return {
    ...(percent === undefined ? {} : { percent: Number(percent) }),
    ...(stations === undefined ? {} : { stations: Number(stations) }),
    ...(pause === undefined ? {} : { pauseMinutes: Number(pause) * (MINUTES[unit ?? 'm'] ?? 1) }),
  };
}

/** @throws {CliError} */
function windowOf(text: string): Json {
  const [, from, end, days] = /^(\d\d:\d\d)-(\d\d:\d\d)(?:\/([1-7]+))?$/.exec(text) ?? [];
  if (from === undefined) throw new CliError(EXIT.usage, `${text} is no window: 22:00-05:00, or 22:00-05:00/12345 for Monday to Friday`);
  return { from, until: end, ...(days === undefined ? {} : { days: [...days].map(Number) }) };
}

/** `LC-2:CP-3:CP-4`; no id of a station has a colon. @throws {CliError} */
function controllerOf(text: string): object {
  const [stationId, ...stationIds] = text.split(':');
  if (stationId === '' || stationIds.includes(''))
    throw new CliError(EXIT.usage, `${text} is no local controller: LC-1, or LC-1:CP-3:CP-4 with the stations behind it`);
  return stationIds.length === 0 ? { stationId } : { stationId, stationIds };
}

/** Shows the campaign, or follows it first. @throws {CliError} when it was followed and did not go well everywhere */
async function shown(client: Client, output: Output, campaign: Json, wait: boolean | undefined): Promise<void> {
  if (wait !== true) return output.one(campaign, CAMPAIGN);
  const id = String(campaign['campaignId']);
  const now = await followed(client, output, campaign, { path: path(id), resting: RESTING, progress: progressOf });
  output.one(now, CAMPAIGN);
  if (now['state'] === 'Paused')
    throw new CliError(
      EXIT.failed,
      `The campaign is paused. To go on: voltlog campaigns resume ${id}; and then: voltlog campaigns watch ${id}`,
    );
  if (now['state'] === 'Stopped') {
    const back = ((now['rollBacks'] ?? []) as readonly { campaignId: string }[]).map(
      ({ campaignId }) => `voltlog campaigns watch ${campaignId}`,
    );
    const hints = [`voltlog campaigns stations ${id} --state Failed`, ...back].join('; ');
    throw new CliError(EXIT.failed, `Stopped: too many failed. See: ${hints}`);
  }
  const bad = Object.entries(counts(now)).filter(([state]) => !GOOD.has(state));
  if (bad.length > 0)
    throw new CliError(
      EXIT.failed,
      `Not every station was updated: ${bad.map(([state, count]) => `${count} ${state}`).join(', ')}. See: voltlog campaigns stations ${id} --state ${bad[0]?.[0] ?? ''}`,
    );
}

function progressOf(campaign: Json): string {
  const total = Number(campaign['stationCount']);
  if (total === 0) return 'looking up the stations';
  const open = OPEN.reduce((sum, state) => sum + (counts(campaign)[state] ?? 0), 0);
  return `${total - open}/${total} through (${Math.floor((100 * (total - open)) / total)} %): ${inWords(campaign)}`;
}
