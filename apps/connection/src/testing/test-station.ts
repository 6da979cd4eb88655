import { once } from 'node:events';
import type { ConnectionOptions } from 'node:tls';
import { WebSocket } from 'ws';

const DEADLINE_MS = 5_000;

export interface ConnectOptions {
  readonly port: number;
  readonly stationId: string;
  readonly protocols?: readonly string[];
  readonly password?: string | Buffer;
  /** By TLS, with these options. */
  readonly tls?: ConnectionOptions;
  readonly username?: string;
  /** Instead of `/ocpp/<stationId>`. */
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Answer = readonly [type: number, messageId: string, ...rest: unknown[]];

/** A station's end of a socket: sends what it is told and keeps what it gets. */
export class TestStation {
  readonly received: Answer[] = [];
  closed: { readonly code: number; readonly reason: string } | undefined;
  private nextId = 1;
  private readonly waiting = new Set<() => void>();
  /** Answers CALLs of the platform; undefined: no answer. */
  onCall: (action: string, payload: unknown, messageId: string) => string | undefined = () => undefined;

  private constructor(readonly socket: WebSocket) {
    socket.on('message', (data) => {
      const frame = JSON.parse(String(data)) as Answer;
      this.received.push(frame);
      if (frame[0] === 2) {
        const answer = this.onCall(String(frame[2]), frame[3], frame[1]);
        if (answer !== undefined) this.socket.send(answer);
      }
      this.wake();
    });
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() };
      this.wake();
    });
    socket.on('error', () => {});
  }

  /** @throws {HandshakeRefused} when the answer is not 101 */
  static async connect(options: ConnectOptions): Promise<TestStation> {
    const path = options.path ?? `/ocpp/${encodeURIComponent(options.stationId)}`;
    const headers: Record<string, string> = { ...options.headers };
    if (options.password !== undefined) headers['Authorization'] = basic(options.username ?? options.stationId, options.password);
    const socket = new WebSocket(
      `${options.tls === undefined ? 'ws' : 'wss'}://127.0.0.1:${options.port}${path}`,
      [...(options.protocols ?? ['ocpp1.6'])],
      {
        ...options.tls,
        headers,
        perMessageDeflate: false,
      },
    );
    const station = new TestStation(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('unexpected-response', (_request, response) => {
        response.resume();
        reject(new HandshakeRefused(response.statusCode ?? 0, response.headers));
        socket.terminate();
      });
      socket.once('error', reject);
    });
    return station;
  }

  /** Sends a CALL and waits for what carries its id. */
  async call(action: string, payload: object, messageId = `m${this.nextId++}`): Promise<Answer> {
    const seen = this.received.length;
    this.send([2, messageId, action, payload]);
    return this.until(() => this.received.slice(seen).find((frame) => frame[0] !== 2 && frame[1] === messageId), `an answer to ${action}`);
  }

  /** The payload of the CALLRESULT to a call. */
  async ask(action: string, payload: object): Promise<Record<string, never> & Record<string, unknown>> {
    const answer = await this.call(action, payload);
    if (answer[0] !== 3) throw new Error(`${action} was answered ${JSON.stringify(answer)}`);
    return answer[2] as Record<string, never>;
  }

  send(frame: unknown): void {
    this.raw(JSON.stringify(frame));
  }

  raw(text: string | Buffer): void {
    this.socket.send(text);
  }

  /** Waits until the condition gives something, at most five seconds. */
  async until<T>(condition: () => T | undefined, what: string): Promise<T> {
    const deadline = Date.now() + DEADLINE_MS;
    for (;;) {
      const value = condition();
      if (value !== undefined) return value;
      const left = deadline - Date.now();
      if (left <= 0)
        throw new Error(`waited in vain for ${what}; received ${JSON.stringify(this.received)}, closed ${JSON.stringify(this.closed)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(left, 50));
        this.waiting.add(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  closing(): Promise<{ readonly code: number; readonly reason: string }> {
    return this.until(() => this.closed, 'the socket to close');
  }

  async close(): Promise<void> {
    if (this.socket.readyState === WebSocket.CLOSED) return;
    this.socket.close();
    await once(this.socket, 'close');
  }

  private wake(): void {
    for (const wake of this.waiting) wake();
    this.waiting.clear();
  }
}

/** The handshake was answered by something else than 101. */
export class HandshakeRefused extends Error {
  constructor(
    readonly status: number,
    readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  ) {
    super(`handshake refused: ${status}`);
  }
}

export const basic = (username: string, password: string | Buffer): string =>
  `Basic ${Buffer.concat([Buffer.from(`${username}:`), Buffer.from(password)]).toString('base64')}`;
