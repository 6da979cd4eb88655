import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { deviceSecurityV1 } from '@voltlog/proto';
import type { Logger, Metrics } from '@voltlog/telemetry';
import { type Link, PLAIN } from '../access/link.js';
import type { ConnectionConfig } from '../config.js';
import { type EndpointOptions, OcppEndpoint } from './ocpp-endpoint.js';
import { linkOf } from './tls/client-certificate.js';
import { readPem } from './tls/tls-files.js';
import { TlsListener, untilKnown } from './tls/tls-listener.js';

export interface EndpointsParts {
  readonly config: ConnectionConfig;
  readonly endpoint: Omit<EndpointOptions, 'server' | 'linkOf' | 'host' | 'port'>;
  readonly authority: Pick<deviceSecurityV1.StationSecurityService, 'getAuthority'>;
  readonly logger: Logger;
  readonly metrics: Metrics;
  announce(kind: string, text: string): void;
}

const plainLink = (): Link => PLAIN;

/** Where stations connect: one listener for security profiles 0 and 1, and one each for 2 and 3 where they are configured. */
export class Endpoints {
  private readonly open: OcppEndpoint[] = [];
  private readonly listeners: TlsListener[] = [];
  private readonly waitingFor = new Set<string>();
  private stopped = false;
  private ports = { plain: 0, tls: 0, mtls: 0 };

  constructor(private readonly parts: EndpointsParts) {
    const { metrics } = parts;
    const checking = (): number => this.open.reduce((sum, endpoint) => sum + endpoint.checking, 0);
    metrics.gauge('voltlog_handshakes', 'Stations whose credentials are being checked', checking);
    const shaking = (): number => this.listeners.reduce((sum, listener) => sum + listener.shaking, 0);
    metrics.gauge('voltlog_tls_handshakes', 'TLS handshakes under way', shaking);
  }

  /** The port of each listener, once it listens; 0: it does not. */
  get port(): Readonly<{ plain: number; tls: number; mtls: number }> {
    return this.ports;
  }

  /** @throws {OperatingError} `TlsMaterial` when the certificate files cannot be used */
  async listen(): Promise<void> {
    const { config, authority, logger } = this.parts;
    this.ports.plain = await this.start('listening', 'ws', createServer(), config.OCPP_PORT, plainLink);
    if (config.OCPP_TLS_PORT !== undefined) {
      const { server } = await this.secure('tls');
      this.ports.tls = await this.start('listening-tls', 'wss', server, config.OCPP_TLS_PORT, linkOf);
    }
    if (config.OCPP_MTLS_PORT === undefined) return;
    if (config.OCPP_MTLS_CA_PATH !== '') return this.listenMutual(() => readPem(config.OCPP_MTLS_CA_PATH));
    const roots = async () => (await authority.getAuthority({})).rootCertificates;
    try {
      await roots();
    } catch (error) {
      logger.warn({ err: error }, 'the roots of client certificates are not known yet; profile 3 waits for them');
      this.listenMutualLater(roots);
      return;
    }
    await this.listenMutual(roots);
  }

  /** @throws while a listener that is configured does not listen yet */
  ready(): void {
    for (const what of this.waitingFor) throw new Error(`waiting for ${what}`);
  }

  /** Reads certificate files anew, now. */
  async refresh(): Promise<void> {
    await Promise.all(this.listeners.map((listener) => listener.refresh()));
  }

  /** No new stations; those connected stay. */
  stopAccepting(): void {
    this.stopped = true;
    for (const listener of this.listeners) listener.stop();
    for (const endpoint of this.open) endpoint.stopAccepting();
  }

  /** The other listeners do not wait for this one. */
  private listenMutualLater(roots: () => Promise<string>): void {
    const { logger } = this.parts;
    this.waitingFor.add('the roots of client certificates');
    const known = untilKnown(
      roots,
      () => !this.stopped,
      (error) => logger.debug({ err: error }, 'the roots of client certificates are still not known'),
    );
    known
      .then((found) => (found === undefined ? undefined : this.listenMutual(roots)))
      .catch((error: unknown) => logger.error({ err: error }, 'the listener of profile 3 could not be started'));
  }

  private async listenMutual(roots: () => Promise<string>): Promise<void> {
    const { server } = await this.secure('mtls', roots);
    if (this.stopped) return;
    this.ports.mtls = await this.start('listening-mtls', 'wss', server, this.parts.config.OCPP_MTLS_PORT ?? 0, linkOf);
    this.waitingFor.clear();
  }

  private async secure(listener: 'tls' | 'mtls', clientRoots?: () => Promise<string>): Promise<TlsListener> {
    const { config, logger, metrics } = this.parts;
    const opened = await TlsListener.open({
      listener,
      paths: { certificates: config.OCPP_TLS_CERT_PATH, keys: config.OCPP_TLS_KEY_PATH },
      clientRoots,
      handshakesMax: config.OCPP_TLS_HANDSHAKES_MAX,
      handshakeMs: config.OCPP_TLS_HANDSHAKE_SECONDS * 1_000,
      reloadMs: config.OCPP_TLS_RELOAD_SECONDS * 1_000,
      logger,
      metrics,
    });
    this.listeners.push(opened);
    return opened;
  }

  private async start(
    kind: string,
    scheme: string,
    server: Server,
    port: number,
    linkOfRequest: (request: IncomingMessage) => Link,
  ): Promise<number> {
    const { config, endpoint, announce } = this.parts;
    const opened = new OcppEndpoint({ ...endpoint, server, linkOf: linkOfRequest, host: config.OCPP_HOST, port });
    this.open.push(opened);
    const actual = await opened.listen();
    announce(kind, `${scheme}://${config.OCPP_HOST}:${actual}/ocpp/{stationId}`);
    return actual;
  }
}
