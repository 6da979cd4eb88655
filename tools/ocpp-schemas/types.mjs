// From the model of one version to TypeScript: one type per shared definition and message, and the maps from action to message.

const HEADER = '// Made by tools/ocpp-schemas.mjs from the official OCPP schemas. Never edited, never committed.\n';

/** @returns {string} text of `messages.ts` */
export function emitTypes({ messages, definitions }) {
  const taken = new Set(messages.map(({ name }) => name));
  for (const name of definitions.keys()) if (taken.has(name)) throw new Error(`type ${name} is a message and a definition`);
  const types = [...definitions].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, schema]) => declaration(name, schema));
  for (const { name, schema } of messages) types.push(declaration(name, schema));
  types.push(actionMap('Requests', 'The request of each action that has an answer.', messages, 'request'));
  types.push(actionMap('Responses', 'The response of each action.', messages, 'response'));
  types.push(actionMap('Sends', 'Messages without an answer (OCPP 2.1 SEND); none in 1.6 and 2.0.1.', messages, 'send'));
  return HEADER + types.join('\n');
}

function declaration(name, schema) {
  const text = typeOf(schema, '');
  return text.startsWith('{') ? `export interface ${name} ${text}\n` : `export type ${name} = ${text};\n`;
}

function actionMap(name, doc, messages, kind) {
  const lines = messages.filter((message) => message.kind === kind).map((message) => `  readonly ${message.action}: ${message.name};\n`);
  return `/** ${doc} */\nexport interface ${name} {\n${lines.join('')}}\n`;
}

function typeOf(schema, indent) {
  if (schema.$ref) return schema.$ref.slice('#/definitions/'.length);
  if (schema.enum) return schema.enum.map((value) => `'${value}'`).join(' | ');
  switch (schema.type) {
    case 'object':
      return objectType(schema, indent);
    case 'array':
      return `readonly (${typeOf(schema.items, indent)})[]`.replace(/\((\w+)\)\[\]$/, '$1[]');
    case 'string':
    case 'boolean':
    case 'number':
      return schema.type;
    case 'integer':
      return 'number';
    case undefined:
      return 'unknown';
    default:
      throw new Error(`type ${JSON.stringify(schema.type)} is not handled`);
  }
}

function objectType(schema, indent) {
  const inner = `${indent}  `;
  const required = new Set(schema.required ?? []);
  const lines = Object.entries(schema.properties ?? {}).map(([name, property]) => {
    const type = typeOf(property, inner);
    return required.has(name) ? `${inner}readonly ${name}: ${type};\n` : `${inner}readonly ${name}?: ${type} | undefined;\n`;
  });
  if (schema.additionalProperties !== false) lines.push(`${inner}readonly [name: string]: unknown;\n`);
  return `{\n${lines.join('')}${indent}}`;
}
