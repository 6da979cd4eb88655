import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** `voltlog_live_<id>_<secret>`: the id finds the key, the secret proves it. */
export const API_KEY_PATTERN = /^voltlog_live_([a-z0-9]{4,32})_([A-Za-z0-9]{20,64})$/;

/** What a key may do: a role may do all that the roles after it may. */
export const ROLES = ['admin', 'operator', 'viewer'] as const;
export type Role = (typeof ROLES)[number];

/** Whether a key of `role` may do what asks for `needed`. */
export const allows = (role: Role, needed: Role): boolean => ROLES.indexOf(role) <= ROLES.indexOf(needed);

export interface ParsedKey {
  readonly keyId: string;
  readonly secret: string;
}

export function parseKey(text: string): ParsedKey | undefined {
  const match = API_KEY_PATTERN.exec(text);
  const [, keyId, secret] = match ?? [];
  return keyId === undefined || secret === undefined ? undefined : { keyId, secret };
}

export interface MadeKey extends ParsedKey {
  /** The whole key, shown once. */
  readonly key: string;
}

/** A new key: 48 bits of id, 256 bits of secret. */
export function makeKey(): MadeKey {
  const keyId = randomBytes(6).toString('hex');
  const secret = randomBytes(32).toString('hex');
  return { keyId, secret, key: `voltlog_live_${keyId}_${secret}` };
}

/** What is stored of a secret. It has 256 bits of its own, so a plain hash is enough. */
export const hashSecret = (secret: string): string => createHash('sha256').update(secret).digest('hex');

/** Compares in constant time. */
export function sameHash(a: string, b: string): boolean {
  const left = Buffer.from(a, 'hex');
  const right = Buffer.from(b, 'hex');
  return left.length === right.length && timingSafeEqual(left, right);
}
