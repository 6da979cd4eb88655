import type { DropReason, Notification } from '@voltlog/notification-contract';
import { isFor, isLive, type KnownSubscription, selectorOf, selectorsOf } from '@voltlog/notification-domain';
import type { Collection } from '@voltlog/store';
import { type SubscriptionDoc, toSubscription } from '../store/documents.js';

/** Subscriptions read in one go. */
const PAGE = 500;
/** Selectors asked for in one query. */
const SELECTORS_MAX = 500;
/** Clocks of machines differ: a subscription made so little after what happened, by the clocks, is told of it. */
const SKEW_MS = 5_000;

/** Who is to be told of a notification, and who is not although they asked. */
export interface Recipient {
  readonly notification: Notification;
  readonly subscription: KnownSubscription;
  readonly drop?: DropReason;
}

/** The live subscriptions that could want one of the notifications, by what they are looked up by. */
export async function candidatesFor(
  subscriptions: Pick<Collection<SubscriptionDoc>, 'find'>,
  notifications: readonly Notification[],
): Promise<ReadonlyMap<string, readonly KnownSubscription[]>> {
  const selectors = [...new Set(notifications.flatMap(selectorsOf))];
  const found = new Map<string, KnownSubscription[]>();
  for (let from = 0; from < selectors.length; from += SELECTORS_MAX) {
    let after: string | undefined;
    do {
      const where = { selector: { $in: selectors.slice(from, from + SELECTORS_MAX) }, status: 'Active' };
      const page = await subscriptions.find({ where, limit: PAGE, ...(after === undefined ? {} : { after }) });
      for (const doc of page.docs) {
        const same = found.get(doc.selector);
        if (same === undefined) found.set(doc.selector, [toSubscription(doc)]);
        else same.push(toSubscription(doc));
      }
      after = page.next;
    } while (after !== undefined);
  }
  return found;
}

/**
 * Who of the candidates is told of a notification. A person who asked twice for the same (by card and by session, say) is told once: of
 * subscriptions with one e-mail address or one browser the oldest is told. Webhooks are signed for their subscription, so each is told.
 */
export function recipientsOf(
  notification: Notification,
  candidates: ReadonlyMap<string, readonly KnownSubscription[]>,
  now: number,
): readonly Recipient[] {
  const recordedAt = Date.parse(notification.recordedAt);
  const wanting = selectorsOf(notification)
    .flatMap((selector) => candidates.get(selector) ?? [])
    .filter((subscription) => isLive(subscription, now) && isFor(subscription, notification))
    // What happened before somebody asked to be told is history: a replay tells it.
    .filter((subscription) => Date.parse(subscription.createdAt) <= recordedAt + SKEW_MS)
    .sort(byAge);
  const told = new Set<string>();
  return wanting.map((subscription) => {
    if (subscription.channel === 'Webhook') return { notification, subscription };
    const address = `${subscription.channel} ${subscription.target.toLowerCase()}`;
    if (told.has(address)) return { notification, subscription, drop: 'ToldBefore' };
    told.add(address);
    return { notification, subscription };
  });
}

const byAge = (a: KnownSubscription, b: KnownSubscription): number =>
  a.createdAt === b.createdAt ? (a.subscriptionId < b.subscriptionId ? -1 : 1) : a.createdAt < b.createdAt ? -1 : 1;

/** True when the filter could have found the notification at all. */
export const couldMatch = (subscription: KnownSubscription, notification: Notification): boolean =>
  selectorsOf(notification).includes(selectorOf(subscription.filter)) && isFor(subscription, notification);
