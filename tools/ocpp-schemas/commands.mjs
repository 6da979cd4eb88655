// The schemas of requests to stations as the API takes them: those of OCPP 2.1 without what only the platform or a vendor says.
import { join } from 'node:path';
import { readMessages } from './schemas.mjs';
import { VERSIONS } from './versions.mjs';

/**
 * Fields that the API leaves out or need not be given:
 * - `customData` is a vendor's own; it goes by the raw command
 * - `requestId` ties later messages of the station to the request; the platform makes one where the caller has none
 */
const LEFT_OUT = 'customData';
const OPTIONAL = 'requestId';

/**
 * @param {string} packaged folder of the packaged schemas
 * @param {readonly string[]} [actions] which requests; without: all that 2.1 has
 * @returns {{ requests: Record<string, any>, definitions: Record<string, any> }} by action, and what they refer to by name
 */
export function commandSchemas(packaged, actions) {
  const version = VERSIONS.find(({ name }) => name === 'ocpp2.1');
  const model = readMessages(version, join(packaged, version.source));
  const requests = {};
  const definitions = {};
  const take = (schema) => {
    if (schema.$ref !== undefined) {
      const name = schema.$ref.slice('#/definitions/'.length);
      if (!(name in definitions)) {
        definitions[name] = undefined;
        definitions[name] = take(model.definitions.get(name));
      }
      return schema;
    }
    if (schema.type === 'array') return { ...schema, items: take(schema.items) };
    if (schema.type !== 'object') return schema;
    const properties = Object.entries(schema.properties ?? {}).filter(([name]) => name !== LEFT_OUT);
    return {
      ...schema,
      properties: Object.fromEntries(properties.map(([name, property]) => [name, take(property)])),
      ...(schema.required === undefined ? {} : { required: schema.required.filter((name) => name !== OPTIONAL) }),
    };
  };
  for (const { action, kind, schema } of model.messages)
    if (kind === 'request' && (actions?.includes(action) ?? true)) requests[action] = take(schema);
  const missing = (actions ?? []).filter((action) => !(action in requests));
  if (missing.length > 0) throw new Error(`2.1 has no request ${missing.join(', ')}`);
  return { requests, definitions };
}

/** @returns {{ 'request-schemas.js': string, 'request-schemas.d.ts': string }} the schemas as a module, for who takes requests from people */
export function emitRequestSchemas(packaged) {
  const text = JSON.stringify(commandSchemas(packaged));
  return { 'request-schemas.js': `${HEADER}export const requestSchemas = ${text};\n`, 'request-schemas.d.ts': HEADER + DECLARATIONS };
}

const HEADER = '// Made by tools/ocpp-schemas.mjs from the official OCPP schemas. Never edited, never committed.\n';
const DECLARATIONS = `/** A JSON schema in the few keywords OCPP uses; a \`$ref\` is \`#/definitions/<name>\`. */
export interface RequestSchema {
  readonly $ref?: string;
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  readonly properties?: Readonly<Record<string, RequestSchema>>;
  readonly required?: readonly string[];
  readonly items?: RequestSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly enum?: readonly string[];
  readonly format?: string;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** Requests by action, and what they refer to by name; without \`customData\`, and \`requestId\` need not be given. */
export declare const requestSchemas: {
  readonly requests: Readonly<Record<string, RequestSchema>>;
  readonly definitions: Readonly<Record<string, RequestSchema>>;
};
`;
