import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A finished span, as far as the tests look at it. */
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  /** `service.name` of its resource, or its scope. */
  readonly service: string;
  readonly scope: string;
  /** Everything that was sent about it. */
  readonly text: string;
}

/** Takes OTLP/HTTP traces in JSON and keeps them. */
export class Collector {
  readonly spans: Span[] = [];

  private constructor(private readonly server: Server) {}

  static async start(): Promise<Collector> {
    const server = createServer();
    const collector = new Collector(server);
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        collector.take(JSON.parse(Buffer.concat(chunks).toString()) as Export);
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return collector;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/v1/traces`;
  }

  stop(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }

  private take({ resourceSpans = [] }: Export): void {
    for (const { resource, scopeSpans = [] } of resourceSpans) {
      const service = resource?.attributes?.find(({ key }) => key === 'service.name')?.value?.stringValue ?? '';
      for (const { scope, spans = [] } of scopeSpans) {
        for (const span of spans) {
          const { traceId, spanId, parentSpanId, name } = span;
          this.spans.push({
            traceId,
            spanId,
            parentSpanId: parentSpanId || undefined,
            name,
            service,
            scope: scope?.name ?? '',
            text: JSON.stringify(span),
          });
        }
      }
    }
  }
}

interface Export {
  readonly resourceSpans?: readonly {
    readonly resource?: { readonly attributes?: readonly { readonly key: string; readonly value?: { readonly stringValue?: string } }[] };
    readonly scopeSpans?: readonly {
      readonly scope?: { readonly name?: string };
      readonly spans?: readonly {
        readonly traceId: string;
        readonly spanId: string;
        readonly parentSpanId?: string;
        readonly name: string;
      }[];
    }[];
  }[];
}
