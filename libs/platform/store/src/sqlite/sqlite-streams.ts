import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { BoundedCache } from '../bounded-cache.js';
import { decodeEvents, encodeEvents } from '../commit-codec.js';
import type { AppendOutcome, Commit, StreamStore } from '../store.js';
import type { TransactionHooks, WriteQueue } from './write-queue.js';

/** Streams whose last version and causation ids are kept in memory, so that an append to a hot stream reads nothing. */
const HEADS_MAX = 10_000;
/** Causation ids of one head; a longer stream is looked through on disk. */
const HEAD_CAUSATIONS_MAX = 256;
/** Row numbers of commits handed out and not yet marked as published; others are looked up by their key. */
const PENDING_MAX = 20_000;
const SCAN_BATCH = 512;
const PUBLISHED = 'published';

interface Head {
  version: number;
  /** Undefined when there are more than `HEAD_CAUSATIONS_MAX`. */
  causations: Set<string> | undefined;
}

type Row = Record<string, unknown>;

/**
 * Commits in one table whose row number is the order in which they were written. This process alone writes it, so uniqueness of the
 * causation id needs no index of its own: the head of the stream knows them.
 *
 * What is published is a row number below which everything is, and the few beyond it; it is written along with other transactions. A
 * crash may forget the newest marks: those commits are then published a second time.
 */
export class SqliteStreams implements StreamStore, TransactionHooks {
  readonly #insert: StatementSync;
  readonly #head: StatementSync;
  readonly #seen: StatementSync;
  readonly #load: StatementSync;
  readonly #after: StatementSync;
  readonly #rowOf: StatementSync;
  readonly #saveMeta: StatementSync;
  readonly #heads = new BoundedCache<Head>(HEADS_MAX);
  readonly #pending = new Map<string, number>();
  readonly #beyond = new Set<number>();
  #publishedUpTo = 0;
  #marksDirty = false;
  /** The last row that was inserted, is committed, is durable. */
  #insertedUpTo = 0;
  #committedUpTo = 0;
  #durableUpTo = 0;

  constructor(
    db: DatabaseSync,
    private readonly queue: WriteQueue,
  ) {
    this.#insert = db.prepare('INSERT INTO commits (s, v, k, at, e) VALUES (?, ?, ?, ?, ?)');
    this.#head = db.prepare('SELECT v, k FROM commits WHERE s = ? ORDER BY v');
    this.#seen = db.prepare('SELECT 1 FROM commits WHERE s = ? AND k = ? LIMIT 1');
    this.#load = db.prepare('SELECT n, s, v, k, at, e FROM commits WHERE s = ? ORDER BY v');
    this.#after = db.prepare('SELECT n, s, v, k, at, e FROM commits WHERE n > ? ORDER BY n LIMIT ?');
    this.#rowOf = db.prepare('SELECT n FROM commits WHERE s = ? AND v = ?');
    this.#saveMeta = db.prepare('INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value');
    const saved = db.prepare('SELECT value FROM meta WHERE key = ?').get(PUBLISHED);
    if (saved !== undefined) {
      const marks = JSON.parse(String(saved['value'])) as { upTo: number; beyond: readonly number[] };
      this.#publishedUpTo = marks.upTo;
      for (const n of marks.beyond) this.#beyond.add(n);
    }
    this.#insertedUpTo = Number(db.prepare('SELECT max(n) AS n FROM commits').get()?.['n'] ?? 0);
    this.#committedUpTo = this.#insertedUpTo;
    this.#durableUpTo = this.#insertedUpTo;
  }

  append(commits: readonly Commit[]): Promise<readonly AppendOutcome[]> {
    if (commits.length === 0) return Promise.resolve([]);
    const bodies: string[] = [];
    try {
      for (const commit of commits) bodies.push(encodeEvents(commit));
    } catch (error) {
      return Promise.reject(error);
    }
    return this.queue.write(() => {
      const outcomes: AppendOutcome[] = [];
      let stopped: Set<string> | undefined;
      for (let i = 0; i < commits.length; i += 1) {
        const commit = commits[i] as Commit;
        // What was decided on a commit that did not get in does not get in either.
        const outcome = stopped?.has(commit.streamId) ? 'conflict' : this.#appendOne(commit, bodies[i] as string);
        if (outcome !== 'appended') (stopped ??= new Set()).add(commit.streamId);
        outcomes.push(outcome);
      }
      return outcomes;
    }, commits.length);
  }

