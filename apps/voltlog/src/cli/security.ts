import type { Command } from 'commander';
import { type Cli, example } from './cli.js';
import type { Client, Json } from './client.js';
import { textOf } from './files.js';
import { followed } from './follow.js';
import type { Column } from './output.js';
import { wholeNumber } from './words.js';

/** A change of profile in one of these is over. */
const RESTING: ReadonlySet<unknown> = new Set(['Completed', 'RolledBack', 'Failed', 'Cancelled']);

const SECURITY: readonly Column[] = [
  ['STATION', 'stationId'],
  ['PROFILE AT LEAST', 'securityProfileMin'],
  ['PROFILE CHANGE', (row) => profileChange(row)],
  ['REASON', 'profileChange.reason'],
  ['PASSWORD CHANGE', 'passwordChange.status'],
  ['CERTIFICATES', (row) => (row['certificates'] as readonly Json[]).length],
  ['REFUSED CSR', 'csrRefusal'],
];

interface SwitchOptions {
  readonly root?: string;
  readonly csmsUrl?: string;
  readonly slot?: number;
  readonly allowDowngrade?: true;
  readonly enforce: boolean;
  readonly wait?: true;
}

export function addSecurity(program: Command, cli: Cli): void {
  const security = program.command('security').description("a station's security profile and password");
  security
    .command('get')
    .description('what is required of a station, and what is being changed')
    .argument('<stationId>')
    .action((id: string) => cli.run(async (client, output) => output.one(await client.get(`${path(id)}/security`), SECURITY)));
  security
    .command('switch')
    .description('bring a station to another security profile; one that comes back on the old one is let in')
    .argument('<stationId>')
    .argument('<profile>', '1, 2 or 3', wholeNumber)
    .option('--root <file>', 'root (PEM) of the CSMS that is installed first; - for standard input')
    .option('--csms-url <url>', 'where it is to connect; default: as configured for the profile')
    .option('--slot <n>', 'of the network profile of a 2.x station', wholeNumber)
    .option('--allow-downgrade', 'to a lower profile')
    .option('--no-enforce', 'do not require the profile once the station is on it')
    .option('--wait', 'follow it to its end')
    .addHelpText('after', example('voltlog security switch CP-001 2 --root csms-root.pem --wait', 'voltlog security switch CP-001 3'))
    .action((id: string, toProfile: number, { root, wait, ...options }: SwitchOptions) =>
      cli.run(async (client, output) => {
        const csmsRootCertificate = root === undefined ? undefined : textOf(root);
        const begun = await client.call('POST', `${path(id)}/security-profile-changes`, { toProfile, csmsRootCertificate, ...options });
        if (wait !== true) {
          output.one(begun, SECURITY);
          return;
        }
        const ended = await followed(byPhase(client), output, withPhase(begun), {
          path: `${path(id)}/security`,
          resting: RESTING,
          progress: (now) => `${id}: ${profileChange(now)}`,
        });
        output.one(ended, SECURITY);
        if (ended['state'] !== 'Completed') cli.failed();
      }),
    );
  security
    .command('cancel')
    .description('stop a change of profile')
    .argument('<stationId>')
    .action((id: string) =>
      cli.run(async (client, output) => output.one(await client.call('DELETE', `${path(id)}/security-profile-changes/current`), SECURITY)),
    );
  security
    .command('change-password')
    .description('bring a station a new password, which nobody sees; the old one counts until the station shows the new one')
    .argument('<stationId>')
    .action((id: string) =>
      cli.run(async (client, output) => output.one(await client.call('POST', `${path(id)}/password-changes`), SECURITY)),
    );
  security
    .command('set-password')
    .description('let another password count, which somebody gives the station; made here, it is shown once')
    .argument('<stationId>')
    .option('--password-file <file>', 'the file holds it; - for standard input. Default: one is made')
    .action((id: string, { passwordFile }: { passwordFile?: string }) =>
      cli.run(async (client, output) => {
        const password = passwordOf(passwordFile);
        const set = await client.call('PUT', `${path(id)}/credential`, { password });
        if (password === undefined) output.one(set, [['PASSWORD', 'password']]);
        else output.say(`${id} is let in with the password of ${passwordFile}.`);
      }),
    );
}

/** The password that a file holds; undefined: no file is named. An editor ends a file with a line break, which is no part of it. */
export const passwordOf = (file: string | undefined): string | undefined =>
  file === undefined ? undefined : textOf(file).replace(/\r?\n$/, '');

function profileChange(row: Json): string {
  const change = row['profileChange'] as Json | null;
  return change === null ? '' : `${String(change['fromProfile'])} to ${String(change['toProfile'])}: ${String(change['phase'])}`;
}

const withPhase = (row: Json): Json => ({ ...row, state: (row['profileChange'] as Json | null)?.['phase'] });
const byPhase = (client: Client): Pick<Client, 'get'> => ({ get: async (at) => withPhase(await client.get(at)) });
const path = (stationId: string): string => `/v1/stations/${encodeURIComponent(stationId)}`;
