import { isoTime } from '@voltlog/kernel';
import type { DeliveryEvent } from '@voltlog/notification-contract';
import {
  ATTEMPT_LEASE_MS,
  type DeliveryCommand,
  type DeliveryRefusal,
  type DeliveryState,
  deliveryDecider,
  dueAt,
} from '@voltlog/notification-domain';
import type { ServiceContext } from '@voltlog/service';
import { Aggregates, type Execution, type OutboxRelay } from '@voltlog/store';
import { deliveryStream } from '../store/ids.js';

/** Kind of the timers of deliveries. */
export const DELIVERY_TIMER = 'NotificationDelivery';

export interface DeliveryInput {
  readonly deliveryId: string;
  readonly command: DeliveryCommand;
  readonly causationId: string;
  readonly traceparent?: string | undefined;
}

export type DeliveryExecution = Execution<DeliveryState, DeliveryRefusal>;

/**
 * The streams of deliveries, and the timers that see to it that none is forgotten.
 *
 * A timer is set before what it is for is committed, so that a crash in between costs a timer that finds nothing to do, and never a delivery
 * that nobody looks at.
 */
export class Deliveries {
  private readonly aggregates: Aggregates<DeliveryCommand, DeliveryState, DeliveryEvent, DeliveryRefusal>;

  constructor(
    private readonly context: ServiceContext,
    relay: Pick<OutboxRelay, 'publish'>,
  ) {
    const { store, ids, clock, instanceId } = context;
    this.aggregates = new Aggregates({
      streams: store.streams,
      decider: deliveryDecider,
      relay,
      source: `/notification/${instanceId}`,
      ids,
      clock,
      // Nothing is cached: a timer, and a question by hand, may reach another instance than the one that wrote last.
      cacheMax: 0,
    });
  }

  /** Durable when it resolves; outcomes have the order of the inputs. */
  execute(inputs: readonly DeliveryInput[]): Promise<readonly DeliveryExecution[]> {
    return this.aggregates.execute(
      inputs.map(({ deliveryId, command, causationId, traceparent }) => ({
        streamId: deliveryStream(deliveryId),
        command,
        causationId,
        ...(traceparent === undefined ? {} : { traceparent }),
      })),
    );
  }

  async executeOne(input: DeliveryInput): Promise<DeliveryExecution> {
    const [execution] = await this.execute([input]);
    if (execution === undefined) throw new Error('one command has one outcome');
    return execution;
  }

  async load(deliveryId: string): Promise<DeliveryState> {
    return (await this.aggregates.load(deliveryStream(deliveryId))).state;
  }

  /** Looks at deliveries again when whoever works on them now must be dead. */
  guard(deliveryIds: readonly string[]): Promise<void> {
    return this.wakeAt(deliveryIds, this.context.clock.now() + ATTEMPT_LEASE_MS);
  }

  /** Looks at deliveries again at a time, milliseconds since the epoch. */
  wakeAt(deliveryIds: readonly string[], ms: number): Promise<void> {
    if (deliveryIds.length === 0) return Promise.resolve();
    const dueAt = isoTime(ms);
    return this.context.store.timers.schedule(
      deliveryIds.map((deliveryId) => ({ id: timerId(deliveryId), kind: DELIVERY_TIMER, dueAt, payload: { deliveryId } })),
    );
  }

  /** Sets the timer to what the state asks for, or takes it away when there is nothing more to do. */
  rearm(deliveryId: string, state: DeliveryState): Promise<void> {
    const due = dueAt(state);
    return due === undefined ? this.context.store.timers.cancel([timerId(deliveryId)]) : this.wakeAt([deliveryId], due);
  }
}

const timerId = (deliveryId: string): string => `delivery:${deliveryId}`;
