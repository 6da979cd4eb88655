import { type ConnectorStatusReported, STATION_TOPIC } from '@voltlog/connection-contract';
import type { LogRecord, Subscription } from '@voltlog/event-log';
import type { Notification } from '@voltlog/notification-contract';
import type { ServiceContext } from '@voltlog/service';
import type { Collections } from '../store/documents.js';
import type { Notifier } from './notifier.js';

const GROUP = 'notification-faults';
const REPORTED = 'voltlog.connection.ConnectorStatusReported.v1';

/** Tells of connectors, EVSEs and stations that report a fault, once until they report that they are well again; and of that. */
export class StationFaults {
  private subscription: Subscription | undefined;

  constructor(
    private readonly context: ServiceContext,
    private readonly collections: Pick<Collections, 'faults'>,
    private readonly notifier: Pick<Notifier, 'tell'>,
  ) {}

  async start(): Promise<void> {
    this.subscription = await this.context.log.subscribe({
      group: GROUP,
      topics: [STATION_TOPIC],
      types: [REPORTED],
      // Faults of the time before this was told of help nobody.
      startFrom: 'latest',
      handle: (batch) => this.handle(batch),
    });
  }

  async stop(): Promise<void> {
    await this.subscription?.stop();
  }

  async handle(batch: readonly LogRecord[]): Promise<void> {
    const reports = batch.map(({ event }) => ({ event, report: event.data as ConnectorStatusReported }));
    const known = await this.collections.faults.getMany([...new Set(reports.map(({ report }) => keyOf(report)))]);
    const faulted = new Map<string, boolean>();
    const found: Notification[] = [];
    for (const { event, report } of reports) {
      const id = keyOf(report);
      const isFaulted = report.status === 'Faulted';
      if (isFaulted !== (faulted.get(id) ?? known.has(id))) found.push(toNotification(event, report));
      faulted.set(id, isFaulted);
    }
    // Told before it is written down: a crash between the two tells it again under the same id, which is once.
    await this.notifier.tell(found);
    const { faults } = this.collections;
    const begun = [...faulted].filter(([id, is]) => is && !known.has(id));
    const ended = [...faulted].filter(([id, is]) => !is && known.has(id));
    if (begun.length > 0) await faults.upsert(begun.map(([id]) => ({ doc: { id } })));
    if (ended.length > 0) await faults.delete(ended.map(([id]) => id));
  }
}

const keyOf = ({ stationId, evseId, connectorId }: ConnectorStatusReported): string => `${stationId}\n${evseId}\n${connectorId}`;

const toNotification = (event: LogRecord['event'], report: ConnectorStatusReported): Notification => ({
  notificationId: event.id,
  kind: report.status === 'Faulted' ? 'StationFault' : 'StationFaultCleared',
  at: report.occurredAt,
  recordedAt: event.time,
  stationId: report.stationId,
  evseId: report.evseId,
  ...(report.connectorId === 0 ? {} : { connectorId: report.connectorId }),
  ...(report.errorCode === undefined ? {} : { errorCode: report.errorCode }),
});
