import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { OcppWebSocket } from './ocpp-web-socket.js';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.closeAllConnections();
});

/** What a station receives, in order: texts, pings and the close code. */
async function receivedFrom(serve: (socket: OcppWebSocket) => void): Promise<string[]> {
  const server = createServer();
  servers.push(server);
  const sockets = new WebSocketServer<typeof OcppWebSocket>({ noServer: true, perMessageDeflate: false, WebSocket: OcppWebSocket });
  server.on('upgrade', (request, stream, head) =>
    sockets.handleUpgrade(request, stream, head, (socket) => {
      socket.stream = stream;
      serve(socket);
    }),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const received: string[] = [];
  client.on('message', (data, isBinary) => received.push(`${isBinary ? 'binary' : 'text'} ${data}`));
  client.on('ping', (data) => received.push(`ping ${data}`));
  await new Promise<void>((resolve, reject) => {
    client.on('error', reject);
    client.on('close', (code) => {
      received.push(`close ${code}`);
      resolve();
    });
  });
  server.close();
  return received;
}

it('sends texts of every length and alphabet, in order with what else the socket sends', async () => {
  const lengths = [0, 1, 125, 126, 127, 255, 256, 65_535, 65_536, 70_000];
  const texts = [...lengths.map((length) => 'x'.repeat(length)), 'größer', '\u0080', '充电 ⚡', '\u0000\u007f'];
  const received = await receivedFrom((socket) => {
    for (const text of texts) {
      socket.sendText(text);
      socket.ping(String(text.length));
    }
    socket.close(1001);
    socket.sendText('too late');
  });
  expect(received).toEqual([...texts.flatMap((text) => [`text ${text}`, `ping ${text.length}`]), 'close 1001']);
});
