import { randomUUID } from 'node:crypto';
import WebSocket from 'ws';
import { eventually } from './eventually.js';
import { STATION_PASSWORD } from './fleet.js';

export type Frame = readonly [number, ...unknown[]];

/** The CSMS did not complete the handshake. */
export class HandshakeRefused extends Error {
  override readonly name = 'HandshakeRefused';
  constructor(readonly status: number) {
    super(`the handshake was answered ${status}`);
  }
}

export interface RawStationOptions {
  /** `ws://host:port/ocpp` */
  readonly url: string;
  readonly stationId: string;
  readonly protocols?: readonly string[];
  /** Undefined: the one every station of the tests has. Empty: no credentials. */
  readonly password?: string;
  readonly username?: string;
}

/** A socket that sends whatever a test wants: no manners, no repetition. */
export class RawStation {
  /** Everything received, oldest first. */
  readonly received: Frame[] = [];
  closed: { readonly code: number; readonly reason: string } | undefined;

  private constructor(readonly socket: WebSocket) {
    socket.on('message', (data) => this.received.push(JSON.parse(String(data)) as Frame));
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: String(reason) };
    });
    socket.on('error', () => {});
  }

  /** @throws {HandshakeRefused} with the HTTP status */
  static connect(options: RawStationOptions): Promise<RawStation> {
    const { url, stationId, protocols = ['ocpp1.6'], password = STATION_PASSWORD, username = stationId } = options;
    const headers = password === '' ? {} : { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
    const socket = new WebSocket(`${url}/${encodeURIComponent(stationId)}`, [...protocols], { headers, perMessageDeflate: false });
    const station = new RawStation(socket);
    return new Promise((resolve, reject) => {
      socket.once('open', () => resolve(station));
      socket.once('unexpected-response', (_request, response) => {
        reject(new HandshakeRefused(response.statusCode ?? 0));
        socket.terminate();
      });
      socket.once('error', reject);
    });
  }

  /** The frame that answers a CALL. */
  async ask(action: string, payload: object, messageId: string = randomUUID()): Promise<Frame> {
    const from = this.received.length;
    this.send(JSON.stringify([2, messageId, action, payload]));
    return eventually(`the answer to ${action}`, () => {
      if (this.closed !== undefined) throw new Error(`closed ${this.closed.code} ${this.closed.reason}`);
      return this.received.slice(from).find((frame) => frame[1] === messageId);
    });
  }

  /** The payload of a CALLRESULT. */
  async result<Payload = Record<string, unknown>>(action: string, payload: object, messageId?: string): Promise<Payload> {
    const frame = await this.ask(action, payload, messageId);
    if (frame[0] !== 3) throw new Error(`${action}: ${JSON.stringify(frame)}`);
    return frame[2] as Payload;
  }

  send(data: string | Uint8Array): void {
    this.socket.send(data);
  }

  closing(): Promise<{ readonly code: number; readonly reason: string }> {
    return eventually('the socket closes', () => this.closed);
  }

  async close(): Promise<void> {
    this.socket.close();
    await this.closing();
  }
}
