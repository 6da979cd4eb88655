import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { parse } from 'csv-parse';
import { stringify } from 'csv-stringify/sync';

/** A first line is looked at for its separator up to here, bytes. */
const HEAD_BYTES = 8_192;
const SEPARATORS = [',', ';', '\t'] as const;
/** How a spreadsheet takes a cell for a formula; a leading `'` is one too many, so that it can be taken off again. Source: OWASP CSV Injection. */
const FORMULA = /^[=+\-@\t\r']/;
const ESCAPED = /^'[=+\-@\t\r']/;

/** A file that cannot be read as CSV from here on. */
export class BadCsv extends Error {
  override readonly name = 'BadCsv';
}

/** The cells of one row by column; what is missing was not in the file. */
export interface CsvRow<Column extends string> {
  /** Its line in the file, from 1. */
  readonly row: number;
  readonly cells: Readonly<Partial<Record<Column, string>>>;
  readonly separator: string;
}

/**
 * The rows of a CSV file whose first line names its columns, in any order and case.
 *
 * @param needed a column without which the file is none of this kind
 * @throws {BadCsv}
 */
export async function* readRows<Column extends string>(
  path: string,
  columns: readonly Column[],
  needed: Column,
): AsyncGenerator<CsvRow<Column>> {
  const separator = await separatorOf(path);
  const parser = createReadStream(path).pipe(
    parse({
      bom: true,
      delimiter: separator,
      columns: (names: string[]) => headerOf(names, columns, needed),
      info: true,
      skip_empty_lines: true,
      trim: true,
      relax_column_count_less: true,
      max_record_size: 65_536,
    }),
  );
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: CsvRow<Column>['cells']; info: { lines: number } }>)
      yield { row: info.lines, cells: unescaped(record), separator };
  } catch (error) {
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('CSV_')) throw new BadCsv(error.message);
    throw error;
  }
}

/** A decimal comma is one where the comma does not separate. What is no number stays a text, and is refused as one by its schema. */
export function numberIn(cell: string, separator: string): unknown {
  const text = separator === ',' ? cell : cell.replace(',', '.');
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}

/** The first line of a file. `bom`: for spreadsheets that would take it for another encoding. */
export const headLine = (columns: readonly string[], separator: string, bom: boolean): string =>
  `${bom ? '\ufeff' : ''}${columns.join(separator)}\r\n`;

/** Rows in the order of the columns; a text that a spreadsheet would take for a formula is escaped. */
export const rowsOf = (rows: readonly (readonly (string | number | undefined)[])[], separator: string): string =>
  stringify(
    rows.map((cells) => cells.map(escaped)),
    { delimiter: separator, record_delimiter: '\r\n' },
  );

function escaped(cell: string | number | undefined): string {
  if (cell === undefined) return '';
  if (typeof cell === 'number') return String(cell);
  return FORMULA.test(cell) ? `'${cell}` : cell;
}

const unescaped = <Column extends string>(cells: CsvRow<Column>['cells']): CsvRow<Column>['cells'] =>
  // The same columns with other texts.
  Object.fromEntries(
    Object.entries<string | undefined>(cells).map(([column, cell]) => [
      column,
      cell !== undefined && ESCAPED.test(cell) ? cell.slice(1) : cell,
    ]),
  ) as CsvRow<Column>['cells'];

function headerOf(names: readonly string[], columns: readonly string[], needed: string): string[] {
  const known = new Map(columns.map((column) => [column.toLowerCase(), column]));
  const header = names.map((name) => known.get(name.trim().toLowerCase()) ?? name);
  const strange = header.filter((name) => !columns.includes(name));
  if (strange.length > 0) throw new BadCsv(`unknown columns ${strange.join(', ')}; known are ${columns.join(', ')}`);
  if (!header.includes(needed)) throw new BadCsv(`the first line must name the columns, ${needed} among them`);
  return header;
}

async function separatorOf(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    const [line = ''] = buffer.toString('utf8', 0, bytesRead).split(/\r?\n/);
    return SEPARATORS.reduce<string>((best, each) => (line.split(each).length > line.split(best).length ? each : best), ',');
  } finally {
    await file.close();
  }
}
