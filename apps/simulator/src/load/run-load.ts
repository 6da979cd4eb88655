import { seededRandom } from '../random.js';
import { LatencyHistogram, type LatencySummary } from './histogram.js';
import { SESSION_WH, sessionSteps } from './load-frames.js';
import type { LoadDriver, LoadStation } from './load-station.js';

export interface LoadOptions {
  readonly stations: readonly LoadStation[];
  /** Real seconds in which CALLs are sent. */
  readonly seconds: number;
  /**
   * CALLs per second, sent whether or not the server keeps up (open loop), also to end the sessions that are under way when the time is over.
   * Absent: each station sends when it was answered (closed loop).
   */
  readonly rate?: number;
  readonly onProgress?: (calls: number) => void;
}

export interface SessionLoadOptions extends LoadOptions {
  /** Each station uses one of them, in turn. */
  readonly tokens: readonly string[];
}

export interface LoadResult {
  /** Answered, all of them. */
  readonly calls: number;
  /** CALLERRORs, answers to something else, and CALLs lost with their socket. */
  readonly errors: number;
  /** The first few errors, as the server put them. */
  readonly samples: readonly string[];
  /** Sessions that were stopped and answered, and what they delivered, Wh. */
  readonly sessions: number;
  readonly deliveredWh: number;
  readonly seconds: number;
  /** CALLs answered while the load was on, per second. */
  readonly callsPerSecond: number;
  /** Of the CALLs sent while the load was on. Open loop: from when a CALL should have been sent, however late it was (no coordinated omission). */
  readonly latency: LatencySummary;
}

/** How long an answer is waited for when the time is over, ms. */
const TAIL_MS = 10_000;
const TICK_MS = 1;
const SAMPLES = 5;

/** Heartbeats from every station. */
export function heartbeatLoad(options: LoadOptions): Promise<LoadResult> {
  return new Promise((resolve) => new Load(options, undefined, resolve).start());
}

/** Whole sessions, one after the other at every station; those under way when the time is over are finished. */
export function sessionLoad(options: SessionLoadOptions): Promise<LoadResult> {
  if (options.tokens.length === 0) throw new RangeError('a session load needs at least one ID token');
  return new Promise((resolve) => new Load(options, options.tokens, resolve).start());
}

class Load implements LoadDriver {
  private readonly latency = new LatencyHistogram();
  /** Of an open loop: stations that can send, in no order. */
  private readonly idle: LoadStation[] = [];
  /** ... and how many of all have begun. */
  private begun = 0;
  private readonly random = seededRandom(1);
  private readonly startedAt = performance.now();
  private readonly endsAt: number;
  private readonly steps;
  private sent = 0;
  private calls = 0;
  private callsInTime = 0;
  private errors = 0;
  private readonly samples: string[] = [];
  private sessions = 0;
  private calling = 0;
  private isOver = false;
  private answeredAt = 0;
  private serial = 0;
  private readonly run = Date.now().toString(36);

  constructor(
    private readonly options: LoadOptions,
    private readonly tokens: readonly string[] | undefined,
    private readonly resolve: (result: LoadResult) => void,
  ) {
    this.endsAt = this.startedAt + options.seconds * 1000;
    this.steps = sessionSteps(options.stations[0]?.version ?? '1.6');
  }

  start(): void {
    for (const station of this.options.stations) {
      station.driver = this;
      station.step = 0;
      if (this.options.rate === undefined) this.callNext(station, performance.now());
    }
    this.tick();
  }

  booted(): void {}

  answered(station: LoadStation, text: string, ok: boolean): void {
    const now = performance.now();
    this.answeredAt = now;
    if (station.sentAt < this.endsAt) this.latency.record(now - station.sentAt);
    this.calls += 1;
    this.calling -= 1;
    if (now <= this.endsAt) this.callsInTime += 1;
    if (!ok) this.fail(text);
    if (this.tokens !== undefined) this.advance(station, text, ok);
    if (this.isOver || (now >= this.endsAt && !this.isCharging(station))) return;
    if (this.options.rate === undefined) this.callNext(station, now);
    else this.idle.push(station);
  }

