import { randomBytes } from 'node:crypto';
import type { Collection } from '@voltlog/store';
import { Schema } from 'mongoose';
import { SecretBox } from './secret-box.js';

/** A key that was made at the first start of a service and is kept in its store. */
export interface KeyDoc {
  readonly id: string;
  readonly value: string;
}

const required = { type: String, required: true };

export const keySchema = new Schema({ id: required, value: required }, { versionKey: false });

const SECRET = 'secret';
const KEY_BYTES = 32;

/** True for the base64 of 32 bytes, as a secret key is configured. */
export const isSecretKey = (text: string): boolean =>
  /^[A-Za-z0-9+/]+={0,2}$/.test(text) && Buffer.from(text, 'base64').length === KEY_BYTES;

/**
 * What seals the secrets of a service: the keys that are configured, else one that was made at the first start. What was sealed before a key
 * was configured still opens.
 *
 * @param configured base64 of 32 bytes each; the first encrypts
 */
export async function openSecretBox(keys: Collection<KeyDoc>, configured: readonly string[]): Promise<SecretBox> {
  const made =
    configured.length > 0 ? (await keys.get(SECRET))?.value : await keptKey(keys, SECRET, () => randomBytes(KEY_BYTES).toString('base64'));
  const secrets = [...configured, ...(made === undefined ? [] : [made])];
  return new SecretBox(secrets.map((secret) => Buffer.from(secret, 'base64')));
}

/** The key of this name. Of two instances that start at once one makes it, and both use it. */
export async function keptKey(keys: Collection<KeyDoc>, id: string, make: () => string): Promise<string> {
  const known = await keys.get(id);
  if (known !== undefined) return known.value;
  await keys.upsert([{ doc: { id, value: make() }, expectedVersion: 0 }]);
  const stored = await keys.get(id);
  if (stored === undefined) throw new Error(`key ${id} was not stored`);
  return stored.value;
}
