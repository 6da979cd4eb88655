import type { IncomingMessage } from 'node:http';
import type { Reader } from './reading.js';

/** How long a station may take to send its request, ms. */
const READ_MS_MAX = 30_000;

/** A request that is refused before it is read as XML. */
export class HttpRefusal extends Error {
  override readonly name = 'HttpRefusal';
  constructor(
    readonly status: 400 | 408 | 413 | 415 | 503,
    message: string,
  ) {
    super(message);
  }
}

/**
 * Media types of envelopes. The one of SOAP 1.2 is `application/soap+xml`. Tolerated: `text/xml` and `application/xml`, which stations send
 * whose library grew up with SOAP 1.1, and none at all.
 */
const MEDIA_TYPES = new Set(['application/soap+xml', 'text/xml', 'application/xml', '']);
const ENCODINGS = new Map([
  ['', 'utf-8'],
  ['utf-8', 'utf-8'],
  ['utf8', 'utf-8'],
  ['us-ascii', 'utf-8'],
  ['iso-8859-1', 'latin1'],
]);

/**
 * The body of a request as text.
 *
 * @throws {HttpRefusal}
 */
export async function readBody(request: IncomingMessage, bytesMax: number, reader: Reader): Promise<string> {
  const type = request.headers['content-type'] ?? '';
  const mediaType = type.split(';')[0]?.trim().toLowerCase() ?? '';
  if (!MEDIA_TYPES.has(mediaType)) throw new HttpRefusal(415, `the media type is ${mediaType}, not application/soap+xml`);
  if ((request.headers['content-encoding'] ?? 'identity') !== 'identity') throw new HttpRefusal(415, 'a compressed body is not read');
  const charset = /;\s*charset\s*=\s*"?([\w-]+)/i.exec(type)?.[1]?.toLowerCase() ?? '';
  const encoding = ENCODINGS.get(charset);
  if (encoding === undefined) throw new HttpRefusal(415, `the charset ${charset} is not read; UTF-8 is`);
  const bytes = await bytesOf(request, bytesMax, reader);
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    throw new HttpRefusal(400, 'the body is not UTF-8');
  }
}

function bytesOf(request: IncomingMessage, bytesMax: number, reader: Reader): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const refuse = (refusal: HttpRefusal): void => {
      clearTimeout(timer);
      request.pause();
      reject(refusal);
    };
    const tooLong = (): void => refuse(new HttpRefusal(413, `the envelope is longer than ${bytesMax} bytes`));
    const timer = setTimeout(() => refuse(new HttpRefusal(408, 'the request did not come in time')), READ_MS_MAX);
    if (request.destroyed) {
      refuse(new HttpRefusal(400, 'the request broke off'));
      return;
    }
    if (Number(request.headers['content-length'] ?? 0) > bytesMax) {
      tooLong();
      return;
    }
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > bytesMax) tooLong();
      else if (!reader.took(chunk.length)) refuse(new HttpRefusal(503, 'too much is read at once'));
      else chunks.push(chunk);
    });
    request.on('end', () => {
      clearTimeout(timer);
      resolve(Buffer.concat(chunks));
    });
    request.on('error', () => refuse(new HttpRefusal(400, 'the request broke off')));
  });
}
