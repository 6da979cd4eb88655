// Makes proto/voltlog/connection/v1/station_requests.proto: one message for each entry of STATION_REQUESTS, with the fields of the OCPP
// 2.1 request. A field keeps its number for ever: numbers are read from the file that is there, new fields get the next one.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { requestPath, STATION_REQUESTS } from '../libs/connection/contract/src/station-requests.ts';
import { commandSchemas } from './ocpp-schemas/commands.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const output = join(root, 'proto/voltlog/connection/v1/station_requests.proto');
const packaged = join(dirname(createRequire(import.meta.url).resolve('ocpp-rpc/package.json')), 'lib/schemas');

const { requests, definitions } = commandSchemas(packaged, Object.keys(STATION_REQUESTS));
const numbers = knownNumbers();

/** message -> field -> number */
function knownNumbers() {
  const known = new Map();
  if (!existsSync(output)) return known;
  for (const [, message, body] of readFileSync(output, 'utf8').matchAll(/^message (\w+) \{\n([\s\S]*?)^\}/gm))
    known.set(message, new Map([...body.matchAll(/ (\w+) = (\d+)[ ;]/g)].map(([, field, number]) => [field, Number(number)])));
  return known;
}

function numberOf(message, field) {
  const fields = numbers.get(message) ?? new Map();
  numbers.set(message, fields);
  if (!fields.has(field)) fields.set(field, Math.max(0, ...fields.values()) + 1);
  return fields.get(field);
}

const snake = (name) => requestPath(name).replaceAll('-', '_');
const camel = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
const SCALARS = { string: 'string', integer: 'int32', number: 'double', boolean: 'bool' };

function typeOf(schema) {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.slice('#/definitions/'.length);
    const target = definitions[name];
    return target.type === 'object' ? { type: name, message: true } : { ...typeOf(target), about: `${name}: ${target.enum.join(', ')}` };
  }
  if (schema.format === 'date-time') return { type: 'google.protobuf.Timestamp', message: true };
  return { type: SCALARS[schema.type] ?? fail(schema), about: schema.enum?.join(', ') };
}

function fail(schema) {
  throw new Error(`no type for ${JSON.stringify(schema)}`);
}

function fieldOf(message, name, schema, required) {
  const list = schema.type === 'array';
  const { type, message: nested = false, about } = typeOf(list ? schema.items : schema);
  const label = list ? 'repeated ' : nested || required ? '' : 'optional ';
  const field = snake(name);
  // What a field is called in JSON is what OCPP calls it.
  const json = camel(field) === name ? '' : ` [json_name = "${name}"]`;
  const comment = about === undefined ? [] : [`  // ${about}`];
  return [...comment, `  ${label}${type} ${field} = ${numberOf(message, field)}${json};`];
}

const messageOf = (name, schema) => {
  const required = new Set(schema.required ?? []);
  const fields = Object.entries(schema.properties ?? {}).flatMap(([field, type]) => fieldOf(name, field, type, required.has(field)));
  return fields.length === 0 ? [`message ${name} {}`, ''] : [`message ${name} {`, ...fields, '}', ''];
};

const lines = [
  '// Made by tools/station-requests.mjs (`npm run generate`) from STATION_REQUESTS and the fields of the OCPP 2.1 requests. Do not edit.',
  'syntax = "proto3";',
  '',
  'package voltlog.connection.v1;',
  '',
  'import "google/protobuf/timestamp.proto";',
  '',
  "// A request in OCPP 2.1's words; it is said in those of the station's version, or NOT_SUPPORTED tells why it cannot be.",
  'message StationRequest {',
  '  oneof request {',
  ...Object.keys(requests).flatMap((action) => [
    `    // ${STATION_REQUESTS[action].summary}.`,
    `    ${action} ${snake(action)} = ${numberOf('StationRequest', snake(action))};`,
  ]),
  '  }',
  '}',
  '',
  ...Object.entries(requests).flatMap(([action, schema]) => messageOf(action, schema)),
  ...Object.entries(definitions).flatMap(([name, schema]) => (schema.type === 'object' ? messageOf(name, schema) : [])),
];
writeFileSync(output, `${lines.join('\n').trimEnd()}\n`);
