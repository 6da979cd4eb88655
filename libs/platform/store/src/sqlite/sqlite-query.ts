import type { Position, Segment } from '../keyset.js';
import { boundsOf } from '../shape.js';
import type { Condition, Query } from '../store.js';

export type SqlValue = string | number | null;

/** The column of a field. */
export const columnOf = (field: string): string => (field === 'id' ? 'id' : `"f:${field.replaceAll('"', '""')}"`);

/** A value as its column holds it: booleans as 0 and 1, what is no scalar as NULL. */
export function sqlValue(value: unknown): SqlValue {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return Number.isNaN(value) ? null : value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  return null;
}

const OPERATORS = { $gt: '>', $gte: '>=', $lt: '<', $lte: '<=' } as const;

/** Conditions as SQL; the values go to `args`. Text with the same conditions is the same, so that its statement is found again. */
export function whereSql(where: Query['where'], args: SqlValue[]): string {
  const parts: string[] = [];
  for (const field in where) parts.push(conditionSql(columnOf(field), where[field] as Condition, args));
  return parts.join(' AND ');
}

function conditionSql(column: string, condition: Condition, args: SqlValue[]): string {
  if (condition === null) return `${column} IS NULL`;
  if (typeof condition !== 'object') {
    args.push(sqlValue(condition));
    return `${column} = ?`;
  }
  if ('$exists' in condition) return condition.$exists ? `${column} IS NOT NULL` : `${column} IS NULL`;
  if ('$in' in condition) {
    const values = condition.$in.filter((value) => value !== null).map(sqlValue);
    // One JSON argument: a list of any length is one statement.
    args.push(JSON.stringify(values));
    const among = `${column} IN (SELECT value FROM json_each(?))`;
    return values.length === condition.$in.length ? among : `(${among} OR ${column} IS NULL)`;
  }
  return rangeSql(column, condition, args);
}

/** SQLite orders numbers before text: a range open to one side is closed there, so that it meets its bound's type only. */
function rangeSql(column: string, condition: object, args: SqlValue[]): string {
  const parts: string[] = [];
  let isText = false;
  let below = false;
  let above = false;
  for (const { word, value } of boundsOf(condition)) {
    parts.push(`${column} ${OPERATORS[word]} ?`);
    args.push(sqlValue(value));
    isText = typeof value === 'string';
    below ||= word === '$gt' || word === '$gte';
    above ||= word === '$lt' || word === '$lte';
  }
  if (isText && !below) parts.push(`${column} >= ''`);
  if (!isText && !above) parts.push(`${column} < ''`);
  return parts.join(' AND ');
}

/** A segment of a page as SQL. */
export function segmentSql(
  segment: Segment,
  sort: readonly [field: string, direction: 1 | -1],
  position: Position | undefined,
  args: SqlValue[],
): string {
  const column = columnOf(sort[0]);
  const behind = sort[1] === 1 ? '>' : '<';
  if (segment === 'null') return `${column} IS NULL`;
  if (segment === 'value' || position === undefined) return sort[0] === 'id' ? '' : `${column} IS NOT NULL`;
  if (segment === 'after-key') {
    args.push(sqlValue(position.key));
    return `${column} ${behind} ?`;
  }
  if (sort[0] === 'id') {
    args.push(position.id);
    return `id ${behind} ?`;
  }
  if (position.key === null) {
    args.push(position.id);
    return `${column} IS NULL AND id ${behind} ?`;
  }
  args.push(sqlValue(position.key), position.id);
  return `${column} = ? AND id ${behind} ?`;
}
