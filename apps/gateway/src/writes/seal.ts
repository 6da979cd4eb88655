import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * The key that seals an answer: made of the caller's secret and the idempotency key, neither of which is stored. Answers hold
 * passwords and API keys that are shown once, so they must not lie readable in the store.
 */
export const sealingKey = (authorization: string, idempotencyKey: string): Buffer =>
  Buffer.from(hkdfSync('sha256', authorization, idempotencyKey, 'voltlog idempotent answer', 32));

export function seal(value: unknown, key: Buffer): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, iv);
  const text = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), text]).toString('base64');
}

/** @throws when it was sealed with another key */
export function open<Value>(sealed: string, key: Buffer): Value {
  const bytes = Buffer.from(sealed, 'base64');
  const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, IV_BYTES)).setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
  const text = Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]).toString('utf8');
  return JSON.parse(text) as Value;
}
