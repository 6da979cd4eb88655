// Makes docs/reference/asyncapi.json from the contract libraries: every topic, every event type with its JSON schema (from the TypeScript
// types) and its recorded samples. Fails when a type has no sample, a sample does not fit its schema, or the document is not AsyncAPI 3.0.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createGenerator } from 'ts-json-schema-generator';

const require = createRequire(import.meta.url);
const Ajv = require('ajv');
const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Each map type (`'voltlog.x.Happened.v1': Happened`) of a contract library is one topic. */
const topics = [
  {
    topic: 'connection.station.v1',
    library: 'libs/connection/contract',
    map: 'StationFacts',
    key: 'station id',
    about: 'What stations say.',
  },
  {
    topic: 'device.station.v1',
    library: 'libs/device/contract',
    map: 'DeviceEvents',
    key: 'station or site id',
    about: 'Sites and stations as they are registered and change.',
  },
  {
    topic: 'device.job.v1',
    library: 'libs/device/contract',
    map: 'JobEvents',
    key: 'job id',
    about: 'Bulk work: what many stations are told, and what each of them answered.',
  },
  {
    topic: 'device.move.v1',
    library: 'libs/device/contract',
    map: 'MoveEvents',
    key: 'move id',
    about: 'Bringing stations to another CSMS, or here, and what came of each.',
  },
  {
    topic: 'device.model.v1',
    library: 'libs/device/contract',
    map: 'ModelEvents',
    key: 'station id, or template id',
    about: 'What stations are set to and are to be set to, their availability, and alerts about them.',
  },
  {
    topic: 'device.firmware.v1',
    library: 'libs/device/contract',
    map: 'FirmwareEvents',
    key: 'image id, or campaign id',
    about: 'Firmware images, and campaigns that bring them to stations.',
  },
  {
    topic: 'device.upload.v1',
    library: 'libs/device/contract',
    map: 'UploadEvents',
    key: 'upload id',
    about: 'Logs that stations upload.',
  },
  {
    topic: 'authorization.token.v1',
    library: 'libs/authorization/contract',
    map: 'TokenEvents',
    key: 'token',
    about: 'ID tokens and the places their transactions hold.',
  },
  {
    topic: 'authorization.contract.v1',
    library: 'libs/authorization/contract',
    map: 'ContractEvents',
    key: 'contract id',
    about: "Drivers' contracts and the places their transactions hold.",
  },
  {
    topic: 'authorization.policy.v1',
    library: 'libs/authorization/contract',
    map: 'PolicyEvents',
    key: 'site id, or *',
    about: 'What holds at a site: unknown tokens, authorization away, local lists.',
  },
  {
    topic: 'authorization.decision.v1',
    library: 'libs/authorization/contract',
    map: 'DecisionEvents',
    key: 'station id',
    about: 'Every decision about a token, with its reason.',
  },
  {
    topic: 'reservation.reservation.v1',
    library: 'libs/reservation/contract',
    map: 'ReservationEvents',
    key: 'reservation id',
    about: 'Reservations: confirmed, held by the station, used, cancelled, expired.',
  },
  { topic: 'session.session.v1', library: 'libs/session/contract', map: 'SessionEvents', key: 'session id', about: 'Charging sessions.' },
  {
    topic: 'notification.subscription.v1',
    library: 'libs/notification/contract',
    map: 'SubscriptionEvents',
    key: 'subscription id',
    about: 'Who wants to be told of what, and where.',
  },
  {
    topic: 'notification.delivery.v1',
    library: 'libs/notification/contract',
    map: 'DeliveryEvents',
    key: 'delivery id',
    about: 'What was told to whom, and what came of it.',
  },
  {
    topic: 'session.start-request.v1',
    library: 'libs/session/contract',
    map: 'StartRequestEvents',
    key: 'start request id',
    about: 'Start requests of drivers and operators, and the sessions that came of them.',
  },
  {
    topic: 'session.price.v1',
    library: 'libs/session/contract',
    map: 'PriceEvents',
    key: 'scope: default, site:<id> or station:<id>',
    about: 'What charging costs.',
  },
];

