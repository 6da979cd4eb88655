// From the model of one version to a JavaScript module with its compiled validators (ajv standalone, ESM, no imports).
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const HEADER = '// Made by tools/ocpp-schemas.mjs from the official OCPP schemas. Never edited, never committed.\n';
/** Small definitions (an enumeration, a custom data head) are cheaper inlined than called. Counted in keywords by ajv. */
const INLINE_KEYWORDS = 12;

/** @returns {{ 'validators.js': string, 'validators.d.ts': string }} */
export function emitValidators(model) {
  return { 'validators.js': HEADER + runtime(model.version) + compile(model) + table(model), 'validators.d.ts': HEADER + DECLARATIONS };
}

function compile({ version, messages, definitions }) {
  const { default: Ajv, _ } = require('ajv');
  const { default: standaloneCode } = require('ajv/dist/standalone');
  const ajv = new Ajv({
    strict: false,
    allErrors: false,
    messages: false,
    validateSchema: false,
    // 0.1 has no exact binary form: 16.1 is a multiple of it for everybody but IEEE 754.
    multipleOfPrecision: 6,
    inlineRefs: INLINE_KEYWORDS,
    formats: { 'date-time': () => true, uri: () => true },
    code: { source: true, esm: true, lines: false, optimize: 2, formats: _`formats` },
  });
  ajv.addSchema({ $id: version.urn, definitions: withRefs(Object.fromEntries(definitions), version.urn) });
  for (const { name, schema } of messages) ajv.addSchema({ $id: `${version.urn}:${name}`, ...withRefs(schema, version.urn) });
  const code = standaloneCode(ajv, Object.fromEntries(messages.map(({ name }) => [`validate${name}`, `${version.urn}:${name}`])));
  return ownRuntime(code);
}

function withRefs(schema, urn) {
  return JSON.parse(JSON.stringify(schema), (key, value) => (key === '$ref' ? `${urn}${value}` : value));
}

/** Puts our `ucs2length` in the place of ajv's, behind a look at the UTF-16 length (never smaller than the count of code points). */
function ownRuntime(code) {
  const own = code
    .replace(/^"use strict";/, '')
    .replace(/const (\w+) = require\("ajv\/dist\/runtime\/ucs2length"\)\.default;/g, 'const $1 = ucs2length;')
    // Nobody reads where in the schema a rule stands; where in the payload it is broken stays.
    .replace(/schemaPath:"[^"]*",/g, '')
    .replace(/\b(func\d+)\((data\d*)\) > (\d+)/g, '($2.length > $3 && $1($2) > $3)')
    // They are reached through the table; as exports they would keep a bundler from seeing what is used.
    .replace(/export const validate(\w+) = (\w+);/g, 'const validate$1 = $2;');
  if (/require\(|import /.test(own)) throw new Error('the compiled validators still import something');
  return own;
}

function runtime(version) {
  const source = readFileSync(fileURLToPath(new URL('./runtime.mjs', import.meta.url)), 'utf8');
  const dateTime = version.name === 'ocpp1.6' ? 'isDateTimeZoneOptional' : 'isDateTime';
  return `${source.replace(/^export /gm, '')}\nconst formats = { 'date-time': ${dateTime}, uri: isUri };\n`;
}

function table({ messages }) {
  const actions = new Map();
  for (const { name, action, kind } of messages) actions.set(action, { ...actions.get(action), [kind]: `validate${name}` });
  const lines = [...actions].map(
    ([action, { request, response, send }]) => `  ['${action}', { request: ${request ?? send}, response: ${response} }],\n`,
  );
  return `\nexport const validators = new Map([\n${lines.join('')}]);\n`;
}

const DECLARATIONS = `import type { ActionValidators } from '@voltlog/ocpp-rpc';

/** By action. A SEND has no \`response\`. */
export declare const validators: ReadonlyMap<string, ActionValidators>;
`;
