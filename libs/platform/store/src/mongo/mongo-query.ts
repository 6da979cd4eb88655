import type { Position, Segment } from '../keyset.js';
import type { Condition, Query } from '../store.js';

export type Filter = Readonly<Record<string, unknown>>;

const pathOf = (field: string): string => (field === 'id' ? '_id' : field);

/** Conditions as a filter; missing and `null` are the same, as in the other adapter. */
export function whereFilter(where: Query['where']): Filter[] {
  return Object.entries(where ?? {}).map(([field, condition]) => ({ [pathOf(field)]: conditionOf(condition) }));
}

function conditionOf(condition: Condition): unknown {
  if (condition === null || typeof condition !== 'object') return { $eq: condition };
  // `$exists` beside it, so that a sparse index is known to hold all of them.
  if ('$exists' in condition) return condition.$exists ? { $exists: true, $ne: null } : { $eq: null };
  return condition;
}

/** A segment of a page as a filter. */
export function segmentFilter(
  segment: Segment,
  sort: readonly [field: string, direction: 1 | -1],
  position: Position | undefined,
): Filter[] {
  const path = pathOf(sort[0]);
  const behind = sort[1] === 1 ? '$gt' : '$lt';
  if (segment === 'null') return [{ [path]: { $eq: null } }];
  if (segment === 'value' || position === undefined) return sort[0] === 'id' ? [] : [{ [path]: { $ne: null } }];
  if (segment === 'after-key') return [{ [path]: { $ne: null } }, { [path]: behindKey(sort[1], position.key) }];
  return sort[0] === 'id' ? [{ _id: { [behind]: position.id } }] : [{ [path]: { $eq: position.key } }, { _id: { [behind]: position.id } }];
}

/** Behind a key in the order of the sort: numbers, then text. A bare range keeps to the type of its bound, its negation does not. */
function behindKey(direction: 1 | -1, key: Position['key']): unknown {
  if (direction === 1) return typeof key === 'number' ? { $not: { $lte: key } } : { $gt: key };
  return typeof key === 'string' ? { $not: { $gte: key } } : { $lt: key };
}
