import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { callerOf } from '../auth/access.js';
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

/** Whether a write is to make what is not there yet: `If-None-Match: *`. Source: RFC 9110 §13.1.2. */
export function mustBeNew(request: FastifyRequest): boolean {
  const header = request.headers['if-none-match'];
  if (header === undefined || header === '*') return header === '*';
  throw invalid('If-None-Match of a write is not *', [
    { in: 'header', pointer: '/If-None-Match', message: 'must be *: it is there in no version' },
  ]);
}

/** Half of a SHA-256 in hex. */
const HANDED_ON_LENGTH = 32;

/**
 * What services that keep the `Idempotency-Key` themselves are given; empty: none. They keep it for ever and for all callers, so it stands for
 * this very write: another caller's, or another body under the same key, is another one.
 */
export function idempotencyKey(request: FastifyRequest): string {
  const header = request.headers['idempotency-key'];
  if (typeof header !== 'string') return '';
  const write = `${callerOf(request).keyId}\n${request.method} ${request.url}\n${header}\n${JSON.stringify(request.body ?? null)}`;
  return createHash('sha256').update(write).digest('hex').slice(0, HANDED_ON_LENGTH);
}
