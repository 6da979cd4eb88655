import { assertNever, OperatingError, RequestError } from '@voltlog/kernel';
import { connectionV1 } from '@voltlog/proto';
import type { Obstacle, StationHold } from '@voltlog/reservation-contract';
import { isOutOfService, mayMove } from '@voltlog/reservation-domain';
import type { ServiceContext } from '@voltlog/service';
import type { CalendarRepository } from '../store/calendar-repository.js';
import type { ReservationDoc } from '../store/documents.js';
import type { Mover } from './mover.js';
import type { Obstacles } from './obstacles.js';
import { type Due, HOLD, OUT_OF_SERVICE, RELEASE, type Timers } from './timers.js';

const { CommandStatus } = connectionV1;

/** The longest wait between two tries, ms. */
const RETRY_MS_MAX = 300_000;
/** A blocked reservation for which no other EVSE is free is looked at again after so long, ms. */
const LOOK_AGAIN_MS = 60_000;

export interface HoldKeeperOptions {
  readonly askMs: number;
  readonly asksMax: number;
  readonly retryMs: number;
  readonly outOfServiceMs: number;
  readonly unidentifiedMs: number;
  readonly settleMs: number;
}

/** What became of a question to a station. `NoAnswer`: it is not known whether it acted. */
type Answer =
  | { readonly kind: 'Accepted' | 'Rejected' | 'NotSupported'; readonly stationStatus: string }
  | { readonly kind: 'Offline' }
  | { readonly kind: 'NoAnswer' }
  /** The connection service is away; it is not counted against the station. */
  | { readonly kind: 'Away' };

/**
 * Brings what stations do into line with what is decided: a hold is asked for when it begins and after the station lost it, and given up
 * when its reservation ended. A station that cannot, or does not, leaves the hold to the backend.
 */
export class HoldKeeper {
  constructor(
    private readonly context: ServiceContext,
    private readonly repository: CalendarRepository,
    private readonly timers: Timers,
    private readonly connection: Pick<connectionV1.ConnectionService, 'sendCommand'>,
    private readonly ways: { readonly obstacles: Obstacles; readonly mover: Mover },
    private readonly options: HoldKeeperOptions,
  ) {}

  listen(): void {
    this.timers.on(HOLD, (due) => this.hold(due));
    this.timers.on(RELEASE, (due) => this.release(due));
  }

  /** Asks the station to hold a reservation that has begun. */
  async hold(due: Due): Promise<void> {
    const doc = await this.repository.reservation(due.reservationId);
    if (doc === undefined || doc.state !== 'Active') return;
    const startMs = Date.parse(doc.startsAt);
    if (startMs > this.context.clock.now()) return this.timers.schedule([{ kind: HOLD, dueMs: startMs, due }]);
    if (doc.hold === 'Held' && due.again !== true) return;
    // OCPP 1.6 §5.13, OCPP 2.0.1 Part 2 H01.FR.02: the same number again replaces what the station has, so asking twice does no harm.
    const answer = await this.ask(doc.stationId, { $case: 'reserveNow', value: reserveNow(doc) });
    switch (answer.kind) {
      case 'Accepted':
        return this.held(due, answer.stationStatus);
      case 'NotSupported':
        return this.notSupported(due, doc, answer.stationStatus);
      case 'Rejected':
        return this.rejected(due, doc, answer.stationStatus);
      case 'Offline':
        // It is asked when it comes back.
        await this.report(due, 'Pending', 'Offline');
        return;
      case 'NoAnswer':
        return this.noAnswer(due);
      case 'Away':
        return this.timers.schedule([{ kind: HOLD, dueMs: this.context.clock.now() + this.options.retryMs, due }]);
      default:
        assertNever(answer, 'answer');
    }
  }

