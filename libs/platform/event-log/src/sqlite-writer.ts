import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { type EventEnvelope, OperatingError } from '@voltlog/kernel';
import { moveAll, type WalSync } from '@voltlog/sqlite';
import type { Logger } from 'pino';
import type { Cursor, Group } from './sqlite-group.js';
import type { Chunk, Partition } from './sqlite-partition.js';

/** Records of one transaction; more wait for the next, so that the event loop is not held for long. */
const FLUSH_MAX_RECORDS = 4_096;
/** The same in characters. */
const FLUSH_MAX_CHARS = 8_000_000;
/** Records of one row: what a reader of a single record has to load. */
const CHUNK_MAX_RECORDS = 512;
const CHUNK_MAX_CHARS = 512_000;
/** With so many records waiting a commit is cheap enough per record to be made at once. */
const FLUSH_AT_RECORDS = 16;
/**
 * The next commit waits at least this share of the time that the last one took with its sync: a slow disk gets fewer, larger commits, and the
 * stores, which sync too, their turn.
 */
const REST_FACTOR = 0.5;
/** ... but never longer than this, milliseconds: a checkpoint makes one commit slow, not the next. */
const REST_MAX_MS = 5;
/** Positions of groups are written with the first commit after this time; a crash hands at most so much over again. */
const POSITIONS_EVERY_MS = 100;
/** What `health` writes after a failure: room for a good deal more than one event. */
const PROBE_BYTES = 65_536;
/** An append this recent proves that the log takes appends. */
const HEALTHY_FOR_MS = 5_000;
/** A sync that takes longer than this hangs: nothing that is appended becomes durable. */
const SYNC_HANGS_MS = 30_000;

export interface WriterOptions {
  readonly lingerMs: number;
  readonly logger: Logger | undefined;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Makes commits durable; absent: they are so by themselves. */
  readonly sync: Pick<WalSync, 'sync'> | undefined;
  /** Told of every transaction. */
  committed(): void;
  /** Asked between two: what to wait for before the next; nothing most of the time. It does not reject. */
  pause(): Promise<void> | undefined;
}