/** JSON schemas of all types in the map, `$ref`s pointing into `#/components/schemas`. */
function schemasOf({ library, map }) {
  const generator = createGenerator({
    path: join(root, library, 'src/index.ts'),
    tsconfig: join(root, 'tsconfig.json'),
    type: map,
    expose: 'all',
    skipTypeCheck: true,
    additionalProperties: false,
    encodeRefs: false,
  });
  const { definitions } = JSON.parse(JSON.stringify(generator.createSchema(map)).replaceAll('#/definitions/', '#/components/schemas/'));
  const events = Object.entries(definitions[map].properties).map(([type, ref]) => ({ type, schema: ref }));
  delete definitions[map];
  return { events, definitions };
}

function samplesOf(library, type) {
  const folder = join(root, library, 'samples');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name === `${type}.json` || name.startsWith(`${type}.`))
    .sort()
    .map((name) => ({ name, payload: JSON.parse(readFileSync(join(folder, name), 'utf8')) }));
}

const headers = {
  type: 'object',
  required: ['ce_specversion', 'ce_id', 'ce_type', 'ce_source', 'ce_subject', 'ce_time'],
  properties: {
    ce_specversion: { const: '1.0' },
    ce_id: { type: 'string', format: 'uuid', description: 'UUIDv7. Delivery is at least once: dedupe by it.' },
    ce_type: { type: 'string' },
    ce_source: { type: 'string' },
    ce_subject: { type: 'string' },
    ce_time: { type: 'string', format: 'date-time' },
    traceparent: { type: 'string' },
    correlationid: { type: 'string' },
    causationid: { type: 'string' },
  },
};

const document = {
  asyncapi: '3.0.0',
  info: {
    title: 'Voltlog events',
    version: JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version,
    license: { name: 'Apache-2.0' },
    description: 'CloudEvents 1.0 in Kafka binary mode. Within a major version fields are only added.',
  },
  defaultContentType: 'application/json',
  channels: {},
  operations: {},
  components: { messages: {}, schemas: {} },
};
const problems = [];

for (const each of topics) {
  if (!existsSync(join(root, each.library, 'samples'))) problems.push(`${each.library}/samples is missing`);
  const { events, definitions } = schemasOf(each);
  for (const [name, schema] of Object.entries(definitions)) {
    const known = document.components.schemas[name];
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(schema))
      problems.push(`two different types are named ${name}; rename one in ${each.library}`);
    document.components.schemas[name] = schema;
  }
  const messages = {};
  for (const { type, schema } of events) {
    const samples = samplesOf(each.library, type);
    if (samples.length === 0) problems.push(`${type}: no sample ${each.library}/samples/${type}.json`);
    const ajv = new Ajv({ strict: false });
    const validate = ajv.compile({ ...schema, components: { schemas: definitions } });
    for (const { name, payload } of samples) {
      if (!validate(payload)) problems.push(`${each.library}/samples/${name}: ${ajv.errorsText(validate.errors)}`);
    }
    document.components.messages[type] = {
      name: type,
      title: type.split('.').at(-2),
      headers,
      payload: schema,
      ...(samples.length === 0 ? {} : { examples: samples.map(({ payload }) => ({ payload })) }),
    };
    messages[type] = { $ref: `#/components/messages/${type}` };
  }
  document.channels[each.topic] = { address: each.topic, description: `${each.about} Key: ${each.key}.`, messages };
  document.operations[`publish ${each.topic}`] = { action: 'send', channel: { $ref: `#/channels/${each.topic.replaceAll('/', '~1')}` } };
}

const specification = new Ajv({ strict: false, validateFormats: false, allErrors: false });
const { default: specs } = await import('@asyncapi/specs');
const validate = specification.compile(specs.schemasWithoutId['3.0.0']);
if (!validate(document)) problems.push(`not AsyncAPI 3.0: ${specification.errorsText(validate.errors?.slice(0, 5))}`);

if (problems.length > 0) {
  process.stderr.write(`${problems.join('\n')}\n`);
  process.exit(1);
}
mkdirSync(join(root, 'docs/reference'), { recursive: true });
writeFileSync(join(root, 'docs/reference/asyncapi.json'), `${JSON.stringify(document, null, 2)}\n`);
