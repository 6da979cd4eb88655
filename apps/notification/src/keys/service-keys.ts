import { randomBytes } from 'node:crypto';
import type { Collection } from '@voltlog/store';
import webPush from 'web-push';
import type { KeyDoc } from '../store/documents.js';
import { SecretBox } from './secret-box.js';

/** Whoever signs pushes. Source: RFC 8292 (VAPID). */
export interface VapidKeys {
  /** Base64url, uncompressed P-256 point. */
  readonly publicKey: string;
  readonly privateKey: string;
}

export interface ServiceKeys {
  readonly box: SecretBox;
  readonly vapid: VapidKeys;
  /** Signs the links of e-mails. */
  readonly links: Buffer;
}

const SECRET = 'secret';
const VAPID = 'vapid';
const LINKS = 'links';

/**
 * The keys of the service: those that are configured, else those that were made at the first start. Of two instances that start at once one
 * makes them, and both use them. What was sealed before a key was configured still opens.
 *
 * @param configured base64 of 32 bytes each; the first encrypts
 */
export async function openServiceKeys(keys: Collection<KeyDoc>, configured: readonly string[]): Promise<ServiceKeys> {
  const made = configured.length > 0 ? (await keys.get(SECRET))?.value : await kept(keys, SECRET, () => randomBytes(32).toString('base64'));
  const secrets = [...configured, ...(made === undefined ? [] : [made])];
  const box = new SecretBox(secrets.map((secret) => Buffer.from(secret, 'base64')));
  const sealed = await kept(keys, VAPID, () => box.seal(JSON.stringify(webPush.generateVAPIDKeys()), VAPID));
  const links = await kept(keys, LINKS, () => box.seal(randomBytes(32).toString('base64'), LINKS));
  // They were written here, by the lines above.
  return { box, links: Buffer.from(box.open(links, LINKS), 'base64'), vapid: JSON.parse(box.open(sealed, VAPID)) as VapidKeys };
}

async function kept(keys: Collection<KeyDoc>, id: string, make: () => string): Promise<string> {
  const known = await keys.get(id);
  if (known !== undefined) return known.value;
  await keys.upsert([{ doc: { id, value: make() }, expectedVersion: 0 }]);
  const stored = await keys.get(id);
  if (stored === undefined) throw new Error(`key ${id} was not stored`);
  return stored.value;
}
