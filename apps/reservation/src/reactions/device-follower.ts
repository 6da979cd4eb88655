import { DEVICE_TOPIC, MODEL_TOPIC, type StationChanged } from '@voltlog/device-contract';
import type { LogRecord, Subscription } from '@voltlog/event-log';
import { RequestError } from '@voltlog/kernel';
import type { CancelReason } from '@voltlog/reservation-contract';
import { isClosedIn, mayMove, type StationPlace } from '@voltlog/reservation-domain';
import type { ServiceContext } from '@voltlog/service';
import type { StationDirectory } from '../commands/station-directory.js';
import type { CalendarInput, CalendarRepository } from '../store/calendar-repository.js';
import type { ReservationDoc } from '../store/documents.js';
import { MOVE, type Timers } from './timers.js';

const GROUP = 'reservation-device';
const RETIRED = 'voltlog.device.StationRetired.v1';
const CHANGED = 'voltlog.device.StationChanged.v1';
const OUTAGE = 'voltlog.device.OutageScheduled.v1';

/** Ends, or moves, the reservations of what is no more, or not then: a station that was retired, an EVSE that was taken away or will be out of service. */
export class DeviceFollower {
  private subscription: Subscription | undefined;

  constructor(
    private readonly context: ServiceContext,
    private readonly repository: CalendarRepository,
    private readonly directory: StationDirectory,
    private readonly timers: Timers,
  ) {}

  async start(): Promise<void> {
    this.subscription = await this.context.log.subscribe({
      group: GROUP,
      topics: [DEVICE_TOPIC, MODEL_TOPIC],
      types: [RETIRED, CHANGED, OUTAGE],
      handle: (batch) => this.handle(batch),
    });
  }

  async stop(): Promise<void> {
    await this.subscription?.stop();
  }

  async handle(batch: readonly LogRecord[]): Promise<void> {
    const open = await this.repository.openAt([...new Set(batch.map(stationIdOf))]);
    const now = this.context.clock.now();
    const inputs: CalendarInput[] = [];
    const moves: { readonly doc: ReservationDoc; readonly otherwise: CancelReason }[] = [];
    for (const record of batch) {
      const { event } = record;
      const stationId = stationIdOf(record);
      const active = (open.get(stationId) ?? []).filter(({ state }) => state === 'Active');
      if (active.length === 0) continue;
      const reasonFor = await this.reasonsOf(record);
      for (const doc of active) {
        const reason = reasonFor(doc);
        if (reason === undefined) continue;
        if (mayMove(doc)) {
          moves.push({ doc, otherwise: reason });
          continue;
        }
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
    // That asks other services, and may have to wait for them: nothing else of this batch does.
    await this.timers.schedule(
      moves.map(({ doc: { reservationId, stationId }, otherwise }) => ({
        kind: MOVE,
        dueMs: now,
        due: { reservationId, stationId, attempt: 0, blocked: { by: 'Unavailable', otherwise } },
      })),
    );
  }

  private async reasonsOf(record: LogRecord): Promise<(doc: ReservationDoc) => CancelReason | undefined> {
    const { type, data } = record.event;
    if (type === RETIRED) return () => 'StationRetired';
    if (type === CHANGED) return (doc) => (isGone(data as StationChanged, doc) ? 'EvseOutOfService' : undefined);
    // As it stands now: the outage may have been cancelled meanwhile.
    const place = await this.placeOf(stationIdOf(record));
    return (doc) => (place !== undefined && isClosed(place, doc) ? 'EvseOutOfService' : undefined);
  }

  /** undefined: there is none; it was retired, which is told too. */
  private async placeOf(stationId: string): Promise<StationPlace | undefined> {
    try {
      return await this.directory.withOutages(await this.directory.station(stationId));
    } catch (error) {
      if (error instanceof RequestError) return undefined;
      throw error;
    }
  }
}

const stationIdOf = ({ event }: LogRecord): string => (event.data as { readonly stationId: string }).stationId;

/** A station without EVSEs learns them from what it reports. */
const isGone = ({ evses }: StationChanged, { evseId }: ReservationDoc): boolean =>
  evses.length > 0 && !evses.some((evse) => evse.evseId === evseId);

const isClosed = ({ evses }: StationPlace, doc: ReservationDoc): boolean =>
  evses.some((evse) => evse.evseId === doc.evseId && isClosedIn(evse, doc.connectorType, doc));
