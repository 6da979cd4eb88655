import { createServer, type Server } from 'node:https';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Count, Metrics } from '@voltlog/telemetry';
import { secureContextOptions, type TlsMaterial } from './tls-context.js';

/** How often requests that do not come are looked for, ms. */
const CHECK_MS = 1_000;

export interface TlsServerOptions {
  /** `tls` or `mtls`, for metrics. */
  readonly listener: string;
  readonly material: TlsMaterial;
  /** Handshakes that may be under way at once. */
  readonly handshakesMax: number;
  /** How long one may take, and how long after it the request may. */
  readonly handshakeMs: number;
  readonly metrics: Metrics;
}

/**
 * An HTTPS server for stations. When more handshakes are under way than may be, the one that began first is given up: a station
 * needs a fraction of a second, so it is those who hold connections half open that lose theirs, and no station is kept out by them.
 */
export class TlsServer {
  readonly server: Server;
  /** Sockets whose handshake is under way, by the peer's address and port, oldest first. */
  private readonly shaking = new Map<string, Socket>();
  private readonly done: Count;
  private readonly failed: Count;
  private readonly givenUp: Count;

  constructor(private readonly options: TlsServerOptions) {
    const { material, handshakeMs, listener, metrics } = options;
    const mutual = material.clientRoots !== undefined;
    const handshakes = (result: string): Count =>
      metrics.counter('voltlog_tls_handshakes_total', 'TLS handshakes of stations by how they ended', { listener, result });
    this.done = handshakes('done');
    this.failed = handshakes('failed');
    this.givenUp = handshakes('given-up');
    this.server = createServer({
      ...secureContextOptions(material),
      requestCert: mutual,
      rejectUnauthorized: mutual,
      handshakeTimeout: handshakeMs,
      headersTimeout: handshakeMs,
      requestTimeout: handshakeMs,
      connectionsCheckingInterval: CHECK_MS,
      ALPNProtocols: ['http/1.1'],
    });
    this.server.on('connection', (socket: Socket) => this.began(socket));
    this.server.on('secureConnection', (socket: TLSSocket) => {
      this.done.value += 1;
      this.shaking.delete(nameOf(socket));
    });
    this.server.on('tlsClientError', (_error, socket: TLSSocket) => {
      this.failed.value += 1;
      this.ended(socket);
    });
  }

  /** Handshakes under way. */
  get size(): number {
    return this.shaking.size;
  }

  /**
   * What new connections are shown; those that are open stay.
   *
   * @throws {OperatingError} `TlsMaterial`; then all stays as it was
   */
  renew(material: TlsMaterial): void {
    this.server.setSecureContext(secureContextOptions(material));
  }

  private began(socket: Socket): void {
    if (this.shaking.size >= this.options.handshakesMax) this.giveUpOldest();
    const name = nameOf(socket);
    this.shaking.set(name, socket);
    socket.once('close', () => {
      if (this.shaking.get(name) === socket) this.shaking.delete(name);
    });
  }

  private giveUpOldest(): void {
    const oldest = this.shaking.entries().next();
    if (oldest.done === true) return;
    const [name, socket] = oldest.value;
    this.shaking.delete(name);
    this.givenUp.value += 1;
    socket.destroy();
  }

  private ended(socket: TLSSocket): void {
    this.shaking.delete(nameOf(socket));
  }
}

const nameOf = (socket: Socket): string => `${socket.remoteAddress}|${socket.remotePort}`;
