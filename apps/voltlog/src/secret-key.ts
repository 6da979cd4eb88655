import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const KEY_BYTES = 32;

type Environment = Readonly<Record<string, string | undefined>>;

/** Variables of the services that seal secrets. */
const KEYS = ['CONNECTION_SECRET_KEY', 'DEVICE_SECRET_KEY', 'NOTIFICATION_SECRET_KEY'] as const;

/** The environment with keys that seal secrets: those it names, or the one of the data folder. */
export function withSecretKey(environment: Environment, dataFolder: string): Environment {
  const missing = KEYS.filter((name) => !environment[name] && !environment[`${name}_FILE`]);
  if (missing.length === 0) return environment;
  const key = secretKeyOf(dataFolder);
  return { ...environment, ...Object.fromEntries(missing.map((name) => [name, key])) };
}

/** Made with the folder and readable by its owner alone; base64. */
function secretKeyOf(dataFolder: string): string {
  const path = join(dataFolder, 'secret.key');
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
  const key = randomBytes(KEY_BYTES).toString('base64');
  writeFileSync(path, `${key}\n`, { mode: 0o600, flag: 'wx' });
  return key;
}
