import { type RequestSchema, requestSchemas } from '@voltlog/ocpp-v21';

/** What must be there, as deep as the schema goes. */
export function least(schema: RequestSchema): unknown {
  if (schema.$ref !== undefined) return least(requestSchemas.definitions[schema.$ref.slice('#/definitions/'.length)] ?? {});
  if (schema.enum !== undefined) return schema.enum[0];
  switch (schema.type) {
    case 'object':
      return Object.fromEntries((schema.required ?? []).map((name) => [name, least(schema.properties?.[name] ?? {})]));
    case 'array':
      return Array.from({ length: schema.minItems ?? 0 }, () => least(schema.items ?? {}));
    case 'string':
      return schema.format === 'date-time' ? '2026-11-25T10:00:00.000Z' : 'x';
    case 'boolean':
      return false;
    default:
      return schema.minimum ?? 0;
  }
}
