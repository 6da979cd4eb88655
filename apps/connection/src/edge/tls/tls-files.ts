import { readFile } from 'node:fs/promises';
import { OperatingError } from '@voltlog/kernel';
import type { Logger } from '@voltlog/telemetry';
import type { TlsMaterial } from './tls-context.js';

export interface TlsPaths {
  /** Comma-separated: a chain of PEM each. */
  readonly certificates: string;
  /** Comma-separated, in the order of the certificates. */
  readonly keys: string;
}

/** @throws {OperatingError} `TlsMaterial` when a file cannot be read, or there is not one key for each certificate */
export async function readMaterial(paths: TlsPaths, clientRoots?: () => Promise<string>): Promise<TlsMaterial> {
  const [certificates, keys, roots] = await Promise.all([readAll(paths.certificates), readAll(paths.keys), clientRoots?.()]);
  if (certificates.length !== keys.length)
    throw new OperatingError('TlsMaterial', `there are ${certificates.length} certificates and ${keys.length} keys`);
  return { certificates, keys, ...(roots === undefined ? {} : { clientRoots: roots }) };
}

/** @throws {OperatingError} `TlsMaterial` */
export async function readPem(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new OperatingError('TlsMaterial', `${path} cannot be read`, { cause: error });
  }
}

const readAll = (paths: string): Promise<string[]> => Promise.all(paths.split(',').map((path) => readPem(path.trim())));

export interface ReloadOptions {
  read(): Promise<TlsMaterial>;
  renew(material: TlsMaterial): void;
  readonly first: TlsMaterial;
  readonly everyMs: number;
  readonly logger: Logger;
}

/**
 * Looks every so often, and on SIGHUP, whether the material is still the same; what is new is used from the next handshake on. What cannot
 * be used is told and left alone. Files are read, not watched: a mounted secret changes by a link that no watcher sees.
 */
export class MaterialReload {
  private current: string;
  private readonly timer: NodeJS.Timeout;
  private readonly onSignal = (): void => void this.look();

  constructor(private readonly options: ReloadOptions) {
    this.current = JSON.stringify(options.first);
    this.timer = setInterval(this.onSignal, options.everyMs);
    this.timer.unref();
    process.on('SIGHUP', this.onSignal);
  }

  /** Never rejects. */
  async look(): Promise<void> {
    const { read, renew, logger } = this.options;
    try {
      const material = await read();
      const text = JSON.stringify(material);
      if (text === this.current) return;
      renew(material);
      this.current = text;
      logger.info('the TLS certificates were read anew');
    } catch (error) {
      logger.error({ err: error }, 'the new TLS certificates cannot be used; the old ones stay');
    }
  }

  stop(): void {
    clearInterval(this.timer);
    process.off('SIGHUP', this.onSignal);
  }
}
