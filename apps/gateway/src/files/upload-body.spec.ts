import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { boundedBody } from './bounded-body.js';
import { uploadedFile } from './upload-body.js';

const BOUNDS = { maxBytes: 1_000_000, idleMs: 60_000, totalMs: 60_000 };
const PART = '--b\r\ncontent-disposition: form-data; name="file"; filename="a.log"\r\ncontent-type: text/plain\r\n\r\nhello';

let server: Server;
let socket: Socket;
/** What reading the file came to. */
let read: Promise<string>;
/** What happens between the start of the file and its first read. */
let meanwhile: (request: IncomingMessage) => Promise<unknown>;

beforeEach(async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  read = promise;
  meanwhile = turns;
  server = createServer((request, response) => {
    void slowlyRead(request)
      .catch((error: unknown) => `failed: ${String(error)}`)
      .then((outcome) => {
        resolve(outcome);
        response.end();
      });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await once(socket, 'connect');
});
afterEach(() => {
  socket.destroy();
  server.closeAllConnections();
  server.close();
});

async function slowlyRead(request: IncomingMessage): Promise<string> {
  const { bytes } = await uploadedFile(request, boundedBody(request, request.headers['content-length'], BOUNDS), '');
  await meanwhile(request);
  const pieces: Uint8Array[] = [];
  for await (const piece of bytes) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

/** The file store looks first whether there is room. */
async function turns(): Promise<void> {
  for (let left = 20; left > 0; left -= 1) await turn();
}

/** Everything in one packet. */
function post(body: string, length = body.length): void {
  socket.write(`POST / HTTP/1.1\r\nhost: x\r\ncontent-type: multipart/form-data; boundary=b\r\ncontent-length: ${length}\r\n\r\n${body}`);
}

describe('a file within a form', () => {
  it('is read to its end', async () => {
    post(`${PART}\r\n--b--\r\n`);
    expect(await read).toBe('hello');
  });

  it('that is over without its last boundary, before anybody reads it, tells who reads it', async () => {
    post(PART);
    expect(await read).toMatch(/^failed: .*The form cannot be read/);
  });

  it('whose connection is reset before anybody reads it tells who reads it', async () => {
    meanwhile = async (request) => {
      const closed = new Promise((resolve) => request.once('close', resolve));
      socket.resetAndDestroy();
      await closed;
      await turns();
    };
    post(PART, PART.length + 100);
    expect(await read).toMatch(/^failed: /);
  });
});
