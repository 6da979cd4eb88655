import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import type { CsmsApiOptions } from '../script/csms-api.js';
import { runScenario, StationRefused, simulatedSeconds } from '../script/run-scenario.js';
import { ScriptFailure } from '../script/run-script.js';
import { SCENARIOS, type Scenario, type ScenarioTokens, scenarioNamed } from '../script/scenarios.js';
import { onStage, StageRefused } from '../script/stage.js';
import { parseScript } from '../script/steps.js';
import type { OcppVersion } from '../station/protocol.js';
import { ScaledClock, VirtualClock } from '../time/clock.js';
import { apiUrl, DEFAULT_URL, passwordOf, positive, securityOf, urls, version } from './options.js';
import { kWh, Output } from './output.js';

interface ScenarioOptions {
  readonly url: [string, ...string[]];
  readonly version: OcppVersion;
  readonly id?: string;
  readonly password?: string;
  readonly callPassword?: string;
  readonly tlsCa?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly token?: string;
  readonly otherToken?: string;
  readonly blockedToken?: string;
  readonly api?: string;
  readonly apiKey?: string;
  readonly speed?: number;
  readonly script?: string;
  readonly list?: boolean;
  readonly all?: boolean;
  readonly keepTrying?: boolean;
  readonly trace?: boolean;
  readonly json?: boolean;
}

const ID = 'SIM-0001';
const TOKENS: ScenarioTokens = { token: 'DEMO-CARD-1', otherToken: 'DEMO-CARD-2', blockedToken: 'BLOCKED-CARD' };

/** Who plays: the station and the cards that were given, or what is made for the scenario alone. */
interface Player {
  readonly id: string;
  readonly password?: string | undefined;
  readonly tokens: ScenarioTokens;
}

export function addScenarioCommand(program: Command): void {
  program
    .command('scenario')
    .description('play one named disturbance, or a script of your own, at one station')
    .argument('[name]', 'see --list')
    .option('--list', 'list the scenarios')
    .option(
      '--all',
      'play every scenario of the version that needs no command from the CSMS, or has --api for it, and nothing that has to be prepared by hand',
    )
    .option('--script <file>', 'a JSON array of steps instead of a named scenario')
    .option('--url <address>', 'OCPP address without the station id; http:// for 1.6 over SOAP', urls, [DEFAULT_URL])
    .option('--version <version>', '1.6, 2.0.1 or 2.1', version, '1.6')
    .option('--id <text>', `station id; left out with --api: a station and cards of its own for each scenario (default: "${ID}")`)
    .option('--password <text>', 'basic auth password; {id} stands for the station id')
    .option('--call-password <text>', 'over SOAP: demanded of the CSMS when it calls the station, with the station id as the user name')
    .option('--tls-ca <file>', 'roots (PEM) the certificate of a wss:// address is checked against')
    .option('--cert <file>', 'client certificate (PEM) of security profile 3; {id} stands for the station id')
    .option('--key <file>', 'its key (PEM), when it is in a file of its own')
    .option('--token <text>', `a token the CSMS accepts (default: "${TOKENS.token}")`)
    .option('--other-token <text>', `another one (default: "${TOKENS.otherToken}")`)
    .option('--blocked-token <text>', `a token the CSMS has blocked (default: "${TOKENS.blockedToken}")`)
    .option(
      '--api <address>',
      'REST API of the CSMS, for scenarios in which somebody asks for something there, and to prepare them',
      apiUrl,
    )
    .addOption(new Option('--api-key <key>', 'a key for it: of an operator, or, without --id, of an admin').env('VOLTLOG_API_KEY'))
    .option('--speed <n>', 'simulated seconds per second; left out: time leaps from event to event', positive)
    .option('--keep-trying', 'where the CSMS does not let the station in (e.g. 401, 403, 404): until it does, instead of ending in failure')
    .option('--trace', 'print every frame')
    .option('--json', 'JSON lines on stdout')
    .addHelpText(
      'after',
      `
Examples:
  $ simulator scenario --list
  $ simulator scenario --all --version 2.0.1 --api http://127.0.0.1:8080 --api-key voltlog_live_...
  $ simulator scenario lost-start-new-id --version 1.6 --id CS-1 --token CARD-1 --trace
  $ simulator scenario --script my-steps.json --version 2.0.1
  $ simulator scenario limit-energy --version 2.1 --id CS-1 --token CARD-1 --api http://127.0.0.1:8080 --api-key voltlog_live_...

A CSMS that cannot be reached, or says that it is busy (429, 503), is tried again until it is there.

Exit code: 0 when the CSMS did what the scenario expects, 1 when not or when it does not let the station in, 2 for a wrong option.`,
    )
    .action(async (name: string | undefined, options: ScenarioOptions, command: Command) => {
      const output = new Output(options.json === true);
      if (options.list === true) {
        list(output);
        return;
      }
      if (isStaged(options)) checkStaged(options, command);
      let failed = 0;
      const scenarios = chosen(name, options, command);
      // At one station each has a time of its own, one after the other, so that no charge seems to be over because of the next one; the last ends about now.
      let seconds = scenarios.reduce((sum, scenario) => sum + secondsOf(scenario, options), 0);
      try {
        for (const scenario of scenarios) {
          const before = isStaged(options) ? secondsOf(scenario, options) : seconds;
          if (!(await play(scenario, options, before, output))) failed += 1;
          seconds -= secondsOf(scenario, options);
        }
      } catch (error) {
        // The next one would be refused as well.
        if (!(error instanceof StationRefused) && !(error instanceof StageRefused)) throw error;
        output.data({ event: 'refused', error: error.message });
        output.line(`${output.bad('fail')} ${error.message}`);
        failed += 1;
      }
      if (failed > 0) process.exitCode = 1;
    });
}

