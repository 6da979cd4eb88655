import { type Clock, isoTime } from '@voltlog/kernel';
import type { Logger } from 'pino';
import type { Timer, TimerStore } from './store.js';

/** Timers claimed in one go; their handlers run side by side. */
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
  /** Default 64. */
  readonly limit?: number;
}

/** Runs the durable timers of one kind. Any number of instances may run the same kind; each timer goes to one of them. */
export class TimerLoop {
  readonly #options: TimerLoopOptions;
  #running: Promise<void> | undefined;
  #stopping = false;
  #wake: (() => void) | undefined;
  #hurried = false;

  constructor(options: TimerLoopOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#run();
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
    await Promise.race([this.#running, bound]);
    clearTimeout(timeout);
  }

  async #run(): Promise<void> {
    const limit = this.#options.limit ?? LIMIT;
    while (!this.#stopping) {
      this.#hurried = false;
      const claimed = await this.#claimAndHandle(limit).catch((error: unknown) => {
        this.#options.logger.warn({ err: error, kind: this.#options.kind }, 'due timers could not be claimed or completed');
        return 0;
      });
      if (claimed < limit) await this.#pause();
    }
  }

  async #claimAndHandle(limit: number): Promise<number> {
    const { timers, kind, clock, leaseMs, logger } = this.#options;
    const due = await timers.claim({ kind, now: isoTime(clock.now()), leaseMs: leaseMs ?? LEASE_MS, limit });
    if (due.length === 0) return 0;
    const results = await Promise.allSettled(due.map(async (timer) => this.#options.handle(timer)));
    const done: string[] = [];
    for (const [i, result] of results.entries()) {
      const { id } = due[i] as Timer;
      if (result.status === 'fulfilled') done.push(id);
      else logger.error({ err: result.reason, kind, timerId: id }, 'the handler of a timer failed; it is tried again when its lease ends');
    }
    await timers.complete(done);
    return due.length;
  }

  #pause(): Promise<void> {
    if (this.#stopping || this.#hurried) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(end, this.#options.everyMs ?? EVERY_MS);
      timer.unref();
      this.#wake = end;
    });
  }
}
