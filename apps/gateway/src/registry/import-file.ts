import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Logger } from '@voltlog/telemetry';
import { Problem } from '../problems/problem.js';

/** 100 000 stations with two EVSEs each are some 40 MB. */
const FILE_BYTES_MAX = 256 * 1024 * 1024;

/** The body of an import, on disk: it is read twice. */
export interface ImportFile {
  readonly path: string;
  forget(): Promise<void>;
}

/** @throws {Problem} when it is no file, or too large */
export async function keptFile(body: unknown): Promise<ImportFile> {
  if (!(body instanceof Readable)) throw new Problem(415, 'unsupported-media-type', 'Send the file as text/csv or application/x-ndjson.');
  const folder = await mkdtemp(join(tmpdir(), 'voltlog-import-'));
  const path = join(folder, 'file');
  const forget = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    await pipeline(body, limited(), createWriteStream(path, { mode: 0o600 }));
  } catch (error) {
    await forget();
    throw error;
  }
  return { path, forget };
}

/** The lines of the answer. Its status is sent already: what breaks in the middle is told as the last line. */
export async function* told(
  lines: AsyncIterable<object>,
  file: ImportFile,
  { logger, advice }: { readonly logger: Logger; readonly advice: string },
): AsyncGenerator<string> {
  try {
    for await (const line of lines) yield `${JSON.stringify(line)}\n`;
  } catch (error) {
    logger.error({ err: error }, 'an import broke off');
    yield `${JSON.stringify({ type: 'error', message: advice })}\n`;
  } finally {
    await file.forget();
  }
}

/** A head, and then the pages of an export. */
export async function* withHead<Row>(
  head: string,
  pages: AsyncIterable<readonly Row[]>,
  write: (rows: readonly Row[]) => string,
): AsyncGenerator<string> {
  if (head !== '') yield head;
  for await (const rows of pages) {
    const text = write(rows);
    if (text !== '') yield text;
  }
}

function limited(): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > FILE_BYTES_MAX) done(new Problem(413, 'too-large', `A file has at most ${FILE_BYTES_MAX} bytes.`));
      else done(null, chunk);
    },
  });
}
