// Makes docs/reference/ocpp-coverage.md from the code: for every message of every version who sends it, which fact or command it is here,
// which service acts on it, and which spec names it. Nothing is declared in it: translations are run on sample messages, owners are the
// services whose code names the fact or the message, and what is missing is said so.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';
import { requestCase, requestPath, STATION_REQUESTS } from '../libs/connection/contract/src/station-requests.ts';
import { commandSamples, requestVariants } from './ocpp-coverage/samples.mjs';
import { sample } from './ocpp-schemas/samples.ts';
import { readMessages } from './ocpp-schemas/schemas.mjs';
import { VERSIONS } from './ocpp-schemas/versions.mjs';
import { projects } from './projects.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const packaged = join(dirname(createRequire(import.meta.url).resolve('ocpp-rpc/package.json')), 'lib/schemas');
const { planCommand, routesOf, SENDERS } = await translation();
const sources = readSources();

/** The translation, bundled so that Node can run it. */
async function translation() {
  const folder = mkdtempSync(join(tmpdir(), 'voltlog-coverage-'));
  const entry = join(folder, 'entry.ts');
  writeFileSync(
    entry,
    `export { planCommand, routesOf } from '@voltlog/connection-translation';
import { SENDERS as v16 } from '${join(root, 'libs/ocpp/v16/src/senders.ts')}';
import { SENDERS as v201 } from '${join(root, 'libs/ocpp/v201/src/senders.ts')}';
import { SENDERS as v21 } from '${join(root, 'libs/ocpp/v21/src/senders.ts')}';
export const SENDERS = { 'ocpp1.6': v16, 'ocpp2.0.1': v201, 'ocpp2.1': v21 };
`,
  );
  const alias = Object.fromEntries(
    projects.flatMap(([path, , , name]) => (name ? [[`@voltlog/${name}`, join(root, path, 'src/index.ts')]] : [])),
  );
  try {
    const bundle = await rolldown({
      input: entry,
      platform: 'node',
      cwd: root,
      resolve: { alias, extensionAlias: { '.js': ['.ts', '.js'] }, modules: [join(root, 'node_modules')] },
    });
    await bundle.write({ file: join(folder, 'out.mjs'), format: 'esm', codeSplitting: false });
    return await import(pathToFileURL(join(folder, 'out.mjs')).href);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** TypeScript of services and libraries, without what is generated. */
function readSources() {
  const walk = (path) =>
    statSync(path).isDirectory()
      ? readdirSync(path).flatMap((name) => (['generated', 'node_modules'].includes(name) ? [] : walk(join(path, name))))
      : /\.tsx?$/.test(path)
        ? [path]
        : [];
  return [...walk(join(root, 'apps')), ...walk(join(root, 'libs'))]
    .sort()
    .map((path) => ({ path: relative(root, path), text: readFileSync(path, 'utf8') }));
}

const isTest = (path) => path.includes('.spec.') || path.includes('/testing/') || path.startsWith('apps/platform-e2e/');
const naming = (texts) => (source) => texts.some((text) => source.text.includes(text));

/** They only pass on: the edge, the API and the tools. */
const PASSING = ['apps/connection/', 'apps/gateway/', 'apps/console/', 'apps/driver/', 'apps/simulator/', 'apps/voltlog/'];
const service = (path) => path.split('/')[1];
const served = sources.filter(
  ({ path }) => path.startsWith('apps/') && !isTest(path) && !PASSING.some((prefix) => path.startsWith(prefix)),
);
const specs = sources.filter(({ path }) => path.endsWith('.spec.ts'));

/** Services whose code names one of the texts. */
const ownersOf = (...texts) => [...new Set(served.filter(naming(texts)).map(({ path }) => service(path)))].sort();

/** Services that say a command: to name it is not enough, since some only list what they do not say. */
const sayersOf = (cases) => ownersOf(...cases.map((each) => `$case: '${each}'`));

/** Where a message is translated, sent and answered. */
const CONNECTION = ['libs/connection/translation/', 'apps/connection/src/commands/', 'apps/connection/src/edge/'];

/**
 * Of the specs of the connection and of the owners the one that names the message, its fact or its command most often; else the one that goes
 * through the whole table the message is in; else of all specs.
 */
function testOf(action, owners, names) {
  const near = [...CONNECTION, ...owners.map((owner) => `apps/${owner}/`)];
  const named = new RegExp(`(?<![A-Za-z])(?:${[action, ...names].join('|')})'`, 'g');
  const score = ({ text }) => text.match(named)?.length ?? 0;
  const best = (among) => among.reduce((found, spec) => (score(spec) > (found === undefined ? 0 : score(found)) ? spec : found), undefined);
  const ofTable = action in STATION_REQUESTS ? specs.find(({ text }) => text.includes('Object.keys(STATION_REQUESTS)')) : undefined;
  const spec = best(specs.filter(({ path }) => near.some((folder) => path.startsWith(folder)))) ?? ofTable ?? best(specs);
  return spec === undefined ? '' : `\`${spec.path}\``;
}

const context = (ocppVersion, action) => ({
  stationId: 'CP1',
  ocppVersion,
  messageId: 'm',
  action,
  receivedAt: '2026-01-01T00:00:00.000Z',
  receivedAtMs: Date.UTC(2026, 0, 1),
  connectedAtMs: Date.UTC(2026, 0, 1),
  clockBehindMs: 0,
  connectorsPerEvse: undefined,
  registrationStatus: 'Accepted',
  heartbeatIntervalSeconds: 300,
});

/** Fact types that a message becomes, short. */
function factsOf(version, action, model) {
  const route = routesOf(version).get(action);
  if (route === undefined) return undefined;
  const message = model.messages.find((each) => each.action === action && each.kind !== 'response');
  const request = sample(message.schema, model.definitions, true);
  const variants = (requestVariants[action] ?? [{}]).map((change) => ({ ...request, ...change }));
  const answer = { status: 'Accepted', source: 'policy' };
  return [...new Set(variants.flatMap((each) => route.toFacts(each, context(version, action), answer)).map(({ type }) => type))];
}

const short = (type) => type.split('.')[2];

function inbound(version, model) {
  const actions = Object.entries(SENDERS[version]).filter(([, sender]) => sender !== 'csms');
  return actions.map(([action]) => {
    const facts = factsOf(version, action, model);
    if (facts === undefined) return row(action, 'in', '**missing**: answered NotSupported', '', '');
    if (facts.length === 0) return row(action, 'in', 'answered at once; presence', 'connection', testOf(action, [], []));
    const asked = routesOf(version).get(action).question === undefined ? [] : ['authorization'];
    const owners = [...new Set([...asked, ...ownersOf(...facts)])].sort();
    const names = facts.map((type) => type.split('.').slice(2).join('.'));
    return row(
      action,
      'in',
      facts.map((type) => `\`${short(type)}\``).join(', '),
      owners.join(', ') || '**none yet**',
      testOf(action, owners, names),
    );
  });
}

/** For each action: the commands that are said by it. */
function commandsOf(version) {
  const said = new Map();
  const lacking = [];
  const commands = [...commandSamples, ...Object.keys(STATION_REQUESTS).flatMap(requestSamples)];
  for (const { name, command } of commands) {
    const plan = planCommand(version, command, {
      ocppVersion: version,
      connectorsPerEvse: undefined,
      nextRemoteStartId: () => 1,
      nextRequestId: () => 1,
    });
    if ('notSupported' in plan) lacking.push({ name, why: plan.notSupported });
    else for (const { action } of plan.calls) said.set(action, (said.get(action) ?? new Set()).add(name));
  }
  return { said, lacking: lacking.filter(({ name }) => ![...said.values()].some((names) => names.has(name))) };
}

function requestSamples(action) {
  const value = (fields) => ({ $case: 'stationRequest', value: { request: { $case: requestCase(action), value: fields } } });
  return (requestVariants[action] ?? [{}]).map((fields) => ({ name: requestPath(action), command: value(fields) }));
}

function outbound(version, said) {
  const actions = Object.entries(SENDERS[version]).filter(([, sender]) => sender !== 'station');
  return actions.map(([action]) => {
    const names = [...(said.get(action) ?? [])];
    if (names.length === 0) return row(action, 'out', '**missing**: by `raw` only', '', '');
    const cases = names.map((name) => CASES.get(name) ?? camel(name));
    const owners = sayersOf(cases);
    return row(
      action,
      'out',
      names.map((name) => `\`${name}\``).join(', '),
      owners.join(', ') || 'operator',
      testOf(action, owners, [...cases, ...names]),
    );
  });
}

/** gRPC's names of the commands with words of their own. */
const CASES = new Map(commandSamples.map(({ name, command }) => [name, command.$case]));
const camel = (name) => name.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
const row = (...cells) => `| ${cells.join(' | ')} |`;
const HEAD = '| Message | | Fact or command | Owner | Test |\n| --- | --- | --- | --- | --- |';

const sections = VERSIONS.map((version) => {
  const model = readMessages(version, join(packaged, version.source));
  const { said, lacking } = commandsOf(version.name);
  const up = inbound(version.name, model);
  const down = outbound(version.name, said);
  const missing = [...up, ...down].filter((each) => each.includes('**missing**') || each.includes('**none yet**')).length;
  const reasons = lacking.map(({ name, why }) => `| \`${name}\` | ${why} |`);
  return `## ${version.name}

${up.length} from stations, ${down.length} to stations; ${missing === 0 ? 'none is missing' : `${missing} missing or without an owner`}.

${HEAD}
${[...up, ...down].join('\n')}
${reasons.length === 0 ? '' : `\nCommands that it has no word for are answered \`NotSupported\` (501):\n\n| Command | Why |\n| --- | --- |\n${reasons.join('\n')}\n`}`;
});

writeFileSync(
  join(root, 'docs/reference/ocpp-coverage.md'),
  `# What is done with every OCPP message

Made from the code by \`npm run generate\`; do not edit. The translations are run on a sample of every message.

- **in**: the fact it becomes on \`connection.station.v1\`, and the services that act on that fact.
- **out**: the command that says it, \`POST /v1/stations/{id}/commands/<command>\`, and the services that send it by themselves; \`operator\`: none does.
- **Test**: of the specs of the connection and of the owners the one that names it most often. Besides, \`tools/ocpp-schemas/every-message.spec.ts\` breaks every field of every message once.

${sections.join('\n')}`.trimEnd() + '\n',
);
