import type { Subscription } from '@voltlog/event-log';
import { fold } from '@voltlog/kernel';
import type { DeliveryEvent, SubscriptionEvent } from '@voltlog/notification-contract';
import { DELIVERY_TOPIC, SUBSCRIPTION_TOPIC } from '@voltlog/notification-contract';
import { deliveryDecider, type KnownSubscription, subscriptionDecider } from '@voltlog/notification-domain';
import type { ServiceContext } from '@voltlog/service';
import { bringUp, type Commit, type Store } from '@voltlog/store';
import { type Collections, type DeliveryDoc, openAddresses, toDeliveryDoc, toSubscriptionDoc } from '../store/documents.js';
import { deliveryStream, isDeliveryStream, subscriptionStream } from '../store/ids.js';
import { withTargets } from '../subscriptions/addresses.js';

const GROUP = 'notification-documents';
const BATCH_MAX = 1_024;
/** Smaller batches are written at least so far apart, ms: a list may be that much behind. */
const EVERY_MS = 200;
const BATCH_FULL = 256;

/** Keeps the read models of subscriptions and deliveries at what their streams fold to, by the service's own topics. */
export class DocumentsFollower {
  private subscription: Subscription | undefined;
  private stopping = false;
  private wake: (() => void) | undefined;

  constructor(
    private readonly context: ServiceContext,
    private readonly collections: Pick<Collections, 'subscriptions' | 'deliveries'>,
  ) {}

  async start(): Promise<void> {
    this.subscription = await this.context.log.subscribe({
      group: GROUP,
      topics: [SUBSCRIPTION_TOPIC, DELIVERY_TOPIC],
      batchMax: BATCH_MAX,
      handle: async (batch) => {
        const streams = batch.map(({ topic, key }) => (topic === DELIVERY_TOPIC ? deliveryStream(key) : subscriptionStream(key)));
        await projectStreams(this.context.store, new Set(streams), this.collections);
        if (batch.length < BATCH_FULL) await this.rest();
      },
    });
  }

  async stop(): Promise<void> {
    this.stopping = true;
    this.wake?.();
    await this.subscription?.stop();
  }

  private rest(): Promise<void> {
    if (this.stopping) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, EVERY_MS);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

type Targets = { readonly [Key in 'subscriptions' | 'deliveries']?: Collections[Key] };

/** Writes what whole streams fold to; what is newer stays. */
export async function projectStreams(store: Store, streamIds: ReadonlySet<string>, targets: Targets): Promise<void> {
  const streams = await store.streams.load([...streamIds]);
  const deliveries: DeliveryDoc[] = [];
  const subscriptions: KnownSubscription[] = [];
  for (const [streamId, commits] of streams) {
    if (isDeliveryStream(streamId)) {
      const state = fold(deliveryDecider, eventsOf<DeliveryEvent>(commits));
      if (state.kind !== 'none') deliveries.push(toDeliveryDoc(state, commits.at(-1)?.version ?? 0));
    } else {
      const state = fold(subscriptionDecider, eventsOf<SubscriptionEvent>(commits));
      if (state.kind === 'known') subscriptions.push(state);
    }
  }
  if (targets.deliveries !== undefined) await bringUp(targets.deliveries, deliveries);
  if (targets.subscriptions === undefined || subscriptions.length === 0) return;
  const addresses = await openAddresses(store);
  await bringUp(targets.subscriptions, (await withTargets({ addresses }, subscriptions)).map(toSubscriptionDoc));
}

/** What was written as an event of a stream is one. */
const eventsOf = <Event>(commits: readonly Commit[]): Event[] =>
  commits.flatMap((commit) => commit.events.map(({ type, data }) => ({ type, data }) as unknown as Event));
