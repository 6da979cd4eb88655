// Makes the generated code that is committed; `--check` fails when what is committed differs from what would be made.
//   proto/.../station_requests.proto from STATION_REQUESTS and the OCPP 2.1 schemas (tools/station-requests.mjs)
//   libs/proto/src/generated       from proto/ (buf, ts-proto)
//   docs/reference/configuration.md from the services' config.ts (tools/configuration.mjs)
//   docs/reference/quirks.md from the catalogue (tools/quirks.mjs)
//   docs/reference/openapi.json    from the gateway's routes (apps/gateway/src/web/openapi.spec.ts)
//   docs/reference/ocpp-coverage.md from the translations and who names what (tools/ocpp-coverage.mjs)
//   docs/reference/asyncapi.json   from the contract libraries (tools/asyncapi.mjs)
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const check = process.argv.includes('--check');

function files(path) {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path).flatMap((name) => files(join(path, name)));
}

const snapshot = (path) => new Map(files(path).map((file) => [relative(root, file), readFileSync(file, 'utf8')]));

/** Runs a generator in place; with --check, restores what was there and reports the difference. */
function generate(output, command, args, options = {}) {
  const path = join(root, output);
  const before = snapshot(path);
  const keep = check ? mkdtempSync(join(tmpdir(), 'voltlog-generate-')) : undefined;
  if (keep !== undefined && existsSync(path)) cpSync(path, join(keep, 'before'), { recursive: true });
  const done = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], ...options });
  if (done.status !== 0) process.exit(done.status ?? 1);
  if (keep === undefined) return [];
  const after = snapshot(path);
  const changed = [...new Set([...before.keys(), ...after.keys()])].filter((file) => before.get(file) !== after.get(file));
  rmSync(path, { recursive: true, force: true });
  if (existsSync(join(keep, 'before'))) cpSync(join(keep, 'before'), path, { recursive: true });
  rmSync(keep, { recursive: true, force: true });
  return changed;
}

// The OpenAPI document is made by the running gateway, so a spec writes it.
const OPENAPI_SPEC = ['run', 'apps/gateway/src/web/openapi.spec.ts', '-t', 'is the one that is committed', '--update', '--reporter=dot'];

const stale = [
  ...generate('proto/voltlog/connection/v1/station_requests.proto', process.execPath, ['tools/station-requests.mjs']),
  ...generate('libs/proto/src/generated', join(root, 'node_modules/.bin/buf'), ['generate'], { cwd: join(root, 'proto') }),
  ...generate('docs/reference/asyncapi.json', process.execPath, ['tools/asyncapi.mjs']),
  ...generate('docs/reference/ocpp-coverage.md', process.execPath, ['tools/ocpp-coverage.mjs']),
  ...generate('docs/reference/quirks.md', process.execPath, ['tools/quirks.mjs']),
  ...generate('docs/reference/configuration.md', process.execPath, ['tools/configuration.mjs']),
  ...generate('docs/reference/openapi.json', process.execPath, ['node_modules/vitest/vitest.mjs', ...OPENAPI_SPEC]),
];
if (stale.length > 0) {
  process.stderr.write(`stale generated code (run: npm run generate):\n  ${stale.join('\n  ')}\n`);
  process.exit(1);
}