/** What shares one transaction, and one promise. */
interface Flush {
  readonly chunks: Chunk[];
  readonly open: Map<Partition, Chunk>;
  records: number;
  chars: number;
  readonly done: Promise<void>;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Commits what waits, in one transaction synced once: whoever comes while it runs waits for the next. Positions of groups ride along. Nobody
 * but those who wait stands still while the disk syncs.
 */
export class SqliteWriter {
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #savePosition: StatementSync;
  readonly #probe: StatementSync;
  readonly #waiting: Flush[] = [];
  /** A commit is due, or under way. */
  #scheduled = false;
  /** Of the flush that was begun last. */
  #newest: Promise<void> | undefined;
  /** Chunks that are in the write-ahead log and whose sync failed: nothing is written behind them before they are safe. */
  #unsafe: readonly Chunk[] = [];
  #lastFlush = Number.NEGATIVE_INFINITY;
  /** When the sync under way began. */
  #syncing: number | undefined;
  #restMs = 0;
  /** Why the last append failed; nothing once one worked. */
  #failure: OperatingError | undefined;
  readonly #dirty = new Set<Cursor>();
  #positionsSaved = 0;
  #positionsTimer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(
    private readonly db: DatabaseSync,
    private readonly options: WriterOptions,
  ) {
    this.#begin = db.prepare('BEGIN');
    this.#commit = db.prepare('COMMIT');
    this.#savePosition = db.prepare(
      'INSERT INTO positions (grp, topic, partition, position) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET position = excluded.position',
    );
    this.#probe = db.prepare(`INSERT INTO probe (body) VALUES (zeroblob(${PROBE_BYTES}))`);
  }

  /** Queues the events of one call, encoded as `text`; resolves with the commit they are part of. */
  append(partition: Partition, key: string, events: readonly EventEnvelope[], text: string): Promise<void> {
    const flush = this.#current();
    const chunk = this.#chunk(flush, partition);
    chunk.text += text;
    for (const event of events) {
      chunk.keys.push(key);
      chunk.events.push(event);
    }
    flush.records += events.length;
    flush.chars += text.length;
    return flush.done;
  }

  #current(): Flush {
    const last = this.#waiting.at(-1);
    if (last !== undefined && last.records < FLUSH_MAX_RECORDS && last.chars < FLUSH_MAX_CHARS) return last;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const flush: Flush = { chunks: [], open: new Map(), records: 0, chars: 0, done: promise, resolve, reject };
    this.#waiting.push(flush);
    this.#newest = flush.done;
    this.#schedule();
    return flush;
  }

  #schedule(): void {
    if (this.#scheduled || this.#waiting.length === 0) return;
    this.#scheduled = true;
    setImmediate(this.#flushOrLinger);
  }

  #chunk(flush: Flush, partition: Partition): Chunk {
    const open = flush.open.get(partition);
    if (open !== undefined && open.events.length < CHUNK_MAX_RECORDS && open.text.length < CHUNK_MAX_CHARS) return open;
    const chunk: Chunk = { partition, text: '', keys: [], events: [] };
    flush.open.set(partition, chunk);
    flush.chunks.push(chunk);
    return chunk;
  }

  readonly #flushOrLinger = (): void => {
    const records = this.#waiting[0]?.records ?? 0;
    const waitMs = records < FLUSH_AT_RECORDS ? Math.max(this.options.lingerMs, this.#restMs) : this.#restMs;
    const leftMs = this.#lastFlush + waitMs - performance.now();
    if (leftMs > 0) setTimeout(this.#flush, leftMs);
    else this.#flush();
  };

  readonly #flush = (): void => {
    const flush = this.#waiting.shift();
    if (flush === undefined) return;
    const began = performance.now();
    try {
      this.#mend();
      this.#write(flush.chunks);
    } catch (error) {
      this.#ended(began);
      this.#failed(flush, unavailable(error));
      return;
    }
    const { sync } = this.options;
    if (sync === undefined) {
      this.#ended(began);
      this.#succeeded(flush);
      return;
    }
    this.#syncing = performance.now();
    sync.sync().then(
      () => {
        this.#ended(began);
        this.#succeeded(flush);
      },
      (error: unknown) => {
        this.#unsafe = flush.chunks;
        this.#ended(began);
        this.#failed(flush, unavailable(error));
      },
    );
  };

  #ended(began: number): void {
    this.#syncing = undefined;
    this.#lastFlush = performance.now();
    this.#restMs = Math.min(REST_MAX_MS, REST_FACTOR * (this.#lastFlush - began));
    const pause = this.options.pause();
    if (pause === undefined) this.#next();
    else void pause.then(this.#next);
  }

  readonly #next = (): void => {
    this.#scheduled = false;
    this.#schedule();
  };

  #succeeded(flush: Flush): void {
    this.#failure = undefined;
    flush.resolve();
    for (const chunk of flush.chunks) chunk.partition.accept(chunk);
  }

  /** What a failed sync left behind: whoever appended it was refused, but it is in the log, so consumers get it once it is safe. */
  #mend(): void {
    if (this.#unsafe.length === 0) return;
    moveAll(this.db);
    const chunks = this.#unsafe;
    this.#unsafe = [];
    for (const chunk of chunks) chunk.partition.accept(chunk);
  }

  #failed(flush: Flush, failure: OperatingError): void {
    this.options.logger?.error({ err: failure, records: flush.records }, 'append failed');
    this.#failure = failure;
    flush.reject(failure);
  }

  /** One transaction with the chunks and, now and then, the positions of the groups. */
  #write(chunks: readonly Chunk[]): void {
    const at = this.options.now();
    const saved = this.#dirty.size > 0 && performance.now() - this.#positionsSaved >= POSITIONS_EVERY_MS;
    this.#begin.run();
    try {
      const ends = new Map<Partition, number>();
      for (const chunk of chunks) {
        const offset = ends.get(chunk.partition) ?? chunk.partition.end;
        chunk.partition.insert(chunk, offset, at);
        ends.set(chunk.partition, offset + chunk.events.length);
      }
      if (saved) this.#writePositions();
      this.#commit.run();
    } catch (error) {
      if (this.db.isTransaction) this.db.exec('ROLLBACK');
      throw error;
    }
    if (saved) this.#positionsAreSaved();
    this.options.committed();
  }

  #writePositions(): void {
    for (const { group, partition, position } of this.#dirty)
      this.#savePosition.run(group.name, partition.topic, partition.index, position);
  }

  #positionsAreSaved(): void {
    this.#dirty.clear();
    this.#positionsSaved = performance.now();
  }

  /** A group has moved on: its position is stored with one of the next commits. */
  moved(cursor: Cursor): void {
    this.#dirty.add(cursor);
    this.#positionsTimer ??= setTimeout(() => {
      this.#positionsTimer = undefined;
      if (this.#dirty.size > 0 && !this.#closed) this.#trySavePositions();
    }, 2 * POSITIONS_EVERY_MS).unref();
  }

  /** The positions of a group are gone. */
  forget(group: Group): void {
    for (const cursor of group.cursors.values()) this.#dirty.delete(cursor);
    try {
      this.db.prepare('DELETE FROM positions WHERE grp = ?').run(group.name);
    } catch (error) {
      this.options.logger?.warn({ err: error, group: group.name }, 'the positions of a group could not be deleted');
    }
  }

  #trySavePositions(): void {
    try {
      this.#positionsSaved = 0;
      this.#write([]);
    } catch (error) {
      this.options.logger?.error({ err: error }, 'positions of the groups could not be stored; tried again with the next commit');
    }
  }

  /** @throws {OperatingError} when nothing can be written now */
  health(): void {
    if (this.#syncing !== undefined && performance.now() - this.#syncing > SYNC_HANGS_MS)
      throw unavailable(new Error('the disk does not answer a sync'));
    if (this.#failure === undefined && performance.now() - this.#lastFlush < HEALTHY_FOR_MS) return;
    try {
      this.#mend();
      this.#probe.run();
      this.db.exec('DELETE FROM probe');
      this.#failure = undefined;
    } catch (error) {
      throw unavailable(error);
    }
  }

  /** Resolves once nothing waits and nothing is under way. */
  async idle(): Promise<void> {
    for (let seen: Promise<void> | undefined; seen !== this.#newest; ) {
      seen = this.#newest;
      await seen?.catch(() => undefined);
    }
  }

  /** Stores the positions; nothing is written after it. */
  close(): void {
    clearTimeout(this.#positionsTimer);
    if (this.#dirty.size > 0) this.#trySavePositions();
    this.#closed = true;
  }
}

/** The error a caller sees when SQLite refuses. */
export function unavailable(error: unknown): OperatingError {
  if (error instanceof OperatingError) return error;
  return new OperatingError(
    'LogUnavailable',
    `the event log cannot be written: ${error instanceof Error ? error.message : String(error)}`,
    { cause: error },
  );
}
