import { randomInt } from 'node:crypto';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { isoTime } from '@voltlog/kernel';
import type { ClaimedTimer, ClaimOptions, Timer, TimerStore } from '../store.js';
import type { WriteQueue } from './write-queue.js';

const LEASE_MAX = 2 ** 47;

/** Timers as rows; `ready` is when a timer can be claimed: when it is due, or when the lease on it ends; `claimed` names the claim, 0: none. */
export class SqliteTimers implements TimerStore {
  readonly #schedule: StatementSync;
  readonly #scheduleNoLater: StatementSync;
  readonly #cancel: StatementSync;
  readonly #claim: StatementSync;
  readonly #complete: StatementSync;

  constructor(
    db: DatabaseSync,
    private readonly queue: WriteQueue,
  ) {
    const schedule = `INSERT INTO timers (id, kind, due, payload, ready, claimed) VALUES (?1, ?2, ?3, ?4, ?3, 0)
       ON CONFLICT DO UPDATE SET kind = ?2, due = ?3, payload = ?4, ready = ?3, claimed = 0`;
    this.#schedule = db.prepare(schedule);
    this.#scheduleNoLater = db.prepare(`${schedule} WHERE claimed <> 0 OR due > ?3`);
    this.#cancel = db.prepare('DELETE FROM timers WHERE id = ?');
    this.#claim = db.prepare(
      `UPDATE timers SET ready = ?1, claimed = ?5 WHERE id IN (SELECT id FROM timers WHERE kind = ?2 AND ready <= ?3 ORDER BY ready LIMIT ?4)
       RETURNING id, kind, due, payload`,
    );
    this.#complete = db.prepare('DELETE FROM timers WHERE id = ? AND claimed = ?');
  }

  schedule(timers: readonly Timer[]): Promise<void> {
    return this.#put(this.#schedule, timers);
  }

  scheduleNoLater(timers: readonly Timer[]): Promise<void> {
    return this.#put(this.#scheduleNoLater, timers);
  }

  cancel(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return Promise.resolve();
    return this.queue.write(() => {
      for (const id of ids) this.#cancel.run(id);
    });
  }

  claim({ kind, now, leaseMs, limit }: ClaimOptions): Promise<readonly ClaimedTimer[]> {
    const until = isoTime(Date.parse(now) + leaseMs);
    const claimed = randomInt(1, LEASE_MAX);
    const lease = String(claimed);
    return this.queue.write(() =>
      this.#claim
        .all(until, kind, now, limit, claimed)
        .map((row) => ({
          id: String(row['id']),
          kind: String(row['kind']),
          dueAt: String(row['due']),
          payload: JSON.parse(String(row['payload'])) as unknown,
          lease,
        }))
        .sort((a, b) => (a.dueAt < b.dueAt ? -1 : a.dueAt > b.dueAt ? 1 : 0)),
    );
  }

  complete(timers: readonly Pick<ClaimedTimer, 'id' | 'lease'>[]): Promise<void> {
    if (timers.length === 0) return Promise.resolve();
    return this.queue.write(() => {
      for (const { id, lease } of timers) this.#complete.run(id, Number(lease));
    });
  }

  #put(statement: StatementSync, timers: readonly Timer[]): Promise<void> {
    if (timers.length === 0) return Promise.resolve();
    return this.queue.write(() => {
      for (const { id, kind, dueAt, payload } of timers) statement.run(id, kind, dueAt, JSON.stringify(payload ?? null));
    });
  }
}
