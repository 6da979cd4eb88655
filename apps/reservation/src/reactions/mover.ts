import { OperatingError, RequestError } from '@voltlog/kernel';
import type { Obstacle } from '@voltlog/reservation-contract';
import { mayMove } from '@voltlog/reservation-domain';
import type { ServiceContext } from '@voltlog/service';
import type { Count } from '@voltlog/telemetry';
import { idAfter } from '../commands/reservation-id.js';
import type { Reserver } from '../commands/reserver.js';
import type { CalendarRepository } from '../store/calendar-repository.js';
import type { ReservationDoc } from '../store/documents.js';

type Which = Pick<ReservationDoc, 'reservationId' | 'stationId'>;

/**
 * Gives whoever let the platform choose an EVSE another one, once, when theirs stays blocked.
 *
 * That is another reservation, whose id is made of the first one's, so that it comes to be once however often it is tried. It is held before
 * the first one ends; a crash in between is mended when its confirmation is read ({@link settle}).
 */
export class Mover {
  private readonly moved: Count;

  constructor(
    private readonly context: ServiceContext,
    private readonly repository: CalendarRepository,
    private readonly reserver: Pick<Reserver, 'reserveInstead'>,
  ) {
    this.moved = context.metrics.counter('voltlog_reservations_moved_total', 'Reservations that were given another EVSE');
  }

  /**
   * @returns whether the reservation has ended, since it was moved or meanwhile
   * @throws {OperatingError} when whether another is free cannot be known now: that is no reason to give it up
   */
  async move(doc: ReservationDoc, reason: Obstacle): Promise<boolean> {
    if (!mayMove(doc)) return false;
    const other = await this.another(doc, reason);
    if (other === undefined) return false;
    await this.settle(doc, other);
    this.moved.value += 1;
    return true;
  }

  /** Ends the first of the two; where it had ended otherwise meanwhile (used, given back), the other is of no use. Again changes nothing. */
  async settle(first: Which, other: Which): Promise<void> {
    const now = this.context.clock.now();
    const { reservationId, stationId } = first;
    const movedTo = other.reservationId;
    const { state } = await this.repository.execute({
      stationId,
      command: { kind: 'Cancel', reservationId, reason: 'Moved', movedTo, now },
      causationId: `moved:${movedTo}`,
    });
    const end = state.reservations.get(reservationId)?.end;
    if (end?.kind === 'Cancelled' && end.reason === 'Moved') return;
    await this.repository.execute({
      stationId: other.stationId,
      command: { kind: 'Cancel', reservationId: movedTo, reason: 'NotNeeded', now },
      causationId: `not-needed:${movedTo}`,
    });
  }

  private async another(doc: ReservationDoc, reason: Obstacle): Promise<ReservationDoc | undefined> {
    const reservationId = idAfter(doc.reservationId);
    try {
      return await this.reserver.reserveInstead(doc, reason, reservationId);
    } catch (error) {
      if (!(error instanceof RequestError) && !(error instanceof OperatingError)) throw error;
      // It may be there after all.
      const other = await this.repository.reservation(reservationId);
      if (other === undefined && error instanceof OperatingError) throw error;
      this.context.logger.info({ err: error, reservationId: doc.reservationId, reason }, 'a blocked reservation finds no other EVSE');
      return other;
    }
  }
}
