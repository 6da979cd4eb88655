import type { Clock } from '@voltlog/kernel';
import type { Notification } from '@voltlog/notification-contract';
import type { KnownDelivery, KnownSubscription } from '@voltlog/notification-domain';
import { type GuardedAnswer, type GuardOptions, guardedPost, type SecretBox, webhookSignature } from '@voltlog/outbound';
import { type Channel, hostLane, type Sent } from './channel.js';
import { retryAfterMs } from './retry-after.js';

/** What the body of a webhook says. Source: Standard Webhooks, "Payload structure": `type`, `timestamp`, `data`. */
export const webhookBody = (notification: Notification): string =>
  JSON.stringify({ type: notification.kind, timestamp: notification.at, data: notification });

/** Webhooks, signed as Standard Webhooks says: `webhook-id` is the delivery's and stays the same over all tries. */
export class WebhookChannel implements Channel {
  readonly laneOf = hostLane;

  constructor(
    private readonly box: SecretBox,
    private readonly clock: Clock,
    private readonly options: GuardOptions,
  ) {}

  async send(delivery: KnownDelivery, subscription: KnownSubscription): Promise<Sent> {
    const body = webhookBody(delivery.notification);
    const answer = await guardedPost(
      {
        url: subscription.target,
        headers: {
          'content-type': 'application/json',
          'user-agent': 'Voltlog-Webhooks/1',
          ...this.signed(delivery.deliveryId, subscription, body),
        },
        body,
      },
      this.options,
    );
    return sentOf(answer, this.clock.now());
  }

  private signed(id: string, subscription: KnownSubscription, body: string): Record<string, string> {
    const { subscriptionId: owner, sealedSecret: sealed, previousSecret: previous } = subscription;
    if (sealed === undefined) throw new Error('the webhook has no signing secret');
    const secrets = { owner, sealed, ...(previous === undefined ? {} : { previous }) };
    return webhookSignature(this.box, secrets, { id, atMs: this.clock.now(), body });
  }
}

/** 2xx is delivered, 410 is an end, all else is another try. Source: Standard Webhooks, "Webhook delivery". */
function sentOf({ status, headers, excerpt }: GuardedAnswer, now: number): Sent {
  if (status >= 200 && status < 300) return { outcome: 'Delivered', status };
  const error = `the receiver answered ${status}${excerpt === '' ? '' : `: ${excerpt}`}`;
  if (status === 410) return { outcome: 'Gone', status, error };
  const patience = retryAfterMs(headers['retry-after'], now);
  return { outcome: 'Failed', status, error, ...(patience === undefined ? {} : { retryAfterMs: patience }) };
}
