import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './child.js';
import { lastLine, STATION_MS, toolchain } from './toolchain.js';

const FOREIGN = join(ROOT, 'apps/platform-e2e/foreign');

/** A Python with the packages of `foreign/requirements.txt`, made once and kept. @returns the interpreter */
export async function preparePython(): Promise<string> {
  const requirements = join(FOREIGN, 'requirements.txt');
  const version = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  const folder = join(ROOT, 'node_modules/.cache/platform-e2e', `python-${version}`);
  const done = join(folder, 'complete');
  const python = join(folder, 'bin/python');
  if (existsSync(done)) return python;
  await toolchain('Python 3 with venv', 'python3', ['-m', 'venv', '--clear', folder]);
  await toolchain('Python 3', python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--requirement', requirements]);
  writeFileSync(done, '');
  return python;
}

/** Runs a station of `foreign/` to its end. @returns the last line it printed, as JSON @throws when it failed, with what it printed */
export async function runForeign<Result>(
  python: string,
  script: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Result> {
  const options = { timeout: STATION_MS, env: { ...process.env, ...environment } };
  return lastLine(await toolchain('Python 3', python, [join(FOREIGN, script), ...args], options));
}
