import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import { SERVICE_CONFIG, SERVICE_CONTEXT, type ServiceContext } from '@voltlog/service';
import type { GatewayConfig } from '../config.js';

/** Request ids from outside are taken when they look harmless. */
const REQUEST_ID = /^[\w.:-]{1,64}$/;
/** Nothing from elsewhere is loaded; the styles of the interface library are inline. */
const CONTENT_SECURITY_POLICY =
  "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'self'; frame-ancestors 'none'; form-action 'self'";

const STREAMS = new Set(['/v1/events', '/driver/v1/charges/:key/events']);
/** So do files of stations: how long those take is up to their lines. */
const lastsAsLongAsItLasts = (route: string): boolean => STREAMS.has(route) || route.startsWith('/files/');
const METHODS = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']);
type Histogram = ReturnType<ServiceContext['metrics']['histogram']>;

/** The headers of every answer; `requestId` is what the caller named. */
export const rimHeaders = (requestId: unknown, ids: ServiceContext['ids']): Readonly<Record<string, string>> => ({
  'x-request-id': typeof requestId === 'string' && REQUEST_ID.test(requestId) ? requestId : ids.next(),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'cache-control': 'no-store',
});

/** What every answer carries: a request id, the security headers, CORS where it was asked for. */
@Injectable()
export class HttpRim implements OnModuleInit {
  private readonly histograms = new Map<string, Histogram>();

  constructor(
    private readonly host: HttpAdapterHost<FastifyAdapter>,
    @Inject(SERVICE_CONTEXT) private readonly context: ServiceContext,
    @Inject(SERVICE_CONFIG) private readonly config: GatewayConfig,
  ) {}

  onModuleInit(): void {
    const adapter = this.host.httpAdapter;
    if (this.config.corsOrigins.length > 0) {
      adapter.enableCors({
        origin: [...this.config.corsOrigins],
        methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
        allowedHeaders: ['authorization', 'content-type', 'idempotency-key', 'if-match', 'if-none-match', 'last-event-id', 'x-request-id'],
        exposedHeaders: ['etag', 'location', 'ratelimit', 'ratelimit-policy', 'retry-after', 'x-request-id', 'idempotency-replayed'],
      });
    }
    adapter.getInstance().addHook('onRequest', (request, reply, done) => {
      void reply.headers(rimHeaders(request.headers['x-request-id'], this.context.ids));
      done();
    });
    adapter.getInstance().addHook('onResponse', (request, reply, done) => {
      // A stream lasts as long as somebody listens; that says nothing about speed.
      if (!lastsAsLongAsItLasts(request.routeOptions.url ?? ''))
        this.histogramOf(request.method, reply.statusCode).record(reply.elapsedTime / 1000);
      done();
    });
  }

  /** By method and class of status: a bounded set, whatever is asked for. */
  private histogramOf(method: string, status: number): Histogram {
    const known = METHODS.has(method) ? method : 'other';
    const statusClass = `${Math.floor(status / 100)}xx`;
    const name = `${known} ${statusClass}`;
    let histogram = this.histograms.get(name);
    if (histogram === undefined) {
      histogram = this.context.metrics.histogram('voltlog_http_request_duration_seconds', 'API requests', {
        method: known,
        status: statusClass,
      });
      this.histograms.set(name, histogram);
    }
    return histogram;
  }
}
