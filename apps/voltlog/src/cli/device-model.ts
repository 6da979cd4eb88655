import type { Command } from 'commander';
import { type Cli, example } from './cli.js';
import { type Client, ifNew, type Json, query } from './client.js';
import { CliError, EXIT } from './errors.js';
import { objectOf } from './files.js';
import { followed } from './follow.js';
import { type Column, rowsOf } from './output.js';
import { wholeNumber } from './words.js';

const RESTING: ReadonlySet<unknown> = new Set(['Complete', 'Incomplete', 'Refused']);

/** `EVSE[1.2]/instance.Power[instance]`, without what is not there. */
function variableOf(row: Json): string {
  const { component, componentInstance, evseId, connectorId, name, instance } = row as Record<string, string | number | null>;
  const place = evseId === 0 ? '' : `[${String(evseId)}${connectorId === 0 ? '' : `.${String(connectorId)}`}]`;
  const attribute = row['attributeType'] === 'Actual' ? '' : ` (${String(row['attributeType'])})`;
  return `${String(component)}${place}${componentInstance ? `/${componentInstance}` : ''}.${String(name)}${instance ? `[${instance}]` : ''}${attribute}`;
}

const VARIABLE: readonly Column[] = [
  ['VARIABLE', variableOf],
  ['REPORTED', 'reported'],
  ['INTENDED', 'intended.value'],
  ['BY', (row) => (row['intended'] === null ? '' : ((row['intended'] as Json)['templateId'] ?? 'station'))],
  ['DIFFERENCE', (row) => (row['difference'] === 'None' ? '' : row['difference'])],
];
const INTENDED: readonly Column[] = [
  ['VARIABLE', variableOf],
  ['VALUE', 'value'],
];
const REPORT: readonly Column[] = [
  ['REQUEST', 'requestId'],
  ['KIND', 'kind'],
  ['STATUS', 'status'],
  ['PARTS', 'parts'],
  ['DETAIL', 'detail'],
  ['STARTED', 'startedAt'],
  ['ENDED', 'endedAt'],
];
const TEMPLATE: readonly Column[] = [
  ['TEMPLATE', 'templateId'],
  ['NAME', 'name'],
  ['VENDOR', 'vendor'],
  ['MODEL', 'model'],
  ['FIRMWARE', 'firmwareVersion'],
  ['PRIORITY', 'priority'],
  ['BOOT', 'boot'],
  ...(['variables', 'monitors', 'certificates'] as const).map(
    (field): Column => [field.toUpperCase(), (row) => (row[field] as readonly unknown[]).length],
  ),
];

export function addModel(program: Command, cli: Cli): void {
  const model = program.command('model').description('what a station is set to, and what it is to be set to');
  model
    .command('get')
    .description('reported and intended side by side')
    .argument('<stationId>')
    .option('--filter <text>', 'with this in the name')
    .option('--differences', 'only what differs')
    .option('--limit <n>', 'at most so many', wholeNumber)
    .addHelpText('after', example('voltlog model get CP-001 --differences', 'voltlog model get CP-001 --filter heartbeat'))
    .action((id: string, { filter, differences, limit }: { filter?: string; differences?: true; limit?: number }) =>
      cli.run((client, output) => {
        const onlyDifferences = differences === true ? 'true' : undefined;
        return output.list(client.rows(`${path(id)}${query({ filter, onlyDifferences })}`, limit), VARIABLE);
      }),
    );
  model
    .command('intend')
    .description('say what of a station is to be set to what; the rest stays as it is')
    .argument('<stationId>')
    .argument('[words...]', 'Component.Variable=value; a key of OCPP 1.6 that 2.x does not know is in the component 1.6')
    .option('--remove <names...>', 'Component.Variable that nothing is intended for any more')
    .option('--file <file>', '{"set":[...],"remove":[...]} as the API takes it, with EVSEs and instances; - for standard input')
    .addHelpText(
      'after',
      example(
        'voltlog model intend CP-001 OCPPCommCtrlr.HeartbeatInterval=300',
        'voltlog model intend CP-001 1.6.LightIntensity=40 --remove OCPPCommCtrlr.HeartbeatInterval',
      ),
    )
    .action((id: string, texts: readonly string[], { remove, file }: { remove?: readonly string[]; file?: string }) =>
      cli.run(async (client, output) => {
        const { variables } = await client.call('PATCH', `${path(id)}/intent`, intentOf(texts, remove, file));
        await output.list(rowsOf(variables), INTENDED);
      }),
    );
  model
    .command('reconcile')
    .description('hold what is intended against the station, as soon as it is connected')
    .argument('<stationId>')
    .action((id: string) =>
      cli.run(async (client, output) => {
        await client.call('POST', `${path(id)}/reconciliations`);
        output.say(`${id} is set to what is intended as soon as it is connected. See: voltlog model get ${id} --differences`);
      }),
    );
  model
    .command('report')
    .description('have a station tell its variables, or what it watches')
    .argument('<stationId>')
    .option('--base <word>', 'FullInventory (default), ConfigurationInventory or Monitoring')
    .option('--wait', 'follow it until all parts are there')
    .action((id: string, { base: reportBase, wait }: { base?: string; wait?: true }) =>
      cli.run(async (client, output) => {
        const asked = await client.call('POST', `${path(id)}/reports`, { reportBase });
        if (wait !== true) {
          output.one(asked, REPORT);
          return;
        }
        const ended = await followed(byRequest(client, asked['requestId']), output, withState(asked), {
          path: `${path(id)}/reports`,
          resting: RESTING,
          progress: (now) => `${id}: ${String(now['parts'])} parts`,
        });
        output.one(ended, REPORT);
        if (ended['state'] !== 'Complete') cli.failed();
      }),
    );
  model
    .command('reports')
    .description('the last reports of a station, and how far they are')
    .argument('<stationId>')
    .action((id: string) =>
      cli.run(async (client, output) => output.list(rowsOf((await client.get(`${path(id)}/reports`))['data']), REPORT)),
    );
}

