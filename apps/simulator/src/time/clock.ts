import { type Timer, TimerHeap } from './timer-heap.js';

/**
 * Time of a simulation. Two kinds: simulated time (heartbeats, meter samples, charging), which may run faster than a real clock or be
 * stepped by a test, and wall time (answers that do not come, reconnecting), which is always real. All stations of a process share
 * one clock, and a clock holds one real timer however many stations there are.
 */
export interface SimulationClock {
  /** Simulated milliseconds since the Unix epoch. */
  now(): number;
  /** Runs once after simulated milliseconds. */
  after(milliseconds: number, run: () => void): Timer;
  /** Runs once after real milliseconds. */
  afterWall(milliseconds: number, run: () => void): Timer;
  cancel(timer: Timer | undefined): void;
  /** Resolves when the simulated time has passed. */
  pass(milliseconds: number): Promise<void>;
  /** A call to the CSMS is under way: a virtual clock stands still until `end` is called as often as `begin`. */
  begin(): void;
  end(): void;
  /** Forgets every timer; promises of `pass` that are open stay so. */
  dispose(): void;
}

/** Any number of timers on one real timer. */
class WallTimers {
  private readonly heap = new TimerHeap();
  private handle: NodeJS.Timeout | undefined;
  private wakesAt = Number.POSITIVE_INFINITY;

  after(milliseconds: number, run: () => void): Timer {
    const timer = this.heap.add(performance.now() + milliseconds, run);
    if (timer.at < this.wakesAt) this.arm();
    return timer;
  }

  dispose(): void {
    this.heap.clear();
    clearTimeout(this.handle);
    this.wakesAt = Number.POSITIVE_INFINITY;
  }

  private arm(): void {
    clearTimeout(this.handle);
    let next = this.heap.peek();
    while (next !== undefined && next.run === undefined) {
      this.heap.pop();
      next = this.heap.peek();
    }
    this.wakesAt = next?.at ?? Number.POSITIVE_INFINITY;
    // setTimeout takes at most 2^31 - 1 ms.
    if (next !== undefined) this.handle = setTimeout(() => this.fire(), Math.min(Math.max(0, next.at - performance.now()), 0x7fffffff));
  }

  private fire(): void {
    const now = performance.now();
    for (let next = this.heap.peek(); next !== undefined && next.at <= now; next = this.heap.peek()) {
      this.heap.pop();
      next.run?.();
    }
    this.arm();
  }
}

const cancel = (timer: Timer | undefined): void => {
  if (timer !== undefined) timer.run = undefined;
};

/** Simulated time that runs `scale` times as fast as a real clock. */
export class ScaledClock implements SimulationClock {
  private readonly timers = new WallTimers();
  private readonly startedAt = performance.now();
  private readonly epoch: number;

  /**
   * @param scale simulated seconds per real second, above 0
   * @param startAt simulated time now; a fleet that runs fast starts in the past so that it does not end in the future
   */
  constructor(
    readonly scale = 1,
    startAt = Date.now(),
  ) {
    if (!(scale > 0)) throw new RangeError(`time scale must be above 0, not ${scale}`);
    this.epoch = startAt;
  }

  now(): number {
    return Math.round(this.epoch + (performance.now() - this.startedAt) * this.scale);
  }

  after(milliseconds: number, run: () => void): Timer {
    return this.timers.after(milliseconds / this.scale, run);
  }

  afterWall(milliseconds: number, run: () => void): Timer {
    return this.timers.after(milliseconds, run);
  }

  cancel(timer: Timer | undefined): void {
    cancel(timer);
  }

  pass(milliseconds: number): Promise<void> {
    return new Promise((resolve) => this.after(milliseconds, resolve));
  }

  begin(): void {}

  end(): void {}

  dispose(): void {
    this.timers.dispose();
  }
}

/**
 * Simulated time that stands still until somebody passes it, and then leaps from one timer to the next. It waits while a call to the
 * CSMS is under way, so that a day of charging over a real socket takes as long as its messages take and nothing sleeps.
 */
export class VirtualClock implements SimulationClock {
  private readonly heap = new TimerHeap();
  private readonly wall = new WallTimers();
  private current: number;
  private passing = 0;
  private busy = 0;
  private driving = false;
  private wake: (() => void) | undefined;

  constructor(startAt = Date.UTC(2026, 0, 5, 8)) {
    this.current = startAt;
  }

  now(): number {
    return this.current;
  }

  after(milliseconds: number, run: () => void): Timer {
    return this.heap.add(this.current + Math.max(0, milliseconds), run);
  }

  afterWall(milliseconds: number, run: () => void): Timer {
    return this.wall.after(milliseconds, run);
  }

  cancel(timer: Timer | undefined): void {
    cancel(timer);
  }

  pass(milliseconds: number): Promise<void> {
    this.passing += 1;
    return new Promise((resolve) => {
      this.after(milliseconds, () => {
        this.passing -= 1;
        resolve();
      });
      if (!this.driving) void this.drive();
    });
  }

  /** The same as `pass`, as a test says it. */
  advance(milliseconds: number): Promise<void> {
    return this.pass(milliseconds);
  }

  begin(): void {
    this.busy += 1;
  }

  end(): void {
    this.busy -= 1;
    if (this.busy === 0) this.wake?.();
  }

  dispose(): void {
    this.heap.clear();
    this.wall.dispose();
  }

  private async drive(): Promise<void> {
    this.driving = true;
    while (this.passing > 0) {
      // One turn of the event loop lets promise chains and sockets make their next call before time moves on.
      await new Promise((resolve) => setImmediate(resolve));
      if (this.busy > 0) {
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
        continue;
      }
      const next = this.heap.pop();
      if (next === undefined) break;
      if (next.run === undefined) continue;
      this.current = Math.max(this.current, next.at);
      next.run();
    }
    this.driving = false;
  }
}
