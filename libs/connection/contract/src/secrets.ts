import { isSecretVariable } from './station-facts.js';

/** Fields of a request that are secrets, whatever is in them. Source: OCPP 2.1 Part 2 NetworkConnectionProfileType, APNType, VPNType. */
const SECRET_FIELDS = new Set(['password', 'basicAuthPassword', 'apnPassword', 'simPin']);
const HIDDEN = '***';

/** A command's payload as it may be kept: a password that was set must not lie readable on the log. */
export function withoutSecrets(payload: unknown): unknown {
  const text = JSON.stringify(payload, hide);
  return text === undefined ? undefined : JSON.parse(text);
}

function hide(this: unknown, field: string, value: unknown): unknown {
  if (SECRET_FIELDS.has(field)) return HIDDEN;
  if (field === 'value' || field === 'attributeValue') return namesSecret(this) ? HIDDEN : value;
  // VPNType: a key beside a server, not the name of a configuration key.
  return field === 'key' && isRecord(this) && 'server' in this ? HIDDEN : value;
}

/** `{key, value}` of 1.6, `{variable: {name}, attributeValue}` of 2.x. */
function namesSecret(holder: unknown): boolean {
  if (!isRecord(holder)) return false;
  const variable = holder['variable'];
  const name = isRecord(variable) ? variable['name'] : holder['key'];
  return typeof name === 'string' && isSecretVariable(name);
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null;
