// From the package's files to one model per version: errata applied, annotations dropped, equal definitions shared by all messages.
import { readFileSync } from 'node:fs';
import { ERRATA, TOLERANCES } from './errata.mjs';

/** Keywords that neither a validator nor a type needs. `additionalItems` says nothing beside an `items` that is one schema. */
const ANNOTATIONS = new Set(['$schema', '$id', 'comment', 'description', 'javaType', 'default', 'title', 'additionalItems', 'definitions']);

/**
 * @param {{ name: string, urn: string, schemas: number }} version
 * @param {string} path file with all schemas of the version
 * @returns {{
 *   version: any,
 *   messages: { name: string, action: string, kind: 'request' | 'response' | 'send', schema: any }[],
 *   definitions: Map<string, any>,
 * }} messages by name; every `$ref` is `#/definitions/<key of definitions>`
 */
export function readMessages(version, path) {
  const sources = JSON.parse(readFileSync(path, 'utf8')).map((schema) => ({ ...identify(schema.$id), schema }));
  if (sources.length !== version.schemas) throw new Error(`${version.name}: expected ${version.schemas} schemas, found ${sources.length}`);
  applyPatches(version, sources, [...ERRATA[version.name], ...TOLERANCES[version.name]]);
  sources.sort((a, b) => (a.name < b.name ? -1 : 1));
  const definitions = new Map();
  const messages = sources.map((source) => ({ ...source, schema: share(source.schema, source.action, definitions) }));
  return { version, messages, definitions };
}

/** `urn:Authorize.req`, `urn:AuthorizeRequest`, `urn:NotifyPeriodicEventStream` (2.1, a SEND). */
function identify(id) {
  const match = /^urn:(?:ocpp:)?([A-Za-z0-9]+?)(\.req|\.conf|Request|Response)?$/.exec(id);
  if (!match) throw new Error(`unexpected schema id ${id}`);
  const [, action, suffix] = match;
  if (suffix === undefined) return { name: action, action, kind: 'send' };
  return suffix === '.req' || suffix === 'Request'
    ? { name: `${action}Request`, action, kind: 'request' }
    : { name: `${action}Response`, action, kind: 'response' };
}

function applyPatches(version, sources, patches) {
  for (const patch of patches) {
    const source = sources.find(({ name }) => name === patch.message);
    if (!source) throw new Error(`${version.name}: patch for unknown message ${patch.message}`);
    try {
      patch.apply(source.schema);
    } catch (cause) {
      throw new Error(`${version.name} ${patch.message}: ${patch.source}`, { cause });
    }
  }
}

/**
 * Moves the definitions of one message to the version's shared ones. A definition of the same name and another content (there are a
 * few) gets its message's name in front. Sharing makes the validators of 2.1 less than half in size.
 */
function share(schema, action, shared) {
  const own = schema.definitions ?? {};
  const moved = new Map();
  const move = (name) => {
    const known = moved.get(name);
    if (known) return known;
    const content = clean(own[name], rename);
    const text = JSON.stringify(content);
    const free = [name, `${action}${name}`, `${action}Response${name}`].find(
      (candidate) => !shared.has(candidate) || JSON.stringify(shared.get(candidate)) === text,
    );
    if (!free) throw new Error(`no name left for ${name} of ${action}`);
    shared.set(free, content);
    moved.set(name, free);
    return free;
  };
  const rename = (ref) => `#/definitions/${move(ref.slice('#/definitions/'.length))}`;
  return clean(schema, rename);
}

function clean(schema, rename) {
  const result = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (ANNOTATIONS.has(keyword)) continue;
    if (keyword === '$ref') result.$ref = rename(value);
    else if (keyword === 'properties') {
      result.properties = Object.fromEntries(Object.entries(value).map(([name, property]) => [name, clean(property, rename)]));
    } else if (keyword === 'items') result.items = clean(value, rename);
    else if (keyword === 'additionalProperties' && value !== false) throw new Error('additionalProperties with a schema is not handled');
    else result[keyword] = value;
  }
  return result;
}
