import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './child.js';
import { lastLine, STATION_MS, toolchain } from './toolchain.js';

const FOREIGN = join(ROOT, 'apps/platform-e2e/foreign/go');

/** The station of `foreign/go`, built once and kept. @returns the program */
export async function prepareGo(): Promise<string> {
  const hash = createHash('sha256');
  for (const file of readdirSync(FOREIGN).sort()) hash.update(readFileSync(join(FOREIGN, file)));
  const folder = join(ROOT, 'node_modules/.cache/platform-e2e');
  const program = join(folder, `go-${hash.digest('hex').slice(0, 12)}`);
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  const options = { cwd: FOREIGN, env: { ...process.env, CGO_ENABLED: '0' } };
  await toolchain('Go 1.22 or later', 'go', ['build', '-buildvcs=false', '-o', `${program}.new`, '.'], options);
  renameSync(`${program}.new`, program);
  return program;
}

/** Runs the station to its end. @returns what it told @throws when it failed, with what it printed */
export async function runGo<Result>(program: string, args: readonly string[]): Promise<Result> {
  return lastLine(await toolchain('what it has built', program, args, { timeout: STATION_MS }));
}
