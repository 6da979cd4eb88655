// Builds every app into dist/<app>/ with rolldown: our own code bundled, packages left outside. `node tools/build.mjs [app...]`
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const apps = ['voltlog', 'connection', 'device', 'authorization', 'session', 'reservation', 'notification', 'gateway', 'simulator'];
const paths = Object.keys(JSON.parse(readFileSync(join(root, 'tsconfig.base.json'), 'utf8')).compilerOptions.paths);

/** Our own code (relative, absolute or an alias) goes into the bundle; so does the decorator runtime, which is a build tool. */
const external = (id) => !(id.startsWith('.') || id.startsWith('/') || paths.includes(id) || id.startsWith('@oxc-project/runtime'));

const buildApp = (app) => write({ input: { main: join(root, `apps/${app}/src/main.ts`) }, dir: app });

async function write({ input, dir }) {
  const bundle = await rolldown({
    input,
    platform: 'node',
    tsconfig: join(root, 'tsconfig.base.json'),
    external,
    resolve: { extensionAlias: { '.js': ['.ts', '.tsx', '.js'] } },
  });
  await bundle.write({ dir: join(root, 'dist', dir), format: 'esm', sourcemap: true, cleanDir: true, chunkFileNames: '[name]-[hash].js' });
  await bundle.close();
}

/** A web app, with each text file packed beside it: phones on slow networks get the packed one. */
async function buildWeb(app) {
  const { build } = await import('vite');
  await build({ root: join(root, 'apps', app), logLevel: 'warn' });
  const out = join(root, 'dist', app);
  for (const name of readdirSync(out, { recursive: true })) {
    if (!/\.(?:html|js|css|svg)$/.test(name)) continue;
    const bytes = readFileSync(join(out, name));
    writeFileSync(join(out, `${name}.gz`), gzipSync(bytes, { level: 9 }));
    writeFileSync(join(out, `${name}.br`), brotliCompressSync(bytes));
  }
}

/** Servers that only the benchmark starts. */
async function buildBench() {
  const folder = join(root, 'apps/platform-e2e/src/bench');
  const input = Object.fromEntries(readdirSync(folder).map((name) => [name.replace(/\.ts$/, ''), join(folder, name)]));
  await write({ input, dir: 'bench' });
}

const wanted = process.argv.slice(2);
const present = apps.filter((app) => existsSync(join(root, `apps/${app}/src/main.ts`)));
for (const app of present) {
  if (wanted.length === 0 || wanted.includes(app)) await buildApp(app);
}
if (wanted.length === 0 || wanted.includes('bench')) await buildBench();
for (const app of ['console', 'driver']) if (wanted.length === 0 || wanted.includes(app)) await buildWeb(app);
