import type { LogRecord, Subscription } from '@voltlog/event-log';
import { assertNever } from '@voltlog/kernel';
import {
  RESERVATION_TOPIC,
  type ReservationConfirmed,
  type ReservationEvent,
  type ReservationEventType,
} from '@voltlog/reservation-contract';
import type { ServiceContext } from '@voltlog/service';
import type { CalendarRepository } from '../store/calendar-repository.js';
import type { Mover } from './mover.js';
import { EXPIRY, HOLD, KEEP_FREE, OUT_OF_SERVICE, RELEASE, REMINDER, type Timers } from './timers.js';

const GROUP = 'reservation-clock';
/** Whatever becomes of a reservation, it has a timer: the topic is read at least once, so a crash in between loses none. */
const TYPES: readonly ReservationEventType[] = [
  'voltlog.reservation.ReservationConfirmed.v1',
  'voltlog.reservation.ReservationCancelled.v1',
  'voltlog.reservation.ReservationUsed.v1',
  'voltlog.reservation.ReservationExpired.v1',
];

/** Sets and clears the timers of reservations, by what was decided. */
export class Scheduler {
  private subscriptions: readonly Subscription[] = [];

  constructor(
    private readonly context: ServiceContext,
    private readonly repository: CalendarRepository,
    private readonly timers: Timers,
    private readonly mover: Mover,
  ) {}

  async start(): Promise<void> {
    const { log } = this.context;
    this.subscriptions = [
      await log.subscribe({
        group: 'reservation-read-models',
        topics: [RESERVATION_TOPIC],
        handle: (batch) => this.repository.mend(batch.map(({ event }) => event)),
      }),
      await log.subscribe({ group: GROUP, topics: [RESERVATION_TOPIC], types: TYPES, handle: (batch) => this.handle(batch) }),
    ];
  }

  async stop(): Promise<void> {
    await Promise.all(this.subscriptions.map((subscription) => subscription.stop()));
  }

  async handle(batch: readonly LogRecord[]): Promise<void> {
    // A timer that is due at once looks into the read model.
    await this.repository.mend(batch.map(({ event }) => event));
    for (const { event } of batch) await this.react({ type: event.type, data: event.data } as ReservationEvent);
  }

  private async react({ type, data }: ReservationEvent): Promise<void> {
    switch (type) {
      case 'voltlog.reservation.ReservationConfirmed.v1':
        return this.begin(data);
      case 'voltlog.reservation.ReservationCancelled.v1':
      case 'voltlog.reservation.ReservationExpired.v1':
        return this.end(data, true);
      case 'voltlog.reservation.ReservationUsed.v1':
        // On its own EVSE the station has let go of it by itself: OCPP 1.6 §3.6.2, OCPP 2.0.1 Part 2 H03.
        return this.end(data, data.usedEvseId !== undefined);
      case 'voltlog.reservation.ReservationExpiring.v1':
      case 'voltlog.reservation.ReservationStationHoldChanged.v1':
        return;
      default:
        return assertNever(type, 'reservation event');
    }
  }

  private async begin(confirmed: ReservationConfirmed): Promise<void> {
    const { reservationId, stationId, siteId, startsAt, expiresAt, keptFrom, movedFrom } = confirmed;
    const due = { reservationId, stationId, attempt: 0 };
    const { policy } = await this.repository.policy(siteId ?? '');
    const startMs = Date.parse(startsAt);
    const endMs = Date.parse(expiresAt);
    const noticeMs = endMs - policy.expiringNoticeSeconds * 1_000;
    await this.timers.schedule([
      { kind: HOLD, dueMs: startMs, due },
      { kind: EXPIRY, dueMs: endMs, due },
      ...(keptFrom === undefined ? [] : [{ kind: KEEP_FREE, dueMs: Date.parse(keptFrom), due } as const]),
      // A hold that is hardly longer than the notice needs none.
      ...(policy.expiringNoticeSeconds > 0 && noticeMs > startMs ? [{ kind: REMINDER, dueMs: noticeMs, due } as const] : []),
    ]);
    if (movedFrom !== undefined) await this.mover.settle(movedFrom, confirmed);
  }

  private async end({ reservationId, stationId, startsAt }: ReservationEvent['data'], release: boolean): Promise<void> {
    await this.timers.cancel([reservationId], [HOLD, EXPIRY, REMINDER, OUT_OF_SERVICE, KEEP_FREE]);
    const now = this.context.clock.now();
    if (release && Date.parse(startsAt) <= now)
      await this.timers.schedule([{ kind: RELEASE, dueMs: now, due: { reservationId, stationId, attempt: 0 } }]);
  }
}
