// Measures the hot path beside raw baselines of the same machine in the same run, prints the ratios and writes docs/bench.md.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ADMIN_KEY, SERVER_ENV as ENVIRONMENT, startEmbedded, startLoad } from './embedded.mjs';
import { cpuSeconds, launch, quiet, residentKb } from './processes.mjs';
import { report } from './report.mjs';
import { EXTRA_PREFIX, FLEET_TOKENS, run, seed } from './seed.mjs';

const HELP = `Measures sessions over WebSocket beside raw baselines of the same machine in the same run.

  npm run bench                       the whole, with docs/bench.md written
  npm run bench -- --rows "all services" --loads sessions

  --seconds N        of each load (10)
  --warm N           seconds of sessions before the first of them (10)
  --stations N       of the storm (10000)
  --active N         stations that charge at a time (200)
  --only NAME        embedded or kafka
  --rows TEXT,...    only servers whose name holds one of the texts; writes no report, as do the next two
  --loads NAME,...   of heartbeats, sessions and open
  --rate N           calls a second of the open loop (1000)
  --no-storm         leaves the storm out
  --no-write         prints the report only
  --scale            adds the embedded platform with all stations connected, 100 000 tokens and a history of sessions (10 kB each: 10 GB)
  --sessions N       of that history (1000000)
  --history FOLDER   keeps that platform's data there and goes on with it the next time
  --profile FOLDER   writes a CPU profile of each server process there
  --node-options T   NODE_OPTIONS of the server processes

Kafka's part runs when KAFKA_BROKERS and MONGO_URL are given; KAFKA_PID and MONGO_PID let their CPU be counted.
`;

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    stations: { type: 'string', default: '10000' },
    active: { type: 'string', default: '200' },
    warm: { type: 'string', default: '10' },
    only: { type: 'string' },
    rows: { type: 'string' },
    loads: { type: 'string' },
    rate: { type: 'string', default: '1000' },
    profile: { type: 'string' },
    scale: { type: 'boolean', default: false },
    sessions: { type: 'string', default: '1000000' },
    history: { type: 'string' },
    'no-write': { type: 'boolean', default: false },
    'no-storm': { type: 'boolean', default: false },
    'node-options': { type: 'string', default: '' },
    help: { type: 'boolean', default: false },
  },
});
if (options.help) {
  process.stdout.write(HELP);
  process.exit(0);
}
const seconds = Number(options.seconds);
const stations = Number(options.stations);
const active = Number(options.active);
const kafka = process.env.KAFKA_BROKERS && process.env.MONGO_URL && options.only !== 'embedded';
const folders = [];
const folder = () => {
  const made = mkdtempSync(join(tmpdir(), 'voltlog-bench-'));
  folders.push(made);
  return made;
};

/** Servers under test: each starts processes and says where stations connect and whose CPU counts. */
const servers = {
  'raw ws': async () => raw('ws'),
  ...(options.only === 'kafka'
    ? {}
    : {
        "raw ws + fsync'd log": async () => raw('log', ['--file', join(folder(), 'log.db')]),
        'Voltlog, connection alone': async () => connectionAlone([]),
        'Voltlog, all services': async () => allInOne({ tokens: 1_000 }),
      }),
  ...(options.scale
    ? {
        [`Voltlog, all services, beside a fleet`]: async () =>
          allInOne({ tokens: FLEET_TOKENS, sessions: Number(options.sessions), fleet: true }),
      }
    : {}),
  ...(kafka
    ? {
        'raw ws + kafkajs acks=all': async () =>
          withBroker(await raw('kafka', ['--brokers', process.env.KAFKA_BROKERS, '--topic', `bench.raw.${Date.now()}`])),
        'Voltlog on Kafka, connection alone': async () => withBroker(await connectionAlone(['--brokers', process.env.KAFKA_BROKERS])),
        'Voltlog on Kafka and MongoDB, all services': async () => withBroker(await services()),
      }
    : {}),
};

