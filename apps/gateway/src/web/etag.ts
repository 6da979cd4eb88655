import type { FastifyReply, FastifyRequest } from 'fastify';
import { invalid, notFound } from '../problems/problem.js';

/** Answers a versioned resource with its ETag; 404 when there is none. */
export function withEtag<Resource extends { readonly version: number }, View>(
  reply: FastifyReply,
  resource: Resource | undefined,
  what: string,
  view: (resource: Resource) => View,
): View {
  if (resource === undefined) throw notFound(what);
  void reply.header('etag', `"${resource.version}"`);
  return view(resource);
}

/** The version of `If-Match`; 0: the caller does not care. Source: RFC 9110 §13.1.1. */
export function expectedVersion(request: FastifyRequest): number {
  const header = request.headers['if-match'];
  if (header === undefined || header === '*') return 0;
  const version = /^(?:W\/)?"(\d{1,15})"$/.exec(header)?.[1];
  if (version === undefined)
    throw invalid('If-Match is not an ETag of this API', [{ in: 'header', pointer: '/If-Match', message: 'must be one ETag, e.g. "3"' }]);
  return Number(version);
}

/** The `Idempotency-Key`, to hand on to services that keep it themselves; empty: none. */
export function idempotencyKey(request: FastifyRequest): string {
  const header = request.headers['idempotency-key'];
  return typeof header === 'string' ? header : '';
}
