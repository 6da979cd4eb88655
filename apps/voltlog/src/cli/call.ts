import { Argument, type Command } from 'commander';
import { type Cli, example } from './cli.js';
import { CliError, EXIT } from './errors.js';
import { objectOf } from './files.js';
import { bodyOf } from './words.js';

/** What has no command of its own is reached by its route. */
export function addCall(program: Command, cli: Cli): void {
  program
    .command('call')
    .description('any route of the API, with the address and key that are kept; see /docs of the API')
    .addArgument(new Argument('<method>', 'of the route').choices(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']))
    .argument('<path>', 'as /v1/prices/default')
    .argument('[words...]', 'fields of the body, as name=value')
    .option('--body <json>', 'the body as JSON')
    .option('--file <file>', 'the body in a file; - for standard input')
    .addHelpText('after', example('voltlog call GET /v1/prices/default', 'voltlog call PUT /v1/reservation-policy --file policy.json'))
    .action((method: string, path: string, fields: readonly string[], { body, file }: { body?: string; file?: string }) =>
      cli.run(async (client) => {
        if (!path.startsWith('/v1/')) throw new CliError(EXIT.usage, `${path} is no route: they begin with /v1/`);
        if (file !== undefined && (body !== undefined || fields.length > 0))
          throw new CliError(EXIT.usage, '--file says all of it: give it alone');
        const given = file !== undefined || body !== undefined || fields.length > 0;
        const response = await client.send(method, path, given ? withBody(file === undefined ? bodyOf(fields, body) : objectOf(file)) : {});
        const text = await response.text();
        process.stdout.write(text === '' ? '' : `${pretty(text)}\n`);
      }),
    );
}

const withBody = (body: object) => ({ body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });

/** Not all that is answered is JSON. */
function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text.trimEnd();
  }
}