export function addTemplates(program: Command, cli: Cli): void {
  const templates = program.command('templates').description('what stations of a vendor, model or firmware are to be set to');
  templates
    .command('list')
    .description('templates that are in use')
    .action(() => cli.run((client, output) => output.list(client.rows(TEMPLATES), TEMPLATE)));
  templates
    .command('get')
    .description('a template; all of it with --output json')
    .argument('<templateId>')
    .action((id: string) => cli.run(async (client, output) => output.one(await client.get(template(id)), TEMPLATE)));
  templates
    .command('put')
    .description('make a template, or make it anew')
    .argument('<templateId>')
    .argument('<file>', 'JSON as PUT /v1/configuration-templates/{templateId} takes it; - for standard input')
    .option('--new', 'make it; refused where there is one already')
    .addHelpText('after', example('voltlog templates put ac22 ac22.json'))
    .action((id: string, file: string, { new: isNew }: { new?: true }) =>
      cli.run(async (client, output) => output.one(await client.call('PUT', template(id), objectOf(file), ifNew(isNew)), TEMPLATE)),
    );
  templates
    .command('delete')
    .description('have a template count no more; stations keep what they were set to')
    .argument('<templateId>')
    .action((id: string) => cli.run(async (client, output) => output.one(await client.call('DELETE', template(id)), TEMPLATE)));
}

/** @throws {CliError} */
function intentOf(texts: readonly string[], removed: readonly string[] | undefined, file: string | undefined): object {
  if (file !== undefined) {
    if (texts.length > 0 || removed !== undefined) throw new CliError(EXIT.usage, '--file says all of it: give it alone');
    return objectOf(file);
  }
  if (texts.length === 0 && removed === undefined)
    throw new CliError(EXIT.usage, 'say what is to be set (Component.Variable=value), or --remove');
  const set = texts.map((text) => {
    const at = text.indexOf('=');
    if (at < 0) throw new CliError(EXIT.usage, `${text} is not of the form Component.Variable=value`);
    return { ...named(text.slice(0, at)), value: text.slice(at + 1) };
  });
  return { set, remove: (removed ?? []).map(named) };
}

/** The component `1.6` has a dot itself: the last one divides. @throws {CliError} */
function named(text: string): object {
  const at = text.lastIndexOf('.');
  if (at < 1 || at === text.length - 1) throw new CliError(EXIT.usage, `${text} is not of the form Component.Variable`);
  return { component: text.slice(0, at), name: text.slice(at + 1) };
}

const withState = (report: Json): Json => ({ ...report, state: report['status'] });

/** One report of those that are listed. */
const byRequest = (client: Client, requestId: unknown): Pick<Client, 'get'> => ({
  get: async (at) => {
    const { data } = await client.get(at);
    const report = (data as readonly Json[]).find((each) => each['requestId'] === requestId);
    if (report === undefined) throw new CliError(EXIT.notFound, 'newer reports have taken its place');
    return withState(report);
  },
});

const TEMPLATES = '/v1/configuration-templates';
const template = (templateId: string): string => `${TEMPLATES}/${encodeURIComponent(templateId)}`;
const path = (stationId: string): string => `/v1/stations/${encodeURIComponent(stationId)}/device-model`;
