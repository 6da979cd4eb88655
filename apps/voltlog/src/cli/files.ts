import { createWriteStream, readFileSync, readSync, rmSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CliError, EXIT } from './errors.js';

/** How often a pipe is looked at that has nothing yet, ms. */
const PIPE_MS = 20;

export const bodyOf = (response: Response): Readable =>
  response.body === null ? Readable.from([]) : Readable.fromWeb(response.body as never);

/**
 * Writes an answer to a file; to standard output when there is none.
 *
 * @param flags `wx`: a file that is there already is left alone
 * @throws {CliError} when it cannot be written, or the answer breaks off
 */
export async function saved(response: Response, file: string | undefined, flags: 'w' | 'wx' = 'w'): Promise<void> {
  let isNew = false;
  const to = file === undefined ? process.stdout : createWriteStream(file, { flags }).once('open', () => (isNew = flags === 'wx'));
  await pipeline(bodyOf(response), to, { end: file !== undefined }).catch((error: unknown) => {
    // What broke off looks like the whole, and would be in the way of the next try.
    if (file !== undefined && isNew) rmSync(file, { force: true });
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError(EXIT.failed, `${file ?? 'the answer'} cannot be written: ${reason}`);
  });
}

/**
 * @param file `-`: standard input
 * @throws {CliError}
 */
export function textOf(file: string): string {
  try {
    return file === '-' ? standardInput() : readFileSync(file, 'utf8');
  } catch (error) {
    throw new CliError(EXIT.usage, `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** All of it. A pipe that another Node writes to does not block: there it is waited for. */
function standardInput(): string {
  const chunks: Buffer[] = [];
  for (;;) {
    const chunk = Buffer.alloc(65_536);
    try {
      const length = readSync(0, chunk);
      if (length === 0) return Buffer.concat(chunks).toString('utf8');
      chunks.push(chunk.subarray(0, length));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PIPE_MS);
    }
  }
}

/** @throws {CliError} when it holds anything but a JSON object */
export function objectOf(file: string): object {
  const text = textOf(file);
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // It is refused below.
  }
  throw new CliError(EXIT.usage, `${file} is no JSON object`);
}
