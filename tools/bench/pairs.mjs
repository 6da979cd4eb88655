// Measures two builds at the same moment, each pinned to a core of its own with its load, and changes their cores after every round: what the
// machine does besides hits both, so a difference of a few per cent shows that runs one after the other do not.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { NODE_FLAGS, PLATFORM_FLAGS } from '../node-flags.mjs';
import { ADMIN_KEY, startEmbedded, startLoad } from './embedded.mjs';
import { cpuSeconds, quiet } from './processes.mjs';
import { EXTRA_PREFIX, FLEET_TOKENS, seed } from './seed.mjs';

const HELP = `Measures the CPU per call of two builds of the embedded platform at the same moment. Linux, two cores or more.

  node tools/bench/pairs.mjs --other FOLDER

  --other FOLDER     a checkout of another version, built (npm run build); default: this one
  --flags=TEXT       flags of Node for the other alone, e.g. --flags=--max-semi-space-size=256
  --history FOLDER   the other beside a fleet, on what \`npm run bench -- --scale --history FOLDER\` left there
  --starts N         how often both are started (8), an even number: the same build is some per cent dearer or cheaper by chance of the start
  --rounds N         in each start (4)
  --seconds N        of each round (5)
  --warm N           seconds before the first (12)
  --rate N           calls a second of each; default: as many as it takes
`;

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const { values: options } = parseArgs({
  options: {
    other: { type: 'string', default: root },
    flags: { type: 'string', default: '' },
    history: { type: 'string' },
    starts: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '4' },
    seconds: { type: 'string', default: '5' },
    warm: { type: 'string', default: '12' },
    rate: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (options.help) {
  process.stdout.write(HELP);
  process.exit(0);
}
if (process.platform !== 'linux' || availableParallelism() < 2) {
  process.stderr.write('pairs need Linux and two cores: each of the two is pinned to one\n');
  process.exit(1);
}

const STATIONS = 200;
const TOKENS = 1_000;
const passwordsOf = (data) => join(data, 'passwords.json');

if (options.history !== undefined && !existsSync(passwordsOf(options.history))) {
  process.stderr.write(`no fleet was registered in ${options.history}: npm run bench -- --scale --history ${options.history}\n`);
  process.exit(1);
}

async function start(name, folder, flags) {
  const data = mkdtempSync(join(tmpdir(), 'voltlog-pairs-'));
  folders.push(data);
  const server = { name, tokens: TOKENS, ...(await startEmbedded(folder, data, { flags })) };
  servers.push(server);
  server.passwords = await seed({
    api: server.api,
    key: ADMIN_KEY,
    stations: STATIONS,
    extra: 0,
    tokens: TOKENS,
    file: passwordsOf(data),
  });
  await quiet([server.pid]);
}

/** With all of its stations connected, and others of it about to charge. */
async function startFleet(name, folder, flags, data) {
  const passwords = passwordsOf(data);
  const stations = Object.keys(JSON.parse(readFileSync(passwords, 'utf8'))).filter((id) => !id.startsWith(EXTRA_PREFIX)).length;
  const server = { name, tokens: FLEET_TOKENS, passwords, prefix: EXTRA_PREFIX, ...(await startEmbedded(folder, data, { flags })) };
  servers.push(server);
  server.fleet = await startLoad(root, server, 'storm', ['--stations', String(stations), '--concurrency', '500', '--hold', '86400']);
  await quiet([server.pid]);
}

const pin = (pid, core) => execFileSync('taskset', ['-a', '-p', '-c', String(core), String(pid)], { stdio: 'ignore' });

/** Microseconds of CPU for each call, what came of it later included. */
async function round(server, core, seconds) {
  pin(server.pid, core);
  const rate = options.rate === undefined ? [] : ['--rate', options.rate];
  const who = server.prefix === undefined ? [] : ['--id-prefix', server.prefix];
  const args = ['--seconds', String(seconds), '--stations', String(STATIONS), ...rate, ...who];
  const child = await startLoad(root, server, 'sessions', args);
  pin(child.pid, core);
  if (server.fleet !== undefined) pin(server.fleet.pid, core);
  const before = cpuSeconds([server.pid]);
  const [line] = await child.printed(/\{"event":"result".*\n/, 600_000);
  await quiet([server.pid]);
  const { calls, errors, samples } = JSON.parse(line);
  if (errors > 0) throw new Error(`${server.name}: ${errors} errors: ${samples.join(' | ')}`);
  await child.ended;
  return ((cpuSeconds([server.pid]) - before) / calls) * 1_000_000;
}

let servers = [];
let folders = [];

/** The logarithm of what this build costs of the other, over the rounds of one start. Who is started first is dearer by some per cent. */
async function compared(otherFirst) {
  try {
    const other = [resolve(options.other), options.flags.split(' ').filter(Boolean)];
    const starts = [
      () => start('this', root, []),
      () => (options.history === undefined ? start('other', ...other) : startFleet('other beside a fleet', ...other, options.history)),
    ];
    for (const begin of otherFirst ? starts.toReversed() : starts) await begin();
    await Promise.all(servers.map((server, core) => round(server, core, options.warm)));
    let sum = 0;
    for (let at = 0; at < Number(options.rounds); at += 1) {
      const costs = await Promise.all(servers.map((server, i) => round(server, (at + i) % 2, options.seconds)));
      const [own, others] = otherFirst ? costs.toReversed() : costs;
      sum += Math.log(own / others);
      process.stdout.write(`this ${own.toFixed(1)} us, other ${others.toFixed(1)} us of CPU a call\n`);
    }
    return sum / Number(options.rounds);
  } finally {
    for (const server of servers) {
      await server.fleet?.stop();
      await server.stop();
    }
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    servers = [];
    folders = [];
  }
}

process.stdout.write(`flags of both: ${[...NODE_FLAGS, ...PLATFORM_FLAGS].join(' ')}\n`);
const differences = [];
for (let at = 0; at < Number(options.starts); at += 1) {
  differences.push(await compared(at % 2 === 1));
  process.stdout.write(`start ${at + 1}: ${(100 * (Math.exp(differences.at(-1)) - 1)).toFixed(1)} %\n`);
}
const mean = differences.reduce((sum, each) => sum + each, 0) / differences.length;
const variance = differences.reduce((sum, each) => sum + (each - mean) ** 2, 0) / Math.max(1, differences.length - 1);
const error = 100 * Math.sqrt(variance / differences.length);
const percent = 100 * (Math.exp(mean) - 1);
process.stdout.write(
  `this takes ${Math.abs(percent).toFixed(1)} % ${percent < 0 ? 'less' : 'more'} CPU a call than the other (standard error ${error.toFixed(1)})\n`,
);
