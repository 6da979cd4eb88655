import { STATION_TOPIC } from '@voltlog/connection-contract';
import type { connectionV1 } from '@voltlog/proto';
import type { CalendarCommand } from '@voltlog/reservation-domain';
import type { ServiceContext } from '@voltlog/service';
import type { CalendarRepository } from '../store/calendar-repository.js';
import type { Mover } from './mover.js';
import type { Obstacles } from './obstacles.js';
import { FOLLOWER_GROUP } from './station-follower.js';
import { type Due, EXPIRY, MOVE, OUT_OF_SERVICE, REMINDER, type Timers } from './timers.js';

/** How long an expiry waits for what its station had said before, ms. */
const CAUGHT_UP_MS = 2_000;
/** When that was not seen yet, it is looked at again after so long, and at most this often. */
const LOOK_AGAIN_MS = 5_000;
const LOOKS_MAX = 12;

/** What is due at its time: the notice, the end, the second look at an EVSE that is out of service, and what may take long. */
export class Deadlines {
  constructor(
    private readonly context: ServiceContext,
    private readonly repository: CalendarRepository,
    private readonly timers: Timers,
    private readonly connection: Pick<connectionV1.ConnectionService, 'getConnection'>,
    private readonly ways: { readonly obstacles: Obstacles; readonly mover: Mover },
  ) {}

  listen(): void {
    this.timers.on(REMINDER, (due) => this.remind(due));
    this.timers.on(EXPIRY, (due) => this.expire(due));
    this.timers.on(OUT_OF_SERVICE, (due) => this.outOfService(due));
    this.timers.on(MOVE, (due) => this.moveOrEnd(due));
  }

  async remind({ reservationId, stationId }: Due): Promise<void> {
    await this.decide(stationId, { kind: 'Remind', reservationId, now: this.context.clock.now() });
  }

  /** All that the station said before now is waited for: whoever began to charge in the last second was there. */
  async expire(due: Due): Promise<void> {
    const { reservationId, stationId } = due;
    const caughtUp = await this.context.log.caughtUp({
      group: FOLLOWER_GROUP,
      topic: STATION_TOPIC,
      key: stationId,
      deadlineMs: CAUGHT_UP_MS,
    });
    if (!caughtUp && due.attempt < LOOKS_MAX) {
      const dueMs = this.context.clock.now() + LOOK_AGAIN_MS;
      return this.timers.schedule([{ kind: EXPIRY, dueMs, due: { ...due, attempt: due.attempt + 1 } }]);
    }
    const { connection } = await this.connection.getConnection({ stationId });
    const connected = connection?.connected ?? false;
    await this.decide(stationId, { kind: 'Expire', reservationId, connected, now: this.context.clock.now() });
  }

  async outOfService({ reservationId, stationId }: Due): Promise<void> {
    const doc = await this.repository.reservation(reservationId);
    if (doc === undefined || doc.state !== 'Active') return;
    if ((await this.ways.obstacles.seen(doc)) !== 'Unavailable') return;
    await this.moveOrEnd({ reservationId, stationId, attempt: 0, blocked: { by: 'Unavailable', otherwise: 'EvseOutOfService' } });
  }

  /** While nobody can say whether another EVSE is free, it is tried again: nothing else waits for that. */
  async moveOrEnd({ reservationId, stationId, blocked }: Due): Promise<void> {
    const doc = await this.repository.reservation(reservationId);
    if (blocked === undefined || doc === undefined || doc.state !== 'Active') return;
    if (await this.ways.mover.move(doc, blocked.by)) return;
    await this.decide(stationId, { kind: 'Cancel', reservationId, reason: blocked.otherwise, now: this.context.clock.now() });
  }

  private async decide(stationId: string, command: CalendarCommand): Promise<void> {
    await this.repository.execute({ stationId, command, causationId: this.context.ids.next() });
  }
}
