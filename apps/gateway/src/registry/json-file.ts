import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import split from 'split2';

/** One line of a file: what it says, or what is wrong with it. */
export type JsonLine = { readonly row: number; readonly value: unknown } | { readonly row: number; readonly problem: string };

/**
 * A file with one JSON value on each line; empty lines are left out. Only a line feed ends a line: `node:readline` also breaks at
 * U+2028 and U+2029, which stand unescaped in a JSON text (RFC 8259, section 7).
 *
 * @param max characters of one line
 */
export async function* readLines(path: string, max: number): AsyncGenerator<JsonLine> {
  let row = 0;
  // What breaks the file's stream breaks the iteration; the callback has nothing to add.
  for await (const line of pipeline(createReadStream(path), split('\n'), () => undefined) as AsyncIterable<string>) {
    row += 1;
    const text = row === 1 ? line.replace(/^\ufeff/, '') : line;
    if (text.trim() === '') continue;
    yield text.length > max ? { row, problem: `a line has at most ${max} characters` } : parsed(row, text);
  }
}

function parsed(row: number, text: string): JsonLine {
  try {
    return { row, value: JSON.parse(text) };
  } catch (error) {
    return { row, problem: `not JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
}
