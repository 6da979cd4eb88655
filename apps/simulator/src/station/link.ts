import type { SecureContextOptions } from 'node:tls';
import WebSocket from 'ws';
import type { SimulationClock } from '../time/clock.js';
import type { Timer } from '../time/timer-heap.js';
import { basicAuth } from './basic-auth.js';
import { type Answer, callFrame, type Payload, readFrame } from './protocol.js';
import { type LinkSocket, SoapSocket } from './soap-socket.js';
import { NotLetIn } from './turned-away.js';

/** A CALL of the station. */
export interface OutgoingCall {
  readonly messageId: string;
  readonly action: string;
  readonly payload: Payload;
  settle(answer: Answer): void;
}

/** The station as its link sees it. */
export interface LinkHost {
  /** The next CALL to send, when there is one that may be sent now. */
  nextCall(): OutgoingCall | undefined;
  linkOpened(): void;
  /** @param status HTTP status by which the CSMS refused what was sent, over SOAP */
  linkClosed(reason: string, status: number | undefined): void;
  /** The handshake failed, or nobody listens; the link tries again. @param status HTTP status of the CSMS that refused it */
  linkRefused(reason: string, status: number | undefined): void;
  commandArrived(messageId: string, action: string, payload: Payload): void;
  /** Every frame, for traces and schema checks. */
  frame(direction: 'in' | 'out', text: string): void;
}

/**
 * How the answer of one CALL is lost. `close`: the answer arrives, is not read, and the socket breaks. `ignore`: it is not read and
 * the station's time is up at once. `cut`: the socket breaks right after the request was written, whether or not it got through.
 */
export type Loss = 'close' | 'ignore' | 'cut';

/** How a station connects at the moment. */
export interface Way {
  /** Tried in turn, the next one when a connection could not be made. */
  readonly urls: readonly [string, ...string[]];
  readonly password: string | undefined;
  /** For `wss://` and `https://`. */
  readonly tls: SecureContextOptions;
}

/** Says how to connect, and is told how it went. */
export interface WayFinder {
  way(): Way;
  opened(): void;
  refused(): void;
}

export interface LinkOptions {
  readonly way: WayFinder;
  readonly stationId: string;
  readonly subprotocol: string;
  /** Real ms after which a CALL without an answer is given up and the socket is closed. */
  readonly callTimeoutMs: number;
  /** Demanded of calls over SOAP. */
  readonly callPassword?: string | undefined;
  /** First and longest pause before connecting again, real ms; doubled each time and drawn from its upper half. */
  readonly reconnectMs: readonly [number, number];
  random(): number;
}

/** How long a socket that closes orderly may take, real ms. */
const CLOSE_TIMEOUT_MS = 2_000;

const HANDSHAKE_TIMEOUT_MS = 30_000;

/** One station's WebSocket: connects again and again, one CALL in flight (OCPP-J 1.6 §4.1.1, OCPP 2.0.1 Part 4 §4.1.1). */
export class Link {
  private socket: LinkSocket | undefined;
  private inFlight: OutgoingCall | undefined;
  private sentAt = 0;
  private watchdog: Timer | undefined;
  private retry: Timer | undefined;
  private attempts = 0;
  private refusals = 0;
  private wanted = false;
  private isHoldingTime = false;
  private losses: Map<string, Loss> | undefined;

  constructor(
    readonly options: LinkOptions,
    private readonly clock: SimulationClock,
    private readonly host: LinkHost,
  ) {}

