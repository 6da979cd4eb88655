import type { Command } from 'commander';
import { type Cli, example } from './cli.js';
import { ifNew, type Json, query } from './client.js';
import { saved, textOf } from './files.js';
import { type Column, rowsOf } from './output.js';
import { checkFile, sendImport } from './registry.js';
import { until, wholeNumber } from './words.js';

const SESSION: readonly Column[] = [
  ['SESSION', 'sessionId'],
  ['STATION', 'stationId'],
  ['EVSE', 'evseId'],
  ['STATE', 'state'],
  ['STARTED', 'startedAt'],
  ['ENDED', 'endedAt'],
  ['KWH', (row) => (Number(row['energyWh']) / 1_000).toFixed(3)],
  ['TOKEN', 'idToken'],
];
const STOP: readonly Column[] = [
  ['SESSION', 'session.sessionId'],
  ['STATE', 'session.state'],
  ['ANSWER', 'stationStatus'],
];
const TOKEN: readonly Column[] = [
  ['TOKEN', 'idToken'],
  ['TYPE', 'type'],
  ['STATUS', 'status'],
  ['GROUP', 'groupId'],
  ['CONTRACT', 'contractId'],
  ['EXPIRES', 'expiresAt'],
  ['NOTE', 'note'],
];
const CERTIFICATE: readonly Column[] = [
  ['SERIAL', 'serialNumber'],
  ['TYPE', 'certificateType'],
  ['STATUS', 'status'],
  ['NOT BEFORE', 'notBefore'],
  ['NOT AFTER', 'notAfter'],
  ['REASON', 'reason'],
];

const CONTRACT: readonly Column[] = [
  ['SERIAL', 'serialNumber'],
  ['EMAID', 'emaid'],
  ['NOT AFTER', 'notAfter'],
  ['REVOKED', 'revokedAt'],
];

export function addSessions(program: Command, cli: Cli): void {
  const sessions = program.command('sessions').description('charging sessions');
  sessions
    .command('list')
    .description('sessions, newest first')
    .option('--station <id>', 'at this station')
    .option('--state <word>', 'Active or Ended')
    .option('--token <idToken>', 'of this token')
    .option('--limit <n>', 'at most so many', wholeNumber, 50)
    .addHelpText('after', example('voltlog sessions list --state Active', 'voltlog sessions list --station CP-001 --limit 5 --output json'))
    .action(({ station: stationId, state, token: idToken, limit }: { station?: string; state?: string; token?: string; limit: number }) =>
      cli.run((client, output) => output.list(client.rows(`/v1/sessions${query({ stationId, state, idToken })}`, limit), SESSION)),
    );
  sessions
    .command('get')
    .description('one session')
    .argument('<sessionId>')
    .action((id: string) =>
      cli.run(async (client, output) => output.one(await client.get(`/v1/sessions/${encodeURIComponent(id)}`), SESSION)),
    );
  sessions
    .command('stop')
    .description('have the station stop it')
    .argument('<sessionId>')
    .action((id: string) =>
      cli.run(async (client, output) => {
        const result = await client.call('POST', `/v1/sessions/${encodeURIComponent(id)}/stop`, {});
        output.one(result, STOP);
        if (result['stationStatus'] !== 'Accepted') cli.failed();
      }),
    );
}

export function addTokens(program: Command, cli: Cli): void {
  const tokens = program.command('tokens').description('ID tokens');
  tokens
    .command('list')
    .description('tokens')
    .option('--status <word>', 'Active, Blocked or Invalid')
    .option('--group <id>', 'of this group')
    .option('--limit <n>', 'at most so many', wholeNumber)
    .action(({ status, group: groupId, limit }: { status?: string; group?: string; limit?: number }) =>
      cli.run((client, output) => output.list(client.rows(`/v1/tokens${query({ status, groupId })}`, limit), TOKEN)),
    );
  tokens
    .command('get')
    .description('one token')
    .argument('<idToken>')
    .action((id: string) => cli.run(async (client, output) => output.one(await client.get(`/v1/tokens/${encodeURIComponent(id)}`), TOKEN)));
  tokens
    .command('put')
    .description('register or change a token; what is not given stays')
    .argument('<idToken>')
    .option('--type <word>', 'ISO14443, ISO15693, KeyCode, eMAID, ...')
    .option('--status <word>', 'Active, Blocked or Invalid')
    .option('--group <id>', 'its group')
    .option('--expires <when>', 'an instant, or 30m, 12h, 7d from now')
    .option('--note <text>', 'for people')
    .option('--new', 'register it; refused where it is known already')
    .addHelpText(
      'after',
      example(
        'voltlog tokens put 04A2F3B1C2D580 --status Active --note "visitor 12"',
        'voltlog tokens put 04A2F3B1C2D580 --status Blocked',
      ),
    )
    .action((id: string, options: { type?: string; status?: string; group?: string; expires?: string; note?: string; new?: true }) =>
      cli.run(async (client, output) => {
        const { type, status, group: groupId, expires, note, new: isNew } = options;
        const expiresAt = expires === undefined ? undefined : until(expires, Date.now());
        const body = { type, status, groupId, expiresAt, note };
        output.one(await client.call('PUT', `/v1/tokens/${encodeURIComponent(id)}`, body, ifNew(isNew)), TOKEN);
      }),
    );
  tokens
    .command('export')
    .description('write all tokens to a file')
    .argument('[file]', 'default: standard output')
    .option('--format <format>', 'csv or ndjson (a JSON object on each line, with budgets)', 'csv')
    .option('--separator <sign>', ', or ;', ',')
    .action((file: string | undefined, { format, separator }: { format: string; separator: string }) =>
      cli.run(async (client) => {
        const response = await client.send('GET', `/v1/registry/tokens/export${query({ format, separator })}`);
        await saved(response, file);
      }),
    );
  tokens
    .command('import')
    .description('bring tokens to what a file says; what a row does not give stays')
    .argument('<file>', 'of .csv (comma, semicolon or tab) or .ndjson')
    .option('--dry-run', 'only say what would be')
    .option('--skip-bad', 'import rows without a problem though others have one; default: all or nothing')
    .addHelpText('after', example('voltlog tokens import cards.csv --dry-run'))
    .action((file: string, { dryRun, skipBad }: { dryRun?: true; skipBad?: true }) =>
      cli.run(async (client, output) => {
        checkFile(file);
        const flags = { dryRun: dryRun && 'true', onProblem: skipBad && 'skip' };
        await sendImport(client, output, { path: `/v1/registry/tokens/import${query(flags)}`, file });
      }),
    );
}