async function raw(kind, args = []) {
  const server = await launch(join(root, 'tools/bench/raw-servers.mjs'), [kind, ...args], /listening (\d+)/, PROFILED);
  return { url: `ws://127.0.0.1:${server.match[1]}/ocpp`, pids: [server.pid], stop: server.stop, raw: true };
}

async function connectionAlone(args) {
  const server = await launch(
    join(root, 'dist/bench/connection-alone.js'),
    ['--data', folder(), ...args],
    /listening: (ws:\S+)/,
    SERVER_ENV,
  );
  return { url: server.match[1].replace('/{stationId}', ''), pids: [server.pid], stop: server.stop };
}

const PROFILED = {
  NODE_OPTIONS:
    options.profile === undefined ? options['node-options'] : `${options['node-options']} --cpu-prof --cpu-prof-dir=${options.profile}`,
};

const SERVER_ENV = { ...PROFILED, ...ENVIRONMENT };

/** @param fleet whether all other stations stay connected while `active` ones charge */
async function allInOne({ tokens, sessions = 0, fleet = false }) {
  const data = fleet ? (options.history ?? folder()) : folder();
  const file = join(data, 'passwords.json');
  if (sessions > 0 && !existsSync(join(data, 'session.db'))) await seedHistory(data, { sessions, tokens });
  const server = await startEmbedded(root, data, { environment: SERVER_ENV });
  await quiet([server.pid], { deadlineSeconds: 1_800 });
  const { url, api } = server;
  if (!existsSync(file)) await seed({ api, key: ADMIN_KEY, stations, extra: fleet ? active : 0, tokens, file });
  await quiet([server.pid]); // what came of the registrations is not the load's
  return { url, pids: [server.pid], stop: server.stop, tokens, passwords: file, fleet };
}

/** Sessions of all stations, those that will charge and those that will be idle. */
const seedHistory = (data, { sessions, tokens }) =>
  run(
    join(root, 'dist/bench/seed-sessions.js'),
    [
      `--data=${data}`,
      `--sessions=${sessions}`,
      `--tokens=${tokens}`,
      `--stations=BENCH-:${stations}`,
      `--stations=${EXTRA_PREFIX}:${active}`,
    ],
    { VOLTLOG_DIST: join(root, 'dist') },
  );

async function services() {
  const { startServices } = await import('./services.mjs');
  const platform = await startServices({ root, environment: SERVER_ENV, kafka: process.env.KAFKA_BROKERS, mongo: process.env.MONGO_URL });
  const passwords = await seed({
    api: platform.api,
    key: ADMIN_KEY,
    stations,
    extra: 0,
    tokens: 1_000,
    file: join(folder(), 'passwords.json'),
  });
  await quiet(platform.pids);
  return { url: platform.url, pids: platform.pids, names: platform.names, stop: platform.stop, tokens: 1_000, passwords };
}

function withBroker(server) {
  const extra = [
    ['broker', process.env.KAFKA_PID],
    ['database', process.env.MONGO_PID],
  ].filter(([, pid]) => pid);
  return {
    ...server,
    pids: [...server.pids, ...extra.map(([, pid]) => Number(pid))],
    names: [...(server.names ?? ['server']), ...extra.map(([name]) => name)],
  };
}

