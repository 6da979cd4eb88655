import { createHmac, timingSafeEqual } from 'node:crypto';
import type { KnownSubscription } from '@voltlog/notification-domain';

/** Signed links by which whoever gets an e-mail says that they want no more of them. They last as long as the key. */
export class UnsubscribeLinks {
  /** @param publicUrl where drivers reach the gateway, without a slash at its end; empty: not known, so that there are no links */
  constructor(
    private readonly key: Buffer,
    private readonly publicUrl: string,
  ) {}

  of({ subscriptionId, language }: Pick<KnownSubscription, 'subscriptionId' | 'language'>): string | undefined {
    if (this.publicUrl === '') return undefined;
    return `${this.publicUrl}/unsubscribe/${subscriptionId}.${this.sign(subscriptionId).toString('base64url')}?lang=${language}`;
  }

  /** The subscription that a token names; nothing when it is not one of ours. */
  subscriptionOf(token: string): string | undefined {
    const [subscriptionId = '', signature = ''] = token.split('.');
    const given = Buffer.from(signature, 'base64url');
    const own = this.sign(subscriptionId);
    return given.length === own.length && timingSafeEqual(given, own) ? subscriptionId : undefined;
  }

  private sign(subscriptionId: string): Buffer {
    return createHmac('sha256', this.key).update(`unsubscribe\n${subscriptionId}`).digest();
  }
}
