import { addressFor } from '../views/common.js';

/** Fields whose text identifies a driver. */
const TOKEN_FIELDS = new Set(['idToken', 'idTag', 'parentIdTag', 'groupId', 'groupIdToken', 'parentIdToken']);
/** Addresses that may carry a token. */
const ADDRESS_FIELDS = new Set(['csmsUrl', 'handlerUrl', 'healthUrl']);
/** Fields that are secrets, whatever is in them. */
const SECRET_FIELDS = new Set([
  'password',
  'passwordHash',
  'basicAuthPassword',
  'apnUserName',
  'apnPassword',
  'simPin',
  'csr',
  'certificate',
  'certificateChain',
  'exiRequest',
  'exiResponse',
  'signed',
  'signedMeterData',
  'encodedMeterData',
]);
/** Configuration keys and variables whose value is a secret. */
const SECRET_VARIABLES = new Set(['AuthorizationKey', 'BasicAuthPassword']);
/** Characters of a token that stay readable, so that an operator can tell two apart. */
const READABLE = 2;

/** `04A2F3B1` -> `••••••B1`: as long as before, so that a wrong length still shows. */
export const maskText = (text: string): string =>
  text.length <= READABLE ? '•'.repeat(text.length) : '•'.repeat(Math.min(text.length - READABLE, 12)) + text.slice(-READABLE);

/** JSON text in which no token, password or certificate can be read, and of addresses that may carry one only the host. */
export const maskedJson = (value: unknown): string => JSON.stringify(value, mask);

function mask(this: unknown, key: string, value: unknown): unknown {
  if (SECRET_FIELDS.has(key) && value !== null && value !== undefined) return '•••';
  if (key === 'keys' && Array.isArray(value)) return value.map(keyOfMove);
  if (typeof value !== 'string') return value;
  if (ADDRESS_FIELDS.has(key)) return addressFor('viewer', value);
  if (TOKEN_FIELDS.has(key)) return maskText(value);
  if ((key === 'value' || key === 'attributeValue') && holdsSecret(this)) return '•••';
  return value;
}

/** `{key, value}` that brings a station to another CSMS, or back: whoever sees the stream is told no more of it than a viewer. */
const keyOfMove = (entry: unknown): unknown =>
  typeof entry === 'object' && entry !== null && 'key' in entry && 'value' in entry && typeof entry.value === 'string'
    ? { ...entry, value: addressFor('viewer', entry.value) }
    : entry;

/** Whether this object names a secret beside its value: `{key, value}` of 1.6, `{variable: {name}, attributeValue}` of 2.x. */
function holdsSecret(holder: unknown): boolean {
  if (typeof holder !== 'object' || holder === null) return false;
  const named = 'variable' in holder ? holder.variable : holder;
  if (typeof named !== 'object' || named === null) return false;
  const name = 'key' in named ? named.key : 'name' in named ? named.name : undefined;
  return typeof name === 'string' && SECRET_VARIABLES.has(name);
}
