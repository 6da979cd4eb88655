import { setImmediate as nextTurn } from 'node:timers/promises';
import { deliver } from './deliver.js';
import type { LogRecord, SubscribeOptions, Subscription } from './event-log.js';
import { encodedType } from './record-codec.js';
import type { Partition } from './sqlite-partition.js';

const BATCH_MAX = 512;
/**
 * A consumer that had a batch this short a time ago waits for more: each batch costs its consumer a transaction or two in its own store,
 * so a busy log is handed over in fewer, larger batches. An idle one is handed over at once.
 */
const LINGER_MS = 5;
/** A consumer that has more to do lets the event loop turn after so long: batches that wait for nothing would otherwise keep it. */
const TURN_MS = 4;

/** How far apart a consumer is asked to settle what it has handled. */
const SETTLE_EVERY_MS = 500;

/** After its records could not be read a consumer tries again. */
const READ_AGAIN_MS = 1_000;

/** Where a group stands in one partition. */
export class Cursor {
  /** The first offset not yet handled. */
  position: number;
  /** The first offset not yet handled, or not settled: what is stored. */
  settled: number;
  /** The first offset not yet handed over. */
  next: number;
  /** Who reads it, until the next rebalance. */
  owner: Member | undefined;
  /** Who has records of it in hand: nobody else may read on before those are done. */
  holder: Member | undefined;
  /** Event types that its owner wants. */
  types: ReadonlySet<string> | undefined;
  wanted: ReadonlySet<string> | undefined;
  /** Records read from the file and not yet handed over. */
  ahead: readonly LogRecord[] = [];
  aheadEnd = 0;
  readAt = 0;

  constructor(
    readonly group: Group,
    readonly partition: Partition,
    position: number,
  ) {
    this.position = position;
    this.settled = position;
    this.next = position;
  }

  readAhead(records: readonly LogRecord[], end: number): void {
    this.ahead = records;
    this.aheadEnd = end;
    this.readAt = 0;
    if (records.length === 0) this.next = end;
  }

  dropAhead(): void {
    this.ahead = [];
    this.readAt = 0;
  }

  assign(owner: Member | undefined): void {
    if (owner === this.owner) return;
    this.owner = owner;
    this.types = owner?.types;
    this.wanted = owner?.wanted;
    if (this.holder === undefined) this.unsettle();
  }

  /** What nobody settles any more is handed over again. */
  unsettle(): void {
    this.position = this.settled;
    this.rewind();
  }

  rewind(): void {
    this.next = this.position;
    this.dropAhead();
  }
}

interface Waiter {
  readonly cursor: Cursor;
  readonly target: number;
  done(reached: boolean): void;
}

/** A consumer group of this process: its cursors and the members that share them. */
export class Group {
  readonly cursors = new Map<Partition, Cursor>();
  readonly #members: Member[] = [];
  #waiters: Waiter[] = [];

  constructor(
    readonly name: string,
    private readonly moved: (cursor: Cursor) => void,
  ) {}

  get isEmpty(): boolean {
    return this.#members.length === 0;
  }

  join(member: Member): void {
    this.#members.push(member);
    this.#rebalance();
  }

  leave(member: Member): void {
    const at = this.#members.indexOf(member);
    if (at >= 0) this.#members.splice(at, 1);
    this.#rebalance();
  }

  #rebalance(): void {
    for (const cursor of this.cursors.values()) {
      const { topic, index } = cursor.partition;
      const takers = this.#members.filter((member) => member.topics.has(topic));
      const owner = takers[index % Math.max(1, takers.length)];
      cursor.assign(owner);
      if (owner === undefined) cursor.partition.cursors.delete(cursor);
      else cursor.partition.cursors.add(cursor);
      cursor.partition.trim();
    }
    for (const member of this.#members) member.reassign([...this.cursors.values()].filter((cursor) => cursor.owner === member));
  }

  settled(cursor: Cursor, position: number): void {
    cursor.settled = position;
    this.moved(cursor);
  }

  /** The cursor has moved on. */
  advanced(cursor: Cursor): void {
    cursor.partition.trim();
    if (this.#waiters.length === 0) return;
    const reached = this.#waiters.filter((waiter) => waiter.cursor.position >= waiter.target);
    if (reached.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => !reached.includes(waiter));
    for (const waiter of reached) waiter.done(true);
  }

  /** Resolves true once the cursor stands at `target`, false after `deadlineMs`. */
  reached(cursor: Cursor, target: number, deadlineMs: number): Promise<boolean> {
    if (cursor.position >= target) return Promise.resolve(true);
    return new Promise((resolve) => {
      const waiter: Waiter = {
        cursor,
        target,
        done: (reached) => {
          clearTimeout(timer);
          resolve(reached);
        },
      };
      const timer = setTimeout(() => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
        resolve(false);
      }, deadlineMs);
      this.#waiters.push(waiter);
    });
  }
}

/** What a member needs of the log. */
export interface MemberPort {
  deadLetter(group: string, record: LogRecord, cause: unknown): Promise<void>;
  onRetry(group: string, error: unknown, records: number, waitMs: number): void;
  onBug(group: string, error: unknown): void;
  onUnsettled(group: string, error: unknown): void;
}

/** One subscription: hands batches over, one at a time, never from within an append. */
export class Member implements Subscription {
  readonly topics: ReadonlySet<string>;
  readonly types: ReadonlySet<string> | undefined;
  readonly wanted: ReadonlySet<string> | undefined;
  #cursors: readonly Cursor[] = [];
  #turn = 0;
  #stopping = false;
  /** When the last batch was handed over, by `performance.now()`. */
  #batchAt = Number.NEGATIVE_INFINITY;
  #wakeUp: (() => void) | undefined;
  #endPause: (() => void) | undefined;
  #running: Promise<void> | undefined;
  #settleTimer: NodeJS.Timeout | undefined;
  #settling: Promise<void> | undefined;

