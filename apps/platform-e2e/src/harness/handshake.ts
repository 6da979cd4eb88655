import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { eventually } from './eventually.js';

/** An upgrade request written byte by byte, for what no client library sends. */
export class Handshake {
  private constructor(
    readonly socket: Socket,
    private readonly chunks: Buffer[],
  ) {}

  /**
   * @param url `ws://host:port/ocpp`, of which only the address is used
   * @param target as it stands in the request line
   */
  static async open(url: string, target: string, headers: Readonly<Record<string, string>>): Promise<Handshake> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', () => {});
    await once(socket, 'connect');
    const all = {
      Host: 'e2e',
      Upgrade: 'websocket',
      Connection: 'Upgrade',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
      ...headers,
    };
    socket.write(
      `GET ${target} HTTP/1.1\r\n${Object.entries(all)
        .map(([name, value]) => `${name}: ${value}\r\n`)
        .join('')}\r\n`,
    );
    return new Handshake(socket, chunks);
  }

  private get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }

  /** The answer's head. */
  head(): Promise<string> {
    return eventually('the answer to the handshake', () => {
      const end = this.bytes.indexOf('\r\n\r\n');
      return end < 0 ? undefined : this.bytes.toString('latin1', 0, end);
    });
  }

  async status(): Promise<number> {
    return Number(/^HTTP\/1\.1 (\d{3})/.exec(await this.head())?.[1]);
  }

  /** The code of the close frame that comes after the head. */
  closeCode(): Promise<number> {
    return eventually('a close frame', () => {
      const frame = this.bytes.subarray(this.bytes.indexOf('\r\n\r\n') + 4);
      return frame[0] === 0x88 && frame.length >= 4 ? frame.readUInt16BE(2) : undefined;
    });
  }

  write(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  end(): void {
    this.socket.destroy();
  }
}
