#!/usr/bin/env node
// What `npm start`, `npm test` and the other scripts run. Plain JavaScript for Node 18 and later: it installs what is missing, brings
// the Node that Voltlog runs on, generates and builds what is stale, and then does what it was asked to. It says what it does.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NODE_FLAGS, PLATFORM_FLAGS } from './node-flags.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamps = join(root, 'node_modules/.voltlog');
const NODE_MAJOR = 24;

const HELP = `Voltlog's launcher. Each command installs, generates and builds what it needs first.

  npm start              the whole platform in one process, with three simulated stations
  npm test               every test that needs nothing but Node
  npm run test:real      the suites against real Kafka and MongoDB (Docker, or KAFKA_BROKERS and MONGO_URL)
  npm run all            format, lint, types, boundaries, proto, tests: what a change must pass
  npm run bench          measures the hot path beside raw baselines and writes docs/bench.md
  npm run build          builds every app into dist/
  npm run generate       makes the generated code
  npm run voltlog -- X   the command line of Voltlog (try: npm run voltlog -- --help)
  npm run simulator -- X the simulator (try: npm run simulator -- --help)
`;

// Beside what a command prints, which may be read by a program.
const say = (text) => process.stderr.write(`\u2022 ${text}\n`);

function run(command, args, { quiet = false, env = {} } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit',
      env: { ...process.env, PATH: `${dirname(nodeBinary())}${process.platform === 'win32' ? ';' : ':'}${process.env.PATH}`, ...env },
      shell: process.platform === 'win32' && command === 'npm',
    });
    let output = '';
    for (const stream of quiet ? [child.stdout, child.stderr] : []) stream.on('data', (chunk) => (output += chunk));
    const forward = (signal) => child.kill(signal);
    process.on('SIGINT', forward).on('SIGTERM', forward);
    // npm runs scripts through a shell that dies of a signal without handing it on; then our parent is another.
    const parent = process.ppid;
    const orphaned = setInterval(() => process.ppid !== parent && child.kill('SIGTERM'), 1_000);
    orphaned.unref();
    child.on('error', reject);
    child.on('close', (code, signal) => {
      process.off('SIGINT', forward).off('SIGTERM', forward);
      clearInterval(orphaned);
      if (code === 0) resolve(output);
      else {
        if (quiet) process.stderr.write(output);
        reject(Object.assign(new Error(`${command} ${args.join(' ')} ended with ${signal ?? code}`), { exitCode: code ?? 1 }));
      }
    });
  });
}

/** The Node that npm brought for this platform, or the one that runs now when it is new enough. */
function nodeBinary() {
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  for (const pack of [`node-${platform}-${process.arch}`, `node-bin-${platform}-${process.arch}`]) {
    const path = join(root, 'node_modules', pack, 'bin', name);
    if (existsSync(path)) return path;
  }
  return process.execPath;
}

function checkNode() {
  if (nodeBinary() !== process.execPath || Number(process.versions.node.split('.')[0]) >= NODE_MAJOR) return;
  throw new Error(
    `Voltlog runs on Node ${NODE_MAJOR} or later; this is ${process.version}, and npm has no Node ${NODE_MAJOR} for ${process.platform}-${process.arch} to bring. Install Node ${NODE_MAJOR} and try again.`,
  );
}

function digest(paths) {
  const hash = createHash('sha256');
  const add = (path) => {
    const full = join(root, path);
    if (!existsSync(full)) return;
    const stat = statSync(full);
    if (stat.isDirectory()) {
      for (const name of readdirSync(full).sort()) if (name !== 'node_modules' && name !== 'dist' && name !== '.git') add(join(path, name));
    } else hash.update(relative(root, full)).update('\0').update(readFileSync(full));
  };
  for (const path of paths) add(path);
  return hash.digest('hex');
}

