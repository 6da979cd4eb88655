import { createHash, randomBytes, scrypt } from 'node:crypto';

/** 15 bytes are 120 bits: no dictionary helps, so one round of SHA-256 is enough, and cheap when ten thousand stations reconnect. */
const PASSWORD_BYTES = 15;
const SALT_BYTES = 16;
const HASH_BYTES = 32;

/** A password that is as random as it looks: 20 characters of base64url, which OCPP and HTTP basic authentication both carry. */
export const makePassword = (): string => randomBytes(PASSWORD_BYTES).toString('base64url');

/** `sha256$<salt>$<hash>`, base64url; only for passwords of {@link makePassword}. */
export function hashMadePassword(password: string): string {
  const salt = randomBytes(SALT_BYTES);
  return `sha256$${salt.toString('base64url')}$${createHash('sha256').update(salt).update(password).digest('base64url')}`;
}

/** `scrypt$<N>$<salt>$<hash>`, base64url, r = 8, p = 1; for passwords that people chose. */
export function hashChosenPassword(password: string, cost: number): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  return new Promise((resolve, reject) => {
    scrypt(password, salt, HASH_BYTES, { N: cost, r: 8, p: 1, maxmem: 256 * cost * 8 }, (error, hash) => {
      if (error) reject(error);
      else resolve(`scrypt$${cost}$${salt.toString('base64url')}$${hash.toString('base64url')}`);
    });
  });
}
