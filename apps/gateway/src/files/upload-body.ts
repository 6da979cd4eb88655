import { Readable } from 'node:stream';
import { Busboy, type BusboyFileStream } from '@fastify/busboy';
import type { FastifyRequest } from 'fastify';
import { Problem } from '../problems/problem.js';

/** A form has some fields beside its file, not many. */
const FORM_LIMITS = { files: 1, fields: 20, parts: 21, fieldSize: 10_000, headerPairs: 100 };

export interface UploadedFile {
  /** Empty: nothing names it. */
  readonly fileName: string;
  readonly contentType: string;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/**
 * The file that a station sends: the body itself (PUT or POST), or the one of a form.
 *
 * @param body the bytes of the request, bounded already
 * @param name of the last part of the address; empty: none
 */
export async function uploadedFile(
  request: Pick<FastifyRequest, 'headers'>,
  body: AsyncIterable<Uint8Array>,
  name: string,
): Promise<UploadedFile> {
  const contentType = request.headers['content-type'] ?? '';
  if (/^multipart\/form-data\b/i.test(contentType)) return fileOfForm(contentType, body, name);
  return { fileName: name || namedIn(request.headers['content-disposition']), contentType: shortType(contentType), bytes: body };
}

/** Resolves once its file begins; what comes behind the file is not looked at. */
async function fileOfForm(contentType: string, body: AsyncIterable<Uint8Array>, name: string): Promise<UploadedFile> {
  const form = parserOf(contentType);
  const source = Readable.from(body);
  return new Promise((resolve, reject) => {
    let file: BusboyFileStream | undefined;
    // What goes wrong behind the start of the file is told to whoever reads it.
    const fail = (error: Error): void => {
      if (file === undefined) reject(error);
      else file.destroy(error);
    };
    form.on('file', (_field, stream, fileName, _encoding, type) => {
      file = stream;
      // Whoever reads it may begin after it broke off, and is told then all the same; until then nobody listens, which would end the process.
      stream.on('error', () => undefined);
      resolve({ fileName: name || fileName || '', contentType: shortType(type), bytes: stream });
    });
    form.on('finish', () => reject(badForm('The form has no file.')));
    form.on('error', (error) => fail(badForm(`The form cannot be read: ${error instanceof Error ? error.message : String(error)}`)));
    source.on('error', (error) => {
      fail(error);
      form.destroy();
    });
    source.pipe(form);
  });
}

function parserOf(contentType: string) {
  try {
    return new Busboy({ headers: { 'content-type': contentType }, limits: FORM_LIMITS });
  } catch (error) {
    throw badForm(`The form cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const badForm = (detail: string): Problem => new Problem(400, 'invalid-request', detail);

const shortType = (contentType: string): string =>
  (/^[\w.+-]+\/[\w.+-]+/.exec(contentType)?.[0] ?? 'application/octet-stream').slice(0, 100);

const namedIn = (disposition: string | undefined): string => /filename="?([^";]+)/i.exec(disposition ?? '')?.[1] ?? '';
