import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { NODE_FLAGS } from '../node-flags.mjs';

/** Writes under way at once. */
const PARALLEL = 64;

/** Stations that charge while those of the storm are idle. */
export const EXTRA_PREFIX = 'BENCHX-';

/** Tokens beside a fleet. */
export const FLEET_TOKENS = 100_000;

/** Registers stations (their passwords go to `file`), `extra` ones that charge beside them, and tokens, through the API. */
export async function seed({ api, key, stations, extra, tokens, file }) {
  const passwords = {};
  const call = async (method, path, body) => {
    const request = { method, headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const response = await fetch(`${api}/v1${path}`, request);
    const answer = await response.json();
    if (response.status >= 300) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`);
    return answer;
  };
  await inParallel(stations + extra, async (index) => {
    const stationId = index < stations ? stationIdOf('BENCH-', index) : stationIdOf(EXTRA_PREFIX, index - stations);
    passwords[stationId] = (await call('POST', '/stations', { stationId })).password;
  });
  await inParallel(tokens, (index) => call('PUT', `/tokens/BENCH${index + 1}`, { type: 'ISO14443', status: 'Active' }));
  writeFileSync(file, JSON.stringify(passwords));
  return file;
}

/** Runs a script to its end. */
export async function run(script, args, environment = {}) {
  const done = spawnSync(process.execPath, [...NODE_FLAGS, script, ...args], {
    env: { ...process.env, ...environment },
    stdio: 'inherit',
  });
  if (done.status !== 0) throw new Error(`${script} failed`);
}

const stationIdOf = (prefix, index) => `${prefix}${String(index + 1).padStart(6, '0')}`;

async function inParallel(count, work) {
  let next = 0;
  await Promise.all(
    Array.from({ length: Math.min(PARALLEL, count) }, async () => {
      while (next < count) {
        const index = next;
        next += 1;
        await work(index);
      }
    }),
  );
}
