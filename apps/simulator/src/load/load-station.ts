import type { OcppVersion } from '../station/protocol.js';
import { bootPayload, type LoadSession } from './load-frames.js';
import { RawSocket, type RawSocketUser, type RawTarget } from './raw-socket.js';

/** Who drives stations: one object for all of them. */
export interface LoadDriver {
  /** The station is connected and accepted. */
  booted(station: LoadStation): void;
  /** An answer, `ok` when it is a CALLRESULT to the CALL under way. */
  answered(station: LoadStation, text: string, ok: boolean): void;
  /** The socket is gone, or was never there; `isCalling` still says whether a CALL went with it. `status`: of a refused handshake. */
  lost(station: LoadStation, reason: string, status?: number): void;
}

/** How a CALLRESULT begins: message type 3 and the id. Servers differ in blanks. */
const ANSWER = /^\s*\[\s*([34])\s*,\s*"([^"]*)"/;
const BOOT_ID = 'boot';

/** One station of a load: a socket, a number and a session. It keeps no timer, no queue and no closure. */
export class LoadStation implements RawSocketUser {
  socket: RawSocket | undefined;
  isBooted = false;
  /** When the CALL under way was sent or should have been, by `performance.now()`. */
  sentAt = 0;
  isCalling = false;
  /** Next step of its session. */
  step = 0;
  readonly session: LoadSession;
  private count = 0;
  private callId = '';

  constructor(
    readonly index: number,
    readonly version: OcppVersion,
    private readonly target: RawTarget,
    public driver: LoadDriver,
  ) {
    this.session = { transactionId: '0', registerWh: 0, idToken: '', seqNo: 0 };
  }

  connect(): void {
    this.isBooted = false;
    this.socket = new RawSocket(this.target, this);
  }

  close(): void {
    this.socket?.close();
  }

  /** @param dueAt when it should have been sent; latency counts from then */
  call(action: string, payload: string, dueAt: number): void {
    this.count += 1;
    this.callId = `${this.count}`;
    this.isCalling = true;
    this.sentAt = dueAt;
    this.socket?.send(`[2,"${this.callId}","${action}",${payload}]`);
  }

  boot(): void {
    this.callId = BOOT_ID;
    this.socket?.send(`[2,"${BOOT_ID}","BootNotification",${bootPayload(this.version)}]`);
  }

  opened(): void {
    this.boot();
  }

  message(text: string): void {
    const answer = ANSWER.exec(text);
    if (answer === null) return;
    const ok = answer[1] === '3' && answer[2] === this.callId;
    if (this.callId === BOOT_ID && !this.isBooted) {
      if (ok && text.includes('"Accepted"')) {
        this.isBooted = true;
        this.driver.booted(this);
      } else {
        this.socket?.close();
      }
      return;
    }
    this.isCalling = false;
    this.driver.answered(this, text, ok);
  }

  closed(reason: string, status?: number): void {
    this.isBooted = false;
    this.driver.lost(this, reason, status);
    this.isCalling = false;
  }
}
