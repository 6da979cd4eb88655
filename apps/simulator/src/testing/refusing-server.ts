import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

export interface RefusingServer {
  readonly url: string;
  readonly soapUrl: string;
  /** Tries so far. */
  readonly tries: number;
  close(): Promise<void>;
}

/** Answers every station with what the status says of its nth try, from 0. */
export async function refusing(statusOf: (attempt: number) => number): Promise<RefusingServer> {
  const seen = { tries: 0 };
  const next = (): number => {
    seen.tries += 1;
    return statusOf(seen.tries - 1);
  };
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(next(), { 'content-length': '0' }).end();
  });
  server.on('upgrade', (_: IncomingMessage, socket: Duplex) => {
    socket.on('error', () => socket.destroy());
    socket.end(`HTTP/1.1 ${next()} No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `ws://127.0.0.1:${port}/ocpp`,
    soapUrl: `http://127.0.0.1:${port}/ocpp/soap`,
    get tries() {
      return seen.tries;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
