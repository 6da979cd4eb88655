import { createServer, type Server } from 'node:http';
import { Webhook } from 'standardwebhooks';
import type { Api } from './api.js';
import { eventually } from './eventually.js';

/** A webhook as it arrived, its signature checked. */
export interface Told {
  readonly id: string;
  readonly type: string;
  readonly data: { readonly stationId: string; readonly [field: string]: unknown };
}

/** A partner's server that is subscribed to everything. */
export class WebhookReceiver {
  /** What it answers; anything but 2xx takes nothing in. */
  status = 204;
  private readonly told: Told[] = [];
  private secret = '';

  private constructor(private readonly server: Server) {}

  static async subscribe(api: Api): Promise<WebhookReceiver> {
    const server = createServer();
    const receiver = new WebhookReceiver(server);
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        receiver.take(Buffer.concat(chunks), request.headers as Record<string, string>);
        response.writeHead(receiver.status).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const target = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/`;
    receiver.secret = (await api.ok<{ secret: string }>('POST', '/v1/subscriptions', { channel: 'Webhook', target })).secret;
    return receiver;
  }

  /** The kinds that a station's driver was told of, in the order of arrival. */
  kindsOf(stationId: string): readonly string[] {
    return this.told.filter(({ data }) => data.stationId === stationId).map(({ type }) => type);
  }

  /** The same as a receiver counts it: what comes again under its id is the same. */
  toldOf(stationId: string): readonly Told[] {
    return [...new Map(this.told.map((each) => [each.id, each])).values()].filter(({ data }) => data.stationId === stationId);
  }

  isTold(stationId: string, kind: string, deadlineMs?: number): Promise<true> {
    return eventually(`${kind} of ${stationId} is told`, () => this.kindsOf(stationId).includes(kind) || undefined, deadlineMs);
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private take(body: Buffer, headers: Record<string, string>): void {
    const event = new Webhook(this.secret).verify(body, headers) as Omit<Told, 'id'>;
    if (this.status < 300) this.told.push({ id: String(headers['webhook-id']), ...event });
  }
}
