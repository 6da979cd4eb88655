import type { StationRequestAction } from '@voltlog/connection-contract';
import { type RequestSchema, requestSchemas } from '@voltlog/ocpp-v21';
import { z } from 'zod';
import { timeoutMs } from './command.view.js';
import { instantIn } from './common.js';

/** What the bodies share: each becomes one schema of the OpenAPI document. */
const shared = new Map<string, z.ZodType>();

/** The body of a request in OCPP 2.1's words: its fields by the official schema, and how long to wait. */
export function requestBody(action: StationRequestAction) {
  const schema = requestSchemas.requests[action];
  if (schema === undefined) throw new Error(`no schema of ${action}`);
  return z.strictObject({ ...fieldsOf(schema), timeoutMs }).meta({ id: action });
}

function fieldsOf({ properties = {}, required = [] }: RequestSchema): Readonly<Record<string, z.ZodType>> {
  const fields = Object.entries(properties).map(([name, field]): [string, z.ZodType] => [
    name,
    required.includes(name) ? typeOf(field) : typeOf(field).optional(),
  ]);
  return Object.fromEntries(fields);
}

function typeOf(schema: RequestSchema): z.ZodType {
  if (schema.$ref !== undefined) return sharedType(schema.$ref.slice('#/definitions/'.length));
  if (schema.enum !== undefined) return z.enum(schema.enum);
  switch (schema.type) {
    case 'object':
      return z.strictObject(fieldsOf(schema));
    case 'array':
      return listOf(schema);
    case 'string':
      return schema.format === 'date-time' ? instantIn : z.string().max(schema.maxLength ?? STRING_MAX);
    case 'integer':
      return limited(z.int32(), schema);
    case 'number':
      return limited(z.number(), schema);
    case 'boolean':
      return z.boolean();
    default:
      throw new Error(`no type for ${JSON.stringify(schema)}`);
  }
}

/** Longer than any text of a request; those that have no limit in OCPP get it. */
const STRING_MAX = 10_000;

function listOf({ items, minItems = 0, maxItems }: RequestSchema): z.ZodType {
  if (items === undefined) throw new Error('a list of nothing');
  const list = z.array(typeOf(items)).min(minItems);
  return maxItems === undefined ? list : list.max(maxItems);
}

function limited(type: z.ZodNumber, { minimum, maximum }: RequestSchema): z.ZodType {
  const above = minimum === undefined ? type : type.min(minimum);
  return maximum === undefined ? above : above.max(maximum);
}

function sharedType(name: string): z.ZodType {
  const known = shared.get(name);
  if (known !== undefined) return known;
  const schema = requestSchemas.definitions[name];
  if (schema === undefined) throw new Error(`no schema of ${name}`);
  const made = typeOf(schema).meta({ id: name });
  shared.set(name, made);
  return made;
}
