import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { type Parsed, parsedOf, type RegistryRecord } from './records.js';

/** Characters of one line: a station with 256 EVSEs fits. */
const LINE_MAX = 262_144;

/** Sites and stations of a file with one JSON object on each line. */
export async function* readJsonLines(path: string): AsyncGenerator<Parsed> {
  let row = 0;
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    row += 1;
    const text = row === 1 ? line.replace(/^\ufeff/, '') : line;
    if (text.trim() === '') continue;
    yield text.length > LINE_MAX ? { row, id: '', problem: `a line has at most ${LINE_MAX} characters` } : lineOf(row, text);
  }
}

function lineOf(row: number, text: string): Parsed {
  try {
    return parsedOf(row, JSON.parse(text));
  } catch (error) {
    return { row, id: '', problem: `not JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
}

export const toJsonLines = (records: readonly RegistryRecord[]): string => records.map((record) => `${JSON.stringify(record)}\n`).join('');
