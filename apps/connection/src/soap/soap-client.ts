import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { rootCertificates } from 'node:tls';

/** An answer of a Charge Point service is short; a long one is a GetConfiguration of some hundred keys. */
const RESPONSE_BYTES_MAX = 1_048_576;
/** A station that is there takes a connection within this, ms; one that is not costs the rest of the command's time. */
const CONNECT_MS_MAX = 10_000;

export interface Posted {
  readonly status: number;
  readonly text: string;
  /** `WWW-Authenticate`: what it wants to be shown. */
  readonly challenge?: string | undefined;
}

/** Nothing of the message was sent. */
export class NotDelivered extends Error {
  override readonly name = 'NotDelivered';
}

/** It was sent, and there is no whole answer. */
export class NotAnswered extends Error {
  override readonly name = 'NotAnswered';
}

export interface PostOptions {
  readonly url: string;
  readonly contentType: string;
  readonly text: string;
  readonly timeoutMs: number;
  /** undefined: none. */
  readonly authorization: string | undefined;
  /** Roots (PEM) that a station's certificate may be under, beside the well-known ones. */
  readonly ca: string | undefined;
}

/**
 * One POST on a connection of its own, so that a broken one is known to have carried nothing. Redirects are not followed.
 *
 * @throws {NotDelivered} @throws {NotAnswered}
 */
export function post({ url, contentType, text, timeoutMs, authorization, ca }: PostOptions): Promise<Posted> {
  return new Promise((resolve, reject) => {
    let sent = false;
    const secure = new URL(url).protocol === 'https:';
    const request = (secure ? requestHttps : requestHttp)(url, {
      method: 'POST',
      agent: false,
      headers: {
        'Content-Type': contentType,
        'Content-Length': Buffer.byteLength(text),
        Connection: 'close',
        ...(authorization === undefined ? {} : { Authorization: authorization }),
      },
      ...(ca === undefined ? {} : { ca: [...rootCertificates, ca] }),
    });
    const fail = (why: string): void => {
      clearTimeout(connecting);
      clearTimeout(answering);
      request.destroy();
      reject(sent ? new NotAnswered(why) : new NotDelivered(why));
    };
    const connecting = setTimeout(() => (sent ? undefined : fail('no connection in time')), Math.min(timeoutMs, CONNECT_MS_MAX));
    const answering = setTimeout(() => fail('no answer in time'), timeoutMs);
    request.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
    request.on('socket', (socket) => {
      socket.once(secure ? 'secureConnect' : 'connect', () => {
        sent = true;
        request.end(text);
      });
    });
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > RESPONSE_BYTES_MAX) fail('the answer is too long');
        else chunks.push(chunk);
      });
      response.on('error', () => fail('the answer broke off'));
      response.on('end', () => {
        clearTimeout(connecting);
        clearTimeout(answering);
        resolve({
          status: response.statusCode ?? 0,
          text: Buffer.concat(chunks).toString(),
          challenge: response.headers['www-authenticate'],
        });
      });
    });
    request.flushHeaders();
  });
}