/** Does the step unless the same inputs were done before and the outputs are there. */
async function step(name, { text, inputs, outputs = [], work }) {
  const stamp = join(stamps, name);
  const now = digest(inputs);
  if (outputs.every((path) => existsSync(join(root, path))) && existsSync(stamp) && readFileSync(stamp, 'utf8') === now) return;
  const began = Date.now();
  say(text);
  await work();
  mkdirSync(stamps, { recursive: true });
  writeFileSync(stamp, now);
  say(`  done in ${((Date.now() - began) / 1000).toFixed(1)} s`);
}

async function install() {
  await step('install', {
    text: 'Installing packages (the first time takes a minute or two)',
    inputs: ['package.json', 'package-lock.json'],
    outputs: ['node_modules/ws/package.json'],
    work: () => run('npm', ['ci', '--no-audit', '--no-fund'], { quiet: true }),
  });
  checkNode();
}

async function generate() {
  await step('schemas', {
    text: 'Compiling the OCPP schemas',
    inputs: ['tools/ocpp-schemas.mjs', 'tools/ocpp-schemas', 'package-lock.json'],
    outputs: [
      'libs/ocpp/v16/src/generated',
      'libs/ocpp/v16-soap/src/generated',
      'libs/ocpp/v201/src/generated',
      'libs/ocpp/v21/src/generated',
    ],
    work: () => run(nodeBinary(), ['tools/ocpp-schemas.mjs'], { quiet: true }),
  });
}

async function build() {
  await generate();
  await step('build', {
    text: 'Building',
    inputs: ['apps', 'libs', 'tools/build.mjs', 'tsconfig.base.json', 'package-lock.json'],
    outputs: ['dist/voltlog/main.js', 'dist/console/index.html', 'dist/driver/index.html'],
    work: () => run(nodeBinary(), ['tools/build.mjs'], { quiet: true }),
  });
}

const node = (script, args = [], env = {}) => run(nodeBinary(), [...NODE_FLAGS, script, ...args], { env });
const vitest = (args, env = {}) => run(nodeBinary(), ['node_modules/vitest/vitest.mjs', 'run', ...args], { env });

const commands = {
  start: async (args) => {
    await install();
    await build();
    await run(nodeBinary(), [...NODE_FLAGS, ...PLATFORM_FLAGS, 'dist/voltlog/main.js', 'start', ...args]);
  },
  run: async (args) => {
    await install();
    await build();
    await node('dist/voltlog/main.js', args);
  },
  simulator: async (args) => {
    await install();
    await build();
    await node('dist/simulator/main.js', args);
  },
  build: async () => {
    await install();
    await build();
  },
  generate: async () => {
    await install();
    await generate();
    await node('tools/generate.mjs');
  },
  test: async (args) => {
    await install();
    await build();
    await vitest(args);
    if (process.env.VOLTLOG_REAL !== '1') say('Not run here: the suites that need real Kafka and MongoDB (npm run test:real).');
  },
  'test:real': async (args) => {
    await install();
    await build();
    await vitest(args, { VOLTLOG_REAL: '1', TESTCONTAINERS_RYUK_DISABLED: process.env.TESTCONTAINERS_RYUK_DISABLED ?? 'true' });
  },
  check: async (args) => {
    await install();
    await generate();
    await node('tools/check.mjs', args);
  },
  images: async (args) => {
    await install();
    await build();
    await run('bash', ['k8s/images/build.sh', ...args]);
  },
  all: async () => {
    await install();
    await build();
    await node('tools/check.mjs');
    await vitest([]);
  },
  bench: async (args) => {
    await install();
    await build();
    await node('tools/bench/bench.mjs', args);
  },
};

const [name = 'help', ...args] = process.argv.slice(2);
const command = commands[name];
if (command === undefined) {
  process.stdout.write(HELP);
  process.exit(name === 'help' || name === '--help' ? 0 : 2);
}
// Signals go to the child, which ends in order; its code is ours.
process.on('SIGINT', () => {}).on('SIGTERM', () => {});
command(args).catch((error) => {
  if (error.exitCode === undefined || error.exitCode > 128) process.stderr.write(`${error.message}\n`);
  process.exit(error.exitCode ?? 1);
});
