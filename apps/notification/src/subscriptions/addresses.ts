import { isoTime } from '@voltlog/kernel';
import type { KnownSubscription, SubscriptionState } from '@voltlog/notification-domain';
import type { ServiceContext } from '@voltlog/service';
import type { Collections } from '../store/documents.js';

/** After so long nobody decides any more about what an address is for, milliseconds. */
const UNSURE_MS = 3_600_000;
const PAGE = 500;

/** An address that a subscription is about to have, or to lose. */
export interface AddressChange {
  readonly subscriptionId: string;
  /** What the events say instead of the address. */
  readonly says: { readonly target: string; readonly addressId?: string };
  /** Made for this change. */
  readonly made?: string;
  /** What it takes the place of. */
  readonly before?: string;
}

/**
 * The addresses of subscriptions: beside the log, which keeps what it has for ever, so that they can be taken away. Events carry the id of
 * an address alone. An address is written before the event that names it, and deleted after the event that names it no more; one whose
 * event is not known to be, since a process died in between, is looked at again by the sweep.
 *
 * Events of before have the address itself: what they say is read as ever, and stays where it is.
 */
export class Addresses {
  constructor(
    private readonly context: Pick<ServiceContext, 'clock' | 'ids'>,
    private readonly collections: Pick<Collections, 'addresses'>,
  ) {}

  /** With the address itself; one that was deleted has none. */
  async resolved(state: KnownSubscription): Promise<KnownSubscription> {
    const [known] = await withTargets(this.collections, [state]);
    return known ?? state;
  }

  /** Before a subscription is to have a target. */
  async toHave(subscriptionId: string, target: string, state: SubscriptionState): Promise<AddressChange> {
    const before = state.kind === 'known' && state.status !== 'Deleted' ? await this.resolved(state) : undefined;
    if (state.kind === 'known' && before?.target === target)
      return { subscriptionId, says: { target: state.target, ...(state.addressId === undefined ? {} : { addressId: state.addressId }) } };
    await this.doubt(subscriptionId);
    const made = this.context.ids.next();
    const unsureSince = isoTime(this.context.clock.now());
    await this.collections.addresses.upsert([{ doc: { id: made, subscriptionId, target, unsureSince, version: 1 } }]);
    const says = { target: '', addressId: made };
    return { subscriptionId, says, made, ...(before?.addressId === undefined ? {} : { before: before.addressId }) };
  }

  /** Once it is decided. What it has stays unsure until the sweep: written here, it could come back after its deletion. */
  async decided({ made, before }: AddressChange, state: SubscriptionState): Promise<void> {
    if (made === undefined) return;
    const has = state.kind === 'known' && state.status !== 'Deleted' ? state.addressId : undefined;
    const over = [made, ...(before === undefined ? [] : [before])].filter((id) => id !== has);
    if (over.length > 0) await this.collections.addresses.delete(over);
  }

  /** Before a subscription loses what it has: should nobody come to delete it, the sweep does. */
  async doubt(subscriptionId: string): Promise<void> {
    const unsureSince = isoTime(this.context.clock.now());
    const { docs } = await this.collections.addresses.find({ where: { subscriptionId }, limit: PAGE });
    const doubted = docs.map((doc) => ({ doc: { ...doc, unsureSince, version: (doc.version ?? 0) + 1 } }));
    if (doubted.length > 0) await this.collections.addresses.upsert(doubted);
  }

  /** Of a subscription that is deleted. */
  async forget(subscriptionId: string): Promise<void> {
    await this.collections.addresses.deleteWhere({ subscriptionId });
  }

  /** Settles what a crash left open. */
  async sweep(load: (subscriptionId: string) => Promise<SubscriptionState>): Promise<void> {
    const { addresses } = this.collections;
    const unsureSince = { $lt: isoTime(this.context.clock.now() - UNSURE_MS) };
    for (let after: string | undefined; ; ) {
      const { docs, next } = await addresses.find({ where: { unsureSince }, limit: PAGE, ...(after === undefined ? {} : { after }) });
      for (const doc of docs) {
        const { id, subscriptionId, target, version } = doc;
        const state = await load(subscriptionId);
        const isIts = state.kind === 'known' && state.status !== 'Deleted' && state.addressId === id;
        if (!isIts) await addresses.delete([id]);
        // One of before has no version to compare, and gets one: the next sweep settles it.
        else if (version === undefined) await addresses.upsert([{ doc: { ...doc, version: 1 } }]);
        // Only if nobody deleted it, or doubts it anew, since it was read.
        else await addresses.upsert([{ doc: { id, subscriptionId, target, version: version + 1 }, expectedVersion: version }]);
      }
      if (next === undefined) return;
      after = next;
    }
  }
}

/** Subscriptions with their addresses in the place of the ids of these. */
export async function withTargets(
  { addresses }: Pick<Collections, 'addresses'>,
  subscriptions: readonly KnownSubscription[],
): Promise<readonly KnownSubscription[]> {
  const ids = subscriptions.flatMap(({ addressId }) => addressId ?? []);
  if (ids.length === 0) return subscriptions;
  const found = await addresses.getMany(ids);
  return subscriptions.map((each) => {
    if (each.addressId === undefined) return each;
    return { ...each, target: each.status === 'Deleted' ? '' : (found.get(each.addressId)?.target ?? '') };
  });
}
