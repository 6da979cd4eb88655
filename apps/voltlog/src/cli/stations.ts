import type { Command } from 'commander';
import { type Cli, example } from './cli.js';
import { query } from './client.js';
import { CliError, EXIT } from './errors.js';
import { type Column, rowsOf } from './output.js';
import { passwordOf } from './security.js';
import { wholeNumber, words } from './words.js';

const STATION: readonly Column[] = [
  ['STATION', 'stationId'],
  ['NAME', 'name'],
  ['SITE', 'siteId'],
  ['LIFECYCLE', 'lifecycle'],
  ['CONNECTED', (row) => ((row['connection'] as { connected?: boolean } | null)?.connected === true ? 'yes' : 'no')],
  ['VENDOR', 'vendor'],
  ['MODEL', 'model'],
  ['FIRMWARE', 'firmwareVersion'],
  ['OCPP', 'ocppVersion'],
];

export function addStations(program: Command, cli: Cli): void {
  const stations = program.command('stations').description('stations: list, register, change, accept, retire');
  stations
    .command('list')
    .description('stations with their live connections')
    .option('--site <id>', 'of this site')
    .option('--lifecycle <word>', 'Active, Quarantined or Retired')
    .option('--limit <n>', 'at most so many', wholeNumber)
    .addHelpText(
      'after',
      example('voltlog stations list --site depot-north', 'voltlog stations list --lifecycle Quarantined --output json'),
    )
    .action(({ site: siteId, lifecycle, limit }: { site?: string; lifecycle?: string; limit?: number }) =>
      cli.run((client, output) => output.list(client.rows(`/v1/stations${query({ siteId, lifecycle })}`, limit), STATION)),
    );
  stations
    .command('get')
    .description('one station')
    .argument('<stationId>')
    .action((id: string) => cli.run(async (client, output) => output.one(await client.get(path(id)), STATION)));
  stations
    .command('add')
    .description('register a station; its password is shown once')
    .argument('<stationId>')
    .option('--site <id>', 'where it stands')
    .option('--name <text>', 'what people call it')
    .option('--tag <tags>', 'tags, separated by commas', words)
    .option('--profile-at-least <n>', 'security profile below which it is not let in', wholeNumber)
    .option('--password <text>', 'of 16 to 40 characters; default: one is made')
    .option('--no-password', 'give it none: it shows a certificate')
    .action((stationId: string, { password, ...options }: StationOptions & { password?: string | false }) =>
      cli.run(async (client, output) => {
        const credential = password === false ? { withoutCredential: true } : { password };
        const made = await client.call('POST', '/v1/stations', { stationId, ...attributesOf(options), ...credential });
        const name: Column = ['STATION', 'station.stationId'];
        output.one(made, password === undefined ? [name, ['PASSWORD', 'password']] : [name]);
      }),
    );
  stations
    .command('set')
    .description('change what is known of a station; what is not given stays')
    .argument('<stationId>')
    .option('--site <id>', 'where it stands')
    .option('--name <text>', 'what people call it')
    .option('--tag <tags>', 'tags, separated by commas, instead of those it has', words)
    .option('--profile-at-least <n>', 'security profile below which it is not let in', wholeNumber)
    .addHelpText(
      'after',
      example('voltlog stations set CP-001 --name "Bay 1" --tag car-park,fast', 'voltlog stations set CP-001 --profile-at-least 2'),
    )
    .action((id: string, options: StationOptions) =>
      cli.run(async (client, output) => {
        if (Object.keys(options).length === 0)
          throw new CliError(EXIT.usage, 'say what is to change: --site, --name, --tag or --profile-at-least');
        output.one(await client.call('PATCH', path(id), attributesOf(options)), STATION);
      }),
    );
  stations
    .command('accept')
    .description(
      'let a station out of quarantine; it is brought a password of its own, shown here once, since nobody knows the one it shows',
    )
    .argument('<stationId>')
    .option('--password-file <file>', 'the file holds its password; - for standard input. Default: one is made')
    .option('--no-password', 'give it none')
    .action((id: string, { password, passwordFile }: { password: boolean; passwordFile?: string }) =>
      cli.run(async (client, output) => {
        if (!password && passwordFile !== undefined) throw new CliError(EXIT.usage, '--no-password and --password-file exclude each other');
        const credential = password ? { password: passwordOf(passwordFile) } : { withoutCredential: true };
        const station = await client.call('PATCH', path(id), { accept: true, ...credential });
        output.one(station, station['password'] === null ? STATION : [...STATION, ['PASSWORD', 'password']]);
      }),
    );
  stations
    .command('retire')
    .description('let a station in no more; its history stays')
    .argument('<stationId>')
    .action((id: string) => cli.run(async (client, output) => output.one(await client.call('DELETE', path(id)), STATION)));
  stations
    .command('messages')
    .description('what was said on the wire, newest first')
    .argument('<stationId>')
    .option('--limit <n>', 'at most so many', wholeNumber, 20)
    .action((id: string, { limit }: { limit: number }) =>
      cli.run((client, output) =>
        output.list(client.rows(`${path(id)}/messages`, limit), [
          ['AT', 'at'],
          ['DIRECTION', 'direction'],
          ['FRAME', 'text'],
        ]),
      ),
    );
  addCallPassword(stations, cli);
  addQuirks(stations, cli);
}

