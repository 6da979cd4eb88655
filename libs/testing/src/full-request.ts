import { type RequestSchema, requestSchemas } from '@voltlog/ocpp-v21';

/** A request of OCPP 2.1 with a value of every field, as deep as its schema goes. */
export function fullRequest(action: string): object {
  const schema = (requestSchemas.requests as Readonly<Record<string, RequestSchema>>)[action];
  if (schema === undefined) throw new Error(`there is no schema of ${action}`);
  return valueOf(schema) as object;
}

function valueOf(schema: RequestSchema): unknown {
  const { properties = {} } = schema;
  if (schema.$ref !== undefined) return valueOf(requestSchemas.definitions[schema.$ref.slice('#/definitions/'.length)] ?? {});
  if (schema.enum !== undefined) return schema.enum[0];
  switch (schema.type) {
    case 'object':
      return Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, valueOf(field)]));
    case 'array':
      return Array.from({ length: Math.max(1, schema.minItems ?? 0) }, () => valueOf(schema.items ?? {}));
    case 'string':
      return schema.format === 'date-time' ? '2026-11-25T10:00:00.000Z' : 'x';
    case 'boolean':
      return true;
    default:
      return schema.minimum ?? Math.min(1, schema.maximum ?? 1);
  }
}
