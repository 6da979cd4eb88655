import { MODEL_TOPIC } from '@voltlog/device-contract';
import type { LogRecord, Subscription } from '@voltlog/event-log';
import { ALERT_TYPES, notificationOf } from '@voltlog/notification-domain';
import type { ServiceContext } from '@voltlog/service';
import type { Repeats } from './repeats.js';

const GROUP = 'notification-alerts';
const BATCH_MAX = 256;

/** Tells of alerts. */
export class Alerts {
  private subscription: Subscription | undefined;

  constructor(
    private readonly context: ServiceContext,
    private readonly repeats: Pick<Repeats, 'tell'>,
  ) {}

  async start(): Promise<void> {
    this.subscription = await this.context.log.subscribe({
      group: GROUP,
      topics: [MODEL_TOPIC],
      types: ALERT_TYPES,
      // Alerts of the time before these were told of help nobody.
      startFrom: 'latest',
      batchMax: BATCH_MAX,
      handle: (batch) => this.handle(batch),
    });
  }

  async stop(): Promise<void> {
    await this.subscription?.stop();
  }

  handle(batch: readonly LogRecord[]): Promise<void> {
    return this.repeats.tell(
      batch.flatMap((record) => {
        const notification = notificationOf(record.event);
        return notification?.alert === undefined ? [] : [{ id: notification.alert.alertId, notification, record }];
      }),
    );
  }
}
