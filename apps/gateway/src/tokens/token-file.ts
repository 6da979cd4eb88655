import { z } from 'zod';
import { headLine, numberIn, readRows, rowsOf } from '../registry/csv-file.js';
import { readLines } from '../registry/json-file.js';
import { idToken, tokenPut, type tokenView } from '../views/token.view.js';

/** The columns of a file, in the order in which they are written; all but the first may be missing when read. */
export const TOKEN_COLUMNS = [
  'idToken',
  'type',
  'status',
  'validFrom',
  'expiresAt',
  'groupId',
  'contractId',
  'siteIds',
  'stationIds',
  'concurrentTransactionsMax',
  'note',
] as const;
type Column = (typeof TOKEN_COLUMNS)[number];
/** Ids in one cell, separated by spaces. */
const LISTS: ReadonlySet<string> = new Set<Column>(['siteIds', 'stationIds']);
const LINE_MAX = 65_536;

/** A token as a line of JSON has it; a budget only there. */
export const tokenRecord = z.strictObject({ idToken, ...tokenPut.shape });
export type TokenRecord = z.output<typeof tokenRecord>;

/** One record of a file, or what is wrong with it. */
export interface ParsedToken {
  /** Its line in the file, from 1. */
  readonly row: number;
  readonly id: string;
  readonly record?: TokenRecord;
  readonly problem?: string;
}

/** @throws {BadCsv} */
export async function* readTokenCsv(path: string): AsyncGenerator<ParsedToken> {
  for await (const { row, cells, separator } of readRows(path, TOKEN_COLUMNS, 'idToken')) {
    const values: Record<string, unknown> = {};
    // What is empty is not given.
    for (const [column, cell] of Object.entries<string | undefined>(cells))
      if (cell !== undefined && cell !== '')
        values[column] = LISTS.has(column) ? cell.split(/\s+/) : column === 'concurrentTransactionsMax' ? numberIn(cell, separator) : cell;
    yield parsed(row, values);
  }
}

export async function* readTokenLines(path: string): AsyncGenerator<ParsedToken> {
  for await (const line of readLines(path, LINE_MAX)) yield 'problem' in line ? { ...line, id: '' } : parsed(line.row, line.value);
}

function parsed(row: number, value: unknown): ParsedToken {
  const result = tokenRecord.safeParse(value);
  const named = typeof value === 'object' && value !== null ? (value as { readonly idToken?: unknown }).idToken : undefined;
  const id = typeof named === 'string' ? named : '';
  if (result.success) return { row, id, record: result.data };
  return { row, id, problem: result.error.issues.map(({ path, message }) => `${path.join('.') || 'record'}: ${message}`).join('; ') };
}

export const tokenCsvHead = (separator: string, bom: boolean): string => headLine(TOKEN_COLUMNS, separator, bom);

type TokenView = z.input<typeof tokenView>;

export const toTokenCsv = (tokens: readonly TokenView[], separator: string): string =>
  rowsOf(
    tokens.map((token) =>
      TOKEN_COLUMNS.map((column) => {
        const value = token[column];
        return Array.isArray(value) ? value.join(' ') : typeof value === 'string' || typeof value === 'number' ? value : undefined;
      }),
    ),
    separator,
  );

/** What the platform counts of a token is nothing to import. */
const COUNTED: ReadonlySet<string> = new Set(['activeTransactions', 'createdAt', 'updatedAt', 'version']);

export const toTokenLines = (tokens: readonly TokenView[]): string =>
  tokens
    .map(({ budget, ...token }) => {
      const fields = Object.fromEntries(Object.entries(token).filter(([name]) => !COUNTED.has(name)));
      return `${JSON.stringify({ ...fields, ...(budget === null ? {} : { budget: given(budget) }) })}\n`;
    })
    .join('');

/** Without what is not limited: a budget is told whole. */
const given = (budget: object): object => Object.fromEntries(Object.entries(budget).filter(([, value]) => value !== null));
