import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { z } from 'zod';
import { problemSchema } from '../problems/problem.js';
import { withCommonProblems } from './common-problems.js';

const DESCRIPTION = `The public API of Voltlog.

**Keys.** Send \`Authorization: Bearer voltlog_live_<id>_<secret>\`. Roles: admin, operator, viewer; \`x-role\` of an operation is the least that may use it.

**Drivers.** What is under \`/driver/v1\` needs no key: scan or type \`{stationId}*{evseId}\`, \`GET /driver/v1/evses/{evseUid}\`, \`POST .../start\`, and go on with the \`key\` of that answer. Writes send \`Voltlog-Driver: 1\`.

**Errors** are \`application/problem+json\` (RFC 9457). Decide by \`type\`, show \`detail\`. 401: no valid key; 403: the key's role is too small; 429: see \`Retry-After\`; 503: a service behind the API is away.

**Pages.** \`?limit=&cursor=\`; go on with \`nextCursor\` until it is null.

**Writes.** With an \`Idempotency-Key\` the same request again gives the first answer (\`Idempotency-Replayed: true\`); another body gives 422, a request still under way 409. Answers are kept for 24 hours. Changes take \`If-Match\` with the \`ETag\` that was read; where a PUT takes \`If-None-Match: *\`, that makes what is not there yet, and nothing else.

**Times** are ISO 8601 UTC. **Units** end the name: \`energyWh\`, \`powerW\`.`;

/** The document of everything the API offers. OpenAPI 3.1. */
export function buildOpenApi(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Voltlog API')
    .setVersion('1')
    .setDescription(DESCRIPTION)
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addServer('/')
    .addTag('stations', 'Stations, their credentials, live connections and message logs')
    .addTag('commands', 'What can be asked of a station; every answer is the real one')
    .addTag('sessions', 'Charging sessions with meter values and the events behind them; facts put aside')
    .addTag('tokens', 'ID tokens and the decisions about them')
    .addTag('contracts', "Drivers' contracts: several tokens, one set of rules")
    .addTag('charging', 'Starts and stops of sessions, their limits and receipts; prices')
    .addTag('reservations', 'EVSEs held for drivers, and what sites allow')
    .addTag('jobs', 'One command for many stations, kept until each answered')
    .addTag('firmware', 'Firmware images, and campaigns that bring them to stations')
    .addTag('device model', 'What stations report of themselves, what they are to be set to, and templates for that')
    .addTag('operation', 'What stations are answered when they boot, what is out of service, and alerts')
    .addTag('security', 'Certificates, passwords and security profiles of stations')
    .addTag('plug and charge', 'The built-in test PKI of ISO 15118: cars and contract certificates')
    .addTag('moves', 'Stations brought to another CSMS, or here')
    .addTag('logs', 'Logs that stations upload')
    .addTag('registry', 'All sites and stations in and out, as CSV or lines of JSON')
    .addTag('sites', 'Where stations stand')
    .addTag('events', 'What happens, live')
    .addTag('driver', 'For the phone of whoever stands at an EVSE: no API key; what one began is steered by the key one got for it')
    .addTag('notifications', 'Who is told of what, by which channel, and what came of it')
    .addTag('api keys', 'Who may call this API')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'voltlog_live_<id>_<secret>' }, 'apiKey')
    .addGlobalResponse({
      status: 'default',
      description: 'a problem',
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    })
    .build();
  const document = SwaggerModule.createDocument(app, config, {
    operationIdFactory: (_controller, method) => method,
    standardSchemaConverter: (schema, { schemaType }) => (schema instanceof z.ZodType ? toOpenApi(schema, schemaType) : undefined),
  });
  const problem = toOpenApi(problemSchema, 'output');
  return sorted(
    withCommonProblems({
      ...document,
      components: { ...document.components, schemas: { ...document.components?.schemas, ...problem.components } },
    }),
  );
}

/** A zod schema as OpenAPI 3.1 has it; schemas with an id become components. */
function toOpenApi(schema: z.ZodType, io: 'input' | 'output') {
  const {
    $schema: _dialect,
    $defs,
    ...whole
  } = z.toJSONSchema(schema, { target: 'draft-2020-12', io, unrepresentable: 'any', override: plainPatterns });
  const components: Schemas = {};
  for (const [name, definition] of Object.entries($defs ?? {})) components[name] = withoutId(definition);
  const id = schema.meta()?.id;
  if (id === undefined) return { schema: whole, components };
  if (components[id] === undefined) components[id] = withoutId(whole);
  return { schema: { $ref: `#/components/schemas/${id}` }, components };
}

/** Control characters, within brackets, for whoever reads a pattern without the flag `u`: to them `\\p{Cc}` is a text. */
const CONTROLS = String.raw`\u0000-\u001f\u007f-\u009f`;

/** `format: date-time` says it; the pattern that goes with it fills a page. Others mean the same with the flag `u` and without. */
function plainPatterns({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  const { format, pattern, allOf = [] } = jsonSchema;
  for (const part of allOf) plainPatterns({ jsonSchema: part });
  if (format === 'date-time') delete jsonSchema.pattern;
  else if (pattern !== undefined)
    jsonSchema.pattern = pattern.replaceAll(String.raw`\P{Cc}`, `[^${CONTROLS}]`).replaceAll(String.raw`\p{Cc}`, CONTROLS);
}

type Schemas = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>;

/** JSON Schema and OpenAPI 3.1 schemas are the same; only the types of the two libraries differ. */
function withoutId(definition: object): Schemas[string] {
  return Object.fromEntries(Object.entries(definition).filter(([key]) => key !== 'id' && key !== '$id')) as Schemas[string];
}

/** Paths and schemas by name, so that the committed document changes only where the API does. */
function sorted(document: OpenAPIObject): OpenAPIObject {
  const byName = <Value>(record: Record<string, Value>): Record<string, Value> =>
    Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
  return {
    ...document,
    paths: byName(document.paths),
    components: { ...document.components, schemas: byName(document.components?.schemas ?? {}) },
  };
}