  /** It cannot say either that a car is in the way or that the EVSE is out of service: that is looked after here. */
  private async notSupported(due: Due, doc: ReservationDoc, word: string): Promise<void> {
    const { obstacles } = this.ways;
    if ((await obstacles.seen(doc)) === 'Occupied' && (await obstacles.meant('Occupied', doc)) === 'Occupied') {
      if (await this.waitsForCard(due, doc, 'NotSupported')) return;
      if (await this.moved(due, doc, 'Occupied')) return;
      await this.watch([due]);
      await this.report(due, 'NotSupported', 'Occupied');
      return;
    }
    await this.watch([due]);
    await this.report(due, 'NotSupported', word);
  }

  private async rejected(due: Due, doc: ReservationDoc, stationStatus: string): Promise<void> {
    if (stationStatus === 'Occupied' && (await this.askedLater(due, doc))) return;
    const reason = await this.ways.obstacles.meant(stationStatus, doc);
    if (reason === 'Occupied' && (await this.waitsForCard(due, doc, 'Refused'))) return;
    if (isObstacle(reason) && (await this.moved(due, doc, reason))) return;
    if (isOutOfService(reason)) await this.watch([due]);
    await this.report(due, 'Refused', reason);
  }

  /** Whether it stays for now, since the car that is there may be the reserver's: they have a moment to show a card. */
  private async waitsForCard(due: Due, doc: ReservationDoc, hold: StationHold): Promise<boolean> {
    const { unidentifiedMs } = this.options;
    if (!mayMove(doc) || !(await this.ways.obstacles.mayBeOwn(doc, this.context.clock.now(), unidentifiedMs))) return false;
    await this.timers.schedule([{ kind: HOLD, dueMs: Date.parse(doc.startsAt) + unidentifiedMs, due: { ...due, attempt: 0 } }]);
    await this.watch([due]);
    await this.report(due, hold, 'Unidentified');
    return true;
  }

  /** Whether it is held elsewhere instead; where no other is free, or nobody can say now, it is looked at again. */
  private async moved(due: Due, doc: ReservationDoc, reason: Obstacle): Promise<boolean> {
    try {
      if (await this.ways.mover.move(doc, reason)) return true;
    } catch (error) {
      // Its reserver is told of the obstacle meanwhile.
      if (!(error instanceof OperatingError)) throw error;
      this.context.logger.warn({ err: error, reservationId: doc.reservationId, reason }, 'a blocked reservation cannot be moved now');
    }
    if (mayMove(doc)) await this.timers.schedule([{ kind: HOLD, dueMs: this.context.clock.now() + LOOK_AGAIN_MS, due }]);
    return false;
  }

  /** Asks the station to let go of a reservation that has ended. */
  async release(due: Due): Promise<void> {
    const doc = await this.repository.reservation(due.reservationId);
    if (doc === undefined || doc.state === 'Active' || doc.hold === 'NotSupported' || doc.hold === 'Released') return;
    const answer = await this.ask(doc.stationId, { $case: 'cancelReservation', value: { reservationId: doc.number } });
    if (answer.kind === 'Offline' || answer.kind === 'NoAnswer' || answer.kind === 'Away') {
      const dueMs = this.context.clock.now() + this.waitMs(due.attempt);
      // At its end the station lets go by itself.
      if (dueMs < Date.parse(doc.expiresAt))
        await this.timers.schedule([{ kind: RELEASE, dueMs, due: { ...due, attempt: due.attempt + 1 } }]);
      return;
    }
    // Rejected: it does not know the number, so it holds nothing.
    await this.report(due, 'Released', answer.stationStatus);
  }

  /**
   * Has another look at EVSEs that are out of service, in a while: they may only have restarted. What is said again and again, or looked at
   * each minute, does not put it off.
   */
  watch(dues: readonly Pick<Due, 'reservationId' | 'stationId'>[]): Promise<void> {
    const dueMs = this.context.clock.now() + this.options.outOfServiceMs;
    return this.timers.scheduleNoLater(
      dues.map(({ reservationId, stationId }) => ({ kind: OUT_OF_SERVICE, dueMs, due: { reservationId, stationId, attempt: 0 } })),
    );
  }

