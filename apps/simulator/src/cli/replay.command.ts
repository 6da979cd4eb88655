import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { prepare } from '../replay/prepare.js';
import { type Recording, readRecording } from '../replay/recording.js';
import { replay } from '../replay/replay.js';
import { apiUrl, DEFAULT_URL, passwordOf, positive, urls } from './options.js';
import { Output } from './output.js';

interface ReplayCommandOptions {
  readonly url: [string, ...string[]];
  readonly id: string;
  readonly password?: string;
  readonly speed?: number;
  readonly api?: string;
  readonly apiKey?: string;
  readonly strict?: boolean;
  readonly trace?: boolean;
  readonly json?: boolean;
}

export function addReplayCommand(program: Command): void {
  program
    .command('replay')
    .description('say again what a recorded station said, and report where the CSMS answers otherwise')
    .argument('<file>', 'a recording: lines of JSON', fileOf)
    .option('--url <address>', 'OCPP address without the station id', urls, [DEFAULT_URL])
    .option('--id <text>', 'station id', 'REPLAY-1')
    .option('--password <text>', 'basic auth password; {id} stands for the station id')
    .option('--speed <n>', 'recorded seconds per second; left out: one message after the other')
    .option('--api <address>', 'REST API of the CSMS: registers the station and the tokens that were accepted', apiUrl)
    .addOption(new Option('--api-key <key>', 'a key of an admin for it').env('VOLTLOG_API_KEY'))
    .option('--strict', 'what the CSMS asked for then and not now, or now and not then, counts as a difference')
    .option('--trace', 'print every frame')
    .option('--json', 'JSON lines on stdout')
    .addHelpText(
      'after',
      `
Examples:
  $ simulator replay visit.ndjson --id CS-1 --password secret
  $ simulator replay visit.ndjson --api http://127.0.0.1:8080 --api-key voltlog_live_... --speed 10

Exit code: 0 when the CSMS answered as it did, 1 when not, 2 for a wrong option or a file that is no recording.`,
    )
    .action(async (recording: Recording, options: ReplayCommandOptions) => {
      const output = new Output(options.json === true);
      const { id, api, apiKey } = options;
      if (api !== undefined && apiKey === undefined) throw new RangeError('--api needs --api-key');
      const made = api === undefined || apiKey === undefined ? undefined : await prepare(recording, id, { url: api, key: apiKey });
      const password = passwordOf(options.password)?.(id) ?? made;
      const result = await replay(recording, {
        url: options.url[0],
        stationId: id,
        ...(password === undefined ? {} : { password }),
        ...(options.speed === undefined ? {} : { speed: positive(String(options.speed)) }),
        ...(options.trace === true ? { onFrame: (direction, text) => output.line(`${direction === 'sent' ? '>' : '<'} ${text}`) } : {}),
      });
      output.data(result);
      for (const { line, action, difference } of result.differences) output.line(`line ${line} ${action}: ${difference}`);
      for (const action of result.unexpected) output.line(`asked for and not recorded: ${action}`);
      for (const action of result.notAsked) output.line(`recorded and not asked for: ${action}`);
      output.line(`${result.said} messages said, ${result.differences.length} differences`);
      const strictly = options.strict === true && result.unexpected.length + result.notAsked.length > 0;
      if (result.differences.length > 0 || strictly) process.exitCode = 1;
    });
}

function fileOf(path: string): Recording {
  try {
    return readRecording(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}
