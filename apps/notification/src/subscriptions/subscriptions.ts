import type { SubscriptionEvent, SwitchOffReason } from '@voltlog/notification-contract';
import {
  type KnownSubscription,
  type SubscriptionCommand,
  type SubscriptionRefusal,
  type SubscriptionState,
  subscriptionDecider,
} from '@voltlog/notification-domain';
import type { ServiceContext } from '@voltlog/service';
import { Aggregates, bringUp, type Execution, type OutboxRelay } from '@voltlog/store';
import { type Collections, toSubscriptionDoc } from '../store/documents.js';
import { subscriptionStream } from '../store/ids.js';

export type SubscriptionExecution = Execution<SubscriptionState, SubscriptionRefusal>;

/** The streams of subscriptions; the read model is written before an answer is given, so that what was put is found. */
export class Subscriptions {
  private readonly aggregates: Aggregates<SubscriptionCommand, SubscriptionState, SubscriptionEvent, SubscriptionRefusal>;

  constructor(
    private readonly context: ServiceContext,
    private readonly collections: Pick<Collections, 'subscriptions'>,
    relay: Pick<OutboxRelay, 'publish'>,
  ) {
    const { store, ids, clock, instanceId } = context;
    const source = `/notification/${instanceId}`;
    // Nothing is cached: other instances change the same streams, and a refusal must not be of yesterday.
    this.aggregates = new Aggregates({ streams: store.streams, decider: subscriptionDecider, relay, source, ids, clock, cacheMax: 0 });
  }

  /** Decides and commits; durable, and in the read model, when it resolves. */
  async execute(subscriptionId: string, command: SubscriptionCommand, causationId: string): Promise<SubscriptionExecution> {
    const [execution] = await this.aggregates.execute([{ streamId: subscriptionStream(subscriptionId), command, causationId }]);
    if (execution === undefined) throw new Error('one command has one outcome');
    if (execution.state.kind === 'known') await bringUp(this.collections.subscriptions, [toSubscriptionDoc(execution.state)]);
    return execution;
  }

  async switchOff(subscriptionId: string, reason: SwitchOffReason): Promise<void> {
    const now = this.context.clock.now();
    await this.execute(subscriptionId, { kind: 'SwitchOff', reason, now }, this.context.ids.next());
    this.context.logger.info({ subscriptionId, reason }, 'a subscription was switched off');
  }

  /** As its stream tells it; nothing when there is none, or it was deleted. */
  async load(subscriptionId: string): Promise<KnownSubscription | undefined> {
    const { state } = await this.aggregates.load(subscriptionStream(subscriptionId));
    return state.kind === 'known' && state.status !== 'Deleted' ? state : undefined;
  }
}