const CALL_CREDENTIAL: readonly Column[] = [
  ['STATION', 'stationId'],
  ['USER', 'username'],
  ['SHOWN BY', 'scheme'],
  ['SET', 'updatedAt'],
];

interface CallPasswordOptions {
  readonly passwordFile?: string;
  readonly user?: string;
  readonly digest?: true;
  readonly remove?: true;
}

function addCallPassword(stations: Command, cli: Cli): void {
  stations
    .command('call-password')
    .description('the password with which a SOAP station is called: says as whom and since when, sets it, or takes it away')
    .argument('<stationId>')
    .option('--password-file <file>', 'set the password that the file holds; - for standard input')
    .option('--user <name>', "as whom; default: the station's id")
    .option('--digest', 'by Digest, which never shows the password itself; default: Basic')
    .option('--remove', 'call it without a password again')
    .addHelpText(
      'after',
      example('voltlog stations call-password CP-001 --password-file cp-001.txt', 'voltlog stations call-password CP-001 --remove'),
    )
    .action((id: string, { passwordFile, user: username, digest, remove }: CallPasswordOptions) =>
      cli.run(async (client, output) => {
        const at = `${path(id)}/call-credential`;
        if (remove === true) {
          if (passwordFile !== undefined || username !== undefined || digest === true)
            throw new CliError(EXIT.usage, '--remove goes with nothing else');
          await client.call('DELETE', at);
          output.say(`${id} is called without a password.`);
          return;
        }
        if ((username !== undefined || digest === true) && passwordFile === undefined)
          throw new CliError(EXIT.usage, 'give --password-file with --user and --digest');
        const password = passwordOf(passwordFile);
        const credential =
          password === undefined
            ? await client.get(at)
            : await client.call('PUT', at, { username, password, ...(digest === true ? { scheme: 'Digest' } : {}) });
        output.one(credential, CALL_CREDENTIAL);
      }),
    );
}

const QUIRK: readonly Column[] = [
  ['QUIRK', 'quirkId'],
  ['STATE', (row) => `${row['on'] === true ? 'on' : 'off'}${row['suggested'] === true ? ' (suggested)' : ''}`],
  ['BECAUSE', 'because'],
  ['TOLERATED', 'tolerated'],
  ['REFUSED', 'refused'],
  ['LAST', 'lastAt'],
  ['STATION DOES', 'deviates'],
];
const CHOICES: Readonly<Record<string, string>> = { on: 'On', off: 'Off', 'by-make': 'ByMake' };

function addQuirks(stations: Command, cli: Cli): void {
  stations
    .command('quirks')
    .description('known deviations of a station: which are tolerated and seen; switches one with <quirk> and on, off or by-make')
    .argument('<stationId>')
    .argument('[quirk]', 'its id')
    .argument('[choice]', 'on, off or by-make')
    .option('--all', 'also those that are off and were never seen')
    .addHelpText('after', example('voltlog stations quirks CP-001', 'voltlog stations quirks CP-001 numbers-as-texts on'))
    .action((id: string, quirk: string | undefined, word: string | undefined, { all }: { all?: boolean }) =>
      cli.run(async (client, output) => {
        const choice = word === undefined ? undefined : CHOICES[word];
        if (quirk !== undefined && choice === undefined)
          throw new CliError(EXIT.usage, 'say what becomes of the quirk: on, off or by-make');
        const at = `${path(id)}/quirks`;
        const answer =
          quirk === undefined ? await client.get(at) : await client.call('PUT', `${at}/${encodeURIComponent(quirk)}`, { choice });
        const rows = answer['data'] as readonly Readonly<Record<string, unknown>>[];
        const shown = rows.filter(
          (row) =>
            all === true || row['quirkId'] === quirk || row['on'] === true || row['because'] === 'Operator' || row['lastAt'] !== null,
        );
        await output.list(rowsOf(shown), QUIRK);
      }),
    );
}

const path = (stationId: string): string => `/v1/stations/${encodeURIComponent(stationId)}`;

interface StationOptions {
  readonly site?: string;
  readonly name?: string;
  readonly tag?: readonly string[];
  readonly profileAtLeast?: number;
}

const attributesOf = ({ site: siteId, name, tag: tags, profileAtLeast: securityProfileMin }: StationOptions): object => ({
  siteId,
  name,
  tags,
  securityProfileMin,
});
