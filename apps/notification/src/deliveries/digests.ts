import type { DeliveryState, KnownDelivery } from '@voltlog/notification-domain';
import type { ServiceContext } from '@voltlog/service';
import { BoundedCache } from '@voltlog/store';
import { digestIdOf } from '../store/ids.js';
import type { Deliveries } from './deliveries.js';

/** Subscriptions with more than one digest in a night that are remembered. */
const HINTS_MAX = 10_000;

/** One that is told with a digest. */
export type InDigest = KnownDelivery & { readonly digestAt: string };

export const isInDigest = (state: { readonly kind: string; readonly cause?: string; readonly digestAt?: string }): state is InDigest =>
  state.kind === 'Dropped' && state.cause === 'InDigest' && state.digestAt !== undefined;

export interface Addition {
  readonly one: InDigest;
  /** It is in no digest yet. */
  readonly isNew: boolean;
}

interface Wanted {
  readonly one: InDigest;
  readonly index: number;
}

/**
 * The digests of quiet hours: one delivery per subscription and end of its quiet hours, which grows until then.
 *
 * That a notification is told with a digest is committed before the digest has it, so that it is never told by itself as well; it is put in
 * again with every redelivery of its event, which the digest knows. One that finds its digest closed is sent by itself.
 */
export class Digests {
  /** Digests that are full, by subscription and time: what is new is not looked for in them. */
  private readonly full = new BoundedCache<number>(HINTS_MAX);

  constructor(
    private readonly context: Pick<ServiceContext, 'clock'>,
    private readonly deliveries: Pick<Deliveries, 'execute' | 'rearm' | 'wakeAt'>,
  ) {}

  /** @returns those that are to be sent by themselves, now */
  async add(those: readonly Addition[]): Promise<readonly string[]> {
    const alone: InDigest[] = [];
    let left = those.map(({ one, isNew }): Wanted => ({ one, index: isNew ? (this.full.get(hintOf(one)) ?? 0) : 0 }));
    while (left.length > 0) {
      const ids = left.map(({ one, index }) => digestIdOf(one.subscriptionId, one.digestAt, index));
      // The timers first: a digest that nobody sends must not exist.
      for (const [digestAt, due] of byTime(left, ids)) await this.deliveries.wakeAt([...due], Date.parse(digestAt));
      const executions = await this.deliveries.execute(left.map(({ one }, at) => this.inputOf(one, ids[at] ?? '')));
      const next: Wanted[] = [];
      const waiting = new Map<string, DeliveryState>();
      for (const [at, execution] of executions.entries()) {
        const { one, index } = left[at] as Wanted;
        if (execution.outcome !== 'refused') {
          if (execution.state.kind === 'Pending') waiting.set(ids[at] ?? '', execution.state);
          continue;
        }
        if (execution.refusal === 'DigestFull') {
          this.full.set(hintOf(one), Math.max(index + 1, this.full.get(hintOf(one)) ?? 0));
          next.push({ one, index: index + 1 });
        } else alone.push(one);
      }
      // A timer that came due before the commit found nothing to send, and is gone.
      await Promise.all([...waiting].map(([id, state]) => this.deliveries.rearm(id, state)));
      left = next;
    }
    return this.release(alone);
  }

  private inputOf({ subscriptionId, channel, notification, digestAt }: InDigest, deliveryId: string) {
    const now = this.context.clock.now();
    const command = { kind: 'AddToDigest', deliveryId, subscriptionId, channel, notification, digestAt, now } as const;
    return { deliveryId, command, causationId: `add:${notification.notificationId}` };
  }

  private async release(alone: readonly InDigest[]): Promise<readonly string[]> {
    const command = { kind: 'RequeueDelivery', by: 'Digest', now: this.context.clock.now() } as const;
    await this.deliveries.execute(alone.map(({ deliveryId }) => ({ deliveryId, command, causationId: 'digest-closed' })));
    return alone.map(({ deliveryId }) => deliveryId);
  }
}

const hintOf = ({ subscriptionId, digestAt }: InDigest): string => `${subscriptionId} ${digestAt}`;

function byTime(wanted: readonly Wanted[], ids: readonly string[]): ReadonlyMap<string, ReadonlySet<string>> {
  const due = new Map<string, Set<string>>();
  for (const [at, { one }] of wanted.entries()) due.set(one.digestAt, (due.get(one.digestAt) ?? new Set()).add(ids[at] ?? ''));
  return due;
}
