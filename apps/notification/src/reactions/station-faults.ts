import { type ConnectorStatusReported, STATION_TOPIC } from '@voltlog/connection-contract';
import type { LogRecord, Subscription } from '@voltlog/event-log';
import type { Notification } from '@voltlog/notification-contract';
import type { ServiceContext } from '@voltlog/service';
import type { Collections, FaultDoc } from '../store/documents.js';
import type { Heard, Repeats } from './repeats.js';

const GROUP = 'notification-faults';
const REPORTED = 'voltlog.connection.ConnectorStatusReported.v1';

/** Tells of connectors, EVSEs and stations that report a fault, once until they report another or that they are well again; and of that. */
export class StationFaults {
  private subscription: Subscription | undefined;

  constructor(
    private readonly context: ServiceContext,
    private readonly collections: Pick<Collections, 'faults'>,
    private readonly repeats: Pick<Repeats, 'tell'>,
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
    const reports = batch.map((record) => ({ record, report: record.event.data as ConnectorStatusReported }));
    const { faults } = this.collections;
    const known = await faults.getMany([...new Set(reports.map(({ report }) => keyOf(report)))]);
    const now = new Map<string, FaultDoc | undefined>(known);
    const heard: Heard[] = [];
    for (const { record, report } of reports) {
      const id = keyOf(report);
      const before = now.get(id);
      const after = report.status === 'Faulted' ? faultOf(id, report, before) : undefined;
      if ((before === undefined) !== (after === undefined) || hasOtherCode(before, after))
        heard.push({ id: `fault:${id}`, notification: toNotification(record.event, report), record });
      now.set(id, after);
    }
    // Told before it is written down: a crash between the two tells it again under the same id, which is once.
    await this.repeats.tell(heard);
    const changed = [...now].filter(([id, fault]) => fault !== known.get(id));
    const standing = changed.flatMap(([, doc]) => (doc === undefined ? [] : { doc }));
    const ended = changed.flatMap(([id, fault]) => (fault === undefined ? id : []));
    if (standing.length > 0) await faults.upsert(standing);
    if (ended.length > 0) await faults.delete(ended);
  }
}

const keyOf = ({ stationId, evseId, connectorId }: ConnectorStatusReported): string => `${stationId}\n${evseId}\n${connectorId}`;

/** The fault as it stands after a report; a report without a code leaves it as it was. */
function faultOf(id: string, { errorCode }: ConnectorStatusReported, before: FaultDoc | undefined): FaultDoc {
  if (before !== undefined && (errorCode === undefined || errorCode === before.errorCode)) return before;
  return { id, ...(errorCode === undefined ? {} : { errorCode }) };
}

/** What is not known of a fault is no other one. */
const hasOtherCode = (before: FaultDoc | undefined, after: FaultDoc | undefined): boolean =>
  before?.errorCode !== undefined && after?.errorCode !== undefined && before.errorCode !== after.errorCode;

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
