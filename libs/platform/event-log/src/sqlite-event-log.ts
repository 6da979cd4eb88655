import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { type EventEnvelope, isoTime, OperatingError } from '@voltlog/kernel';
import type { Logger } from 'pino';
import { causeText } from './deliver.js';
import {
  type DeadLetterCause,
  deadLetterTopic,
  type EventLog,
  type LogRecord,
  type SubscribeOptions,
  type Subscription,
  type TopicSpec,
} from './event-log.js';
import { encodeRecord } from './record-codec.js';
import { openDatabase } from './sqlite-database.js';
import { Cursor, Group, Member } from './sqlite-group.js';
import { type Chunk, Partition } from './sqlite-partition.js';

/** Records of one transaction; more wait for the next, so that the event loop is not held for long. */
const FLUSH_MAX_RECORDS = 4_096;
/** The same in characters. */
const FLUSH_MAX_CHARS = 8_000_000;
/** Records of one row: what a reader of a single record has to load. */
const CHUNK_MAX_RECORDS = 512;
const CHUNK_MAX_CHARS = 512_000;
/** With so many records waiting a commit is cheap enough per record to be made at once. */
const FLUSH_AT_RECORDS = 16;
/** Positions of groups are written with the first commit after this time; a crash hands at most so much over again. */
const POSITIONS_EVERY_MS = 100;
const RETENTION_SLICE_CHUNKS = 256;
/** What `health` writes after a failure: room for a good deal more than one event. */
const PROBE_BYTES = 65_536;
/** An append this recent proves that the log takes appends. */
const HEALTHY_FOR_MS = 5_000;

export interface SqliteEventLogOptions {
  /** The database file, made when missing with its folder; `:memory:` keeps nothing. */
  readonly path: string;
  readonly logger?: Logger;
  /** Partitions of a topic made by this adapter, whatever its owner wants: one process needs one. Default 1. */
  readonly partitions?: number;
  /** Commits are at least this far apart unless `FLUSH_AT_RECORDS` wait; a commit after a pause is made at once. Default 1, milliseconds. */
  readonly lingerMs?: number;
  /** Largest size of the database file; beyond it appends are refused until retention makes room. Absent: the disk. */
  readonly maxBytes?: number;
  /** How often old records are looked for. Default 60 000, milliseconds. */
  readonly retentionEveryMs?: number;
  /** Milliseconds since the epoch, for retention. */
  readonly now?: () => number;
}

/** Opens the embedded event log. @throws {OperatingError} `LogInUse`, `LogUnreadable` */
export async function openSqliteEventLog(options: SqliteEventLogOptions): Promise<EventLog> {
  return new SqliteEventLog(options);
}

interface Topic {
  readonly id: number;
  readonly partitions: readonly Partition[];
  retentionMs: number | undefined;
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

class SqliteEventLog implements EventLog {
  readonly #db: DatabaseSync;
  readonly #release: () => void;
  readonly #logger: Logger | undefined;
  readonly #partitions: number;
  readonly #lingerMs: number;
  readonly #now: () => number;
  readonly #topics = new Map<string, Topic>();
  readonly #groups = new Map<string, Group>();
  readonly #members = new Set<Member>();
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #savePosition: StatementSync;
  readonly #probe: StatementSync;
  readonly #waiting: Flush[] = [];
  #scheduled = false;
  #lastFlush = Number.NEGATIVE_INFINITY;
  /** Why the last append failed; nothing once one worked. */
  #failure: OperatingError | undefined;
  readonly #dirty = new Set<Cursor>();
  #positionsSaved = 0;
  #positionsTimer: NodeJS.Timeout | undefined;
  readonly #retentionTimer: NodeJS.Timeout;
  #closing: Promise<void> | undefined;
  #closed = false;

  constructor(options: SqliteEventLogOptions) {
    const { db, release } = openDatabase(options.path, options.maxBytes);
    this.#db = db;
    this.#release = release;
    this.#logger = options.logger;
    this.#partitions = options.partitions ?? 1;
    this.#lingerMs = options.lingerMs ?? 1;
    this.#now = options.now ?? Date.now;
    this.#begin = db.prepare('BEGIN');
    this.#commit = db.prepare('COMMIT');
    this.#savePosition = db.prepare(
      'INSERT INTO positions (grp, topic, partition, position) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET position = excluded.position',
    );
    this.#probe = db.prepare(`INSERT INTO probe (body) VALUES (zeroblob(${PROBE_BYTES}))`);
    for (const row of db.prepare('SELECT id, name, partitions, retention_ms FROM topics').all()) {
      const retention = row['retention_ms'];
      this.#open(String(row['name']), Number(row['id']), Number(row['partitions']), retention === null ? undefined : Number(retention));
    }
    this.#retentionTimer = setInterval(() => this.#retain(), options.retentionEveryMs ?? 60_000);
    this.#retentionTimer.unref();
  }

