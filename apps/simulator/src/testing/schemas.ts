import { createRequire } from 'node:module';
import { Ajv } from 'ajv';
import type { OcppVersion } from '../station/protocol.js';

/** Checks payloads against the official JSON schemas, independently of the platform's own validators. */
export interface SchemaCheck {
  /** @returns what is wrong, or `undefined` */
  (kind: 'req' | 'conf', action: string, payload: unknown): string | undefined;
}

/** The schemas of 2.1 name messages otherwise than those of 1.6 and 2.0.1. */
const idOf = (id: string): string =>
  id
    .replace('urn:', 'urn:ocpp:')
    .replace(/Request$/, '.req')
    .replace(/Response$/, '.conf');

const checks = new Map<OcppVersion, SchemaCheck>();

export function schemaCheck(version: OcppVersion): SchemaCheck {
  const known = checks.get(version);
  if (known !== undefined) return known;
  const require = createRequire(import.meta.url);
  const schemas: readonly { readonly $id: string }[] = require(`ocpp-rpc/lib/schemas/ocpp${version.replaceAll('.', '_')}.json`);
  const ajv = new Ajv({ strict: false, validateFormats: false, logger: false });
  for (const schema of schemas) ajv.addSchema({ ...schema, $id: idOf(schema.$id) });
  const check: SchemaCheck = (kind, action, payload) => {
    const validate = ajv.getSchema(`urn:ocpp:${action}.${kind}`);
    if (validate === undefined) return `no schema for ${action}.${kind}`;
    return validate(payload) === true ? undefined : `${action}.${kind}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(payload)}`;
  };
  checks.set(version, check);
  return check;
}
