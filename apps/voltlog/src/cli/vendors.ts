import type { Command } from 'commander';
import { type Cli, example } from './cli.js';
import { ifNew, type Json } from './client.js';
import { CliError, EXIT } from './errors.js';
import { objectOf } from './files.js';
import { type Column, rowsOf } from './output.js';
import { valueOf } from './words.js';

interface Message {
  readonly messageId: string;
  readonly status: string;
  readonly handlerUrl: string | null;
}

/** As `put --message` takes them. */
const messages = (vendor: Json): string =>
  (vendor['messages'] as readonly Message[])
    .map(({ messageId, status, handlerUrl }) => `${messageId}=${status}${handlerUrl === null ? '' : `@${handlerUrl}`}`)
    .join(', ');

const VENDOR: readonly Column[] = [
  ['VENDOR', 'vendorId'],
  ['MESSAGES', messages],
  ['OTHERWISE', 'otherwise'],
  ['HANDLER', 'handlerUrl'],
  ['UPDATED', 'updatedAt'],
];

interface PutOptions {
  readonly message?: readonly string[];
  readonly otherwise?: string;
  readonly handler?: string;
  readonly file?: string;
  readonly new?: true;
}

interface TryOptions {
  readonly data?: string;
  readonly station?: string;
}

export function addVendors(program: Command, cli: Cli): void {
  const vendors = program
    .command('vendors')
    .description('what stations are answered to DataTransfer messages, by vendor, and who is asked');
  vendors
    .command('list')
    .description('vendors whose messages are known')
    .action(() => cli.run(async (client, output) => output.list(rowsOf((await client.get(PATH))['data']), VENDOR)));
  vendors
    .command('put')
    .description(
      'say what messages of a vendor are answered; it replaces what was said before. The secret of a first handler is shown once',
    )
    .argument('<vendorId>')
    .option(
      '--message <words>',
      'Greet=Accepted, or with a handler that is asked first Price=Rejected@https://...; may be repeated',
      (text: string, before: readonly string[] = []) => [...before, text],
    )
    .option('--otherwise <status>', 'all other messages: Accepted, Rejected or UnknownMessageId (default)')
    .option('--handler <url>', 'webhook that is asked about all other messages')
    .option('--new', 'make it known; refused where it is known already')
    .option('--file <file>', 'all of it as JSON, as the API takes it, with data for the answers; - for standard input')
    .addHelpText(
      'after',
      example(
        'voltlog vendors put org.example --message Greet=Accepted --handler https://handlers.example/org',
        "voltlog vendors put org.example --message 'Price=Rejected@https://handlers.example/price'",
        'voltlog vendors put org.example --file org.example.json',
      ),
    )
    .action((id: string, options: PutOptions) =>
      cli.run(async (client, output) => {
        const vendor = await client.call('PUT', path(id), bodyOf(options), ifNew(options.new));
        output.one(vendor, vendor['secret'] === null ? VENDOR : [...VENDOR, ['SECRET', 'secret']]);
      }),
    );
  vendors
    .command('rotate-secret')
    .description('a new signing secret for the handlers of a vendor, shown once; the old one signs beside it for a day')
    .argument('<vendorId>')
    .action((id: string) =>
      cli.run(async (client, output) =>
        output.one(await client.call('POST', `${path(id)}/rotate-secret`, {}), [
          ['SECRET', 'secret'],
          ['OLD ONE UNTIL', 'oldSecretExpiresAt'],
        ]),
      ),
    );
  vendors
    .command('try')
    .description('what a station would be answered; a handler is asked as for a station, no station is told anything')
    .argument('<vendorId>')
    .argument('[messageId]', 'absent: a message without one')
    .option('--data <value>', 'what the message carries: JSON where it can be, else text')
    .option('--station <id>', 'station that the handler is told; need not be known')
    .addHelpText(
      'after',
      example(
        'voltlog vendors try org.example Price --data AC22',
        `voltlog vendors try org.example Price --data '{"kWh":1}' --station CP-1`,
      ),
    )
    .action((id: string, messageId: string | undefined, { data, station: stationId }: TryOptions) =>
      cli.run(async (client, output) => {
        const asked = { messageId, stationId, ...(data === undefined ? {} : { data: valueOf(data) }) };
        output.one(await client.call('POST', `${path(id)}/try`, asked), [
          ['STATUS', 'status'],
          ['DATA', 'data'],
          ['ANSWERED BY', 'answeredBy'],
        ]);
      }),
    );
  vendors
    .command('delete')
    .description('know a vendor no more: its messages are answered UnknownVendorId')
    .argument('<vendorId>')
    .action((id: string) =>
      cli.run(async (client, output) => {
        await client.call('DELETE', path(id));
        output.say(`${id} is not known any more.`);
      }),
    );
}

/** @throws {CliError} */
function bodyOf({ message, otherwise, handler: handlerUrl, file }: PutOptions): object {
  if (file === undefined) return { messages: (message ?? []).map(messageOf), otherwise, handlerUrl };
  if (message !== undefined || otherwise !== undefined || handlerUrl !== undefined)
    throw new CliError(EXIT.usage, '--file says all of it: give it alone');
  return objectOf(file);
}

/** The first `=` that a status follows ends the id: an id may hold anything. @throws {CliError} */
function messageOf(text: string): object {
  const [, messageId, status, handlerUrl] = /^(.*?)=(Accepted|Rejected)(?:@(https?:\/\/.+))?$/s.exec(text) ?? [];
  if (status === undefined)
    throw new CliError(EXIT.usage, `${text} is no message: Greet=Accepted, Greet=Rejected, or with a handler Greet=Rejected@https://...`);
  return { messageId, status, handlerUrl };
}

const PATH = '/v1/data-transfer-vendors';
const path = (vendorId: string): string => `${PATH}/${encodeURIComponent(vendorId)}`;
