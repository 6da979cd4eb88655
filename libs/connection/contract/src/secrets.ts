import { isSecretVariable } from './station-facts.js';

/** Fields of a request that are secrets, whatever is in them. Source: OCPP 2.1 Part 2 NetworkConnectionProfileType, APNType, VPNType. */
const SECRET_FIELDS = new Set(['password', 'basicAuthPassword', 'apnPassword', 'simPin']);
const HIDDEN = '***';
/**
 * An address under which a station fetches or brings a file, up to its signature: `/files/firmware/<image>/<station>/<expires>/<signature>`
 * and `/files/uploads/<upload>/<signature>`. Whoever reads the signature can do the same.
 */
const SIGNED_ADDRESS = /(\/files\/(?:firmware(?:\/[^/\s"<]+){3}|uploads\/[^/\s"<]+)\/)[\w-]+/g;

/** Text with no signature of an address in it. */
export const withoutSignatures = (text: string): string => (text.includes('/files/') ? text.replace(SIGNED_ADDRESS, `$1${HIDDEN}`) : text);

/** A command's payload as it may be kept: a password that was set, or an address that opens a file, must not lie readable on the log. */
export function withoutSecrets(payload: unknown): unknown {
  const text = JSON.stringify(payload, hide);
  return text === undefined ? undefined : JSON.parse(text);
}

function hide(this: unknown, field: string, value: unknown): unknown {
  if (SECRET_FIELDS.has(field)) return HIDDEN;
  if (field === 'value' || field === 'attributeValue') return namesSecret(this) ? HIDDEN : value;
  // VPNType: a key beside a server, not the name of a configuration key.
  if (field === 'key' && isRecord(this) && 'server' in this) return HIDDEN;
  return typeof value === 'string' ? withoutSignatures(value) : value;
}

/** `{key, value}` of 1.6, `{variable: {name}, attributeValue}` of 2.x. */
function namesSecret(holder: unknown): boolean {
  if (!isRecord(holder)) return false;
  const variable = holder['variable'];
  const name = isRecord(variable) ? variable['name'] : holder['key'];
  return typeof name === 'string' && isSecretVariable(name);
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null;