function list(output: Output): void {
  for (const { name, title, versions, commands, asksByApi, needs, needsApi, prepare } of SCENARIOS) {
    output.data({ name, title, versions, commands: commands ?? [], needs: needs ?? null, needsApi: needsApi === true });
    const send = commands === undefined ? '' : ` [send: ${commands.join(', ')}${asksByApi === true ? '; or give --api' : ''}]`;
    const ready = needs === undefined ? '' : ` [prepare: ${needs}${prepare === undefined ? '' : '; or give --api and no --id'}]`;
    const ask = needsApi === true ? ' [give: --api]' : '';
    output.line(`${name.padEnd(26)} ${versions.join(', ').padEnd(15)} ${title}${send}${ready}${ask}`);
  }
}

function chosen(name: string | undefined, options: ScenarioOptions, command: Command): readonly Scenario[] {
  if (options.script !== undefined) {
    const steps = parseScript(readFileSync(options.script, 'utf8'));
    return [{ name: options.script, title: 'a script', versions: [options.version], steps: () => steps }];
  }
  if (options.all === true)
    return SCENARIOS.filter(
      ({ versions, commands, asksByApi, needs, needsApi, prepare }) =>
        versions.includes(options.version) &&
        (commands === undefined || (asksByApi === true && apiOf(options) !== undefined)) &&
        (needs === undefined || (prepare !== undefined && isStaged(options))) &&
        (needsApi !== true || apiOf(options) !== undefined),
    ).toSorted((a, b) => Number(usesApi(a)) - Number(usesApi(b)) || (usesApi(a) ? secondsOf(b, options) - secondsOf(a, options) : 0));
  if (name === undefined) command.error('give the name of a scenario, --all, --script <file> or --list', { exitCode: 2 });
  const scenario = scenarioNamed(name ?? '');
  if (!scenario.versions.includes(options.version)) {
    command.error(`${scenario.name} is for OCPP ${scenario.versions.join(', ')}; give --version`, { exitCode: 2 });
  }
  if (scenario.needsApi === true && apiOf(options) === undefined) {
    command.error(`${scenario.name} asks the CSMS for something: give --api <address> and --api-key <key>`, { exitCode: 2 });
  }
  return [scenario];
}