  /** They are in service again: the next time that one is not, it has its whole time. */
  unwatch(dues: readonly Pick<Due, 'reservationId'>[]): Promise<void> {
    return this.timers.cancel(
      dues.map(({ reservationId }) => reservationId),
      [OUT_OF_SERVICE],
    );
  }

  private async held(due: Due, stationStatus: string): Promise<void> {
    const active = await this.report(due, 'Held', stationStatus);
    // It ended while the station was asked, so whoever let go of it came too early.
    if (!active) await this.timers.schedule([{ kind: RELEASE, dueMs: this.context.clock.now(), due: { ...due, attempt: 0 } }]);
  }

  /** Back to back, a station may hold the EVSE still for the one before: no car is in the way, and it is asked again. */
  private async askedLater(due: Due, doc: ReservationDoc): Promise<boolean> {
    const now = this.context.clock.now();
    const attempt = due.attempt + 1;
    if (attempt >= this.options.asksMax || !(await this.repository.isLettingGo(doc, now))) return false;
    await this.timers.schedule([{ kind: HOLD, dueMs: now + this.options.settleMs, due: { ...due, attempt } }]);
    return true;
  }

  private async noAnswer(due: Due): Promise<void> {
    const attempt = due.attempt + 1;
    if (attempt >= this.options.asksMax) {
      await this.report(due, 'Refused', 'NoAnswer');
      return;
    }
    const dueMs = this.context.clock.now() + this.waitMs(due.attempt);
    await this.timers.schedule([{ kind: HOLD, dueMs, due: { ...due, attempt } }]);
  }

  /** @returns whether the reservation is active still */
  private async report({ reservationId, stationId }: Due, hold: StationHold, stationStatus: string): Promise<boolean> {
    const { state } = await this.repository.execute({
      stationId,
      command: {
        kind: 'ReportHold',
        reservationId,
        hold,
        ...(stationStatus === '' ? {} : { stationStatus }),
        now: this.context.clock.now(),
      },
      causationId: this.context.ids.next(),
    });
    return state.reservations.get(reservationId)?.end === undefined;
  }

  private async ask(stationId: string, command: NonNullable<connectionV1.SendCommandRequest['command']>): Promise<Answer> {
    try {
      const answer = await this.connection.sendCommand({ stationId, timeoutMs: this.options.askMs, command });
      return toAnswer(answer);
    } catch (error) {
      // What the station's version has no room for (a longer token, an unknown plug) it cannot hold.
      if (error instanceof RequestError) return { kind: 'NotSupported', stationStatus: error.reason ?? error.code };
      if (error instanceof OperatingError) return { kind: error.code === 'DeadlineExceeded' ? 'NoAnswer' : 'Away' };
      throw error;
    }
  }

  private waitMs(attempt: number): number {
    return Math.min(RETRY_MS_MAX, this.options.retryMs * 2 ** Math.min(attempt, 20));
  }
}

function toAnswer({ status, stationStatus }: connectionV1.SendCommandResponse): Answer {
  switch (status) {
    case CommandStatus.ACCEPTED:
      return { kind: 'Accepted', stationStatus };
    case CommandStatus.REJECTED:
      return { kind: 'Rejected', stationStatus: stationStatus === '' ? 'Rejected' : stationStatus };
    case CommandStatus.NOT_SUPPORTED:
      return { kind: 'NotSupported', stationStatus };
    case CommandStatus.OFFLINE:
      return { kind: 'Offline' };
    default:
      return { kind: 'NoAnswer' };
  }
}

const isObstacle = (word: string): word is Obstacle => word === 'Occupied' || isOutOfService(word);

const reserveNow = (doc: ReservationDoc): connectionV1.ReserveNow => ({
  reservationId: doc.number,
  evseId: doc.evseId,
  connectorId: doc.connectorId,
  idToken: { idToken: doc.idToken.idToken, type: doc.idToken.type },
  groupId: doc.groupId ?? '',
  expiresAt: doc.expiresAt,
  connectorType: doc.connectorType ?? '',
});
