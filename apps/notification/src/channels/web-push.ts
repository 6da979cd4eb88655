import { createHash } from 'node:crypto';
import type { Clock } from '@voltlog/kernel';
import type { Notification } from '@voltlog/notification-contract';
import { isUrgent, type KnownDelivery, type KnownSubscription, toldBy } from '@voltlog/notification-domain';
import { type GuardOptions, guardedPost, type SecretBox } from '@voltlog/outbound';
import webPush from 'web-push';
import { digestText, messageOf, type Reader, stationOf } from '../email/message.js';
import type { VapidKeys } from '../keys/service-keys.js';
import { type Channel, hostLane, type Sent } from './channel.js';
import { retryAfterMs } from './retry-after.js';

/** How long a push service keeps it for a device that is away, seconds: what is older says nothing about the car any more. */
const TTL_SECONDS = 4 * 3_600;
/** Answers after which the subscription is over. Source: RFC 8030 §7.3. */
const GONE = new Set([404, 410]);

/** Keys of a browser's push subscription. Source: W3C Push API. */
export interface PushKeys {
  readonly p256dh: string;
  readonly auth: string;
}

/** Web push: encrypted for the browser (RFC 8291), signed with VAPID (RFC 8292). */
export class WebPushChannel implements Channel {
  readonly laneOf = hostLane;

  constructor(
    private readonly box: SecretBox,
    private readonly clock: Clock,
    private readonly vapid: VapidKeys & { readonly subject: string },
    private readonly options: GuardOptions,
  ) {}

  async send(delivery: KnownDelivery, subscription: KnownSubscription): Promise<Sent> {
    const { notification } = delivery;
    const { title, body, url, about } = pushOf(notification, subscription);
    const tag = tagOf(about);
    const payload = JSON.stringify({ title, body, url, kind: notification.kind, tag });
    const details = webPush.generateRequestDetails({ endpoint: subscription.target, keys: this.keysOf(subscription) }, payload, {
      vapidDetails: this.vapid,
      TTL: TTL_SECONDS,
      urgency: isUrgent(notification) ? 'high' : 'normal',
      topic: tag,
      contentEncoding: 'aes128gcm',
    });
    const headers = Object.fromEntries(Object.entries(details.headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
    const {
      status,
      headers: answered,
      excerpt,
    } = await guardedPost({ url: subscription.target, headers, body: details.body }, this.options);
    if (status >= 200 && status < 300) return { outcome: 'Delivered', status };
    const error = `the push service answered ${status}${excerpt === '' ? '' : `: ${excerpt}`}`;
    if (GONE.has(status)) return { outcome: 'Gone', status, error };
    const patience = retryAfterMs(answered['retry-after'], this.clock.now());
    return { outcome: status === 413 ? 'Refused' : 'Failed', status, error, ...(patience === undefined ? {} : { retryAfterMs: patience }) };
  }

  private keysOf({ sealedPushKeys, subscriptionId }: KnownSubscription): PushKeys {
    if (sealedPushKeys === undefined) throw new Error('the push subscription has no keys');
    // It was sealed by this service, after a check.
    return JSON.parse(this.box.open(sealedPushKeys, subscriptionId)) as PushKeys;
  }
}

/** Lines of a digest: a screen shows no more of them. */
const LINES_MAX = 6;

/** What the screen shows, where a tap leads to, and what it is about. */
function pushOf(notification: Notification, reader: Reader) {
  const all = toldBy(notification);
  const places = new Set(all.map(pageOf));
  const [only] = all;
  if (all.length === 1 && only !== undefined)
    return {
      ...messageOf(only, reader),
      url: pageOf(only),
      about: only.sessionId ?? only.reservationId ?? only.alert?.alertId ?? only.stationId,
    };
  const lines = all.map((each) => `${messageOf(each, reader).title} · ${stationOf(each)}`);
  const body = lines.length > LINES_MAX ? [...lines.slice(0, LINES_MAX - 1), '…'] : lines;
  const url = places.size === 1 ? pageOf(notification) : '/';
  return { title: digestText(all.length, reader).title, body: body.join('\n'), url, about: notification.notificationId };
}

/** The driver's page of the EVSE. */
const pageOf = ({ stationId, evseId }: Notification): string => (evseId > 0 ? `/c/${encodeURIComponent(`${stationId}*${evseId}`)}` : '/');

/** What is told of the same thing replaces what was told before it, on the push service and on the screen: at most 32 characters. */
const tagOf = (id: string): string => createHash('sha256').update(id).digest('base64url').slice(0, 32);
