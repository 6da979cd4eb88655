import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { OperatingError } from '@voltlog/kernel';
import { type Checkpoints, moveAll, type WalSync } from '@voltlog/sqlite';
import { sqliteCode } from './sqlite-database.js';

/** Waiting writes of one transaction; the rest waits for the next, so that the event loop is not held for long. */
const TRANSACTION_MAX_WRITES = 1_024;
/**
 * How long after a small transaction was durable the next begins at the earliest, milliseconds: what comes meanwhile shares it, and a page that
 * many writes touch is written once. After a pause a write is made at once.
 */
export const REST_MS = 25;
/** Rows of a transaction that is worth its sync by itself: whoever writes so much at a time has more, and is not kept waiting. */
const REST_BELOW_ROWS = 64;

/** Result codes that say the disk, the file or the memory is the trouble, not the statement: perm, nomem, readonly, ioerr, corrupt, full, cantopen. */
const OUTSIDE_TROUBLE: ReadonlySet<number> = new Set([3, 7, 8, 10, 11, 13, 14]);

interface Waiting {
  work(): unknown;
  readonly rows: number;
  resolve(value: unknown): void;
  reject(error: unknown): void;
  result: unknown;
}

/** Told about the transactions; all run synchronously. */
export interface TransactionHooks {
  /** Writes what costs nothing when a transaction is made anyway. */
  beforeCommit(): void;
  /** What was done since `BEGIN` is in the file, and can be read. */
  committed(): void;
  /** What was done since `BEGIN` has not happened. */
  rolledBack(): void;
  /** All that was committed is on the disk. */
  durable(): void;
}

/**
 * Group commit: all writes that wait at the same time share one transaction, and so one fsync. They run in the order of the calls. The event
 * loop goes on while the disk syncs: what is committed can be read meanwhile, but whoever wrote it is told when it is durable.
 */
export class WriteQueue {
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  #waiting: Waiting[] = [];
  #closed = false;
  /** The last sync failed: nothing is written behind what it left out before that is safe. */
  #unsafe = false;
  /** Before this moment of `performance.now()` no transaction begins. */
  #restUntil = 0;
  /** Goes on as long as something waits. */
  #running: Promise<void> | undefined;
  hooks: TransactionHooks | undefined;

  /**
   * @param sync makes transactions durable; absent: they are so by themselves
   * @param restMs how far apart small transactions are kept: `REST_MS`; 0 in memory, where there is no disk to wait for
   * @param checkpoints told of every transaction, and asked between two of them
   */
  constructor(
    private readonly db: DatabaseSync,
    private readonly sync: Pick<WalSync, 'sync'> | undefined,
    private readonly restMs: number,
    private readonly checkpoints: Pick<Checkpoints, 'committed' | 'pause'>,
  ) {
    this.#begin = db.prepare('BEGIN IMMEDIATE');
    this.#commit = db.prepare('COMMIT');
  }

  /**
   * @param work runs inside the transaction, perhaps twice when another one's work failed
   * @param rows about how many it writes
   * @returns what `work` returned, once it is durable
   * @throws {OperatingError} `StoreUnavailable`. After a failed sync it may have happened all the same: a repetition tells
   */
  write<T>(work: () => T, rows = 1): Promise<T> {
    if (this.#closed) return Promise.reject(new OperatingError('StoreUnavailable', 'the store is closed'));
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ work, rows, resolve: resolve as (value: unknown) => void, reject, result: undefined });
      this.#running ??= this.#run();
    });
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      await setImmediate();
      const restMs = this.#restUntil - performance.now();
      if (restMs > 0) await setTimeout(restMs);
      await this.#flush();
      await this.checkpoints.pause();
    }
    this.#running = undefined;
  }

  /** Writes what waits; what comes until that is durable waits for the next. */
  async #flush(): Promise<void> {
    const done: Waiting[] = [];
    const waiting = this.#waiting;
    this.#waiting = [];
    try {
      await this.#write(waiting, done);
      for (const one of done) one.resolve(one.result);
    } catch (error) {
      const trouble = unavailable(error);
      for (const one of done) one.reject(trouble);
    }
    const rows = done.reduce((sum, one) => sum + one.rows, 0);
    if (rows < REST_BELOW_ROWS) this.#restUntil = performance.now() + this.restMs;
  }

  /** @param done takes those that are durable when this resolves, and unknown when it rejects */
  async #write(waiting: readonly Waiting[], done: Waiting[]): Promise<void> {
    if (this.#unsafe) {
      try {
        moveAll(this.db);
      } catch (error) {
        done.push(...waiting);
        throw error;
      }
      this.#unsafe = false;
      this.hooks?.durable();
    }
    for (let at = 0; at < waiting.length; at += TRANSACTION_MAX_WRITES)
      this.#transact(waiting.slice(at, at + TRANSACTION_MAX_WRITES), done);
    if (done.length === 0) return;
    try {
      await this.sync?.sync();
    } catch (error) {
      this.#unsafe = true;
      throw error;
    }
    this.hooks?.durable();
  }

  #transact(batch: readonly Waiting[], done: Waiting[]): void {
    try {
      this.#begin.run();
      for (const one of batch) one.result = one.work();
      this.hooks?.beforeCommit();
      this.#commit.run();
    } catch (error) {
      this.#rollback();
      const trouble = outsideTrouble(error);
      if (trouble === undefined && batch.length > 1) for (const one of batch) this.#transact([one], done);
      else for (const one of batch) one.reject(trouble ?? error);
      return;
    }
    for (const one of batch) done.push(one);
    this.hooks?.committed();
    this.checkpoints.committed();
  }

  #rollback(): void {
    if (this.db.isTransaction) this.db.exec('ROLLBACK');
    this.hooks?.rolledBack();
  }

  /** Resolves when all that was written is durable or refused; from now on nothing is taken. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }
}

/** The `OperatingError` for an error of the disk or the file; undefined for a bug. */
export function outsideTrouble(error: unknown): OperatingError | undefined {
  const code = sqliteCode(error);
  if (code === undefined || !OUTSIDE_TROUBLE.has(code)) return undefined;
  return unavailable(error);
}

function unavailable(error: unknown): OperatingError {
  return new OperatingError('StoreUnavailable', `the store cannot be written: ${error instanceof Error ? error.message : String(error)}`, {
    cause: error,
  });
}