/** Runs the load in a process of its own; CPU is the servers' alone, until their backlog is worked off. */
async function load(server, kind, args) {
  const child = await startLoad(root, server, kind, args);
  const began = server.pids.map((pid) => cpuSeconds([pid]));
  const opened = JSON.parse(child.match[0]);
  if (kind === 'storm') return { opened, child };
  const [line] = await child.printed(/\{"event":"result".*\n/, 600_000);
  const result = JSON.parse(line);
  const behind = performance.now();
  await quiet(server.pids);
  const perProcess = server.pids.map((pid, i) => cpuSeconds([pid]) - began[i]);
  const cpu = perProcess.reduce((sum, each) => sum + each, 0);
  await child.ended;
  if (result.errors > 0) process.stderr.write(`  ${result.errors} errors: ${result.samples.join(' | ')}\n`);
  return {
    opened,
    ...result,
    cpu,
    perProcess,
    names: server.names,
    perCpuSecond: result.calls / cpu,
    drainSeconds: (performance.now() - behind) / 1000,
  };
}

async function storm(server) {
  await quiet(server.pids);
  const idle = residentKb(server.pids);
  const cpu = cpuSeconds(server.pids);
  const { opened, child } = await load(server, 'storm', ['--stations', String(stations), '--concurrency', '500', '--hold', '600']);
  const cpuBoot = cpuSeconds(server.pids) - cpu;
  await quiet(server.pids);
  const kb = (residentKb(server.pids) - idle) / opened.booted;
  return { opened, child, kbPerConnection: kb, cpuBoot };
}

const loads = [
  { name: 'heartbeats', what: 'heartbeats', kind: 'heartbeats', args: ['--seconds', String(seconds / 2)] },
  { name: 'sessions', what: 'sessions', kind: 'sessions', args: ['--seconds', String(seconds)] },
  {
    name: 'open',
    what: `sessions at ${options.rate} calls/s`,
    kind: 'sessions',
    args: ['--seconds', String(seconds), '--rate', options.rate],
  },
].filter(({ name }) => options.loads === undefined || options.loads.split(',').includes(name));
const partial = options.rows !== undefined || options.loads !== undefined || options.rate !== '1000';

const results = [];
for (const [name, start] of Object.entries(servers)) {
  if (options.rows !== undefined && !options.rows.split(',').some((text) => name.includes(text))) continue;
  process.stdout.write(`\n${name}\n`);
  const server = await start();
  const row = { name };
  const fleet = server.fleet ? await storm(server) : undefined;
  const who = ['--stations', String(active), ...(server.fleet ? ['--id-prefix', EXTRA_PREFIX] : [])];
  try {
    await load(server, 'sessions', [...who, '--seconds', options.warm]); // V8 compiles what is called often during the first ten seconds
    for (const { name, what, kind, args } of loads) {
      row[name] = await load(server, kind, [...who, ...args]);
      print(what, row[name]);
    }
    if (fleet !== undefined || !options['no-storm']) {
      const { child, ...rest } = fleet ?? (await storm(server));
      row.storm = rest;
      process.stdout.write(
        `  storm: ${rest.opened.booted}/${stations} booted in ${rest.opened.seconds.toFixed(1)} s, ${rest.opened.retries} retries, ${rest.kbPerConnection.toFixed(1)} kB per idle connection\n`,
      );
      await child.stop();
    }
  } finally {
    await server.stop();
  }
  results.push(row);
}

function print(what, { calls, callsPerSecond, perCpuSecond, latency, drainSeconds, perProcess, names }) {
  process.stdout.write(
    `  ${what}: ${Math.round(callsPerSecond)} calls/s, ${Math.round(perCpuSecond)} per CPU-second, p50 ${latency.p50Ms.toFixed(2)} ms, p99 ${latency.p99Ms.toFixed(2)} ms, backlog ${drainSeconds.toFixed(1)} s\n`,
  );
  if (names === undefined) return;
  const shares = perProcess.map((cpu, i) => `${names[i]} ${Math.round((1_000_000 * cpu) / calls)}`);
  process.stdout.write(`    CPU us per call: ${shares.join(', ')}\n`);
}

if (!partial) {
  const text = report(results, {
    stations,
    active,
    seconds,
    warm: options.warm,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    node: process.version,
  });
  process.stdout.write(`\n${text}`);
  if (!options['no-write']) writeFileSync(join(root, 'docs/bench.md'), text);
}
for (const each of folders) rmSync(each, { recursive: true, force: true });