  get isOpen(): boolean {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  get isBusy(): boolean {
    return this.inFlight !== undefined;
  }

  /** Connects, and connects again whenever the socket closes, until `disconnect`. */
  connect(): void {
    this.wanted = true;
    this.holdTime();
    if (this.socket === undefined && this.retry === undefined) this.open();
  }

  /**
   * Stays away until `connect`.
   *
   * @param how `orderly`: closing handshake; `broken`: the connection is gone without a word, as with a power cut
   */
  disconnect(how: 'orderly' | 'broken'): void {
    this.wanted = false;
    this.holdTime();
    this.clock.cancel(this.retry);
    this.retry = undefined;
    this.drop(how);
  }

  /** Closes the socket and connects again. */
  drop(how: 'orderly' | 'broken'): void {
    const { socket } = this;
    if (socket === undefined) return;
    if (how === 'broken' || socket.readyState !== WebSocket.OPEN) {
      socket.terminate();
      return;
    }
    socket.close(1000);
    this.clock.afterWall(CLOSE_TIMEOUT_MS, () => {
      if (socket.readyState !== WebSocket.CLOSED) socket.terminate();
    });
  }

  /** The answer to the next CALL of the action (`*`: of any) is lost. */
  loseNextAnswer(action: string, loss: Loss): void {
    this.losses ??= new Map();
    this.losses.set(action, loss);
  }

  /** Sends text as it is: answers to commands, and whatever a test wants. */
  send(text: string): boolean {
    const { socket } = this;
    if (socket === undefined || socket.readyState !== WebSocket.OPEN) return false;
    this.host.frame('out', text);
    socket.send(text);
    return true;
  }

  sendBinary(bytes: Uint8Array): void {
    this.socket?.send(bytes);
  }

  /** Sends the next CALL when none is in flight. */
  pump(): void {
    if (this.inFlight !== undefined || !this.isOpen) return;
    const call = this.host.nextCall();
    if (call === undefined) return;
    this.inFlight = call;
    this.sentAt = performance.now();
    this.clock.begin();
    this.watch();
    this.send(callFrame(call.messageId, call.action, call.payload));
    if (this.lossOf(call.action) === 'cut') {
      this.forgetLoss(call.action);
      this.socket?.terminate();
    }
  }

  private open(): void {
    const { stationId, subprotocol, way } = this.options;
    const { urls, password, tls } = way.way();
    const url = urls[this.refusals % urls.length] ?? urls[0];
    const authorization = basicAuth(stationId, password);
    const address = `${url.replace(/\/$/, '')}/${encodeURIComponent(stationId)}`;
    const { callTimeoutMs, callPassword } = this.options;
    const socket: LinkSocket = url.startsWith('http')
      ? new SoapSocket({
          url: address,
          stationId,
          authorization,
          tls,
          timeoutMs: callTimeoutMs,
          demanded: basicAuth(stationId, callPassword),
        })
      : webSocket(address, subprotocol, {
          ...tls,
          headers: authorization === undefined ? {} : { authorization },
          perMessageDeflate: false,
          handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
        });
    this.socket = socket;
    let refusal: Error | undefined;
    let opened = false;
    socket.on('open', () => {
      opened = true;
      way.opened();
      this.host.linkOpened();
      this.pump();
      this.holdTime();
    });
    socket.on('message', (data) => this.receive(String(data)));
    socket.on('error', (error) => {
      refusal ??= error;
    });
    socket.on('close', (_code, reason) => this.closed(opened, refusal?.message ?? String(reason), statusOf(refusal)));
  }

  private closed(opened: boolean, reason: string, status: number | undefined): void {
    this.socket = undefined;
    this.holdTime();
    this.settle({ kind: 'lost', reason: 'the socket closed' });
    if (opened) this.host.linkClosed(reason, status);
    else {
      this.refusals += 1;
      this.options.way.refused();
      this.host.linkRefused(reason, status);
    }
    if (!this.wanted || this.socket !== undefined || this.retry !== undefined) return;
    const [first, longest] = this.options.reconnectMs;
    const pause = Math.min(longest, first * 2 ** Math.min(this.attempts, 16));
    this.attempts += 1;
    this.retry = this.clock.afterWall(pause * (0.5 + this.options.random() / 2), () => {
      this.retry = undefined;
      if (this.wanted) this.open();
    });
  }

  /** A virtual clock stands still while the station is on its way back to the CSMS. */
  private holdTime(): void {
    const holds = this.wanted && !this.isOpen;
    if (holds === this.isHoldingTime) return;
    this.isHoldingTime = holds;
    if (holds) this.clock.begin();
    else this.clock.end();
  }

  private receive(text: string): void {
    this.host.frame('in', text);
    const frame = readFrame(text);
    if (frame === undefined) return;
    if (frame.type === 'call') {
      this.host.commandArrived(frame.messageId, frame.action, frame.payload);
      return;
    }
    const call = this.inFlight;
    // An answer to nothing, or one that came too late.
    if (call === undefined || call.messageId !== frame.messageId) return;
    this.attempts = 0;
    const loss = this.lossOf(call.action);
    if (loss !== undefined) {
      this.forgetLoss(call.action);
      const unread = frame.type === 'result' ? { unread: frame.payload } : {};
      this.settle({ kind: 'lost', reason: 'the answer was ignored', ...unread });
      if (loss === 'close') {
        this.socket?.terminate();
        return;
      }
    } else if (frame.type === 'result') {
      this.settle({ kind: 'result', payload: frame.payload });
    } else {
      this.settle({ kind: 'error', code: frame.code, description: frame.description, details: frame.details });
    }
    this.pump();
  }

  private settle(answer: Answer): void {
    const call = this.inFlight;
    if (call === undefined) return;
    this.inFlight = undefined;
    call.settle(answer);
    this.clock.end();
  }

  /** One timer for the link and not one for each CALL: it looks again when a later CALL is in flight. */
  private watch(): void {
    if (this.watchdog !== undefined) return;
    this.watchdog = this.clock.afterWall(this.options.callTimeoutMs, () => this.look());
  }

  private look(): void {
    this.watchdog = undefined;
    if (this.inFlight === undefined) return;
    const left = this.sentAt + this.options.callTimeoutMs - performance.now();
    if (left > 1) {
      this.watchdog = this.clock.afterWall(left, () => this.look());
      return;
    }
    this.settle({ kind: 'lost', reason: `no answer within ${this.options.callTimeoutMs} ms` });
    this.drop('broken');
  }

  private lossOf(action: string): Loss | undefined {
    return this.losses?.get(action) ?? this.losses?.get('*');
  }

  private forgetLoss(action: string): void {
    if (this.losses?.delete(action) === false) this.losses.delete('*');
  }
}

/** A WebSocket that says by {@link NotLetIn} that its handshake was refused. */
function webSocket(address: string, subprotocol: string, options: WebSocket.ClientOptions): WebSocket {
  const socket = new WebSocket(address, [subprotocol], options);
  socket.on('unexpected-response', (_, response) => {
    socket.emit('error', new NotLetIn(response.statusCode ?? 0));
    socket.terminate();
  });
  return socket;
}

const statusOf = (error: Error | undefined): number | undefined => (error instanceof NotLetIn ? error.status : undefined);
