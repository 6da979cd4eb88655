import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { type EventEnvelope, OperatingError } from '@voltlog/kernel';
import { moveAll, type WalSync } from '@voltlog/sqlite';
import type { Logger } from 'pino';
import type { FrameHead } from './segment-frame.js';
import type { LogEnd, PlacedFrame, Segments } from './segments.js';
import type { Cursor, Group } from './sqlite-group.js';
import type { Chunk, Partition } from './sqlite-partition.js';

/** Records of one write; more wait for the next, so that the event loop is not held for long. */
const FLUSH_MAX_RECORDS = 4_096;
/** The same in characters. */
const FLUSH_MAX_CHARS = 8_000_000;
/** Records of one chunk: what a reader of a single record has to load. */
const CHUNK_MAX_RECORDS = 512;
const CHUNK_MAX_CHARS = 512_000;
/** With so many records waiting a write is cheap enough per record to be made at once. */
const FLUSH_AT_RECORDS = 16;
/**
 * The next write waits at least this share of the time that the last one took with its sync: a slow disk gets fewer, larger writes, and the
 * stores, which sync too, their turn.
 */
const REST_FACTOR = 0.5;
/** ... but never longer than this, milliseconds. */
const REST_MAX_MS = 5;
/**
 * What the database knows of the log, the places of chunks and the positions of groups, is written this far apart: after a crash the places are read from
 * the files, and at most so much is handed over again. Milliseconds.
 */
const SAVE_EVERY_MS = 100;
/** ... and after failures, each twice as long after the one before, at most. */
const SAVE_AGAIN_MS_MAX = 5_000;
/** An append this recent proves that the log takes appends. */
const HEALTHY_FOR_MS = 5_000;
/** A write that takes longer than this hangs: nothing that is appended becomes durable. */
const WRITE_HANGS_MS = 30_000;

export interface WriterOptions {
  readonly lingerMs: number;
  readonly logger: Logger | undefined;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Where the lines of records go; absent: into the database. */
  readonly segments: Pick<Segments, 'append' | 'probe'> | undefined;
  /** Makes what the database knows durable; absent: it is so by itself. */
  readonly sync: Pick<WalSync, 'sync'> | undefined;
  /** Told of every transaction. */
  committed(): void;
}

/** What is written and synced together, and shares one promise. */
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
 * Writes what waits, synced once: whoever comes meanwhile waits for the next. Nobody but those who wait stands still while the disk writes and
 * syncs.
 */
