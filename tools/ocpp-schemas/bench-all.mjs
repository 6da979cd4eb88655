// What the compiled schemas cost: memory and time to load each version, and to check every message of it in full, that is with every
// field it can have. Each version in a process of its own: node tools/ocpp-schemas/bench-all.mjs (about half a minute)
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { sample } from './samples.ts';
import { readMessages } from './schemas.mjs';
import { VERSIONS } from './versions.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const packaged = join(dirname(createRequire(import.meta.url).resolve('ocpp-rpc/package.json')), 'lib/schemas');
const ROUNDS = 7;
const RUNS = 1_000;

/** The compiled library of a version as one bundle. */
async function bundle(version, folder) {
  const { rolldown } = await import('rolldown');
  const alias = { '@voltlog/ocpp-rpc': join(root, 'libs/ocpp/rpc/src/index.ts') };
  const entry = join(root, 'libs/ocpp', version.folder, 'src/protocol.ts');
  const built = await rolldown({ input: entry, platform: 'node', resolve: { alias, extensionAlias: { '.js': ['.ts', '.js'] } } });
  await built.write({ dir: folder, format: 'esm', entryFileNames: 'entry.mjs', chunkFileNames: '[name]-[hash].mjs' });
}

/** @returns microseconds for one run: the best of some rounds, so that others on the machine count little */
function cost(work) {
  for (let run = 0; run < RUNS; run++) work();
  const rounds = Array.from({ length: ROUNDS }, () => {
    const startedAt = performance.now();
    for (let run = 0; run < RUNS; run++) work();
    return ((performance.now() - startedAt) * 1_000) / RUNS;
  });
  return Math.min(...rounds);
}

function rssMb() {
  for (let i = 0; i < 3; i++) globalThis.gc();
  return process.memoryUsage().rss / 1_048_576;
}

async function measure(version, folder) {
  const { messages, definitions } = readMessages(version, join(packaged, version.source));
  const full = messages.map((message) => ({ ...message, payload: sample(message.schema, definitions, true) }));
  const before = rssMb();
  const startedAt = performance.now();
  const [load] = Object.values(await import(pathToFileURL(join(folder, 'entry.mjs')).href));
  const protocol = await load();
  const loadMs = performance.now() - startedAt;
  const loaded = rssMb();
  const check = ({ kind, action, payload }) =>
    kind === 'response' ? protocol.checkResponse(action, payload) : protocol.checkRequest(action, payload);
  const firstAt = performance.now();
  for (const message of full) if (check(message) !== undefined) throw new Error(message.name);
  const firstMs = performance.now() - firstAt;
  const used = rssMb();
  const costs = full.map((message) => ({ name: message.name, us: cost(() => check(message)) })).sort((a, b) => a.us - b.us);
  const { name, us } = costs[costs.length - 1];
  const cells = [
    version.name,
    messages.length,
    loadMs.toFixed(0),
    (loaded - before).toFixed(1),
    firstMs.toFixed(0),
    (used - loaded).toFixed(1),
    costs[costs.length >> 1].us.toFixed(2),
    `${us.toFixed(1)} (${name})`,
  ];
  console.log(`| ${cells.join(' | ')} |`);
}

const [name, folder] = process.argv.slice(2);
if (name !== undefined)
  await measure(
    VERSIONS.find((version) => version.name === name),
    folder,
  );
else {
  console.log('| | messages | load ms | load MB | each checked once, ms | and MB | median µs | slowest µs |');
  console.log('| --- | --- | --- | --- | --- | --- | --- | --- |');
  const made = mkdtempSync(join(tmpdir(), 'ocpp-bench-'));
  writeFileSync(join(made, 'package.json'), '{}');
  for (const version of VERSIONS) {
    await bundle(version, join(made, version.folder));
    execFileSync(process.execPath, ['--expose-gc', fileURLToPath(import.meta.url), version.name, join(made, version.folder)], {
      stdio: 'inherit',
    });
  }
  rmSync(made, { recursive: true, force: true });
}
