import { RequestError } from '@voltlog/kernel';
import type { Query } from './store.js';

/** The values a sort key can have. */
export type SortKey = string | number | boolean | null;

/** Where the page before ended. */
export interface Position {
  readonly key: SortKey;
  readonly id: string;
}

/**
 * A run of documents that one index range answers; a page is filled from the segments in turn. `null`s come first when rising.
 *
 * - `after-id`: key equal to the position's, id behind its id
 * - `after-key`: key not null, behind the position's
 * - `null` / `value`: all that have no key / all that have one
 */
export type Segment = 'after-id' | 'after-key' | 'null' | 'value';

/** The segments that are left, in the order of the sort. Sorting by id alone is one segment: `after-id` or `value`. */
export function segmentsOf(sortField: string, direction: 1 | -1, position: Position | undefined): readonly Segment[] {
  if (sortField === 'id') return position === undefined ? ['value'] : ['after-id'];
  if (position === undefined) return direction === 1 ? ['null', 'value'] : ['value', 'null'];
  if (direction === 1) return position.key === null ? ['after-id', 'value'] : ['after-id', 'after-key'];
  return position.key === null ? ['after-id'] : ['after-id', 'after-key', 'null'];
}

export const sortOf = (query: Query): readonly [field: string, direction: 1 | -1] => query.sort ?? ['id', 1];

/** The cursor of a page: opaque, safe in a URL. */
export function encodeCursor(sort: readonly [field: string, direction: 1 | -1], position: Position): string {
  return Buffer.from(JSON.stringify([sort[0], sort[1], position.key, position.id])).toString('base64url');
}

/** @throws {RequestError} `BadCursor` for anything but a cursor of the same sort */
export function decodeCursor(sort: readonly [field: string, direction: 1 | -1], cursor: string): Position {
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    throw badCursor();
  }
  if (!Array.isArray(parts) || parts.length !== 4) throw badCursor();
  const [field, direction, key, id] = parts as unknown[];
  if (field !== sort[0] || direction !== sort[1] || typeof id !== 'string' || (key !== null && typeof key === 'object')) throw badCursor();
  return { key: key as SortKey, id };
}

const badCursor = (): RequestError => new RequestError('INVALID_ARGUMENT', 'the cursor is not one of this query', 'BadCursor');

/** @throws {RequestError} when the limit is not a whole number from 1 */
export function checkLimit(limit: number): void {
  if (!Number.isInteger(limit) || limit < 1) throw new RequestError('INVALID_ARGUMENT', `limit ${limit}`, 'BadLimit');
}

/** The sort key of a document; what cannot be one counts as none. */
export function sortKey(value: unknown): SortKey {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}
