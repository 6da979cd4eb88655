import { OperatingError } from '@voltlog/kernel';
import type { SubscriptionEvent, SwitchOffReason } from '@voltlog/notification-contract';
import {
  type KnownSubscription,
  type PutSubscription,
  type SubscriptionCommand,
  type SubscriptionRefusal,
  type SubscriptionState,
  subscriptionDecider,
} from '@voltlog/notification-domain';
import type { ServiceContext } from '@voltlog/service';
import { Aggregates, bringUp, type Execution, type OutboxRelay } from '@voltlog/store';
import { type Collections, toSubscriptionDoc } from '../store/documents.js';
import { subscriptionStream } from '../store/ids.js';
import type { Addresses } from './addresses.js';

/** Changes of one subscription that others overtake, until it is given up. */
const TRIES_MAX = 8;
/** What no subscription has. */
const NO_VERSION = -1;

export type SubscriptionExecution = Execution<SubscriptionState, SubscriptionRefusal>;

/** The streams of subscriptions; the read model is written before an answer is given, so that what was put is found. */
export class Subscriptions {
  private readonly aggregates: Aggregates<SubscriptionCommand, SubscriptionState, SubscriptionEvent, SubscriptionRefusal>;

  constructor(
    private readonly context: ServiceContext,
    private readonly collections: Pick<Collections, 'subscriptions'>,
    private readonly addresses: Addresses,
    relay: Pick<OutboxRelay, 'publish'>,
  ) {
    const { store, ids, clock, instanceId } = context;
    const source = `/notification/${instanceId}`;
    // Nothing is cached: other instances change the same streams, and a refusal must not be of yesterday.
    this.aggregates = new Aggregates({ streams: store.streams, decider: subscriptionDecider, relay, source, ids, clock, cacheMax: 0 });
  }

  /** Decides and commits; durable, and in the read model, when it resolves. The address of the state is the address itself. */
  async execute(subscriptionId: string, command: SubscriptionCommand, causationId: string): Promise<SubscriptionExecution> {
    if (command.kind === 'DeleteSubscription') await this.addresses.doubt(subscriptionId);
    const execution =
      command.kind === 'PutSubscription'
        ? await this.put(subscriptionId, command, causationId)
        : await this.executeOne(subscriptionId, command, causationId);
    if (execution.state.kind !== 'known') return execution;
    const state = await this.addresses.resolved(execution.state);
    await bringUp(this.collections.subscriptions, [toSubscriptionDoc(state)]);
    if (state.status === 'Deleted') await this.addresses.forget(subscriptionId);
    return { ...execution, state };
  }

  async switchOff(subscriptionId: string, reason: SwitchOffReason): Promise<void> {
    const now = this.context.clock.now();
    await this.execute(subscriptionId, { kind: 'SwitchOff', reason, now }, this.context.ids.next());
    this.context.logger.info({ subscriptionId, reason }, 'a subscription was switched off');
  }

  /** As its stream tells it, with its address; nothing when there is none, or it was deleted. */
  async load(subscriptionId: string): Promise<KnownSubscription | undefined> {
    const state = await this.stateOf(subscriptionId);
    return state.kind === 'known' && state.status !== 'Deleted' ? this.addresses.resolved(state) : undefined;
  }

  /** Settles the addresses that a crash left open. */
  sweep(): Promise<void> {
    return this.addresses.sweep((subscriptionId) => this.stateOf(subscriptionId));
  }

  /** Decides on the very version whose address was looked at: another one may have lost that address since. */
  private async put(subscriptionId: string, command: PutSubscription, causationId: string): Promise<SubscriptionExecution> {
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const state = await this.stateOf(subscriptionId);
      const version = state.kind === 'known' ? state.version : 0;
      const isWanted = command.expectedVersion === 0 || command.expectedVersion === version;
      const change = await this.addresses.toHave(subscriptionId, command.attributes.target, state);
      const decided = {
        ...command,
        attributes: { ...command.attributes, ...change.says },
        expectedVersion: isWanted ? version : NO_VERSION,
      };
      const execution = await this.executeOne(subscriptionId, decided, causationId);
      await this.addresses.decided(change, execution.state);
      const isOvertaken = execution.outcome === 'refused' && execution.refusal === 'VersionMismatch' && command.expectedVersion === 0;
      if (!isOvertaken) return execution;
    }
    throw new OperatingError('TooManyConflicts', `subscription ${subscriptionId} changes faster than it is decided`);
  }

  private async executeOne(subscriptionId: string, command: SubscriptionCommand, causationId: string): Promise<SubscriptionExecution> {
    const [execution] = await this.aggregates.execute([{ streamId: subscriptionStream(subscriptionId), command, causationId }]);
    if (execution === undefined) throw new Error('one command has one outcome');
    return execution;
  }

  private async stateOf(subscriptionId: string): Promise<SubscriptionState> {
    return (await this.aggregates.load(subscriptionStream(subscriptionId))).state;
  }
}
