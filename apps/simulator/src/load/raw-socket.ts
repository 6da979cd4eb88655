import { connect, type Socket } from 'node:net';

/** Who a raw socket works for. */
export interface RawSocketUser {
  opened(): void;
  /** A text message, decoded as latin1: the ids and numbers a load looks for are ASCII. */
  message(text: string): void;
  /** @param status of HTTP, where the handshake was refused */
  closed(reason: string, status?: number): void;
}

export interface RawTarget {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly subprotocol: string;
  readonly authorization: string | undefined;
}

/** Any 16 bytes do: the server's answer to it is not checked, so that a storm costs the client no hashing. */
const KEY = 'dm9sdGxvZy1sb2FkLWdlbg==';

const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

/**
 * The least WebSocket client that is correct (RFC 6455): no masking cost (the key is zero, so masked bytes are the bytes), no
 * fragments, no extensions. A load that is cheap to make measures the server and not itself.
 */
export class RawSocket {
  private readonly socket: Socket;
  private rest: Buffer | undefined;
  private isUpgraded = false;
  private isDone = false;

  constructor(
    target: RawTarget,
    private readonly user: RawSocketUser,
  ) {
    this.socket = connect({ host: target.host, port: target.port, noDelay: true });
    this.socket.on('connect', () => this.socket.write(upgradeRequest(target), 'latin1'));
    this.socket.on('data', (chunk) => this.receive(chunk));
    this.socket.on('error', (error) => this.done(error.message));
    this.socket.on('close', () => this.done('closed'));
  }

  /** @param text ASCII only */
  send(text: string): void {
    this.socket.write(frameOf(TEXT, Buffer.from(text, 'latin1')));
  }

  /** Says goodbye and ends. */
  close(): void {
    if (this.isUpgraded && !this.isDone) this.socket.write(frameOf(CLOSE, Buffer.from([0x03, 0xe8])));
    this.done('closed by us');
    this.socket.end();
    this.socket.destroySoon();
  }

  private done(reason: string, status?: number): void {
    if (this.isDone) return;
    this.isDone = true;
    this.socket.destroySoon();
    this.user.closed(reason, status);
  }

  private receive(chunk: Buffer): void {
    let data = this.rest === undefined ? chunk : Buffer.concat([this.rest, chunk]);
    this.rest = undefined;
    if (!this.isUpgraded) {
      const end = data.indexOf('\r\n\r\n');
      if (end < 0) {
        this.rest = data;
        return;
      }
      const status = data.toString('latin1', 0, Math.min(end, 15));
      if (!status.startsWith('HTTP/1.1 101')) {
        this.done(`the server answered ${status.trim()}`, Number(status.slice(9, 12)) || undefined);
        return;
      }
      this.isUpgraded = true;
      this.user.opened();
      data = data.subarray(end + 4);
    }
    this.readFrames(data);
  }

  private readFrames(data: Buffer): void {
    let at = 0;
    while (at + 2 <= data.length && !this.isDone) {
      const opcode = (data[at] ?? 0) & 0x0f;
      let length = (data[at + 1] ?? 0) & 0x7f;
      let from = at + 2;
      if (length === 126) {
        if (data.length < from + 2) break;
        length = data.readUInt16BE(from);
        from += 2;
      } else if (length === 127) {
        if (data.length < from + 8) break;
        length = Number(data.readBigUInt64BE(from));
        from += 8;
      }
      const to = from + length;
      if (to > data.length) break;
      if (opcode === TEXT) this.user.message(data.toString('latin1', from, to));
      else if (opcode === PING) this.socket.write(frameOf(PONG, data.subarray(from, to)));
      else if (opcode === CLOSE) this.done(`closed by the server: ${length >= 2 ? data.readUInt16BE(from) : 1005}`);
      at = to;
    }
    if (at < data.length && !this.isDone) this.rest = data.subarray(at);
  }
}

function upgradeRequest(target: RawTarget): string {
  return (
    `GET ${target.path} HTTP/1.1\r\nHost: ${target.host}:${target.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
    `Sec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: ${target.subprotocol}\r\n` +
    `${target.authorization === undefined ? '' : `Authorization: ${target.authorization}\r\n`}\r\n`
  );
}

/** A whole masked frame; the mask is zero. */
function frameOf(opcode: number, payload: Uint8Array): Buffer {
  const { length } = payload;
  const header = length < 126 ? 6 : 8;
  const frame = Buffer.allocUnsafe(header + length);
  frame[0] = 0x80 | opcode;
  if (length < 126) {
    frame[1] = 0x80 | length;
  } else {
    if (length > 0xffff) throw new RangeError('a load message is at most 65 535 bytes');
    frame[1] = 0x80 | 126;
    frame.writeUInt16BE(length, 2);
  }
  frame.fill(0, header - 4, header);
  frame.set(payload, header);
  return frame;
}
