// Test data from a schema, made without the validator: valid samples, and every single way to break one.
import type { Schema } from './schemas.mjs';

export type Definitions = ReadonlyMap<string, Schema>;

/** What a change breaks; `none` for a change on the allowed side of a limit. */
export type Breaks = 'none' | 'format' | 'occurrence' | 'property' | 'type';

export interface Mutation {
  readonly what: string;
  readonly breaks: Breaks;
  /** Changes the sample in place. @returns how to change it back */
  readonly apply: () => () => void;
}

type Json = Record<string, unknown>;

/** @param all every optional field too, instead of the required ones alone */
export function sample(schema: Schema, definitions: Definitions, all: boolean): unknown {
  const { type, enum: values, ...rest } = resolve(schema, definitions);
  if (values) return values[0];
  switch (type) {
    case 'object': {
      const names = all ? Object.keys(rest.properties ?? {}) : (rest.required ?? []);
      return Object.fromEntries(names.map((name) => [name, sample(property(rest, name), definitions, all)]));
    }
    case 'array':
      return Array.from({ length: Math.max(rest.minItems ?? 0, all ? 1 : 0) }, () => sample(items(rest), definitions, all));
    case 'string':
      return rest.format === 'date-time' ? '2026-02-28T23:59:59.123Z' : rest.format === 'uri' ? 'ftp://example.org/a' : 'x';
    case 'integer':
    case 'number':
      return rest.minimum ?? Math.min(1, rest.maximum ?? 1);
    case 'boolean':
      return true;
    default:
      return { anything: ['goes'] };
  }
}

/** Every single change of a full sample and what it breaks. */
export function mutations(schema: Schema, definitions: Definitions, value: unknown): Mutation[] {
  return ofObject(resolve(schema, definitions), value, '', definitions);
}

function ofObject(schema: Schema, value: unknown, path: string, definitions: Definitions): Mutation[] {
  const object = asObject(value);
  const found: Mutation[] = [];
  for (const name of schema.required ?? []) found.push(removal(object, name, path));
  if (schema.additionalProperties === false) found.push(change(object, 'notInTheSchema', 1, `${path}/notInTheSchema added`, 'format'));
  else found.push(change(object, 'notInTheSchema', 1, `${path}/notInTheSchema added`, 'none'));
  for (const name of Object.keys(schema.properties ?? {})) {
    found.push(...ofField(resolve(property(schema, name), definitions), object, name, `${path}/${name}`, definitions));
  }
  return found;
}

function ofField(schema: Schema, holder: Json, name: string, path: string, definitions: Definitions): Mutation[] {
  if (schema.type === undefined && schema.enum === undefined) return [];
  const found = [
    change(holder, name, wrongType(schema), `${path} of a wrong type`, 'type'),
    change(holder, name, null, `${path} null`, 'type'),
  ];
  if (schema.enum) return [...found, change(holder, name, 'NotAllowed', `${path} not in its enumeration`, 'property')];
  switch (schema.type) {
    case 'object':
      return found.concat(ofObject(schema, holder[name], path, definitions));
    case 'array':
      return found.concat(ofArray(schema, holder, name, path, definitions));
    case 'string':
      return found.concat(ofString(schema, holder, name, path));
    case 'integer':
      found.push(change(holder, name, (schema.minimum ?? 0) + 0.5, `${path} with a fraction`, 'type'));
      return found.concat(ofNumber(schema, holder, name, path));
    case 'number':
      return found.concat(ofNumber(schema, holder, name, path));
    default:
      return found;
  }
}

