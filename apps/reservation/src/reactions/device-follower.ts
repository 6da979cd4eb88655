import { DEVICE_TOPIC, type StationChanged, type StationRetired } from '@voltlog/device-contract';
import type { LogRecord, Subscription } from '@voltlog/event-log';
import type { ServiceContext } from '@voltlog/service';
import type { CalendarInput, CalendarRepository } from '../store/calendar-repository.js';
import type { ReservationDoc } from '../store/documents.js';

const GROUP = 'reservation-device';
const RETIRED = 'voltlog.device.StationRetired.v1';
const CHANGED = 'voltlog.device.StationChanged.v1';

/** Ends the reservations of what is no more: a station that was retired, an EVSE that was taken away. */
export class DeviceFollower {
  private subscription: Subscription | undefined;

  constructor(
    private readonly context: ServiceContext,
    private readonly repository: CalendarRepository,
  ) {}

  async start(): Promise<void> {
    this.subscription = await this.context.log.subscribe({
      group: GROUP,
      topics: [DEVICE_TOPIC],
      types: [RETIRED, CHANGED],
      handle: (batch) => this.handle(batch),
    });
  }

  async stop(): Promise<void> {
    await this.subscription?.stop();
  }

  async handle(batch: readonly LogRecord[]): Promise<void> {
    const open = await this.repository.openAt([
      ...new Set(batch.map(({ event }) => (event.data as StationChanged | StationRetired).stationId)),
    ]);
    const now = this.context.clock.now();
    const inputs: CalendarInput[] = [];
    for (const { event } of batch) {
      const { stationId } = event.data as StationChanged | StationRetired;
      for (const doc of open.get(stationId) ?? []) {
        const reason =
          event.type === RETIRED ? 'StationRetired' : isGone(event.data as StationChanged, doc) ? 'EvseOutOfService' : undefined;
        if (doc.state !== 'Active' || reason === undefined) continue;
        const { reservationId } = doc;
        inputs.push({
          stationId,
          command: { kind: 'Cancel', reservationId, reason, now },
          causationId: `${event.id}:${reservationId}`,
          traceparent: event.traceparent,
        });
      }
    }
    await this.repository.executeAll(inputs);
  }
}

/** A station without EVSEs learns them from what it reports. */
const isGone = ({ evses }: StationChanged, { evseId }: ReservationDoc): boolean =>
  evses.length > 0 && !evses.some((evse) => evse.evseId === evseId);
