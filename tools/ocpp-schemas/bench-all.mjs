// What the compiled schemas cost: memory and time to load each version, and to check every message of it in full, that is with every
// field it can have. node --expose-gc tools/ocpp-schemas/bench-all.mjs (about 20 s)
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';
import { sample } from './samples.ts';
import { readMessages } from './schemas.mjs';
import { VERSIONS } from './versions.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const packaged = join(dirname(createRequire(import.meta.url).resolve('ocpp-rpc/package.json')), 'lib/schemas');
const folder = mkdtempSync(join(tmpdir(), 'ocpp-bench-'));
const FOR_MS = 20;

async function library(version) {
  const entry = join(folder, `${version.folder}.ts`);
  writeFileSync(entry, `export * from '${join(root, 'libs/ocpp', version.folder, 'src/protocol.ts')}';\n`);
  const alias = { '@voltlog/ocpp-rpc': join(root, 'libs/ocpp/rpc/src/index.ts') };
  const bundle = await rolldown({ input: entry, platform: 'node', resolve: { alias, extensionAlias: { '.js': ['.ts', '.js'] } } });
  const dir = join(folder, version.folder);
  await bundle.write({ dir, format: 'esm', entryFileNames: '[name].mjs', chunkFileNames: '[name]-[hash].mjs' });
  return pathToFileURL(join(dir, `${version.folder}.mjs`)).href;
}

/** @returns microseconds for one run */
function cost(work) {
  for (let i = 0; i < 2_000; i++) work();
  const startedAt = performance.now();
  let runs = 0;
  while (performance.now() - startedAt < FOR_MS) {
    for (let i = 0; i < 100; i++) work();
    runs += 100;
  }
  return ((performance.now() - startedAt) * 1000) / runs;
}

const heapMb = () => {
  globalThis.gc?.();
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 1_048_576;
};

console.log('| | messages | load ms | heap MB | all checked once | median µs | slowest µs |');
console.log('| --- | --- | --- | --- | --- | --- | --- |');
for (const version of VERSIONS) {
  const href = await library(version);
  const before = heapMb();
  const startedAt = performance.now();
  const [load] = Object.values(await import(href));
  const protocol = await load();
  const loadMs = performance.now() - startedAt;
  const { messages, definitions } = readMessages(version, join(packaged, version.source));
  const full = messages.map((message) => ({ ...message, payload: sample(message.schema, definitions, true) }));
  const check = ({ kind, action, payload }) =>
    kind === 'response' ? protocol.checkResponse(action, payload) : protocol.checkRequest(action, payload);
  const firstAt = performance.now();
  for (const message of full) if (check(message) !== undefined) throw new Error(message.name);
  const firstMs = performance.now() - firstAt;
  const heap = heapMb() - before;
  const costs = full.map((message) => ({ name: message.name, us: cost(() => check(message)) })).sort((a, b) => a.us - b.us);
  const last = costs.at(-1);
  console.log(
    `| ${version.name} | ${messages.length} | ${loadMs.toFixed(0)} | ${heap.toFixed(1)} | ${firstMs.toFixed(1)} ms | ${costs[costs.length >> 1].us.toFixed(2)} | ${last.us.toFixed(1)} (${last.name}) |`,
  );
}
rmSync(folder, { recursive: true, force: true });
