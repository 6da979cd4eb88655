import type { Command } from 'commander';
import { type Cli, example } from './cli.js';
import type { Client } from './client.js';
import { type ApiDocument, commandsOf, fieldsOf } from './command-fields.js';
import { CliError, EXIT } from './errors.js';
import { type Column, rowsOf } from './output.js';
import { bodyOf } from './words.js';

const RESULT: readonly Column[] = [
  ['STATUS', 'status'],
  ['ANSWER', 'stationStatus'],
  ['REASON', 'reason'],
  ['ACTION', 'action'],
  ['LATENCY MS', 'latencyMs'],
  ['RESPONSE', 'response'],
];

export function addCommands(program: Command, cli: Cli): void {
  const commands = program.command('commands').description('commands to one station');
  commands
    .command('list')
    .description('what a station can be sent')
    .action(() =>
      cli.run(async (client, output) => {
        const rows = [...commandsOf(await documentOf(client))].map(([command, { summary = '' }]) => ({ command, summary }));
        await output.list(rowsOf(rows), [
          ['COMMAND', 'command'],
          ['DOES', 'summary'],
        ]);
      }),
    );
  commands
    .command('show')
    .description('what a command can be told')
    .argument('<command>', 'see: voltlog commands list')
    .addHelpText('after', example('voltlog commands show set-charging-profile'))
    .action((command: string) =>
      cli.run(async (client, output) => {
        const document = await documentOf(client);
        const operation = commandsOf(document).get(command);
        if (operation === undefined) throw noCommand(command);
        await output.list(rowsOf(fieldsOf(operation, document)), [
          ['FIELD', 'field'],
          ['NEEDED', ({ needed }) => (needed === true ? 'yes' : '')],
          ['VALUE', 'value'],
          ['SAYS', 'says'],
        ]);
      }),
    );
  commands
    .command('send')
    .description("send a command and wait for the station's answer")
    .argument('<stationId>')
    .argument('<command>', 'see: voltlog commands list')
    .argument('[words...]', 'its fields, as name=value; see: voltlog commands show')
    .option('--body <json>', 'its fields as JSON')
    .addHelpText(
      'after',
      example(
        'voltlog commands send CP-001 reset type=Immediate',
        'voltlog commands send CP-001 trigger-message requestedMessage=Heartbeat',
      ),
    )
    .action((id: string, command: string, fields: readonly string[], { body }: { body?: string }) =>
      cli.run(async (client, output) => {
        const at = `/v1/stations/${encodeURIComponent(id)}/commands/${encodeURIComponent(command)}`;
        const result = await client.call('POST', at, bodyOf(fields, body)).catch(async (error: unknown) => {
          // Either the station or the command is none; the API says which only where the command is one.
          const unsure = error instanceof CliError && error.exitCode === EXIT.notFound;
          throw unsure && !commandsOf(await documentOf(client)).has(command) ? noCommand(command) : error;
        });
        output.one(result, RESULT);
        if (result['status'] !== 'Accepted') cli.failed();
      }),
    );
}

// The API describes itself; what is read of it is checked where it is read.
const documentOf = async (client: Client): Promise<ApiDocument> => (await client.get('/openapi.json')) as unknown as ApiDocument;

const noCommand = (command: string): CliError =>
  new CliError(EXIT.usage, `there is no command ${command}; what there is: voltlog commands list`);
