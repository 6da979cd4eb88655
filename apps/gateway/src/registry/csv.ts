import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { parse } from 'csv-parse';
import { stringify } from 'csv-stringify/sync';
import type { Parsed, RegistryRecord } from './records.js';
import { parsedOf } from './records.js';

/** The columns of a file, in the order in which they are written; each may be missing when read. */
export const COLUMNS = [
  'type',
  'siteId',
  'stationId',
  'evseId',
  'connectorId',
  'name',
  'address',
  'city',
  'countryCode',
  'latitude',
  'longitude',
  'timeZone',
  'powerWMax',
  'connectorType',
  'securityProfileMin',
  'password',
] as const;
type Column = (typeof COLUMNS)[number];
type Cells = Readonly<Partial<Record<Column, string>>>;

const NUMBERS: ReadonlySet<string> = new Set<Column>(['evseId', 'connectorId', 'latitude', 'longitude', 'powerWMax', 'securityProfileMin']);
const FIELDS: Readonly<Record<string, readonly Column[]>> = {
  site: ['siteId', 'name', 'address', 'city', 'countryCode', 'latitude', 'longitude', 'timeZone'],
  station: ['stationId', 'siteId', 'name', 'securityProfileMin', 'password'],
  evse: ['evseId', 'powerWMax'],
  connector: ['connectorId', 'connectorType'],
};
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

/**
 * Sites and stations of a CSV file, one at a time. Rows of a station's EVSEs and connectors follow its own row.
 *
 * @throws {BadCsv}
 */
export async function* readCsv(path: string): AsyncGenerator<Parsed> {
  const separator = await separatorOf(path);
  const parser = createReadStream(path).pipe(
    parse({
      bom: true,
      delimiter: separator,
      columns: headerOf,
      info: true,
      skip_empty_lines: true,
      trim: true,
      relax_column_count_less: true,
      max_record_size: 65_536,
    }),
  );
  let open: Growing | undefined;
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: Cells; info: { lines: number } }>) {
      const cells = unescaped(record);
      const row = info.lines;
      if (cells.type === 'evse' || cells.type === 'connector') {
        const problem =
          open === undefined || cells.stationId !== open.id
            ? `the row of station ${cells.stationId ?? ''} must stand before its ${cells.type} rows`
            : grow(open, cells, separator);
        if (open !== undefined && cells.stationId === open.id) open.problem ??= problem;
        else yield { row, id: cells.stationId ?? '', problem: problem ?? '' };
        continue;
      }
      if (open !== undefined) yield closed(open);
      open = undefined;
      const fields = FIELDS[cells.type ?? ''];
      if (fields === undefined)
        yield {
          row,
          id: cells.stationId ?? cells.siteId ?? '',
          problem: `type must be site, station, evse or connector, not "${cells.type ?? ''}"`,
        };
      else if (cells.type === 'site') yield parsedOf(row, { type: 'site', ...valuesOf(cells, fields, separator) });
      else open = { row, id: cells.stationId ?? '', value: { type: 'station', ...valuesOf(cells, fields, separator) }, evses: new Map() };
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('CSV_')) throw new BadCsv(error.message);
    throw error;
  }
  if (open !== undefined) yield closed(open);
}

interface Growing {
  readonly row: number;
  readonly id: string;
  readonly value: Readonly<Record<string, unknown>>;
  readonly evses: Map<unknown, { readonly evseId: unknown; powerWMax?: unknown; readonly connectors: Record<string, unknown>[] }>;
  problem?: string | undefined;
}

function grow(station: Growing, cells: Cells, separator: string): string | undefined {
  const { evseId, ...rest } = valuesOf(cells, [...(FIELDS['evse'] ?? []), ...(FIELDS['connector'] ?? [])], separator);
  const evse = station.evses.get(evseId) ?? { evseId, connectors: [] };
  if (cells.type === 'evse') {
    if (station.evses.has(evseId) && evse.powerWMax !== undefined) return `EVSE ${String(evseId)} stands there twice`;
    evse.powerWMax = rest['powerWMax'] ?? 0;
  } else {
    evse.connectors.push({
      connectorId: rest['connectorId'],
      ...(rest['connectorType'] === undefined ? {} : { connectorType: rest['connectorType'] }),
    });
  }
  station.evses.set(evseId, evse);
  return undefined;
}

const closed = ({ row, id, value, evses, problem }: Growing): Parsed =>
  problem === undefined ? parsedOf(row, { ...value, evses: [...evses.values()] }) : { row, id, problem };

/** What is empty is not given. A decimal comma is one where the comma does not separate. */
function valuesOf(cells: Cells, fields: readonly Column[], separator: string): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const field of fields) {
    const cell = cells[field];
    if (cell === undefined || cell === '') continue;
    values[field] = NUMBERS.has(field) ? numberOf(separator === ',' ? cell : cell.replace(',', '.')) : cell;
  }
  return values;
}

/** What is no number stays a text, and is refused as one by its schema. */
const numberOf = (cell: string): unknown => (/^-?\d+(\.\d+)?$/.test(cell) ? Number(cell) : cell);

function headerOf(names: readonly string[]): string[] {
  const known = new Map(COLUMNS.map((column) => [column.toLowerCase(), column]));
  const header = names.map((name) => known.get(name.trim().toLowerCase()) ?? name);
  const strange = header.filter((name) => !(COLUMNS as readonly string[]).includes(name));
  if (strange.length > 0) throw new BadCsv(`unknown columns ${strange.join(', ')}; known are ${COLUMNS.join(', ')}`);
  if (!header.includes('type')) throw new BadCsv('the first line must name the columns, type among them');
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

/** The first lines of a file: its columns. `bom`: for spreadsheets that would take it for another encoding. */
export const csvHead = (separator: string, bom: boolean): string => `${bom ? '\ufeff' : ''}${COLUMNS.join(separator)}\r\n`;

/** Records as rows of CSV. */
export function toCsv(records: readonly RegistryRecord[], separator: string): string {
  return stringify(
    records.flatMap(rowsOf).map((cells) => COLUMNS.map((column) => escaped(column, cells[column]))),
    { delimiter: separator, record_delimiter: '\r\n' },
  );
}

type Row = Readonly<Partial<Record<Column, string | number | undefined>>>;

function rowsOf(record: RegistryRecord): readonly Row[] {
  if (record.type === 'site') return [record];
  const { evses, ...station } = record;
  const { stationId } = station;
  return [
    station,
    ...evses.flatMap(({ evseId, powerWMax, connectors }): Row[] => [
      { type: 'evse', stationId, evseId, powerWMax },
      ...connectors.map(({ connectorId, connectorType }) => ({ type: 'connector', stationId, evseId, connectorId, connectorType })),
    ]),
  ];
}

function escaped(column: Column, cell: string | number | undefined): string {
  if (cell === undefined) return '';
  if (NUMBERS.has(column)) return String(cell);
  return FORMULA.test(String(cell)) ? `'${cell}` : String(cell);
}

const unescaped = (cells: Cells): Cells =>
  Object.fromEntries(Object.entries(cells).map(([column, cell]) => [column, ESCAPED.test(cell) ? cell.slice(1) : cell]));