  #appendOne(commit: Commit, body: string): AppendOutcome {
    const { streamId, version, causationId } = commit;
    let head = this.#heads.get(streamId);
    if (head === undefined) {
      head = headOf(this.#head.all(streamId));
      this.#heads.set(streamId, head);
    }
    const seen = head.causations === undefined ? this.#seen.get(streamId, causationId) !== undefined : head.causations.has(causationId);
    if (seen) return 'duplicate';
    if (version !== head.version + 1) return 'conflict';
    const n = Number(this.#insert.run(streamId, version, causationId, commit.at, body).lastInsertRowid);
    this.#insertedUpTo = n;
    head.version = version;
    remember(head, causationId);
    if (this.#pending.size < PENDING_MAX) this.#pending.set(keyOf(commit), n);
    return 'appended';
  }

  async load(streamIds: readonly string[]): Promise<ReadonlyMap<string, readonly Commit[]>> {
    const found = new Map<string, readonly Row[]>();
    let last = 0;
    for (const streamId of streamIds) {
      const rows = this.#load.all(streamId);
      // A new stream is about to be written to: its first append then need not look either.
      this.#heads.set(streamId, headOf(rows));
      if (rows.length === 0) continue;
      found.set(streamId, rows);
      last = Math.max(last, Number(rows.at(-1)?.['n']));
    }
    // A commit that a power cut could still take back is told to nobody: who repeats its input takes it for done. A write waits until it is safe.
    if (last > this.#durableUpTo) await this.queue.write(() => undefined);
    return new Map([...found].map(([streamId, rows]) => [streamId, rows.map((row) => this.#commitOf(row))]));
  }

  async *scan(
    options: { after?: string; batch?: number } = {},
  ): AsyncIterable<{ readonly cursor: string; readonly commits: readonly Commit[] }> {
    let after = Number(options.after ?? 0);
    for (;;) {
      const rows = this.#after.all(after, options.batch ?? SCAN_BATCH);
      const last = rows.at(-1);
      if (last === undefined) return;
      after = Number(last['n']);
      yield { cursor: String(after), commits: rows.map((row) => this.#commitOf(row)) };
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  unpublished(limit: number): Promise<readonly Commit[]> {
    return attempt(() => {
      const commits: Commit[] = [];
      let after = this.#publishedUpTo;
      while (commits.length < limit) {
        const rows = this.#after.all(after, limit);
        for (const row of rows) {
          after = Number(row['n']);
          // Nobody else may hear of what a power cut could still take back.
          if (after > this.#durableUpTo) return commits;
          if (commits.length < limit && !this.#beyond.has(after)) commits.push(this.#commitOf(row));
        }
        if (rows.length < limit) break;
      }
      return commits;
    });
  }

  markPublished(commits: readonly Pick<Commit, 'streamId' | 'version'>[]): Promise<void> {
    return attempt(() => {
      for (const commit of commits) {
        const key = keyOf(commit);
        const n = this.#pending.get(key) ?? Number(this.#rowOf.get(commit.streamId, commit.version)?.['n'] ?? 0);
        this.#pending.delete(key);
        if (n > this.#publishedUpTo) this.#beyond.add(n);
      }
      while (this.#beyond.delete(this.#publishedUpTo + 1)) this.#publishedUpTo += 1;
      this.#marksDirty = true;
    });
  }

  beforeCommit(): void {
    if (!this.#marksDirty) return;
    this.#saveMeta.run(PUBLISHED, JSON.stringify({ upTo: this.#publishedUpTo, beyond: [...this.#beyond] }));
    this.#marksDirty = false;
  }

  committed(): void {
    this.#committedUpTo = this.#insertedUpTo;
  }

  durable(): void {
    this.#durableUpTo = this.#committedUpTo;
  }

  rolledBack(): void {
    this.#insertedUpTo = this.#committedUpTo;
    this.#heads.clear();
    this.#pending.clear();
    this.#marksDirty = true;
  }

  /** Whether marks wait for a transaction to go along with. */
  get marksWaiting(): boolean {
    return this.#marksDirty;
  }

  #commitOf(row: Row): Commit {
    const n = Number(row['n']);
    const head = { streamId: String(row['s']), version: Number(row['v']), causationId: String(row['k']), at: String(row['at']) };
    const commit = { ...head, events: decodeEvents(head, String(row['e'])) };
    return n <= this.#publishedUpTo || this.#beyond.has(n) ? commit : { ...commit, published: false };
  }
}

const keyOf = (commit: Pick<Commit, 'streamId' | 'version'>): string => `${commit.version} ${commit.streamId}`;

function headOf(rows: readonly Row[]): Head {
  const head: Head = { version: Number(rows.at(-1)?.['v'] ?? 0), causations: new Set() };
  for (const row of rows) remember(head, String(row['k']));
  return head;
}

function remember(head: Head, causationId: string): void {
  head.causations?.add(causationId);
  if (head.causations !== undefined && head.causations.size > HEAD_CAUSATIONS_MAX) head.causations = undefined;
}

/** Runs a synchronous read as a promise: what it throws rejects. */
export async function attempt<T>(work: () => T): Promise<T> {
  return work();
}
