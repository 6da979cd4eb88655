import type { Command } from 'commander';
import { type Cli, example } from './cli.js';
import { ifNew } from './client.js';
import { CliError, EXIT } from './errors.js';
import { objectOf } from './files.js';
import type { Column } from './output.js';
import { wholeNumber } from './words.js';

const PRICE: readonly Column[] = [
  ['SCOPE', 'scope'],
  ['CURRENCY', 'currency'],
  ['A KWH', 'perKwh'],
  ['A MINUTE', 'perMinute'],
  ['A SESSION', 'perSession'],
  ['VERSION', 'version'],
];

interface PutOptions {
  readonly currency?: string;
  readonly kwh?: string;
  readonly minute?: string;
  readonly session?: string;
  readonly file?: string;
  readonly new?: true;
}

export function addPrices(program: Command, cli: Cli): void {
  const prices = program.command('prices').description('what charging costs: at a station, at a site, or where neither says it');
  prices
    .command('get')
    .description('the price that is set here; --output json prints what put --file takes')
    .argument('<scope>', SCOPE)
    .action((scope: string) => cli.run(async (client, output) => output.one(await client.get(path(scope)), PRICE)));
  prices
    .command('put')
    .description('set a price; it holds for sessions that start from then on')
    .argument('<scope>', SCOPE)
    .option('--currency <code>', 'ISO 4217, as EUR')
    .option('--kwh <amount>', 'of a kWh')
    .option('--minute <amount>', 'of a minute')
    .option('--session <amount>', 'of a session')
    .option('--file <file>', 'all of it as JSON, as get prints it; - for standard input')
    .option('--new', 'set the first one; refused where one is set already')
    .addHelpText(
      'after',
      example(
        'voltlog prices put default --currency EUR --kwh 0.45 --session 0.35',
        'voltlog prices get site:depot-north --output json | voltlog prices put site:depot-south --file -',
      ),
    )
    .action((scope: string, options: PutOptions) =>
      cli.run(async (client, output) => output.one(await client.call('PUT', path(scope), bodyOf(options), ifNew(options.new)), PRICE)),
    );
  prices
    .command('delete')
    .description('take a price away: the next wider one holds for sessions that start from then on')
    .argument('<scope>', SCOPE)
    .option('--version <n>', 'refused where it has another one by now', wholeNumber)
    .action((scope: string, { version }: { version?: number }) =>
      cli.run(async (client, output) => {
        await client.call('DELETE', path(scope), undefined, version === undefined ? {} : { 'if-match': `"${version}"` });
        output.say(`No price is set for ${scope} any more.`);
      }),
    );
}

/** @throws {CliError} */
function bodyOf({ currency, kwh: perKwh, minute: perMinute, session: perSession, file }: PutOptions): object {
  const amounts = [perKwh, perMinute, perSession];
  if (file === undefined) {
    if (currency === undefined || amounts.every((each) => each === undefined))
      throw new CliError(EXIT.usage, 'give --currency and what something costs, or --file');
    return { currency, perKwh, perMinute, perSession };
  }
  if ([currency, ...amounts].some((each) => each !== undefined)) throw new CliError(EXIT.usage, '--file says all of it: give it alone');
  return objectOf(file);
}

const SCOPE = 'default, site:<id> or station:<id>';
const path = (scope: string): string => `/v1/prices/${encodeURIComponent(scope)}`;
