import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import { guardedAddresses, type Resolve, type ResolvedAddress, resolveBySystem, TargetRefused, targetProblem } from './address-guard.js';

/** Bytes of an answer that are read; the rest is not waited for. */
export const ANSWER_BYTES_MAX = 64 * 1024;
/** After its status an answer is of little use: the rest may take so long, milliseconds. */
const BODY_MS_MAX = 1_000;
/** Characters of an answer that are kept to explain a failure. */
const EXCERPT_MAX = 200;

export interface GuardedRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

export interface GuardedAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** The beginning of the body, printable. */
  readonly excerpt: string;
}

export interface GuardOptions {
  /** Lets private addresses and plain http pass. */
  readonly allowPrivate: boolean;
  /** Lets plain http pass: what is fetched proves itself, as what an authority has signed does. */
  readonly allowHttp?: boolean;
  /** From the look-up of the name to the answer's status. */
  readonly timeoutMs: number;
  /** Default: the system's. */
  readonly resolve?: Resolve;
}

/**
 * Posts to an address that somebody else chose: the name is resolved once, all its addresses are judged, and the connection goes to one that
 * was judged, so that a name cannot change its mind in between. Redirects are not followed, no cookie, proxy or connection is kept.
 *
 * @throws {TargetRefused}; any error of network or TLS; an `Error` that says so when the time is up
 */
export async function guardedPost(request: GuardedRequest, options: GuardOptions): Promise<GuardedAnswer> {
  // The status has been given: how long the rest takes does not matter any more.
  return exchange({ ...request, method: 'POST' }, options, async (response, clear) => {
    clear();
    const excerpt = await readExcerpt(response);
    return { status: response.statusCode ?? 0, headers: response.headers, excerpt };
  });
}

export interface FetchRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

export interface FetchOptions extends GuardOptions {
  /** A longer answer is an error. */
  readonly bytesMax: number;
  /** Of the caller: roots it trusts, and what it shows. */
  readonly tls?: Pick<SecureContextOptions, 'ca' | 'cert' | 'key'>;
}

export interface FetchedAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/**
 * Asks an address that somebody else chose, as {@link guardedPost} does, and reads the answer to its end, within the same time.
 *
 * @throws {TargetRefused}; any error of network or TLS; an `Error` that says so when the time is up or the answer is too long
 */
export const guardedFetch = (request: FetchRequest, options: FetchOptions): Promise<FetchedAnswer> =>
  exchange(request, options, async (response) => {
    const body = await readWhole(response, options.bytesMax);
    return { status: response.statusCode ?? 0, headers: response.headers, body };
  });

/** @param read what becomes of the answer; it may say that the time does not matter any more */
async function exchange<T>(
  request: FetchRequest,
  options: GuardOptions & Pick<Partial<FetchOptions>, 'tls'>,
  read: (response: IncomingMessage, clear: () => void) => Promise<T>,
): Promise<T> {
  const problem = targetProblem(request.url, options.allowPrivate, options.allowHttp ?? options.allowPrivate);
  if (problem !== undefined) throw new TargetRefused(`the target ${problem}`);
  const url = new URL(request.url);
  const endsAt = performance.now() + options.timeoutMs;
  const late = (): Error => new Error(`no answer within ${options.timeoutMs / 1_000} s`);
  const addresses = await within(guardedAddresses(url, options.allowPrivate, options.resolve ?? resolveBySystem), options.timeoutMs, late);
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const { body, method, headers } = request;
    const client: ClientRequest = send(url, {
      method,
      agent: false,
      lookup: lookupAmong(addresses),
      headers: { ...headers, ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }) },
      ...options.tls,
    });
    let isLate = false;
    let answered = false;
    const timer = setTimeout(
      () => {
        isLate = true;
        client.destroy(late());
      },
      Math.max(1, endsAt - performance.now()),
    );
    const clear = (): void => clearTimeout(timer);
    client.on('error', (error) => {
      // Once an answer has begun it is its reader who sees what is wrong with the rest.
      if (answered) return;
      clear();
      reject(error);
    });
    client.on('response', (response) => {
      answered = true;
      read(response, clear)
        .then(resolve, (error: unknown) => reject(isLate ? late() : error))
        .finally(() => {
          clear();
          client.destroy();
        });
    });
    client.end(body);
  });
}

async function readWhole(response: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new Error(`the answer has more than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Answers with what was judged, whatever the name is by now. */
const lookupAmong =
  (addresses: readonly ResolvedAddress[]): LookupFunction =>
  (_, options, callback) => {
    const [first] = addresses;
    if (first === undefined) callback(new Error('the name has no address'), '', 0);
    else if (options.all === true) callback(null, [...addresses]);
    else callback(null, first.address, first.family);
  };

/** Never rejects: the status has been given, and a body that is cut off, endless or a lie does not change it. */
function readExcerpt(response: IncomingMessage): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const end = (): void => {
      clearTimeout(timer);
      response.destroy();
      resolve(
        printable(
          Buffer.concat(chunks)
            .subarray(0, 4 * EXCERPT_MAX)
            .toString('utf8'),
        ),
      );
    };
    const timer = setTimeout(end, BODY_MS_MAX);
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (chunks.length < 16) chunks.push(chunk.subarray(0, 4 * EXCERPT_MAX));
      if (bytes > ANSWER_BYTES_MAX) end();
    });
    response.on('end', end);
    response.on('error', end);
    response.on('close', end);
  });
}

const printable = (text: string): string =>
  text
    .replace(/\p{C}+/gu, ' ')
    .trim()
    .slice(0, EXCERPT_MAX);

async function within<T>(work: Promise<T>, ms: number, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const bound = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), ms);
  });
  try {
    return await Promise.race([work, bound]);
  } finally {
    clearTimeout(timer);
  }
}
