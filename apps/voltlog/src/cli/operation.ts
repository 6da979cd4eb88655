import type { Command } from 'commander';
import { type Cli, example } from './cli.js';
import { type Json, query } from './client.js';
import { CliError, EXIT } from './errors.js';
import { type Column, rowsOf } from './output.js';
import { until, wholeNumber } from './words.js';

const place = (row: Json): string =>
  row['evseId'] === 0 ? 'station' : `${String(row['evseId'])}${row['connectorId'] === 0 ? '' : `.${String(row['connectorId'])}`}`;
const places = (field: string, more: (row: Json) => string) => (row: Json) =>
  (row[field] as readonly Json[]).map((each) => `${place(each)}${more(each)}`).join(', ');

const OPERATION: readonly Column[] = [
  ['STATION', 'stationId'],
  ['BOOTS ARE ANSWERED', 'boot.status'],
  ['LAST BOOT WAS', 'registration'],
  ['OUT OF SERVICE', places('inoperative', () => '')],
  ['OUTAGES', places('outages', (each) => ` from ${String(each['from'])} until ${String(each['until'])} (${String(each['outageId'])})`)],
];
const ALERT: readonly Column[] = [
  ['ALERT', 'alertId'],
  ['STATION', 'stationId'],
  ['SEVERITY', 'severity'],
  ['SOURCE', 'source'],
  ['ABOUT', 'subject'],
  ['STATE', 'state'],
  ['OPENED', 'openedAt'],
  ['DETAIL', 'detail'],
];
const REPORT: readonly Column[] = [
  ['RECEIVED', 'receivedAt'],
  ['TYPE', 'type'],
  ['ACTION', 'action'],
  ['DATA', 'data'],
];
const DISPLAY: readonly Column[] = [
  ['ID', 'id'],
  ['PRIORITY', 'priority'],
  ['STATE', 'state'],
  [
    'TEXTS',
    (row) => (row['texts'] as readonly Json[]).map((text) => `${String(text['language'] ?? '-')}: ${String(text['content'])}`).join(' | '),
  ],
];

interface PlaceOptions {
  readonly evse?: number;
  readonly connector?: number;
  readonly reason?: string;
}

/** Of a command that is about a place at a station. */
const ofPlace = (command: Command): Command =>
  command
    .option('--evse <n>', 'default: the station', wholeNumber)
    .option('--connector <n>', 'of the EVSE', wholeNumber)
    .option('--reason <text>', 'for people');

