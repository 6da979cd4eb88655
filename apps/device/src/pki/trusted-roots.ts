import type { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { OperatingError } from '@voltlog/kernel';
import { readPemChain } from './chain-check.js';

/** How long what was read is used, ms. */
const FRESH_MS = 30_000;

/** Certificates in files that the operator keeps, read anew now and then. */
export class TrustedRoots {
  private known: Promise<readonly X509Certificate[]> | undefined;
  private readAtMs = 0;

  /** @param paths comma-separated, PEM each; empty: there are none */
  constructor(
    private readonly paths: string,
    private readonly now: () => number,
  ) {}

  /** @throws {OperatingError} `TrustedRoots` when a file cannot be read, or has no certificate */
  all(): Promise<readonly X509Certificate[]> {
    if (this.known === undefined || this.now() - this.readAtMs >= FRESH_MS) {
      this.readAtMs = this.now();
      this.known = this.read().catch((error: unknown) => {
        this.known = undefined;
        throw error;
      });
    }
    return this.known;
  }

  private async read(): Promise<readonly X509Certificate[]> {
    const paths = this.paths
      .split(',')
      .map((path) => path.trim())
      .filter((path) => path !== '');
    const files = await Promise.all(
      paths.map(async (path) => {
        const certificates = readPemChain(await readFile(path, 'utf8').catch(() => ''));
        if (certificates === undefined) throw new OperatingError('TrustedRoots', `${path} cannot be read, or has no certificate in PEM`);
        return certificates;
      }),
    );
    return files.flat();
  }
}