  constructor(
    private readonly group: Group,
    private readonly options: SubscribeOptions,
    private readonly port: MemberPort,
  ) {
    this.topics = new Set(options.topics);
    this.types = options.types === undefined ? undefined : new Set(options.types);
    this.wanted = options.types === undefined ? undefined : new Set(options.types.map(encodedType));
  }

  start(): void {
    this.group.join(this);
    this.#running = this.#run().catch((error: unknown) => this.port.onBug(this.group.name, error));
  }

  reassign(cursors: readonly Cursor[]): void {
    const lost = this.#cursors.filter((cursor) => !cursors.includes(cursor));
    if (lost.length > 0) this.options.onRevoked?.(lost.map(({ partition }) => ({ topic: partition.topic, partition: partition.index })));
    this.#cursors = cursors;
    this.wake();
  }

  /** There may be something to read. */
  wake(): void {
    const wakeUp = this.#wakeUp;
    if (wakeUp === undefined) return;
    this.#wakeUp = undefined;
    const waitMs = this.#batchAt + LINGER_MS - performance.now();
    if (waitMs > 0 && !this.#stopping) setTimeout(wakeUp, waitMs);
    else setImmediate(wakeUp);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.wake();
    this.#endPause?.();
    await this.#running;
    await this.#settle();
    this.group.leave(this);
  }

  async #run(): Promise<void> {
    const delivery = {
      handle: (batch: readonly LogRecord[]) => this.options.handle(batch),
      deadLetter: (record: LogRecord, cause: unknown) => this.port.deadLetter(this.group.name, record, cause),
      pause: (ms: number) => this.#pause(ms),
      gone: () => this.#stopping,
      onRetry: (error: unknown, records: number, waitMs: number) => this.port.onRetry(this.group.name, error, records, waitMs),
    };
    let turnedAt = performance.now();
    while (!this.#stopping) {
      const held: Cursor[] = [];
      let batch: LogRecord[];
      try {
        batch = this.#collect(held);
      } catch (error) {
        // The files could not be read: no descriptor is left, or a disk fails. Whoever mends it needs no restart.
        for (const cursor of held) this.#release(cursor, false);
        delivery.onRetry(error, 0, READ_AGAIN_MS);
        await this.#pause(READ_AGAIN_MS);
        continue;
      }
      if (held.length === 0) {
        await new Promise<void>((resolve) => {
          this.#wakeUp = resolve;
        });
        turnedAt = performance.now();
        continue;
      }
      this.#batchAt = performance.now();
      const handled = batch.length === 0 || (await deliver(batch, delivery));
      for (const cursor of held) this.#release(cursor, handled);
      if (performance.now() - turnedAt > TURN_MS) {
        await nextTurn();
        turnedAt = performance.now();
      }
    }
  }

  /** The next batch; `held` gets the cursors that moved, whether or not the batch has records of theirs. */
  #collect(held: Cursor[]): LogRecord[] {
    const batch: LogRecord[] = [];
    const max = this.options.batchMax ?? BATCH_MAX;
    const cursors = this.#cursors;
    this.#turn += 1;
    for (let i = 0; i < cursors.length && batch.length < max; i += 1) {
      const cursor = cursors[(i + this.#turn) % cursors.length] as Cursor;
      if (cursor.holder !== undefined || cursor.next >= cursor.partition.end) continue;
      cursor.holder = this;
      held.push(cursor);
      cursor.partition.take(cursor, max - batch.length, batch);
    }
    return batch;
  }

  #release(cursor: Cursor, handled: boolean): void {
    cursor.holder = undefined;
    if (handled) {
      cursor.position = cursor.next;
      if (this.options.settle === undefined) this.group.settled(cursor, cursor.position);
      else this.#settleIn(SETTLE_EVERY_MS);
      this.group.advanced(cursor);
    } else {
      cursor.rewind();
    }
    if (cursor.owner !== this) {
      cursor.unsettle();
      cursor.owner?.wake();
    }
  }

  #settleIn(ms: number): void {
    this.#settleTimer ??= setTimeout(() => void this.#settle(), ms);
  }

  /** What was handled until now is stored as handled, once it is durable. */
  async #settle(): Promise<void> {
    clearTimeout(this.#settleTimer);
    this.#settleTimer = undefined;
    while (this.#settling !== undefined) await this.#settling;
    const handled = this.#cursors.flatMap((cursor) => (cursor.position > cursor.settled ? { cursor, position: cursor.position } : []));
    if (handled.length === 0) return;
    const settling = this.#settleAll(handled);
    this.#settling = settling;
    await settling;
  }

  async #settleAll(handled: readonly { readonly cursor: Cursor; readonly position: number }[]): Promise<void> {
    try {
      await this.options.settle?.();
      for (const { cursor, position } of handled) if (cursor.owner === this) this.group.settled(cursor, position);
    } catch (error) {
      this.port.onUnsettled(this.group.name, error);
      if (!this.#stopping) this.#settleIn(SETTLE_EVERY_MS);
    } finally {
      this.#settling = undefined;
    }
  }

  #pause(ms: number): Promise<void> {
    if (this.#stopping) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#endPause?.(), ms);
      this.#endPause = () => {
        clearTimeout(timer);
        this.#endPause = undefined;
        resolve();
      };
    });
  }
}
