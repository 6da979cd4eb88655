import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { type EventEnvelope, OperatingError } from '@voltlog/kernel';
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
 * A commit holds up the whole process while the disk syncs it. So the next waits at least this many times as long as the last one took, and
 * a slow disk gets fewer, larger commits instead of all the time.
 */
const REST_FACTOR = 1.5;
/** ... but never longer than this, milliseconds: a checkpoint makes one commit slow, not the next. */
const REST_MAX_MS = 10;
/** Positions of groups are written with the first commit after this time; a crash hands at most so much over again. */
const POSITIONS_EVERY_MS = 100;
/** What `health` writes after a failure: room for a good deal more than one event. */
const PROBE_BYTES = 65_536;
/** An append this recent proves that the log takes appends. */
const HEALTHY_FOR_MS = 5_000;

export interface WriterOptions {
  readonly lingerMs: number;
  readonly logger: Logger | undefined;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Told of every transaction. */
  committed(): void;
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
 * Commits what waits, in one transaction synced once: whoever comes while it runs waits for the next. Positions of groups ride along.
 */
export class SqliteWriter {
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #savePosition: StatementSync;
  readonly #probe: StatementSync;
  readonly #waiting: Flush[] = [];
  #scheduled = false;
  #lastFlush = Number.NEGATIVE_INFINITY;
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
    if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(this.#flushOrLinger);
    }
    return flush;
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
    this.#scheduled = false;
    const flush = this.#waiting.shift();
    if (flush === undefined) return;
    const began = performance.now();
    try {
      this.#write(flush.chunks);
    } catch (error) {
      this.#failed(flush, unavailable(error));
      return;
    } finally {
      this.#lastFlush = performance.now();
      this.#restMs = Math.min(REST_MAX_MS, REST_FACTOR * (this.#lastFlush - began));
      if (this.#waiting.length > 0) {
        this.#scheduled = true;
        setImmediate(this.#flush);
      }
    }
    this.#failure = undefined;
    flush.resolve();
    for (const chunk of flush.chunks) chunk.partition.accept(chunk);
  };

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
    if (this.#failure === undefined && performance.now() - this.#lastFlush < HEALTHY_FOR_MS) return;
    try {
      this.#probe.run();
      this.db.exec('DELETE FROM probe');
      this.#failure = undefined;
    } catch (error) {
      throw unavailable(error);
    }
  }

  /** Resolves once nothing waits. */
  async idle(): Promise<void> {
    while (this.#waiting.length > 0) await this.#waiting.at(-1)?.done.catch(() => undefined);
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