  async ensureTopics(topics: readonly TopicSpec[]): Promise<void> {
    for (const spec of topics) this.#topic(spec.name, spec.retentionMs);
  }

  append(topic: string, key: string, events: readonly EventEnvelope[]): Promise<void> {
    return this.#enqueue(topic, key, events);
  }

  #enqueue(topicName: string, key: string, events: readonly EventEnvelope[], deadLetter?: DeadLetterCause): Promise<void> {
    if (this.#closed) return Promise.reject(new OperatingError('LogUnavailable', 'the event log is closed'));
    if (events.length === 0) return Promise.resolve();
    try {
      const { partitions } = this.#topics.get(topicName) ?? this.#topic(topicName);
      const partition = (partitions.length === 1 ? partitions[0] : partitions[hash(key) % partitions.length]) as Partition;
      const first = events[0] as EventEnvelope;
      let text = encodeRecord(key, first, deadLetter);
      for (let i = 1; i < events.length; i += 1) text += encodeRecord(key, events[i] as EventEnvelope, deadLetter);
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
    } catch (error) {
      return Promise.reject(error instanceof Error ? unavailable(error) : error);
    }
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
    const [flush] = this.#waiting;
    if (flush !== undefined && flush.records < FLUSH_AT_RECORDS && performance.now() - this.#lastFlush < this.#lingerMs) {
      setTimeout(this.#flush, this.#lingerMs);
    } else {
      this.#flush();
    }
  };

  readonly #flush = (): void => {
    this.#scheduled = false;
    const flush = this.#waiting.shift();
    if (flush === undefined) return;
    try {
      this.#write(flush.chunks);
    } catch (error) {
      this.#failed(flush, unavailable(error));
      return;
    } finally {
      this.#lastFlush = performance.now();
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
    this.#logger?.error({ err: failure, records: flush.records }, 'append failed');
    this.#failure = failure;
    flush.reject(failure);
  }

  /** One transaction with the chunks and, now and then, the positions of the groups. */
  #write(chunks: readonly Chunk[]): void {
    const at = this.#now();
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
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
    if (saved) this.#positionsAreSaved();
  }

  #writePositions(): void {
    for (const { group, partition, position } of this.#dirty)
      this.#savePosition.run(group.name, partition.topic, partition.index, position);
  }

