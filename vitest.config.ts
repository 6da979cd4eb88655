import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const base = JSON.parse(readFileSync(new URL('./tsconfig.base.json', import.meta.url), 'utf8'));
const alias = Object.fromEntries(
  Object.entries(base.compilerOptions.paths as Record<string, [string]>).map(([name, [path]]) => [
    name,
    fileURLToPath(new URL(path, import.meta.url)),
  ]),
);

// `.int` and `.e2e` specs need Kafka, MongoDB or the whole stack; VOLTLOG_REAL=1 runs them and nothing else.
const real = process.env['VOLTLOG_REAL'] === '1';
const needsReal = ['**/*.int.spec.ts', '**/*.e2e.spec.ts'];

export default defineConfig({
  resolve: { alias },
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } },
  test: {
    include: real ? needsReal : ['**/*.spec.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', 'tools/lint-fixture/**', ...(real ? [] : needsReal)],
    environment: 'node',
    testTimeout: real ? 120_000 : 20_000,
    hookTimeout: real ? 300_000 : 60_000,
    // Of `expect.poll`: a busy machine takes longer than the second that vitest gives it.
    expect: { poll: { timeout: 15_000 } },
    pool: 'forks',
    maxWorkers: 2,
    fileParallelism: !real,
  },
});
