import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { CliError, EXIT } from './errors.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where the API is and which key opens it. */
export interface Settings {
  readonly url: string;
  readonly key: string;
}

export interface Kept {
  readonly url?: string;
  readonly key?: string;
}

const URL_DEFAULT = 'http://127.0.0.1:8080';

/** `VOLTLOG_CONFIG`, or the usual place of the platform's user. */
export const configPath = (environment: Environment): string =>
  environment['VOLTLOG_CONFIG'] ?? join(environment['XDG_CONFIG_HOME'] ?? join(homedir(), '.config'), 'voltlog', 'config.json');

/** @throws {CliError} when the file is there and cannot be read */
export function readKept(path: string): Kept {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
    throw new CliError(EXIT.usage, `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  try {
    return JSON.parse(text) as Kept;
  } catch {
    throw new CliError(EXIT.usage, `${path} is not JSON. Write it anew: voltlog config set --url <url> --key <key>`);
  }
}

/** Readable by its owner alone: it holds a key. */
export function keep(path: string, kept: Kept): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, `${JSON.stringify(kept, null, 2)}\n`, { mode: 0o600 });
  // A file that was there keeps its mode when it is written.
  chmodSync(path, 0o600);
}

/**
 * The flag, else the environment, else the file.
 *
 * @throws {CliError} when there is no key, or the address is none
 */
export function settingsOf(flags: Kept, environment: Environment): Settings {
  const kept = readKept(configPath(environment));
  const url = flags.url ?? environment['VOLTLOG_URL'] ?? kept.url ?? URL_DEFAULT;
  const key = flags.key ?? environment['VOLTLOG_API_KEY'] ?? kept.key;
  if (!/^https?:\/\/[^/]/.test(url)) throw new CliError(EXIT.usage, `${url} is no address of an API, such as ${URL_DEFAULT}`);
  if (key === undefined || key === '')
    throw new CliError(
      EXIT.usage,
      'No API key. Give one by --key, by VOLTLOG_API_KEY, or once and for all: voltlog config set --key <key>\nThe first start prints the admin key.',
    );
  return { url: url.replace(/\/+$/, ''), key };
}
