import type { AttemptResult, KnownDelivery, KnownSubscription } from '@voltlog/notification-domain';

/** One way to reach a subscriber. */
export interface Channel {
  /** What shares a bound of deliveries at once, e.g. a host. */
  laneOf(target: string): string;
  /** Sends it once. May throw: that is a failed try. The time it took is measured outside. */
  send(delivery: KnownDelivery, subscription: KnownSubscription): Promise<Sent>;
}

export type Sent = Omit<AttemptResult, 'latencyMs'>;

/** The host of a URL. */
export const hostLane = (target: string): string => URL.parse(target)?.host ?? '';
