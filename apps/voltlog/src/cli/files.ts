import { createWriteStream, readFileSync, rmSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CliError, EXIT } from './errors.js';

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
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new CliError(EXIT.usage, `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
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
