import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const KEY_BYTES = 32;

type Environment = Readonly<Record<string, string | undefined>>;

/** The environment with a key that seals secrets: the one it names, or the one of the data folder. */
export const withSecretKey = (environment: Environment, dataFolder: string): Environment =>
  environment['DEVICE_SECRET_KEY'] || environment['DEVICE_SECRET_KEY_FILE']
    ? environment
    : { ...environment, DEVICE_SECRET_KEY: secretKeyOf(dataFolder) };

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
