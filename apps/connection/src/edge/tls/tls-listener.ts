import type { Server } from 'node:http';
import type { Logger, Metrics } from '@voltlog/telemetry';
import { MaterialReload, readMaterial, type TlsPaths } from './tls-files.js';
import { TlsServer } from './tls-server.js';

/** Waits between tries to learn the roots of client certificates while the device service is away, ms. */
const ROOTS_RETRY_MS = 1_000;

export interface TlsListenerOptions {
  readonly listener: 'tls' | 'mtls';
  readonly paths: TlsPaths;
  /** Asks for certificates under these roots; absent: asks for none. */
  readonly clientRoots?: (() => Promise<string>) | undefined;
  readonly handshakesMax: number;
  readonly handshakeMs: number;
  readonly reloadMs: number;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** The HTTPS server of one listener with its material, which is looked after while it runs. */
export class TlsListener {
  private constructor(
    private readonly tls: TlsServer,
    private readonly reload: MaterialReload,
  ) {}

  /** @throws {OperatingError} `TlsMaterial` when the files do not make a context */
  static async open(options: TlsListenerOptions): Promise<TlsListener> {
    const { listener, paths, clientRoots, handshakesMax, handshakeMs, reloadMs, logger, metrics } = options;
    const read = () => readMaterial(paths, clientRoots);
    const first = await read();
    const tls = new TlsServer({ listener, material: first, handshakesMax, handshakeMs, metrics });
    return new TlsListener(tls, new MaterialReload({ read, renew: (material) => tls.renew(material), first, everyMs: reloadMs, logger }));
  }

  get server(): Server {
    return this.tls.server;
  }

  /** Handshakes under way. */
  get shaking(): number {
    return this.tls.size;
  }

  /** Reads the material anew, now. */
  refresh(): Promise<void> {
    return this.reload.look();
  }

  stop(): void {
    this.reload.stop();
  }
}

/** Asks until there is an answer, or nobody wants one any more. */
export async function untilKnown<T>(
  ask: () => Promise<T>,
  wanted: () => boolean,
  failed: (error: unknown) => void,
): Promise<T | undefined> {
  while (wanted()) {
    try {
      return await ask();
    } catch (error) {
      failed(error);
      await new Promise((resolve) => setTimeout(resolve, ROOTS_RETRY_MS));
    }
  }
  return undefined;
}