const secondsOf = ({ steps }: Scenario, options: ScenarioOptions): number => simulatedSeconds(steps(options.version, TOKENS));

/** Whether each scenario is played on a stage of its own. */
const isStaged = (options: ScenarioOptions): boolean =>
  options.id === undefined && options.script === undefined && apiOf(options) !== undefined;

function checkStaged({ token, otherToken, blockedToken, password }: ScenarioOptions, command: Command): void {
  if ([token, otherToken, blockedToken, password].some((each) => each !== undefined))
    command.error('--token, --other-token, --blocked-token and --password are of a station that is given: add its --id', { exitCode: 2 });
}

/** What is asked for at the CSMS, whose clock is the true one, is played last: the sooner it is over, the less its station's clock is behind. */
const usesApi = ({ needsApi, asksByApi }: Scenario): boolean => needsApi === true || asksByApi === true;

function apiOf({ api, apiKey }: ScenarioOptions): CsmsApiOptions | undefined {
  return api === undefined || apiKey === undefined ? undefined : { url: api, key: apiKey };
}

/** @param seconds simulated ones ago at which it begins */
function play(scenario: Scenario, options: ScenarioOptions, seconds: number, output: Output): Promise<boolean> {
  const api = apiOf(options);
  if (isStaged(options) && api !== undefined)
    return onStage(scenario, api, ({ stationId, password, tokens }) =>
      playAs({ id: stationId, password, tokens }, scenario, { ...options, seconds }, output),
    );
  const { id = ID, token = TOKENS.token, otherToken = TOKENS.otherToken, blockedToken = TOKENS.blockedToken } = options;
  const password = passwordOf(options.password)?.(id);
  return playAs({ id, password, tokens: { token, otherToken, blockedToken } }, scenario, { ...options, seconds }, output);
}

async function playAs(
  { id, password, tokens }: Player,
  scenario: Scenario,
  options: ScenarioOptions & { readonly seconds: number },
  output: Output,
): Promise<boolean> {
  const clock = options.speed === undefined ? new VirtualClock(Date.now() - options.seconds * 1_000) : new ScaledClock(options.speed);
  const api = apiOf(options);
  const security = securityOf(options, options.url[0], password)?.(id);
  try {
    const entries = await runScenario(scenario, {
      id,
      version: options.version,
      url: options.url,
      tokens,
      clock,
      keepsTrying: options.keepTrying === true,
      onStep: (step, number) => output.progress(`${scenario.name}: step ${number}, ${step.do}`),
      onEvent: (event) => {
        if (event.type === 'refused') output.progress(`${scenario.name}: ${event.reason}`);
        if (options.trace === true && event.type === 'frame') output.line(`${event.direction === 'out' ? '->' : '<-'} ${event.text}`);
      },
      ...(api === undefined ? {} : { api }),
      ...(password === undefined ? {} : { password }),
      ...(security === undefined ? {} : { security }),
      ...(options.callPassword === undefined ? {} : { callPassword: options.callPassword }),
    });
    for (const entry of entries) output.data({ event: 'transaction', scenario: scenario.name, ...entry });
    output.data({ event: 'result', scenario: scenario.name, ok: true });
    output.line(`${output.good('ok')}   ${scenario.name}: ${scenario.title}`);
    for (const entry of entries) {
      output.line(
        `     transaction ${entry.transactionId ?? '-'}: ${kWh(entry.deliveredWh)}, register ${entry.meterStartWh} to ${entry.meterStopWh} Wh`,
      );
    }
    return true;
  } catch (error) {
    if (!(error instanceof ScriptFailure)) throw error;
    output.data({ event: 'result', scenario: scenario.name, ok: false, error: error.message });
    output.line(`${output.bad('fail')} ${scenario.name}: ${error.message}`);
    return false;
  } finally {
    clock.dispose();
  }
}
