import { isDeepStrictEqual } from 'node:util';
import { type Clock, isoTime } from '@voltlog/kernel';
import type { Logger } from 'pino';
import type { ClaimedTimer, Timer, TimerStore } from './store.js';

/** Handlers that run side by side. */
const LIMIT = 64;
const EVERY_MS = 1_000;
/** Long enough for any handler; also how long a timer rests whose handler failed. */
const LEASE_MS = 30_000;
/** How long `stop` waits for handlers, milliseconds; what is cut short comes back when its lease ends. */
const STOP_MAX_MS = 10_000;

export interface TimerLoopOptions {
  readonly timers: TimerStore;
  readonly kind: string;
  /**
   * Does what the timer is for, at least once: a crash, a lease that ends or a rejection brings the timer back. It may schedule the
   * same timer anew; that one then stays.
   */
  handle(timer: Timer): Promise<void>;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'warn' | 'error'>;
  /** How often due timers are looked for. Default 1 000 ms. */
  readonly everyMs?: number;
  /** Default 30 000 ms. */
  readonly leaseMs?: number;
  /** Timers claimed, and handlers that run, at a time. Default 64. */
  readonly limit?: number;
}

/**
 * Runs the durable timers of one kind, each by itself: one that takes long holds up no other while fewer than the limit run. Any number
 * of instances may run the same kind; each timer goes to one of them.
 */
export class TimerLoop {
  readonly #options: TimerLoopOptions;
  readonly #limit: number;
  #loop: Promise<void> | undefined;
  #stopping = false;
  #wake: (() => void) | undefined;
  #hurried = false;
  /** When due timers are to be looked for again, milliseconds of `performance.now()`. */
  #lookAt = 0;
  /** By id. */
  readonly #running = new Map<string, Promise<void>>();
  /** What those run for, and when their lease ends, milliseconds since the epoch. */
  readonly #leases = new Map<string, { timer: ClaimedTimer; endsAt: number }>();
  /** Made anew and claimed while their handler still ran: they are next. */
  readonly #next = new Map<string, ClaimedTimer>();
  /** Handled; that they are completed is written in one go. */
  #done: ClaimedTimer[] = [];

  constructor(options: TimerLoopOptions) {
    this.#options = options;
    this.#limit = options.limit ?? LIMIT;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Looks for due timers now. */
  hurry(): void {
    this.#hurried = true;
    this.#wake?.();
  }

  /** Resolves when the handlers under way have ended, or after 10 s. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#wake?.();
    let timeout: NodeJS.Timeout | undefined;
    const bound = new Promise<void>((resolve) => {
      timeout = setTimeout(resolve, STOP_MAX_MS);
    });
    await Promise.race([this.#loop, bound]);
    clearTimeout(timeout);
  }

  async #run(): Promise<void> {
    let mayBeMore = true;
    while (!this.#stopping) {
      if (this.#hurried || performance.now() >= this.#lookAt) mayBeMore = true;
      this.#hurried = false;
      await this.#complete();
      if (mayBeMore && this.#room > 0) {
        this.#lookAt = performance.now() + (this.#options.everyMs ?? EVERY_MS);
        mayBeMore = await this.#claim();
      }
      // With no room, a handler that ends goes on.
      if (!mayBeMore || this.#room === 0) await this.#pause();
    }
    while (this.#running.size > 0) await Promise.all(this.#running.values());
    await this.#complete();
  }

  get #room(): number {
    return this.#limit - this.#running.size;
  }

  /** @returns whether more may be due */
  async #claim(): Promise<boolean> {
    const { timers, kind, clock, leaseMs = LEASE_MS } = this.#options;
    const limit = this.#room;
    try {
      const now = clock.now();
      const due = await timers.claim({ kind, now: isoTime(now), leaseMs, limit });
      for (const timer of due) {
        const lease = this.#leases.get(timer.id);
        // Its own lease has ended: it is held on, not run again.
        if (lease !== undefined && lease.endsAt <= now && isSame(lease.timer, timer)) {
          lease.timer = timer;
          lease.endsAt = now + leaseMs;
        } else if (this.#running.has(timer.id)) this.#next.set(timer.id, timer);
        else this.#running.set(timer.id, this.#handle(timer, now + leaseMs));
      }
      return due.length === limit;
    } catch (error) {
      this.#warn(error);
      return false;
    }
  }

  async #handle(timer: ClaimedTimer, leaseEndsAt: number): Promise<void> {
    const { id } = timer;
    const lease = { timer, endsAt: leaseEndsAt };
    this.#leases.set(id, lease);
    let handled = false;
    try {
      await this.#options.handle(timer);
      handled = true;
    } catch (error) {
      const { kind, logger } = this.#options;
      logger.error({ err: error, kind, timerId: id }, 'the handler of a timer failed; it is tried again when its lease ends');
    }
    const next = this.#next.get(id);
    this.#next.delete(id);
    this.#leases.delete(id);
    if (next !== undefined && !this.#stopping) return this.#handle(next, this.#options.clock.now() + (this.#options.leaseMs ?? LEASE_MS));
    this.#running.delete(id);
    if (handled && next === undefined) this.#done.push(lease.timer);
    this.#wake?.();
  }

  async #complete(): Promise<void> {
    if (this.#done.length === 0) return;
    const done = this.#done;
    this.#done = [];
    await this.#options.timers.complete(done).catch((error: unknown) => this.#warn(error));
  }

  #warn(error: unknown): void {
    this.#options.logger.warn({ err: error, kind: this.#options.kind }, 'due timers could not be claimed or completed');
  }

  /** Until the next look is due, or something is to be done. */
  #pause(): Promise<void> {
    if (this.#stopping || this.#hurried || this.#done.length > 0) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
      const everyMs = this.#options.everyMs ?? EVERY_MS;
      // With no room a look would find nothing to do: the next handler that ends goes on.
      const timer = setTimeout(end, this.#room === 0 ? everyMs : Math.max(0, this.#lookAt - performance.now()));
      timer.unref();
      this.#wake = end;
    });
  }
}

/** Two claims of one timer that was not made anew between them. */
const isSame = (one: ClaimedTimer, other: ClaimedTimer): boolean => isDeepStrictEqual({ ...one, lease: '' }, { ...other, lease: '' });
