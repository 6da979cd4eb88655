import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';

/** A request as it arrived. */
export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** How a receiver answers; the default is 204. */
export type Answer = (response: ServerResponse, received: Received) => void;

/** Somebody's web server, of whatever manners. */
export class Receiver {
  readonly received: Received[] = [];
  answer: Answer = (response) => response.writeHead(204).end();
  /** Requests being answered now, and the most that ever were. */
  open = 0;
  openMax = 0;

  private constructor(private readonly server: Server) {}

  static async start(answer?: Answer): Promise<Receiver> {
    const server = createServer();
    const receiver = new Receiver(server);
    if (answer !== undefined) receiver.answer = answer;
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      receiver.open += 1;
      receiver.openMax = Math.max(receiver.openMax, receiver.open);
      response.on('close', () => {
        receiver.open -= 1;
      });
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const received = { path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks) };
        receiver.received.push(received);
        receiver.answer(response, received);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get port(): number {
    const address = this.server.address();
    if (address === null || typeof address === 'string') throw new Error('it does not listen');
    return address.port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/hook`;
  }

  /** The `webhook-id`s that arrived, in order. */
  get webhookIds(): readonly string[] {
    return this.received.map(({ headers }) => String(headers['webhook-id']));
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
