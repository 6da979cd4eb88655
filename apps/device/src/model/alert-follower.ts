import {
  type DerAlarmReported,
  type SecurityEventReported,
  STATION_TOPIC,
  type StationEventsReported,
  type StationFactType,
} from '@voltlog/connection-contract';
import { isStationId } from '@voltlog/device-domain';
import type { LogRecord, Subscription } from '@voltlog/event-log';
import type { ServiceContext } from '@voltlog/service';
import type { Alerts } from './alerts.js';

const FACTS: readonly StationFactType[] = [
  'voltlog.connection.StationEventsReported.v1',
  'voltlog.connection.SecurityEventReported.v1',
  'voltlog.connection.DerAlarmReported.v1',
];

/** Makes alerts of what stations notice. */
export class AlertFollower {
  private subscription: Subscription | undefined;

  constructor(
    private readonly context: Pick<ServiceContext, 'log'>,
    private readonly alerts: Alerts,
  ) {}

  async start(): Promise<void> {
    this.subscription = await this.context.log.subscribe({
      group: 'device-alerts',
      topics: [STATION_TOPIC],
      types: FACTS,
      handle: (batch) => this.handle(batch),
    });
  }

  async stop(): Promise<void> {
    await this.subscription?.stop();
  }

  private async handle(batch: readonly LogRecord[]): Promise<void> {
    for (const { event } of batch) {
      const fact = event.data as StationEventsReported | SecurityEventReported | DerAlarmReported;
      if (!isStationId(fact.stationId)) continue;
      if ('events' in fact) await this.alerts.onEvents(event.id, fact);
      else if ('controlType' in fact) await this.alerts.onDerAlarm(event.id, fact);
      else await this.alerts.onSecurityEvent(event.id, fact);
    }
  }
}