  #positionsAreSaved(): void {
    this.#dirty.clear();
    this.#positionsSaved = performance.now();
  }

  /** Makes a topic that is missing. */
  #topic(name: string, retentionMs?: number): Topic {
    const known = this.#topics.get(name);
    if (known !== undefined) return known;
    const { lastInsertRowid } = this.#db
      .prepare('INSERT INTO topics (name, partitions, retention_ms) VALUES (?, ?, ?)')
      .run(name, this.#partitions, retentionMs ?? null);
    return this.#open(name, Number(lastInsertRowid), this.#partitions, retentionMs);
  }

  #open(name: string, id: number, count: number, retentionMs: number | undefined): Topic {
    const partitions = Array.from({ length: count }, (_, index) => new Partition(this.#db, name, index, `records_${id}_${index}`));
    const topic: Topic = { id, partitions, retentionMs };
    this.#topics.set(name, topic);
    return topic;
  }

  async subscribe(options: SubscribeOptions): Promise<Subscription> {
    if (this.#closed || this.#closing !== undefined) throw new OperatingError('LogUnavailable', 'the event log is closed');
    const group = this.#group(options.group);
    for (const name of options.topics) {
      for (const partition of this.#topic(name).partitions) this.#cursor(group, partition, options.startFrom ?? 'earliest');
    }
    const member = new Member(group, options, {
      deadLetter: (groupName, record, cause) => this.#deadLetter(groupName, record, cause),
      onRetry: (groupName, error, records, waitMs) =>
        this.#logger?.warn({ err: error, group: groupName, records, waitMs }, 'batch failed, trying again'),
      onBug: (groupName, error) => this.#logger?.error({ err: error, group: groupName }, 'consumer stopped'),
    });
    this.#members.add(member);
    member.start();
    return {
      stop: async () => {
        await member.stop();
        this.#members.delete(member);
      },
    };
  }

  #group(name: string): Group {
    let group = this.#groups.get(name);
    if (group === undefined) {
      group = new Group(name, (cursor) => this.#moved(cursor));
      this.#groups.set(name, group);
    }
    return group;
  }

  #cursor(group: Group, partition: Partition, startFrom: 'earliest' | 'latest'): Cursor {
    const known = group.cursors.get(partition);
    if (known !== undefined) return known;
    const stored = this.#storedPosition(group.name, partition);
    const cursor = new Cursor(group, partition, stored ?? (startFrom === 'latest' ? partition.end : 0));
    group.cursors.set(partition, cursor);
    if (stored === undefined) this.#moved(cursor);
    return cursor;
  }

  #storedPosition(group: string, partition: Partition): number | undefined {
    const row = this.#db
      .prepare('SELECT position FROM positions WHERE grp = ? AND topic = ? AND partition = ?')
      .get(group, partition.topic, partition.index);
    return row === undefined ? undefined : Number(row['position']);
  }

  #moved(cursor: Cursor): void {
    this.#dirty.add(cursor);
    this.#positionsTimer ??= setTimeout(() => {
      this.#positionsTimer = undefined;
      if (this.#dirty.size > 0 && !this.#closed) this.#trySavePositions();
    }, 2 * POSITIONS_EVERY_MS).unref();
  }

  #trySavePositions(): void {
    try {
      this.#positionsSaved = 0;
      this.#write([]);
    } catch (error) {
      this.#logger?.error({ err: error }, 'positions of the groups could not be stored; tried again with the next commit');
    }
  }

  #deadLetter(group: string, record: LogRecord, cause: unknown): Promise<void> {
    const { topic, partition, offset, key, event } = record;
    const why = { cause: causeText(cause), group, topic, partition, offset, at: isoTime(this.#now()) };
    this.#logger?.error({ err: cause, group, topic, partition, offset, key }, 'record put on the dead-letter topic');
    return this.#enqueue(deadLetterTopic(topic), key, [event], why);
  }

  async caughtUp(question: { group: string; topic: string; key: string; deadlineMs: number }): Promise<boolean> {
    const { partitions } = this.#topic(question.topic);
    const partition = partitions[hash(question.key) % partitions.length] as Partition;
    if (partition.end === 0) return true;
    const group = this.#group(question.group);
    return group.reached(this.#cursor(group, partition, 'earliest'), partition.end, question.deadlineMs);
  }

  async health(): Promise<void> {
    if (this.#closed) throw new OperatingError('LogUnavailable', 'the event log is closed');
    if (this.#failure === undefined && performance.now() - this.#lastFlush < HEALTHY_FOR_MS) return;
    try {
      this.#probe.run();
      this.#db.exec('DELETE FROM probe');
      this.#failure = undefined;
    } catch (error) {
      throw unavailable(error);
    }
  }

  #retain(): void {
    const slices = [...this.#topics.values()].flatMap(({ retentionMs, partitions }) =>
      retentionMs === undefined ? [] : partitions.map((partition) => ({ partition, before: this.#now() - retentionMs })),
    );
    const next = (): void => {
      const slice = slices.at(-1);
      if (slice === undefined || this.#closed) return;
      try {
        if (!slice.partition.deleteOld(slice.before, RETENTION_SLICE_CHUNKS)) slices.pop();
      } catch (error) {
        this.#logger?.error({ err: error, topic: slice.partition.topic }, 'old records could not be deleted; tried again later');
        return;
      }
      setImmediate(next);
    };
    next();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#members].map((member) => member.stop()));
    while (this.#waiting.length > 0) await this.#waiting.at(-1)?.done.catch(() => undefined);
    this.#closed = true;
    clearInterval(this.#retentionTimer);
    clearTimeout(this.#positionsTimer);
    if (this.#dirty.size > 0) this.#trySavePositions();
    this.#db.close();
    this.#release();
  }
}

/** FNV-1a over UTF-16 code units. */
function hash(key: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < key.length; i += 1) value = Math.imul(value ^ key.charCodeAt(i), 0x01000193);
  return value >>> 0;
}

function unavailable(error: unknown): OperatingError {
  if (error instanceof OperatingError) return error;
  return new OperatingError(
    'LogUnavailable',
    `the event log cannot be written: ${error instanceof Error ? error.message : String(error)}`,
    { cause: error },
  );
}