function ofArray(schema: Schema, holder: Json, name: string, path: string, definitions: Definitions): Mutation[] {
  const array = holder[name];
  if (!Array.isArray(array)) throw new Error(`${path} is not an array`);
  const found: Mutation[] = [];
  if (schema.minItems !== undefined && schema.minItems > 0) found.push(change(holder, name, [], `${path} empty`, 'occurrence'));
  else found.push(change(holder, name, [], `${path} empty`, 'none'));
  if (schema.maxItems !== undefined) {
    const filled = Array.from({ length: schema.maxItems }, () => array[0]);
    found.push(change(holder, name, filled, `${path} full`, 'none'));
    found.push(change(holder, name, [...filled, array[0]], `${path} over-full`, 'occurrence'));
  }
  const first: Json = { 0: array[0] };
  const inner = ofField(resolve(items(schema), definitions), first, '0', `${path}/0`, definitions);
  // Changes of the item itself happen in `first`; the array gets it before each check.
  return found.concat(inner.map((mutation) => ({ ...mutation, apply: () => inArray(array, first, mutation.apply) })));
}

function inArray(array: unknown[], first: Json, apply: () => () => void): () => void {
  const undo = apply();
  const before = array[0];
  array[0] = first['0'];
  return () => {
    array[0] = before;
    undo();
  };
}

function ofString(schema: Schema, holder: Json, name: string, path: string): Mutation[] {
  const found: Mutation[] = [];
  if (schema.format !== undefined) found.push(change(holder, name, 'not of that format', `${path} not a ${schema.format}`, 'property'));
  else if (schema.maxLength !== undefined) {
    found.push(change(holder, name, 'x'.repeat(schema.maxLength), `${path} of ${schema.maxLength} characters`, 'none'));
    found.push(change(holder, name, 'x'.repeat(schema.maxLength + 1), `${path} one too long`, 'property'));
    // A character outside the BMP is two UTF-16 units and one character.
    found.push(change(holder, name, '🔌'.repeat(schema.maxLength), `${path} of ${schema.maxLength} emoji`, 'none'));
    found.push(change(holder, name, '🔌'.repeat(schema.maxLength + 1), `${path} one emoji too long`, 'property'));
  }
  return found;
}

function ofNumber(schema: Schema, holder: Json, name: string, path: string): Mutation[] {
  const found: Mutation[] = [];
  if (schema.minimum !== undefined) found.push(change(holder, name, schema.minimum - 1, `${path} below its minimum`, 'property'));
  if (schema.maximum !== undefined) {
    found.push(change(holder, name, schema.maximum, `${path} at its maximum`, 'none'));
    found.push(change(holder, name, schema.maximum + 1, `${path} above its maximum`, 'property'));
  }
  if (schema.multipleOf === 0.1) {
    found.push(change(holder, name, 16.1, `${path} 16.1`, 'none'));
    found.push(change(holder, name, 16.11, `${path} 16.11`, 'property'));
  }
  return found;
}

function change(holder: Json, name: string, to: unknown, what: string, breaks: Breaks): Mutation {
  return {
    what,
    breaks,
    apply: () => {
      const had = Object.hasOwn(holder, name);
      const before = holder[name];
      holder[name] = to;
      return () => {
        if (had) holder[name] = before;
        else delete holder[name];
      };
    },
  };
}

function removal(holder: Json, name: string, path: string): Mutation {
  return {
    what: `${path}/${name} missing`,
    breaks: 'occurrence',
    apply: () => {
      const before = holder[name];
      delete holder[name];
      return () => {
        holder[name] = before;
      };
    },
  };
}

function wrongType(schema: Schema): unknown {
  return schema.type === 'string' || schema.enum ? 12 : 'somestring';
}

function resolve(schema: Schema, definitions: Definitions): Schema {
  if (schema.$ref === undefined) return schema;
  const target = definitions.get(schema.$ref.slice('#/definitions/'.length));
  if (!target) throw new Error(`${schema.$ref} is nowhere`);
  return resolve(target, definitions);
}

function property(schema: Schema, name: string): Schema {
  const found = schema.properties?.[name];
  if (!found) throw new Error(`required ${name} is not described`);
  return found;
}

function items(schema: Schema): Schema {
  if (!schema.items) throw new Error('array without items');
  return schema.items;
}

function asObject(value: unknown): Json {
  if (typeof value !== 'object' || value === null) throw new Error('not an object');
  return value as Json;
}
