import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '@voltlog/kernel';
import type { Count, Logger, Metrics } from '@voltlog/telemetry';
import { type Server as SocketServer, WebSocketServer } from 'ws';
import type { Gate, Verdict } from '../access/gate.js';
import type { Link } from '../access/link.js';
import type { SoapEndpoint } from '../soap/soap-endpoint.js';
import type { Dialect, Dialects } from './actions.js';
import { CLOSE } from './close.js';
import { agreeVersion, stationIdOf } from './handshake.js';
import { OcppWebSocket } from './ocpp-web-socket.js';
import type { AdmittedStation } from './parts.js';

/** Ten thousand stations that reconnect in a second wait in the kernel, not in a refused connection. */
const LISTEN_BACKLOG = 4_096;
/** Seconds after which a station that was turned away for lack of room tries again; spread, so that they do not come back at once. */
const RETRY_AFTER_SECONDS = { min: 2, spread: 10 } as const;

export interface EndpointOptions {
  /** Of HTTP, or of HTTPS. */
  readonly server: Server;
  /** How the way to the station is protected. */
  linkOf(request: IncomingMessage): Link;
  readonly host: string;
  readonly port: number;
  readonly frameBytesMax: number;
  readonly handshakesMax: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly gate: Gate;
  readonly dialects: Dialects;
  /** Takes what is no handshake, where it is for stations that speak SOAP. */
  readonly soap: Pick<SoapEndpoint, 'handle'> | undefined;
  accepted(socket: OcppWebSocket, dialect: Dialect, station: AdmittedStation): void;
}

interface Judged {
  readonly verdict: Verdict;
  /** Undefined: no version that both know. */
  readonly dialect: Dialect | undefined;
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** `ws://host:port/ocpp/{stationId}`, or `wss://`: decides who is let in and shakes hands. Source: OCPP-J 1.6 §3, OCPP 2.0.1 Part 4 §3. */
export class OcppEndpoint {
  private readonly server: Server;
  private readonly sockets: SocketServer<typeof OcppWebSocket>;
  private handshakes = 0;
  private draining = false;
  private readonly refusals = new Map<number, Count>();

  constructor(private readonly options: EndpointOptions) {
    this.sockets = new WebSocketServer<typeof OcppWebSocket>({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: options.frameBytesMax,
      WebSocket: OcppWebSocket,
      handleProtocols: (protocols) => agreeVersion([...protocols].join(',')) ?? false,
    });
    this.server = options.server;
    this.server.on('request', (request, response) => {
      if (options.soap?.handle(request, response, options.linkOf(request)) === true) return;
      const known = stationIdOf(request.url) !== undefined;
      response.writeHead(known ? 426 : 404, known ? { Upgrade: 'websocket', Connection: 'close' } : { Connection: 'close' }).end();
    });
    this.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => void this.upgrade(request, socket, head));
  }

  /** Stations whose credentials are being checked. */
  get checking(): number {
    return this.handshakes;
  }

  /** @returns the port it listens on */
  async listen(): Promise<number> {
    const { host, port } = this.options;
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen({ host, port, backlog: LISTEN_BACKLOG }, () => {
        this.server.off('error', reject);
        resolve();
      });
    });
    this.server.on('error', (error) => this.options.logger.error({ err: error }, 'the OCPP endpoint failed'));
    return (this.server.address() as AddressInfo).port;
  }

  /** No new stations; those connected stay. */
  stopAccepting(): void {
    this.draining = true;
    this.server.close();
  }

  /** Never rejects. */
  private async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', destroy);
    const stationId = stationIdOf(request.url);
    if (stationId === undefined) {
      this.refuse(socket, 404);
      return;
    }
    if (this.draining || this.handshakes >= this.options.handshakesMax) {
      this.refuse(socket, 503, this.retryAfter());
      return;
    }
    this.handshakes += 1;
    try {
      const verdict = await this.options.gate.judge(stationId, request.headers.authorization, this.options.linkOf(request));
      const version = agreeVersion(request.headers['sec-websocket-protocol']);
      const dialect = version === undefined ? undefined : await this.options.dialects.get(version);
      if (!socket.destroyed) this.settle({ verdict, dialect, request, socket, head });
    } catch (error) {
      this.options.logger.warn({ err: error, station_id: stationId }, 'a station could not be checked and is asked to come back');
      this.refuse(socket, 503, this.retryAfter());
    } finally {
      this.handshakes -= 1;
    }
  }

  private settle({ verdict, dialect, request, socket, head }: Judged): void {
    if (!verdict.accepted) {
      if (verdict.status === 403)
        this.options.logger.warn({ station_id: stationIdOf(request.url), reason: verdict.reason }, 'a station was refused');
      this.refuse(socket, verdict.status, verdict.headers);
      return;
    }
    if (this.draining) {
      this.refuse(socket, 503, this.retryAfter());
      return;
    }
    const remoteAddress = request.socket.remoteAddress ?? '';
    socket.off('error', destroy);
    this.sockets.handleUpgrade(request, socket, head, (webSocket) => {
      if (dialect === undefined) {
        // Completed without a subprotocol and closed at once: OCPP-J 1.6 §3.2, OCPP 2.0.1 Part 4 §3.1.2.
        webSocket.on('error', () => webSocket.terminate());
        this.count(1002);
        webSocket.close(CLOSE.noSubprotocol.code, CLOSE.noSubprotocol.text);
        return;
      }
      webSocket.stream = socket;
      this.options.accepted(webSocket, dialect, { ...verdict.station, remoteAddress });
    });
  }

  private refuse(socket: Duplex, status: number, headers: Readonly<Record<string, string>> = {}): void {
    this.count(status);
    if (socket.destroyed) return;
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.once('finish', destroy);
    socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}Connection: close\r\nContent-Length: 0\r\n\r\n`);
  }

  private count(status: number): void {
    let count = this.refusals.get(status);
    if (count === undefined) {
      count = this.options.metrics.counter('voltlog_handshakes_refused_total', 'Stations not let in', { status: String(status) });
      this.refusals.set(status, count);
    }
    count.value += 1;
  }

  private retryAfter(): Readonly<Record<string, string>> {
    return { 'Retry-After': String(RETRY_AFTER_SECONDS.min + Math.floor(Math.random() * RETRY_AFTER_SECONDS.spread)) };
  }
}

function destroy(this: Duplex): void {
  this.destroy();
}
