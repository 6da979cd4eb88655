import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import type { SecretBox } from './secret-box.js';

/** Bytes of a signing secret. Source: Standard Webhooks, "Signature scheme": 24 to 64. */
const SECRET_BYTES = 32;

/** The signing secrets of one receiver, sealed about `owner`. */
export interface SealedSecrets {
  readonly owner: string;
  readonly sealed: string;
  /** Signs beside the new one until then, ISO 8601, so that a receiver can change it in its own time. */
  readonly previous?: { readonly sealed: string; readonly until: string };
}

/** A secret as its receiver is told it. */
export const newWebhookSecret = (): string => `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;

/**
 * The headers that sign a webhook.
 *
 * @param id of the message; the same over all tries
 * @throws when a secret cannot be opened
 *
 * Source: Standard Webhooks, "Signature scheme"
 */
export function webhookSignature(
  box: SecretBox,
  secrets: SealedSecrets,
  message: { readonly id: string; readonly atMs: number; readonly body: string },
): Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string> {
  const { id, atMs, body } = message;
  const { owner, sealed, previous } = secrets;
  const valid = [sealed, ...(previous !== undefined && Date.parse(previous.until) > atMs ? [previous.sealed] : [])];
  const signatures = valid.map((each) => new Webhook(box.open(each, owner)).sign(id, new Date(atMs), body));
  return { 'webhook-id': id, 'webhook-timestamp': String(Math.floor(atMs / 1_000)), 'webhook-signature': signatures.join(' ') };
}
