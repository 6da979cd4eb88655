import { headLine, rowsOf as linesOf, numberIn, readRows } from './csv-file.js';
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
  'tags',
  'password',
] as const;
type Column = (typeof COLUMNS)[number];
type Cells = Readonly<Partial<Record<Column, string>>>;

const NUMBERS: ReadonlySet<string> = new Set<Column>(['evseId', 'connectorId', 'latitude', 'longitude', 'powerWMax', 'securityProfileMin']);
const FIELDS: Readonly<Record<string, readonly Column[]>> = {
  site: ['siteId', 'name', 'address', 'city', 'countryCode', 'latitude', 'longitude', 'timeZone'],
  station: ['stationId', 'siteId', 'name', 'securityProfileMin', 'tags', 'password'],
  evse: ['evseId', 'powerWMax'],
  connector: ['connectorId', 'connectorType'],
};
/**
 * Sites and stations of a CSV file, one at a time. Rows of a station's EVSEs and connectors follow its own row.
 *
 * @throws {BadCsv}
 */
export async function* readCsv(path: string): AsyncGenerator<Parsed> {
  let open: Growing | undefined;
  for await (const { row, cells, separator } of readRows(path, COLUMNS, 'type')) {
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

/** What is empty is not given. */
function valuesOf(cells: Cells, fields: readonly Column[], separator: string): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const field of fields) {
    const cell = cells[field];
    if (cell === undefined || cell === '') continue;
    // Tags stand in one cell, with spaces between.
    if (field === 'tags') values[field] = cell.split(/\s+/);
    else values[field] = NUMBERS.has(field) ? numberIn(cell, separator) : cell;
  }
  return values;
}

/** The first lines of a file: its columns. `bom`: for spreadsheets that would take it for another encoding. */
export const csvHead = (separator: string, bom: boolean): string => headLine(COLUMNS, separator, bom);

/** Records as rows of CSV. */
export const toCsv = (records: readonly RegistryRecord[], separator: string): string =>
  linesOf(
    records.flatMap(rowsOf).map((cells) => COLUMNS.map((column) => cells[column])),
    separator,
  );

type Row = Readonly<Partial<Record<Column, string | number | undefined>>>;

function rowsOf(record: RegistryRecord): readonly Row[] {
  if (record.type === 'site') return [record];
  const { evses, tags = [], ...station } = record;
  const { stationId } = station;
  return [
    { ...station, tags: tags.join(' ') },
    ...evses.flatMap(({ evseId, powerWMax, connectors }): Row[] => [
      { type: 'evse', stationId, evseId, powerWMax },
      ...connectors.map(({ connectorId, connectorType }) => ({ type: 'connector', stationId, evseId, connectorId, connectorType })),
    ]),
  ];
}
