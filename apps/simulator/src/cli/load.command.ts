import type { Command } from 'commander';
import { type OpenedStations, openStations } from '../load/open-stations.js';
import { heartbeatLoad, type LoadResult, sessionLoad } from '../load/run-load.js';
import type { OcppVersion } from '../station/protocol.js';
import { DEFAULT_URL, passwordFile, passwordOf, positive, urls, version, wholeNumber, words } from './options.js';
import { kWh, Output } from './output.js';

interface LoadCommandOptions {
  readonly url: [string, ...string[]];
  readonly stations: number;
  readonly active?: number;
  readonly concurrency: number;
  readonly version: OcppVersion;
  readonly password?: string;
  readonly passwords?: Readonly<Record<string, string>>;
  readonly tokens: [string, ...string[]];
  readonly tokenCount: number;
  readonly seconds: number;
  readonly rate?: number;
  readonly hold: number;
  readonly idPrefix: string;
  readonly deadline: number;
  readonly json?: boolean;
}

type Kind = 'storm' | 'heartbeats' | 'sessions';

const KINDS: Readonly<Record<Kind, string>> = {
  storm: 'connect and boot all stations at once, then hold the connections',
  heartbeats: 'heartbeats from every station',
  sessions: 'whole sessions: Authorize, start, 5 meter values of 8 sampled values, stop',
};

const EXAMPLES: Readonly<Record<Kind, string>> = {
  storm: '$ simulator load storm --stations 10000 --concurrency 500 --hold 30 --json',
  heartbeats: '$ simulator load heartbeats --stations 100 --seconds 10 --json',
  sessions: '$ simulator load sessions --stations 200 --rate 1000 --seconds 30 --tokens CARD-{n} --token-count 200 --json',
};

export function addLoadCommand(program: Command): void {
  const load = program.command('load').description('raw load for benches: prebuilt frames, as cheap as a client can be');
  for (const kind of ['storm', 'heartbeats', 'sessions'] as const) {
    load
      .command(kind)
      .description(KINDS[kind])
      .option('--url <address>', 'OCPP address without the station id', urls, [DEFAULT_URL])
      .option('--stations <n>', 'how many stations connect', wholeNumber(1), 100)
      .option('--active <n>', 'how many of them send; the others idle', wholeNumber(1))
      .option('--concurrency <n>', 'handshakes under way at once', wholeNumber(1), 500)
      .option('--version <version>', '1.6, 2.0.1 or 2.1', version, '1.6')
      .option('--password <text>', 'basic auth password; {id} stands for the station id')
      .option('--passwords <file>', 'JSON file of passwords by station id', passwordFile)
      .option('--tokens <list>', 'ID tokens; {n} stands for 1, 2, ... up to --token-count', words, ['DEMO-CARD-1'])
      .option('--token-count <n>', 'how many tokens {n} makes', wholeNumber(1), 1)
      .option('--seconds <n>', 'how long the load lasts; sessions under way are finished then, at the same rate', positive, 10)
      .option('--rate <n>', 'open loop: calls per second, latency counted from when a call was due', positive)
      .option('--hold <seconds>', 'how long the connections are kept after the load', wholeNumber(0), 0)
      .option('--id-prefix <text>', 'station ids are this and a number of six digits', 'LOAD-')
      .option('--deadline <seconds>', 'stations not booted by then count as failed', positive, 120)
      .option('--json', 'JSON lines on stdout: opened, result, closed')
      .addHelpText(
        'after',
        `\nExample:\n  ${EXAMPLES[kind]}\n\nA station that is not let in (e.g. 401, 403, 404) is given up after six tries.\nExit code: 0 when nothing failed, 1 when calls or stations failed, 2 for a wrong option.`,
      )
      .action((options: LoadCommandOptions) => run(kind, options));
  }
}

async function run(kind: Kind, options: LoadCommandOptions): Promise<void> {
  const output = new Output(options.json === true);
  const { passwords } = options;
  const password = passwords === undefined ? passwordOf(options.password) : (stationId: string) => passwords[stationId];
  const opened = await openStations({
    url: options.url[0],
    n: options.stations,
    concurrency: options.concurrency,
    version: options.version,
    deadlineMs: options.deadline * 1000,
    idOf: (index) => `${options.idPrefix}${String(index + 1).padStart(6, '0')}`,
    onProgress: (booted) => output.progress(`${booted}/${options.stations} booted`),
    ...(password === undefined ? {} : { passwordOf: password }),
  });
  const { result } = opened;
  const cpuAtStart = process.cpuUsage();
  output.data({ event: 'opened', ...result });
  output.line(
    `${result.booted}/${result.stations} stations booted in ${result.seconds.toFixed(2)} s (${result.retries} retries), p50 ${ms(result.latency.p50Ms)}, p99 ${ms(result.latency.p99Ms)}`,
  );
  for (const [why, count] of Object.entries(result.turnedAway)) output.line(output.bad(`${count} stations were not let in: ${why}`));
  let isGood = result.booted === result.stations;
  if (kind !== 'storm' && opened.stations.length > 0) {
    const loaded = await loadOf(kind, opened, options, output);
    const cpu = process.cpuUsage(cpuAtStart);
    output.data({ event: 'result', kind, clientCpuSeconds: (cpu.user + cpu.system) / 1e6, ...loaded });
    output.line(describe(loaded, output));
    isGood &&= loaded.errors === 0;
  }
  if (options.hold > 0) await hold(options.hold, output);
  const alive = opened.stations.filter((station) => station.isBooted).length;
  opened.close();
  output.data({ event: 'closed', alive });
  if (!isGood) process.exitCode = 1;
}

function loadOf(kind: 'heartbeats' | 'sessions', opened: OpenedStations, options: LoadCommandOptions, output: Output): Promise<LoadResult> {
  const load = {
    stations: opened.stations.slice(0, options.active ?? opened.stations.length),
    seconds: options.seconds,
    onProgress: (calls: number) => (calls > 0 && calls % 64 === 0 ? output.progress(`${calls} calls`) : undefined),
    ...(options.rate === undefined ? {} : { rate: options.rate }),
  };
  if (kind === 'heartbeats') return heartbeatLoad(load);
  const tokens = options.tokens.flatMap((token) =>
    token.includes('{n}') ? Array.from({ length: options.tokenCount }, (_, n) => token.replaceAll('{n}', String(n + 1))) : [token],
  );
  return sessionLoad({ ...load, tokens });
}

function describe(result: LoadResult, output: Output): string {
  const { latency } = result;
  const speed = `${Math.round(result.callsPerSecond)} calls/s, p50 ${ms(latency.p50Ms)}, p99 ${ms(latency.p99Ms)}, max ${ms(latency.maxMs)}`;
  const sessions = result.sessions === 0 ? '' : `\n${result.sessions} sessions, ${kWh(result.deliveredWh)}`;
  const errors = result.errors === 0 ? output.good('no errors') : output.bad(`${result.errors} errors: ${result.samples.join(' | ')}`);
  return `${result.calls} calls: ${speed}${sessions}\n${errors}`;
}

/** Keeps the connections; ends early on SIGTERM or SIGINT. */
function hold(seconds: number, output: Output): Promise<void> {
  output.progress(`holding the connections for ${seconds} s`);
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(end, seconds * 1000);
    process.once('SIGTERM', end);
    process.once('SIGINT', end);
  });
}

const ms = (value: number): string => `${value < 10 ? value.toFixed(2) : value.toFixed(0)} ms`;
