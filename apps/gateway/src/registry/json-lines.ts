import { readLines } from './json-file.js';
import { type Parsed, parsedOf, type RegistryRecord } from './records.js';

/** Characters of one line: a station with 256 EVSEs fits. */
const LINE_MAX = 262_144;

/** Sites and stations of a file with one JSON object on each line. */
export async function* readJsonLines(path: string): AsyncGenerator<Parsed> {
  for await (const line of readLines(path, LINE_MAX)) yield 'problem' in line ? { ...line, id: '' } : parsedOf(line.row, line.value);
}

export const toJsonLines = (records: readonly RegistryRecord[]): string => records.map((record) => `${JSON.stringify(record)}\n`).join('');
