// Every check that is not a test: format, lint, boundaries (with planted violations that must fail), types, proto, stale generated
// code, commit messages. Runs all of them, prints what failed, exits 1 if any did.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (name) => join(root, 'node_modules/.bin', name);
const env = { ...process.env, NX_DAEMON: 'false', FORCE_COLOR: '0' };

function run(command, args, extra = {}) {
  const done = spawnSync(command, args, {
    cwd: root,
    env: { ...env, ...extra.env },
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    ...extra,
  });
  return { ok: done.status === 0, output: `${done.stdout ?? ''}${done.stderr ?? ''}${done.error ? String(done.error) : ''}` };
}

/** The boundary rule passes in silence when no project graph is there; the graph is made first, and the fixture proves the rule bites. */
function plantedViolations() {
  const graph = run(bin('nx'), ['show', 'projects']);
  if (!graph.ok) return graph;
  const { output } = run(bin('eslint'), ['tools/lint-fixture', '--no-warn-ignored'], { env: { ...env, LINT_FIXTURE: '1' } });
  const expected = ['@nx/enforce-module-boundaries'];
  const missing = expected.filter((rule) => (output.match(new RegExp(rule, 'g')) ?? []).length < 2);
  return { ok: missing.length === 0, output: missing.length === 0 ? '' : `the planted violations were let through:\n${output}` };
}

/** Every commit but the first: a clone cannot tell which of them are new. */
function commitMessages() {
  const [first = 'HEAD'] = run('git', ['rev-list', '--max-parents=0', 'HEAD']).output.trim().split('\n');
  return run(bin('commitlint'), ['--from', first]);
}

function protoBreaking() {
  const tag = run('git', ['describe', '--tags', '--abbrev=0', '--match', 'v*']);
  const against = tag.ok ? tag.output.trim() : run('git', ['rev-list', '--max-parents=0', 'HEAD']).output.trim().split('\n')[0];
  const has = run('git', ['ls-tree', '-d', `${against}:proto`]);
  if (!has.ok || has.output === '') return { ok: true, output: '' };
  return run(bin('buf'), ['breaking', 'proto', '--against', `.git#ref=${against},subdir=proto`]);
}

const checks = {
  projects: () => run('node', ['tools/projects.mjs', '--check']),
  format: () => run(bin('biome'), ['check', '--linter-enabled=false']),
  oxlint: () => run(bin('oxlint'), ['--quiet', 'apps', 'libs', 'tools']),
  'planted violations': plantedViolations,
  boundaries: () => run(bin('eslint'), ['apps', 'libs', '--max-warnings=0']),
  types: () => run('node', ['node_modules/tsc7/bin/tsc', '-p', 'tsconfig.json']),
  'proto lint': () => run(bin('buf'), ['lint', 'proto']),
  'proto breaking': protoBreaking,
  'generated code': () => run('node', ['tools/generate.mjs', '--check']),
  'commit messages': commitMessages,
};

const only = process.argv.slice(2);
let failed = 0;
for (const [name, check] of Object.entries(checks)) {
  if (only.length > 0 && !only.includes(name)) continue;
  const began = Date.now();
  const { ok, output } = check();
  process.stdout.write(`${ok ? 'ok  ' : 'FAIL'} ${name} (${((Date.now() - began) / 1000).toFixed(1)} s)\n`);
  if (!ok) {
    failed += 1;
    process.stdout.write(`${output.trim().split('\n').slice(0, 80).join('\n')}\n`);
  }
}
if (!existsSync(join(root, 'libs/proto/src/generated'))) failed += 1;
process.exit(failed === 0 ? 0 : 1);
