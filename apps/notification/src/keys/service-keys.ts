import { randomBytes } from 'node:crypto';
import { type KeyDoc, keptKey, openSecretBox, type SecretBox } from '@voltlog/outbound';
import type { Collection } from '@voltlog/store';
import webPush from 'web-push';

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

const VAPID = 'vapid';
const LINKS = 'links';

/**
 * The keys of the service: those that are configured, else those that were made at the first start.
 *
 * @param configured base64 of 32 bytes each; the first encrypts
 */
export async function openServiceKeys(keys: Collection<KeyDoc>, configured: readonly string[]): Promise<ServiceKeys> {
  const box = await openSecretBox(keys, configured);
  const sealed = await keptKey(keys, VAPID, () => box.seal(JSON.stringify(webPush.generateVAPIDKeys()), VAPID));
  const links = await keptKey(keys, LINKS, () => box.seal(randomBytes(32).toString('base64'), LINKS));
  // They were written here, by the lines above.
  return { box, links: Buffer.from(box.open(links, LINKS), 'base64'), vapid: JSON.parse(box.open(sealed, VAPID)) as VapidKeys };
}
