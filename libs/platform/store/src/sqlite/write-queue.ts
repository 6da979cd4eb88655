import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { OperatingError } from '@voltlog/kernel';
import { sqliteCode } from './sqlite-database.js';

/** Waiting writes of one transaction; the rest waits for the next, so that the event loop is not held for long. */
const TRANSACTION_MAX_WRITES = 1_024;
/**
 * A transaction holds up the whole process while the disk syncs it. So after one the next waits this many times as long as it took: what
 * comes meanwhile shares it, and the disk gets at most a ninth of the time however slow it is. After a pause a write is made at once.
 */
const REST_FACTOR = 8;
/** ... but never longer than this, milliseconds: one slow transaction does not make the next one late. */
const REST_MAX_MS = 30;

/** Result codes that say the disk, the file or the memory is the trouble, not the statement: perm, nomem, readonly, ioerr, corrupt, full, cantopen. */
const OUTSIDE_TROUBLE: ReadonlySet<number> = new Set([3, 7, 8, 10, 11, 13, 14]);

interface Waiting {
  work(): unknown;
  resolve(value: unknown): void;
  reject(error: unknown): void;
  result: unknown;
}

/** Told about the transactions; both run synchronously. */
export interface TransactionHooks {
  /** Writes what costs nothing when a transaction is made anyway. */
  beforeCommit(): void;
  /** What was done since `BEGIN` has not happened. */
  rolledBack(): void;
}

/** Group commit: all writes that wait at the same time share one transaction, and so one fsync. They run in the order of the calls. */
export class WriteQueue {
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  #waiting: Waiting[] = [];
  #scheduled = false;
  #closed = false;
  /** Before this moment of `performance.now()` no transaction begins. */
  #restUntil = 0;
  hooks: TransactionHooks | undefined;

  /**
   * @param rests whether transactions are kept apart: not in memory, where there is no disk to wait for
   * @param committed told of every transaction
   */
  constructor(
    private readonly db: DatabaseSync,
    private readonly rests: boolean,
    private readonly committed: () => void,
  ) {
    this.#begin = db.prepare('BEGIN IMMEDIATE');
    this.#commit = db.prepare('COMMIT');
  }

  /**
   * @param work runs inside the transaction, perhaps twice when another one's work failed
   * @returns what `work` returned, once it is durable
   * @throws {OperatingError} `StoreUnavailable`
   */
  write<T>(work: () => T): Promise<T> {
    if (this.#closed) return Promise.reject(new OperatingError('StoreUnavailable', 'the store is closed'));
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ work, resolve: resolve as (value: unknown) => void, reject, result: undefined });
      if (!this.#scheduled) {
        this.#scheduled = true;
        setImmediate(this.#flushOrRest);
      }
    });
  }

  readonly #flushOrRest = (): void => {
    const restMs = this.#restUntil - performance.now();
    if (restMs > 0) setTimeout(() => this.flush(), restMs);
    else this.flush();
  };

  /** Writes what waits. */
  flush(): void {
    this.#scheduled = false;
    const began = performance.now();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.length <= TRANSACTION_MAX_WRITES ? this.#waiting : this.#waiting.slice(0, TRANSACTION_MAX_WRITES);
      this.#waiting = batch === this.#waiting ? [] : this.#waiting.slice(TRANSACTION_MAX_WRITES);
      this.#transact(batch);
    }
    const ended = performance.now();
    if (this.rests) this.#restUntil = ended + Math.min(REST_MAX_MS, REST_FACTOR * (ended - began));
  }

  close(): void {
    this.flush();
    this.#closed = true;
  }

  #transact(batch: readonly Waiting[]): void {
    try {
      this.#begin.run();
      for (const one of batch) one.result = one.work();
      this.hooks?.beforeCommit();
      this.#commit.run();
    } catch (error) {
      this.#rollback();
      const trouble = outsideTrouble(error);
      if (trouble === undefined && batch.length > 1) for (const one of batch) this.#transact([one]);
      else for (const one of batch) one.reject(trouble ?? error);
      return;
    }
    for (const one of batch) one.resolve(one.result);
    this.committed();
  }

  #rollback(): void {
    if (this.db.isTransaction) this.db.exec('ROLLBACK');
    this.hooks?.rolledBack();
  }
}

/** The `OperatingError` for an error of the disk or the file; undefined for a bug. */
export function outsideTrouble(error: unknown): OperatingError | undefined {
  const code = sqliteCode(error);
  if (code === undefined || !OUTSIDE_TROUBLE.has(code)) return undefined;
  return new OperatingError('StoreUnavailable', `the store cannot be written: ${error instanceof Error ? error.message : String(error)}`, {
    cause: error,
  });
}