export function addCertificates(program: Command, cli: Cli): void {
  const certificates = program.command('certificates').description("stations' certificates");
  certificates
    .command('list')
    .description('certificates of a station, newest first')
    .argument('<stationId>')
    .action((id: string) =>
      cli.run(async (client, output) => {
        const { certificates: all } = await client.get(`${security(id)}/security`);
        await output.list(rowsOf(all), CERTIFICATE);
      }),
    );
  certificates
    .command('authority')
    .description('the roots under which certificates are made, PEM')
    .action(() =>
      cli.run(async (client, output) => output.one(await client.get('/v1/certificate-authority'), [['ROOTS', 'rootCertificates']])),
    );
  certificates
    .command('renew')
    .description('have the station ask for a new certificate, as soon as it is connected')
    .argument('<stationId>')
    .action((id: string) =>
      cli.run(async (client, output) => {
        await client.call('POST', `${security(id)}/certificate-renewals`, {});
        output.say(`${id} is asked for a new certificate as soon as it is connected. See: voltlog certificates list ${id}`);
      }),
    );
  certificates
    .command('revoke')
    .description('let a certificate count no more')
    .argument('<stationId>')
    .argument('<serialNumber>')
    .option('--reason <text>', 'why')
    .action((id: string, serial: string, { reason }: { reason?: string }) =>
      cli.run(async (client, output) => {
        const { certificates: all } = await client.call('POST', `${security(id)}/certificates/${encodeURIComponent(serial)}/revoke`, {
          reason,
        });
        await output.list(rowsOf(all), CERTIFICATE);
        if (!(all as readonly Json[]).some(({ serialNumber }) => serialNumber === plainSerial(serial)))
          output.say(`${serial} is none of them: no certificate with that serial number lets ${id} in any more, whoever made it.`);
      }),
    );
  addPlugAndCharge(certificates, cli);
}

/** As the platform writes it: openssl has colons, capitals and zeros before it. */
const plainSerial = (text: string): string =>
  text
    .replaceAll(':', '')
    .toLowerCase()
    .replace(/^0+(?=.)/, '');

/** What is about cars: the test PKI. */
function addPlugAndCharge(certificates: Command, cli: Cli): void {
  certificates
    .command('test-roots')
    .description('the roots of the Plug & Charge test PKI, PEM, to install on stations')
    .action(() =>
      cli.run(async (client, output) => {
        const { data } = await client.get('/v1/plug-and-charge/test-roots');
        await output.list(rowsOf(data), [
          ['TYPE', 'certificateType'],
          ['CERTIFICATE', 'certificate'],
        ]);
      }),
    );
  certificates
    .command('test-vehicle')
    .description('give a car of the test PKI a contract, and with a CSR its provisioning certificate')
    .argument('<pcid>', 'how its maker calls it; CN of the CSR')
    .argument('<emaid>', 'its contract, as DE-ABC-C12345678')
    .option('--csr <file>', 'PEM')
    .addHelpText('after', example('voltlog certificates test-vehicle WAUZZZTEST1 DE-ABC-C12345678 --csr car.csr'))
    .action((pcid: string, emaid: string, { csr: path }: { csr?: string }) =>
      cli.run(async (client, output) => {
        const csr = path === undefined ? undefined : textOf(path);
        output.one(await client.call('PUT', `/v1/plug-and-charge/test-vehicles/${encodeURIComponent(pcid)}`, { emaid, csr }), [
          ['PCID', 'pcid'],
          ['EMAID', 'emaid'],
          ['PROVISIONING', 'provisioningCertificateChain'],
        ]);
      }),
    );
  certificates
    .command('contracts')
    .description('contract certificates that the test PKI has made')
    .option('--emaid <id>', 'of this contract')
    .option('--limit <n>', 'at most so many', wholeNumber, 50)
    .action(({ emaid, limit }: { emaid?: string; limit: number }) =>
      cli.run((client, output) =>
        output.list(client.rows(`/v1/plug-and-charge/contract-certificates${query({ emaid })}`, limit), CONTRACT),
      ),
    );
  certificates
    .command('revoke-contract')
    .description('let a contract certificate of the test PKI count no more')
    .argument('<serialNumber>')
    .action((serial: string) =>
      cli.run(async (client, output) =>
        output.one(
          await client.call('POST', `/v1/plug-and-charge/contract-certificates/${encodeURIComponent(serial)}/revoke`, {}),
          CONTRACT,
        ),
      ),
    );
}

const security = (stationId: string): string => `/v1/stations/${encodeURIComponent(stationId)}`;
