import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import type { StationSocket } from './station-socket.js';

/** Longer frames have a longer header. */
const MEDIUM = 126;
const LONG = 65_536;
/** The last frame of a text message. Source: RFC 6455 §5.2. */
const TEXT = 0x81;

/** The socket class of the server: points at its station, so that one shared listener serves all. */
export class OcppWebSocket extends WebSocket {
  station: StationSocket | undefined = undefined;
  /** What the frames are written to. */
  stream: Duplex | undefined = undefined;

  /**
   * Sends a text message. Most are short and ASCII: header and text are then written as one string, without the buffers, the list and the callbacks
   * that `send` makes of them. Nothing can come between, as there is neither compression nor a message in several frames.
   */
  sendText(text: string): void {
    const { length } = text;
    if (this.stream === undefined || this.readyState !== WebSocket.OPEN || length >= LONG || Buffer.byteLength(text) !== length) {
      this.send(text);
      return;
    }
    const header = length < MEDIUM ? String.fromCharCode(TEXT, length) : String.fromCharCode(TEXT, MEDIUM, length >> 8, length & 0xff);
    this.stream.write(header + text, 'latin1');
  }
}
