import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSqliteStore } from './sqlite/sqlite-store.js';

const folder = mkdtempSync(join(tmpdir(), 'voltlog-kill-'));
const writer = join(folder, 'writer.mjs');

/** Appends for ever and says the number of each commit once it is acknowledged. */
const WRITER = `
import { openSqliteStore } from ${JSON.stringify(fileURLToPath(new URL('./sqlite/sqlite-store.ts', import.meta.url)))};
const store = await openSqliteStore({ path: process.argv[2] });
const loaded = await store.streams.load(['0', '1', '2', '3']);
const versions = [0, 1, 2, 3].map((s) => loaded.get(String(s))?.length ?? 0);
for (;;) {
  const commits = versions.map((version, s) => ({ streamId: String(s), version: version + 1, causationId: 'c' + (version + 1), at: '2026-11-23T10:00:00.000Z', events: [] }));
  const outcomes = await store.streams.append(commits);
  if (outcomes.some((outcome) => outcome !== 'appended')) throw new Error(outcomes.join());
  versions.forEach((version, s) => { versions[s] = version + 1; });
  console.log(versions[0]);
}
`;

beforeAll(async () => {
  const bundle = await rolldown({
    input: 'writer',
    platform: 'node',
    external: ['mongoose'],
    resolve: {
      alias: {
        '@voltlog/kernel': fileURLToPath(new URL('../../../kernel/src/index.ts', import.meta.url)),
        '@voltlog/sqlite': fileURLToPath(new URL('../../sqlite/src/index.ts', import.meta.url)),
      },
    },
    plugins: [{ name: 'writer', resolveId: (id) => (id === 'writer' ? id : null), load: (id) => (id === 'writer' ? WRITER : null) }],
  });
  await bundle.write({ file: writer, format: 'esm' });
  await bundle.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Kills the writer in the middle of its work; the last commit that it said is acknowledged. */
async function killAfter(child: ChildProcess, commits: number): Promise<number> {
  let last = 0;
  let said = 0;
  let errors = '';
  child.stderr?.on('data', (text) => {
    errors += String(text);
  });
  if (child.stdout === null) throw new Error('the writer has no output');
  for await (const line of createInterface({ input: child.stdout })) {
    last = Number(line);
    said += 1;
    if (said === commits) child.kill('SIGKILL');
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  expect([child.signalCode, errors]).toEqual(['SIGKILL', '']);
  return last;
}

describe('sqlite: kill -9', () => {
  it('at any moment: every acknowledged commit is there, no stream has a gap, and the next process goes on', async () => {
    const path = join(folder, 'killed.db');
    let acknowledged = 0;
    for (const commits of [1, 25, 60, 7]) {
      const last = await killAfter(spawn(process.execPath, [writer, path]), commits);
      expect(last).toBeGreaterThanOrEqual(acknowledged + commits);
      acknowledged = last;
    }
    const store = await openSqliteStore({ path });
    const streams = await store.streams.load(['0', '1', '2', '3']);
    const lengths = [...streams.values()].map((commits) => commits.length);
    for (const stream of streams.values()) expect(stream.map((commit) => commit.version)).toEqual(stream.map((_, i) => i + 1));
    expect(Math.min(...lengths)).toBeGreaterThanOrEqual(acknowledged);
    // One transaction: all four streams or none.
    expect(new Set(lengths).size).toBe(1);
    expect(await store.streams.unpublished(100_000)).toHaveLength(lengths.reduce((sum, length) => sum + length, 0));
    await store.close();
  });
});