export class SqliteWriter {
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #savePosition: StatementSync;
  readonly #saveEnd: StatementSync;
  readonly #waiting: Flush[] = [];
  /** A write is due, or under way. */
  #scheduled = false;
  /** Of the flush that was begun last. */
  #newest: Promise<void> | undefined;
  #lastFlush = Number.NEGATIVE_INFINITY;
  /** When the write under way began. */
  #writing: number | undefined;
  #restMs = 0;
  /** Why the last append failed; nothing once one worked. */
  #failure: OperatingError | undefined;
  /** Whose new chunks the database does not know. */
  readonly #grown = new Set<Partition>();
  /** Where the log ends behind them. */
  #end: LogEnd | undefined;
  /** Whose position the database does not know. */
  readonly #moved = new Set<Cursor>();
  #savedAt = 0;
  #saveEveryMs = SAVE_EVERY_MS;
  /** Why the last save failed; nothing once one worked. */
  #saveFailure: unknown;
  #saveTimer: NodeJS.Timeout | undefined;
  #synced: Promise<unknown> | undefined;
  #safe = 0;
  /** The database could not be synced: what is on the disk of its write-ahead log is unknown. */
  #unsafe = false;
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
    this.#saveEnd = db.prepare(
      'INSERT INTO saved (id, byte, last, crc) VALUES (1, ?, ?, ?) ON CONFLICT DO UPDATE SET byte = excluded.byte, last = excluded.last, crc = excluded.crc',
    );
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
    this.#writing = began;
    this.#write(flush.chunks).then(
      () => {
        this.#ended(began);
        this.#succeeded(flush);
      },
      (error: unknown) => {
        this.#ended(began);
        this.#failed(flush, unavailable(error));
      },
    );
  };

  #ended(began: number): void {
    this.#writing = undefined;
    this.#lastFlush = performance.now();
    this.#restMs = Math.min(REST_MAX_MS, REST_FACTOR * (this.#lastFlush - began));
    this.#scheduled = false;
    this.#schedule();
  }

  #succeeded(flush: Flush): void {
    this.#failure = undefined;
    flush.resolve();
    for (const chunk of flush.chunks) chunk.partition.accept(chunk);
    if (performance.now() - this.#savedAt >= this.#saveEveryMs) this.#trySave();
    else this.#saveLater();
  }

  #failed(flush: Flush, failure: OperatingError): void {
    this.options.logger?.error({ err: failure, records: flush.records }, 'append failed');
    this.#failure = failure;
    flush.reject(failure);
  }

  /** Resolves once the chunks are durable. No chunks: only whether they would be is found out. */
  async #write(chunks: readonly Chunk[]): Promise<void> {
    const at = this.options.now();
    const { segments } = this.options;
    if (chunks.length === 0) return segments?.probe();
    const ends = new Map<Partition, number>();
    const heads = chunks.map((chunk) => {
      const { partition } = chunk;
      const offset = ends.get(partition) ?? partition.end;
      ends.set(partition, offset + chunk.events.length);
      return { topic: partition.topicId, partition: partition.index, offset, records: chunk.events.length, at, text: chunk.text };
    });
    if (segments === undefined) {
      this.#transaction(() => chunks.forEach((chunk, i) => chunk.partition.insert(heads[i] as FrameHead, chunk.text)));
      return;
    }
    const { frames, end } = await segments.append(heads);
    chunks.forEach(({ partition }, i) => {
      partition.placed(frames[i] as PlacedFrame);
      this.#grown.add(partition);
    });
    this.#end = end;
  }

  #transaction(work: () => void): void {
    this.#begin.run();
    try {
      work();
      this.#commit.run();
    } catch (error) {
      if (this.db.isTransaction) this.db.exec('ROLLBACK');
      throw error;
    }
    this.options.committed();
  }

  /** A group has moved on: its position is stored with one of the next saves. */
  moved(cursor: Cursor): void {
    this.#moved.add(cursor);
    this.#saveLater();
  }

  /** The log had more than the database knew. */
  recovered(partition: Partition, end: LogEnd): void {
    this.#grown.add(partition);
    this.#end = end;
    this.#saveLater();
  }

  #saveLater(): void {
    this.#saveTimer ??= setTimeout(() => {
      this.#saveTimer = undefined;
      if (!this.#closed) this.#trySave();
    }, 2 * this.#saveEveryMs).unref();
  }

  #trySave(): void {
    if (this.#grown.size === 0 && this.#moved.size === 0) {
      this.#saveFailure = undefined;
      return;
    }
    this.#savedAt = performance.now();
    try {
      this.#mend();
      this.#transaction(() => {
        for (const partition of this.#grown) partition.save();
        if (this.#end !== undefined) this.#saveEnd.run(this.#end.byte, this.#end.last, this.#end.crc);
        for (const { group, partition, settled } of this.#moved)
          this.#savePosition.run(group.name, partition.topic, partition.index, settled);
      });
    } catch (error) {
      this.#saveFailure = error;
      this.#saveEveryMs = Math.min(SAVE_AGAIN_MS_MAX, 2 * this.#saveEveryMs);
      this.options.logger?.error({ err: error }, 'places and positions of the log could not be stored; tried again with the next');
      this.#saveLater();
      return;
    }
    this.#saveFailure = undefined;
    this.#saveEveryMs = SAVE_EVERY_MS;
    for (const partition of this.#grown) partition.saved();
    this.#grown.clear();
    this.#moved.clear();
    this.#synced = Promise.all([this.#synced, this.#sync(this.#end?.byte ?? 0)]);
  }

  async #sync(byte: number): Promise<void> {
    try {
      await this.options.sync?.sync();
      if (!this.#unsafe) this.#safe = byte;
    } catch (error) {
      this.options.logger?.error({ err: error }, 'places and positions of the log could not be synced');
      this.#unsafe = true;
    }
  }

  /** The database knows of the log up to this byte, whatever happens. */
  get safe(): number {
    return this.#safe;
  }

  /**
   * Makes safe what a failed sync of the database left open: what is written behind it would be lost with it.
   *
   * @throws what SQLite says when the disk still refuses
   */
  #mend(): void {
    if (!this.#unsafe) return;
    moveAll(this.db);
    this.#unsafe = false;
  }

  /** Writes to the database at once, durable when it returns. @throws what SQLite says */
  now<T>(work: () => T): T {
    this.#mend();
    if (this.options.sync === undefined) return work();
    this.db.exec('PRAGMA synchronous = FULL');
    try {
      return work();
    } finally {
      this.db.exec('PRAGMA synchronous = NORMAL');
    }
  }

  /** The positions of a group are gone. */
  forget(group: Group): void {
    for (const cursor of group.cursors.values()) this.#moved.delete(cursor);
    try {
      this.db.prepare('DELETE FROM positions WHERE grp = ?').run(group.name);
    } catch (error) {
      this.options.logger?.warn({ err: error, group: group.name }, 'the positions of a group could not be deleted');
    }
  }

  /** Rejects when nothing can be written now. After a failure, or a long rest, it is tried. */
  async health(): Promise<void> {
    if (this.#saveFailure !== undefined) this.#trySave();
    if (this.#saveFailure !== undefined) throw unavailable(this.#saveFailure);
    if (this.#writing !== undefined) {
      if (performance.now() - this.#writing > WRITE_HANGS_MS) throw unavailable(new Error('the disk does not answer'));
      if (this.#failure === undefined) return;
    }
    if (this.#failure === undefined && performance.now() - this.#lastFlush < HEALTHY_FOR_MS) return;
    await this.#current().done;
  }

  /** Resolves once nothing waits and nothing is under way. */
  async idle(): Promise<void> {
    for (let seen: Promise<void> | undefined; seen !== this.#newest; ) {
      seen = this.#newest;
      await seen?.catch(() => undefined);
    }
  }

  /** Stores what the database does not know yet; nothing is written after it. */
  async close(): Promise<void> {
    clearTimeout(this.#saveTimer);
    this.#trySave();
    this.#closed = true;
    await this.#synced;
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
