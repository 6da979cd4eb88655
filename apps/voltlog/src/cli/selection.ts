import type { Command } from 'commander';
import type { Json } from './client.js';
import { CliError, EXIT } from './errors.js';
import { words } from './words.js';

export interface SelectionOptions {
  readonly station?: readonly string[];
  readonly site?: string;
  readonly tag?: readonly string[];
  readonly vendor?: string;
  readonly model?: string;
  readonly firmware?: string;
  readonly ocpp?: string;
  readonly connected?: true;
  readonly offline?: true;
  readonly all?: true;
}

/** Options that say which stations are meant. */
export const withSelection = (command: Command): Command =>
  command
    .option('--station <ids>', 'these stations, separated by commas; may be repeated', words)
    .option('--site <id>', 'stations of this site')
    .option('--tag <tags>', 'stations with these tags, separated by commas', words)
    .option('--vendor <name>', 'stations of this vendor')
    .option('--model <name>', 'stations of this model')
    .option('--firmware <version>', 'stations with this firmware')
    .option('--ocpp <version>', 'ocpp1.6, ocpp2.0.1 or ocpp2.1')
    .option('--connected', 'stations that are connected now')
    .option('--offline', 'stations that are not')
    .option('--all', 'every station in service');

/** @throws {CliError} when they say nothing */
export function selectionOf(options: SelectionOptions): Json {
  const {
    station: stationIds,
    site: siteId,
    tag: tags,
    vendor,
    model,
    firmware: firmwareVersion,
    ocpp: ocppVersion,
    connected,
    offline,
    all,
  } = options;
  if (connected && offline) throw new CliError(EXIT.usage, '--connected and --offline exclude each other');
  const selection = {
    stationIds,
    siteId,
    tags,
    vendor,
    model,
    firmwareVersion,
    ocppVersion,
    connected: connected ?? (offline ? false : undefined),
    all,
  };
  if (Object.values(selection).every((condition) => condition === undefined))
    throw new CliError(
      EXIT.usage,
      'say which stations: --station, --site, --tag, --vendor, --model, --firmware, --ocpp, --connected, --offline or --all',
    );
  return selection;
}