  lost(station: LoadStation, reason: string): void {
    if (this.isOver) return;
    this.fail(`${station.index}: ${reason}`);
    if (station.isCalling) this.calling -= 1;
  }

  private fail(text: string): void {
    this.errors += 1;
    if (this.samples.length < SAMPLES) this.samples.push(text.slice(0, 300));
  }

  /** Takes what the next message of the session needs; after an error the session starts anew. */
  private advance(station: LoadStation, text: string, ok: boolean): void {
    const step = this.steps[station.step];
    if (step === undefined || !ok) {
      station.step = 0;
      return;
    }
    if (step.isStart && station.version === '1.6') {
      const at = text.indexOf('"transactionId"');
      station.session.transactionId = String(Number.parseInt(text.slice(text.indexOf(':', at) + 1), 10));
      if (at < 0 || !text.includes('"Accepted"')) this.fail(text);
    }
    if (step.isStop) this.sessions += 1;
    station.step = step.isStop ? 0 : station.step + 1;
  }

  private callNext(station: LoadStation, dueAt: number): void {
    this.sent += 1;
    this.calling += 1;
    if (this.tokens === undefined) {
      station.call('Heartbeat', '{}', dueAt);
      return;
    }
    const { session } = station;
    if (station.step === 0) {
      this.serial += 1;
      session.seqNo = 0;
      session.idToken = this.tokens[station.index % this.tokens.length] ?? '';
      if (station.version !== '1.6') session.transactionId = `${this.run}-${this.serial}`;
    }
    const step = this.steps[station.step];
    if (step !== undefined) station.call(step.action, step.payload(session), dueAt);
  }

  private tick(): void {
    const now = performance.now();
    const { rate } = this.options;
    if (rate !== undefined) {
      const due = Math.floor(((now - this.startedAt) / 1000) * rate);
      // What no station is free for stays due, and its wait counts.
      while (this.sent < due) {
        this.begin();
        const dueAt = this.startedAt + (this.sent / rate) * 1000;
        const station = this.takeIdle(dueAt);
        if (station === undefined) break;
        this.callNext(station, dueAt);
      }
    }
    this.options.onProgress?.(this.calls);
    if (now >= this.endsAt && this.isDone(now)) this.end();
    else setTimeout(() => this.tick(), rate === undefined ? 50 : TICK_MS);
  }

  private isCharging(station: LoadStation): boolean {
    return this.tokens !== undefined && station.step !== 0;
  }

  /** Whether, after the end, nothing is under way any more, or the server has answered nothing for long. */
  private isDone(now: number): boolean {
    if (this.calling > 0) return now >= Math.max(this.endsAt, this.answeredAt) + TAIL_MS;
    return !this.idle.some((station) => station.isBooted && this.isCharging(station));
  }

  private end(): void {
    this.isOver = true;
    this.errors += Math.max(0, this.calling);
    if (this.calling > 0) this.samples.push(`${this.calling} calls were never answered`);
    this.resolve({
      calls: this.calls,
      errors: this.errors,
      samples: this.samples,
      sessions: this.sessions,
      deliveredWh: this.sessions * SESSION_WH,
      seconds: (performance.now() - this.startedAt) / 1000,
      callsPerSecond: this.callsInTime / this.options.seconds,
      latency: this.latency.summary(),
    });
  }

  /**
   * Lets stations begin one after the other, over the length of a session, and an eighth at once: of stations that begin together all would
   * authorize in the same moment, again and again, and the load would be no mix.
   */
  private begin(): void {
    const { stations } = this.options;
    const steps = this.tokens === undefined ? 1 : this.steps.length;
    for (; this.begun < stations.length && this.begun < (stations.length + this.sent) / steps; this.begun += 1)
      this.idle.push(stations[this.begun] as LoadStation);
  }

  /** Any station that can send; after the end one that charges. */
  private takeIdle(dueAt: number): LoadStation | undefined {
    while (this.idle.length > 0) {
      const at = Math.floor(this.random.next() * this.idle.length);
      const station = this.idle[at] as LoadStation;
      const last = this.idle.pop() as LoadStation;
      if (station !== last) this.idle[at] = last;
      if (station.isBooted && (dueAt < this.endsAt || this.isCharging(station))) return station;
    }
    return undefined;
  }
}
