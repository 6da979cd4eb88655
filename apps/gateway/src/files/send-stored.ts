import type { FileStore } from '@voltlog/store';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { parse } from 'range-parser';
import { Problem } from '../problems/problem.js';

/** Bits of what range-parser says. */
const MALFORMED = 1;
const UNSATISFIABLE = 2;

export interface Sent {
  readonly fileId: string;
  readonly fileName: string;
  readonly contentType: string;
}

/**
 * Sends a kept file, or the part of it that was asked for; to HEAD the headers alone.
 *
 * Source: RFC 9110 §13 (conditions), §14 (ranges). Of several ranges the whole is sent, which §14.2 allows.
 */
export async function sendStored(
  files: FileStore,
  request: Pick<FastifyRequest, 'headers' | 'method'>,
  reply: FastifyReply,
  { fileId, fileName, contentType }: Sent,
): Promise<FastifyReply> {
  const file = await files.stat(fileId);
  if (file === undefined) throw new Problem(410, 'gone', 'This file is not kept any more.');
  const etag = `"${file.sha256}"`;
  void reply
    .header('etag', etag)
    .header('accept-ranges', 'bytes')
    .header('cache-control', 'private, no-cache')
    .header('content-disposition', `attachment; filename="${fileName.replaceAll(/[^\w.-]/g, '_')}"`);
  if (request.headers['if-none-match'] === etag) return reply.status(304).send();
  void reply.type(contentType);
  const range = rangeOf(request, etag, file.sizeBytes);
  if (range === 'unsatisfiable')
    throw new Problem(416, 'range-not-satisfiable', `The file has ${file.sizeBytes} bytes.`, {
      headers: { 'content-range': `bytes */${file.sizeBytes}` },
    });
  const length = range === undefined ? file.sizeBytes : range.end - range.start + 1;
  void reply.header('content-length', String(length));
  if (range !== undefined) void reply.status(206).header('content-range', `bytes ${range.start}-${range.end}/${file.sizeBytes}`);
  return reply.send(request.method === 'HEAD' ? undefined : await files.read(fileId, range));
}

function rangeOf({ headers }: Pick<FastifyRequest, 'headers'>, etag: string, size: number) {
  const { range } = headers;
  const ifRange = headers['if-range'];
  if (range === undefined || (ifRange !== undefined && ifRange !== etag)) return undefined;
  const { code, type, ranges } = parse(size, range);
  if (type !== 'bytes' || (code & MALFORMED) !== 0) return undefined;
  if (ranges.length === 0) return (code & UNSATISFIABLE) === 0 ? undefined : 'unsatisfiable';
  return ranges.length === 1 ? ranges[0] : undefined;
}
