import { isoTime } from '@voltlog/kernel';
import type { DeliveryEvent } from '@voltlog/notification-contract';
import { type DeliveryCommand, type DeliveryRefusal, type DeliveryState, deliveryDecider, dueAt } from '@voltlog/notification-domain';
import type { ServiceContext } from '@voltlog/service';
import { Aggregates, type Execution, type OutboxRelay } from '@voltlog/store';
import { deliveryStream } from '../store/ids.js';

/** Kind of the timers of deliveries. */
export const DELIVERY_TIMER = 'NotificationDelivery';
/** Milliseconds until it is looked whether whoever works on a delivery is still alive. */
export const WATCH_MS = 5_000;

/** What a timer of a delivery says. */
export interface DeliveryTimer {
  readonly deliveryId: string;
  /** The process that works on it, or is about to. */
  readonly by?: string;
}

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

  /** Before this process works on them: it is looked soon whether it still lives. */
  guard(deliveryIds: readonly string[]): Promise<void> {
    return this.wakeAt(deliveryIds, this.context.clock.now() + WATCH_MS, this.context.instanceId);
  }

  /**
   * Looks at deliveries again at a time, milliseconds since the epoch.
   *
   * @param by the process that works on them until then
   */
  wakeAt(deliveryIds: readonly string[], ms: number, by?: string): Promise<void> {
    if (deliveryIds.length === 0) return Promise.resolve();
    const dueAt = isoTime(ms);
    return this.context.store.timers.schedule(
      deliveryIds.map((deliveryId) => {
        const payload: DeliveryTimer = { deliveryId, ...(by === undefined ? {} : { by }) };
        return { id: timerId(deliveryId), kind: DELIVERY_TIMER, dueAt, payload };
      }),
    );
  }

  /** Sets the timer to what the state asks for, or takes it away when there is nothing more to do. */
  rearm(deliveryId: string, state: DeliveryState): Promise<void> {
    const due = dueAt(state);
    return due === undefined ? this.context.store.timers.cancel([timerId(deliveryId)]) : this.wakeAt([deliveryId], due);
  }
}

const timerId = (deliveryId: string): string => `delivery:${deliveryId}`;
