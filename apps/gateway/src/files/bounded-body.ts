import type { FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from '../problems/problem.js';

export interface BodyBounds {
  readonly maxBytes: number;
  /** Without a byte for so long, ms. */
  readonly idleMs: number;
  /** From the first to the last byte, ms. */
  readonly totalMs: number;
}

export const tooLarge = (maxBytes: number): Problem =>
  new Problem(413, 'too-large', `A file may have at most ${Math.floor(maxBytes / 1_000_000)} MB here.`);

/**
 * The bytes of a request, within bounds of time. That they stay within the bound of size is seen to where they are written; what says itself
 * that it is too large is refused unread.
 *
 * @throws {Problem} 408 and 413
 */
export async function* boundedBody(
  body: AsyncIterable<Uint8Array>,
  contentLength: string | undefined,
  { maxBytes, idleMs, totalMs }: BodyBounds,
): AsyncGenerator<Uint8Array> {
  if (Number(contentLength ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const endsAt = performance.now() + totalMs;
  const pieces = body[Symbol.asyncIterator]();
  for (;;) {
    const leftMs = endsAt - performance.now();
    const piece = await within(pieces.next(), Math.min(idleMs, leftMs));
    if (piece === undefined) {
      const what = leftMs <= idleMs ? `The file took longer than ${totalMs / 1_000} s.` : `Nothing came for ${idleMs / 1_000} s.`;
      throw new Problem(408, 'too-slow', what);
    }
    if (piece.done === true) return;
    yield piece.value;
  }
}

/** undefined: not in time. */
async function within<Value>(work: Promise<Value>, ms: number): Promise<Value | undefined> {
  let timeout: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timeout = setTimeout(() => resolve(undefined), Math.max(0, ms));
  });
  // What comes of it later is nobody's business any more.
  work.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timeout);
  }
}

/** So long a peer may go on sending while it reads why its file is not taken, ms. */
const LINGER_MS = 5_000;

/**
 * Ends the connection of a body that is not wanted, a moment after the answer: closed at once, with bytes unread, the peer's system would
 * throw the answer away.
 */
export function cutOff(request: Pick<FastifyRequest, 'raw'>, reply: Pick<FastifyReply, 'raw'>): void {
  reply.raw.once('finish', () => {
    if (!request.raw.complete) setTimeout(() => request.raw.destroy(), LINGER_MS).unref();
  });
}
