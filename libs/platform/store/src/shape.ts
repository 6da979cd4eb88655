import { RequestError } from '@voltlog/kernel';
import type { Schema } from 'mongoose';
import type { Condition, Query } from './store.js';

/** What both adapters make of a mongoose Schema: the fields that are indexed, and the indexes as lists of fields. Directions do not matter. */
export interface Shape {
  readonly name: string;
  /** Paths that an index holds, without `id`. */
  readonly fields: readonly string[];
  readonly indexes: readonly Index[];
  /** See {@link smallDocuments}. */
  readonly small: boolean;
}

export interface Index {
  /** Without `id`, which ends every index. */
  readonly fields: readonly string[];
  /** Only documents that have the first field are in it: it stays as small as they are few. */
  readonly sparse: boolean;
}

const SMALL = new WeakSet<Schema>();

/**
 * Says that documents of a collection are short, hardly one above 800 bytes, and many are written. The embedded store then keeps them in the order of their ids, in one
 * tree instead of two; a longer document takes pages of its own there. Source: sqlite.org/withoutrowid.html
 */
export function smallDocuments<Of extends Schema>(schema: Of): Of {
  SMALL.add(schema);
  return schema;
}

/** What a schema may not ask for, since one of the adapters could not keep it. */
const REFUSED_OPTIONS = ['unique', 'expireAfterSeconds', 'expires', 'partialFilterExpression', 'text'];

/**
 * Reads the shape of a collection off its schema.
 *
 * @throws {RequestError} for an index that not both adapters can keep: unique, partial, expiring, on an array
 */
export function shapeOf(name: string, schema: Schema): Shape {
  if (!/^[A-Za-z][A-Za-z0-9_-]{0,100}$/.test(name)) throw refusedShape(name, 'its name is made of letters, digits, _ and -');
  const indexes: Index[] = [];
  const known = new Set<string>();
  for (const [spec, options] of schema.indexes() as [Record<string, unknown>, Record<string, unknown>][]) {
    const bad = REFUSED_OPTIONS.find((option) => options[option] !== undefined && options[option] !== false);
    if (bad !== undefined) throw refusedShape(name, `an index that is ${bad}`);
    const fields: string[] = [];
    for (const [field, direction] of Object.entries(spec)) {
      if (field === 'id' || field === '_id') break;
      if (direction !== 1 && direction !== -1) throw refusedShape(name, `an index of kind ${String(direction)}`);
      if (schema.path(field)?.instance === 'Array') throw refusedShape(name, `an index on the array ${field}`);
      fields.push(field);
    }
    const key = fields.join(' ');
    if (fields.length === 0 || known.has(key)) continue;
    known.add(key);
    indexes.push({ fields, sparse: options['sparse'] === true });
  }
  return { name, fields: [...new Set(indexes.flatMap((index) => index.fields))], indexes, small: SMALL.has(schema) };
}

const refusedShape = (name: string, what: string): RequestError =>
  new RequestError('INVALID_ARGUMENT', `collection ${name}: ${what}`, 'UnsupportedIndex');

/**
 * Refuses a query that would read the whole collection.
 *
 * @throws {RequestError} `NotIndexed`
 */
export function checkQuery(shape: Shape, where: Query['where'], sortField?: string): void {
  const filtered = where !== undefined && Object.keys(where).length > 0;
  let begins = !filtered && (sortField === undefined || sortField === 'id');
  for (const field of where === undefined ? [] : Object.keys(where)) {
    const condition = (where as Record<string, Condition>)[field] as Condition;
    checkField(shape, field);
    checkCondition(field, condition);
    begins ||= beginsIndex(shape, field, meetsNull(condition));
  }
  if (sortField !== undefined) {
    checkField(shape, sortField);
    const condition = where?.[sortField];
    begins ||= sortField !== 'id' && beginsIndex(shape, sortField, condition === undefined || meetsNull(condition));
  }
  if (!begins)
    throw notIndexed(shape, `no index begins with one of ${[...Object.keys(where ?? {}), sortField].filter(Boolean).join(', ')}`);
}

function checkField(shape: Shape, field: string): void {
  if (field !== 'id' && !shape.fields.includes(field)) throw notIndexed(shape, `no index has ${field}`);
}

/** A sparse index does not help to find what it leaves out. */
const beginsIndex = (shape: Shape, field: string, withNull: boolean): boolean =>
  field === 'id' || shape.indexes.some((index) => index.fields[0] === field && !(index.sparse && withNull));

function meetsNull(condition: Condition): boolean {
  if (condition === null || typeof condition !== 'object') return condition === null;
  if ('$exists' in condition) return !condition.$exists;
  return '$in' in condition && condition.$in.includes(null);
}

const notIndexed = (shape: Shape, what: string): RequestError =>
  new RequestError('INVALID_ARGUMENT', `collection ${shape.name}: ${what}`, 'NotIndexed');

const WORDS: ReadonlySet<string> = new Set(['$in', '$gt', '$gte', '$lt', '$lte', '$exists']);
const RANGE_WORDS = ['$gt', '$gte', '$lt', '$lte'] as const;

function checkCondition(field: string, condition: Condition): void {
  if (condition === undefined) throw badCondition(field, 'undefined');
  if (condition === null || typeof condition !== 'object') return;
  const words = Object.keys(condition);
  if (words.length === 0 || words.some((word) => !WORDS.has(word))) throw badCondition(field, words.join(', ') || 'nothing');
  if (('$in' in condition || '$exists' in condition) && words.length > 1) throw badCondition(field, `${words.join(' with ')}`);
  const types = new Set<string>();
  for (const bound of boundsOf(condition)) {
    if (typeof bound.value !== 'string' && typeof bound.value !== 'number')
      throw badCondition(field, `${bound.word} ${String(bound.value)}`);
    types.add(typeof bound.value);
  }
  if (types.size > 1) throw badCondition(field, 'a range with bounds of two types');
}

const badCondition = (field: string, what: string): RequestError =>
  new RequestError('INVALID_ARGUMENT', `condition on ${field}: ${what}`, 'BadCondition');

/** The bounds of a range, without those that are undefined. */
export function boundsOf(condition: object): { word: (typeof RANGE_WORDS)[number]; value: unknown }[] {
  const bounds: { word: (typeof RANGE_WORDS)[number]; value: unknown }[] = [];
  for (const word of RANGE_WORDS) {
    const value = (condition as Record<string, unknown>)[word];
    if (value !== undefined) bounds.push({ word, value });
  }
  return bounds;
}

/** Reads a field by its path. */
export function fieldReader(path: string): (doc: object) => unknown {
  if (!path.includes('.')) return (doc) => (doc as Record<string, unknown>)[path];
  const steps = path.split('.');
  return (doc) => {
    let at: unknown = doc;
    for (const step of steps) {
      if (at === null || typeof at !== 'object') return undefined;
      at = (at as Record<string, unknown>)[step];
    }
    return at;
  };
}
