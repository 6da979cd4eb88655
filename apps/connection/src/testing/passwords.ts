import { createHash } from 'node:crypto';

const SALT = Buffer.from('salty');

/** The hash of a password as the device service keeps it. */
export const sha256Of = (password: string): string =>
  `sha256$${SALT.toString('base64url')}$${createHash('sha256').update(SALT).update(password).digest('base64url')}`;
