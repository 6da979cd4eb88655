import type { CancelReason, Obstacle } from '@voltlog/reservation-contract';
import type { ServiceContext } from '@voltlog/service';
import { type Timer, TimerLoop } from '@voltlog/store';

/** Ask the station for a hold. */
export const HOLD = 'ReservationHold';
/** Tell the station to let go. */
export const RELEASE = 'ReservationRelease';
/** Tell the driver that it is about to expire. */
export const REMINDER = 'ReservationReminder';
/** Its time is up. */
export const EXPIRY = 'ReservationExpiry';
/** Look whether its EVSE is still out of service. */
export const OUT_OF_SERVICE = 'ReservationOutOfService';
/** Give it another EVSE, or end it where none is free. */
export const MOVE = 'ReservationMove';

/** Others are to be gone from its EVSE. */
export const KEEP_FREE = 'ReservationKeepFree';

export const KINDS = [HOLD, RELEASE, REMINDER, EXPIRY, OUT_OF_SERVICE, MOVE, KEEP_FREE] as const;
export type Kind = (typeof KINDS)[number];

/** How often due timers are looked for, ms; whoever schedules one that is due hurries it. */
const EVERY_MS = 500;

/** What a timer is about. */
export interface Due {
  readonly reservationId: string;
  readonly stationId: string;
  /** Counts from 0. */
  readonly attempt: number;
  /** Asked also when the station is thought to hold it: it rebooted. */
  readonly again?: boolean;
  /** Of `MOVE`: what is in the way, and how the reservation ends where no other EVSE is free. */
  readonly blocked?: { readonly by: Obstacle; readonly otherwise: CancelReason };
}

interface Wanted {
  readonly kind: Kind;
  /** Milliseconds since the Unix epoch. */
  readonly dueMs: number;
  readonly due: Due;
}

/** The durable timers of reservations: one of a kind per reservation. Nothing that matters waits in memory. */
export class Timers {
  private readonly loops = new Map<Kind, TimerLoop>();

  constructor(private readonly context: ServiceContext) {}

  /** @param handle does it, at least once; a rejection brings it back when its lease ends */
  on(kind: Kind, handle: (due: Due) => Promise<void>): void {
    const { store, clock, logger } = this.context;
    const loop = new TimerLoop({
      timers: store.timers,
      kind,
      clock,
      logger,
      everyMs: EVERY_MS,
      handle: (timer) => handle(timer.payload as Due),
    });
    this.loops.set(kind, loop);
  }

  start(): void {
    for (const loop of this.loops.values()) loop.start();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.loops.values()].map((loop) => loop.stop()));
  }

  /** Looks for due timers now. */
  hurry(): void {
    for (const loop of this.loops.values()) loop.hurry();
  }

  /** Makes or moves timers. */
  async schedule(wanted: readonly Wanted[]): Promise<void> {
    if (wanted.length === 0) return;
    await this.context.store.timers.schedule(wanted.map(timerOf));
    const now = this.context.clock.now();
    for (const { kind, dueMs } of wanted) if (dueMs <= now) this.loops.get(kind)?.hurry();
  }

  /** The same for what may come again and again: one that is due sooner stays. */
  async scheduleNoLater(wanted: readonly Wanted[]): Promise<void> {
    if (wanted.length > 0) await this.context.store.timers.scheduleNoLater(wanted.map(timerOf));
  }

  async cancel(reservationIds: readonly string[], kinds: readonly Kind[]): Promise<void> {
    const ids = reservationIds.flatMap((reservationId) => kinds.map((kind) => idOf(kind, reservationId)));
    if (ids.length > 0) await this.context.store.timers.cancel(ids);
  }
}

const timerOf = ({ kind, dueMs, due }: Wanted): Timer => ({
  id: idOf(kind, due.reservationId),
  kind,
  dueAt: new Date(dueMs).toISOString(),
  payload: due,
});

const idOf = (kind: Kind, reservationId: string): string => `${kind}:${reservationId}`;