export function addOperation(program: Command, cli: Cli): void {
  const operation = program.command('operation').description('what a station is answered when it boots, and what of it is out of service');
  operation
    .command('get')
    .description('both of it')
    .argument('<stationId>')
    .action((id: string) => cli.run(async (client, output) => output.one(await client.get(`${path(id)}/operation`), OPERATION)));
  operation
    .command('boot')
    .description('decide what a station is answered when it boots; Pending: until what is intended is set')
    .argument('<stationId>')
    .argument('<status>', 'Accepted, Pending or Rejected')
    .option('--interval <seconds>', 'after which it is to try again', wholeNumber)
    .option('--reason <text>', 'for people')
    .action((id: string, status: string, { interval: intervalSeconds, reason }: { interval?: number; reason?: string }) =>
      cli.run(async (client, output) =>
        output.one(await client.call('PUT', `${path(id)}/boot`, { status, intervalSeconds, reason }), OPERATION),
      ),
    );
  for (const [word, operative, does] of [
    ['out-of-service', false, 'take a station, an EVSE or a connector out of service until told otherwise'],
    ['in-service', true, 'and back'],
  ] as const)
    ofPlace(operation.command(word).description(does).argument('<stationId>')).action((id: string, options: PlaceOptions) =>
      cli.run(async (client, output) => {
        const { evse: evseId, connector: connectorId, reason } = options;
        output.one(await client.call('PUT', `${path(id)}/availability`, { operative, evseId, connectorId, reason }), OPERATION);
      }),
    );
  ofPlace(operation.command('outage').description('take it out of service from a time until a time').argument('<stationId>'))
    .requiredOption('--from <when>', 'an instant, or 30m, 12h, 7d from now')
    .requiredOption('--until <when>', 'likewise')
    .addHelpText('after', example('voltlog operation outage CP-001 --evse 1 --from 12h --until 16h --reason "cable is replaced"'))
    .action((id: string, options: PlaceOptions & { from: string; until: string }) =>
      cli.run(async (client, output) => {
        const { evse: evseId, connector: connectorId, reason } = options;
        const now = Date.now();
        const times = { from: until(options.from, now), until: until(options.until, now) };
        output.one(await client.call('POST', `${path(id)}/outages`, { evseId, connectorId, reason, ...times }), OPERATION);
      }),
    );
  operation
    .command('cancel-outage')
    .description('cancel an outage, or end it now')
    .argument('<stationId>')
    .argument('<outageId>')
    .action((id: string, outageId: string) =>
      cli.run(async (client, output) =>
        output.one(await client.call('DELETE', `${path(id)}/outages/${encodeURIComponent(outageId)}`), OPERATION),
      ),
    );
  operation
    .command('reports')
    .description('what a station reported besides charging, newest first')
    .argument('<stationId>')
    .option('--type <word>', 'as SecurityEventReported')
    .option('--limit <n>', 'at most so many', wholeNumber, 20)
    .action((id: string, { type, limit }: { type?: string; limit: number }) =>
      cli.run((client, output) => output.list(client.rows(`${path(id)}/reports${query({ type })}`, limit), REPORT)),
    );
  operation
    .command('display')
    .description('the messages on the display of a station')
    .argument('<stationId>')
    .action((id: string) =>
      cli.run(async (client, output) => output.list(rowsOf((await client.get(`${path(id)}/display-messages`))['messages']), DISPLAY)),
    );
}

export function addAlerts(program: Command, cli: Cli): void {
  const alerts = program.command('alerts').description('what somebody has to look at');
  alerts
    .command('list')
    .description('alerts, newest first')
    .option('--station <id>', 'of this station')
    .option('--state <word>', 'open (not cleared), cleared or all')
    .option('--limit <n>', 'at most so many', wholeNumber, 50)
    .action(({ station: stationId, state, limit }: { station?: string; state?: string; limit: number }) =>
      cli.run((client, output) => output.list(client.rows(`/v1/alerts${query({ stationId, state })}`, limit), ALERT)),
    );
  alerts
    .command('acknowledge')
    .description('say that somebody has seen it')
    .argument('<alertId>')
    .option('--note <text>', 'for the others')
    .action((id: string, { note }: { note?: string }) =>
      cli.run(async (client, output) =>
        output.one(await client.call('POST', `/v1/alerts/${encodeURIComponent(id)}/acknowledge`, { note }), ALERT),
      ),
    );
  alerts
    .command('clear')
    .description('say that it is over')
    .argument('<alertId>')
    .action((id: string) =>
      cli.run(async (client, output) => output.one(await client.call('POST', `/v1/alerts/${encodeURIComponent(id)}/clear`), ALERT)),
    );
}

export function addCustomers(program: Command, cli: Cli): void {
  program
    .command('customers')
    .description('what stations know of customers')
    .command('erase')
    .description('have all stations forget a customer; a job, see: voltlog jobs watch')
    .argument('<idToken>')
    .option('--type <word>', 'of the token, as ISO14443')
    .option('--reference <text>', 'for people')
    .action((idToken: string, { type: idTokenType, reference }: { type?: string; reference?: string }) =>
      cli.run(async (client, output) => {
        if (idToken.trim() === '') throw new CliError(EXIT.usage, 'an ID token is needed');
        output.one(await client.call('POST', '/v1/customer-erasures', { idToken, idTokenType, reference }), [
          ['JOB', 'jobId'],
          ['STATE', 'state'],
          ['EXPIRES', 'expiresAt'],
        ]);
      }),
    );
}

const path = (stationId: string): string => `/v1/stations/${encodeURIComponent(stationId)}`;
