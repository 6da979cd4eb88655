import type { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { type EventEnvelope, isoTime, OperatingError } from '@voltlog/kernel';
import { Checkpoints, WalSync } from '@voltlog/sqlite';
import type { Logger } from 'pino';
import { causeText } from './deliver.js';
import {
  type DataTexts,
  type DeadLetterCause,
  deadLetterTopic,
  type EventLog,
  type LogRecord,
  type StartFrom,
  type SubscribeOptions,
  type Subscription,
  type TopicSpec,
} from './event-log.js';
import { encodeRecord } from './record-codec.js';
import { LOG_START, Segments } from './segments.js';
import { openDatabase } from './sqlite-database.js';
import { Cursor, Group, Member } from './sqlite-group.js';
import { Partition } from './sqlite-partition.js';
import { SqliteWriter, unavailable } from './sqlite-writer.js';

const RETENTION_SLICE_CHUNKS = 256;
/** How often `caughtUp` looks whether a group that nobody has joined yet is there. */
const GROUP_POLL_MS = 10;
export interface SqliteEventLogOptions {
  /** The database file, made when missing with its folder; `:memory:` keeps nothing. */
  readonly path: string;
  readonly logger?: Logger;
  /** Partitions of a topic made by this adapter, whatever its owner wants: one process needs one. Default 1. */
  readonly partitions?: number;
  /** Commits are at least this far apart unless `FLUSH_AT_RECORDS` wait; a commit after a pause is made at once. Default 2, milliseconds. */
  readonly lingerMs?: number;
  /** Largest size of all files with records; beyond it appends are refused until retention makes room. Absent: the disk. */
  readonly maxBytes?: number;
  /** How often old records are looked for. Default 60 000, milliseconds. */
  readonly retentionEveryMs?: number;
  /** Milliseconds since the epoch, for retention. */
  readonly now?: () => number;
}

/** Opens the embedded event log: records in `<path>-segments`, where they lie in the database `path`. @throws {OperatingError} `LogInUse`, `LogUnreadable` */
export async function openSqliteEventLog(options: SqliteEventLogOptions): Promise<EventLog> {
  return new SqliteEventLog(options);
}

interface Topic {
  readonly id: number;
  readonly partitions: readonly Partition[];
  retentionMs: number | undefined;
}

class SqliteEventLog implements EventLog {
  readonly #db: DatabaseSync;
  readonly #closeFile: () => void;
  readonly #checkpoints: Checkpoints;
  readonly #sync: WalSync | undefined;
  readonly #segments: Segments | undefined;
  readonly #logger: Logger | undefined;
  readonly #partitions: number;
  readonly #now: () => number;
  readonly #topics = new Map<string, Topic>();
  readonly #groups = new Map<string, Group>();
  readonly #subscriptions = new Set<Subscription>();
  readonly #writer: SqliteWriter;
  readonly #retentionTimer: NodeJS.Timeout;
  #closing: Promise<void> | undefined;
  #closed = false;

  constructor(options: SqliteEventLogOptions) {
    const { db, close } = openDatabase(options.path);
    let sync: WalSync | undefined;
    let segments: Segments | undefined;
    try {
      this.#db = db;
      this.#closeFile = close;
      this.#checkpoints = new Checkpoints(db, options.path);
      sync = WalSync.of(db);
      this.#sync = sync;
      this.#logger = options.logger;
      this.#partitions = options.partitions ?? 1;
      this.#now = options.now ?? Date.now;
      // Where the database really is: SQLite follows links.
      const place = db.location();
      segments = place === null ? undefined : new Segments(`${place}-segments`, { maxBytes: options.maxBytes });
      this.#segments = segments;
      this.#writer = new SqliteWriter(db, {
        lingerMs: options.lingerMs ?? 2,
        now: this.#now,
        logger: options.logger,
        segments: this.#segments,
        sync: this.#sync,
        committed: () => this.#checkpoints.committed(),
      });
      for (const row of db.prepare('SELECT id, name, partitions, retention_ms FROM topics').all()) {
        const retention = row['retention_ms'];
        this.#open(String(row['name']), Number(row['id']), Number(row['partitions']), retention === null ? undefined : Number(retention));
      }
      this.#recover();
    } catch (error) {
      void segments?.close();
      void sync?.close();
      close();
      if (error instanceof OperatingError) throw error;
      throw new OperatingError('LogUnreadable', `the event log ${options.path} cannot be opened: ${causeText(error)}`, { cause: error });
    }
    this.#retentionTimer = setInterval(() => this.#retain(), options.retentionEveryMs ?? 60_000);
    this.#retentionTimer.unref();
  }

  /** Finds what was written after the database was told of it last. */
  #recover(): void {
    if (this.#segments === undefined) return;
    const row = this.#db.prepare('SELECT byte, last, crc FROM saved').get();
    const known = row === undefined ? LOG_START : { byte: Number(row['byte']), last: Number(row['last']), crc: Number(row['crc']) };
    const { frames, end, left } = this.#segments.recover(known);
    if (left > 0) this.#logger?.warn({ bytes: left }, 'a write that was never acknowledged ends the event log; it is left out');
    const grown = new Set<Partition>();
    const topics = new Map([...this.#topics.values()].map((topic) => [topic.id, topic]));
    for (const frame of frames) {
      const partition = topics.get(frame.topic)?.partitions[frame.partition];
      if (partition === undefined || partition.end !== frame.offset)
        throw new OperatingError('LogUnreadable', `the files of the event log do not belong to its database ${this.#db.location()}`);
      partition.recovered(frame);
      grown.add(partition);
    }
    for (const partition of grown) this.#writer.recovered(partition, end);
  }

  async ensureTopics(topics: readonly TopicSpec[]): Promise<void> {
    for (const spec of topics) this.#topic(spec.name, spec.retentionMs);
  }

  append(topic: string, key: string, events: readonly EventEnvelope[], dataTexts?: DataTexts): Promise<void> {
    return this.#enqueue(topic, key, events, undefined, dataTexts);
  }

  #enqueue(
    topicName: string,
    key: string,
    events: readonly EventEnvelope[],
    deadLetter?: DeadLetterCause,
    dataTexts?: DataTexts,
  ): Promise<void> {
    if (this.#closed) return Promise.reject(new OperatingError('LogUnavailable', 'the event log is closed'));
    if (events.length === 0) return Promise.resolve();
    try {
      const { partitions } = this.#topics.get(topicName) ?? this.#topic(topicName);
      const partition = (partitions.length === 1 ? partitions[0] : partitions[hash(key) % partitions.length]) as Partition;
      let text = '';
      for (let i = 0; i < events.length; i += 1) text += encodeRecord(key, events[i] as EventEnvelope, deadLetter, dataTexts?.[i]);
      return this.#writer.append(partition, key, events, text);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Makes a topic that is missing. */
  #topic(name: string, retentionMs?: number): Topic {
    const known = this.#topics.get(name);
    if (known !== undefined) return known;
    try {
      // Before a file names it.
      const { lastInsertRowid } = this.#writer.now(() =>
        this.#db
          .prepare('INSERT INTO topics (name, partitions, retention_ms) VALUES (?, ?, ?)')
          .run(name, this.#partitions, retentionMs ?? null),
      );
      return this.#open(name, Number(lastInsertRowid), this.#partitions, retentionMs);
    } catch (error) {
      throw unavailable(error);
    }
  }

  #open(name: string, id: number, count: number, retentionMs: number | undefined): Topic {
    const partitions = Array.from({ length: count }, (_, index) => new Partition(this.#db, name, id, index, this.#segments));
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
      onUnsettled: (groupName, error) =>
        this.#logger?.warn({ err: error, group: groupName }, 'what was handled could not be made durable, trying again'),
      onBug: (groupName, error) => this.#logger?.error({ err: error, group: groupName }, 'consumer stopped'),
    });
    const subscription = {
      stop: async (): Promise<void> => {
        await member.stop();
        if (this.#subscriptions.delete(subscription) && options.temporary === true && group.isEmpty) this.#forget(group);
      },
    };
    this.#subscriptions.add(subscription);
    member.start();
    return subscription;
  }

  #forget(group: Group): void {
    this.#groups.delete(group.name);
    this.#writer.forget(group);
  }

  #group(name: string): Group {
    let group = this.#groups.get(name);
    if (group === undefined) {
      group = new Group(name, (cursor) => this.#writer.moved(cursor));
      this.#groups.set(name, group);
    }
    return group;
  }

  #cursor(group: Group, partition: Partition, startFrom: StartFrom): Cursor {
    const known = group.cursors.get(partition);
    if (known !== undefined) return known;
    const stored = this.#positionOf(group.name, partition);
    const cursor = new Cursor(group, partition, stored ?? this.#startOf(partition, startFrom));
    group.cursors.set(partition, cursor);
    if (stored === undefined) this.#writer.moved(cursor);
    return cursor;
  }

  #startOf(partition: Partition, startFrom: StartFrom): number {
    if (startFrom === 'latest') return partition.end;
    if (startFrom === 'earliest') return 0;
    const places = startFrom.insteadOf.flatMap((group) => this.#positionOf(group, partition) ?? []);
    return places.length === 0 ? 0 : Math.min(...places);
  }

  /** Where a group stands, as far as it is known here or stored. */
  #positionOf(group: string, partition: Partition): number | undefined {
    const known = this.#groups.get(group)?.cursors.get(partition)?.position;
    if (known !== undefined) return known;
    const row = this.#db
      .prepare('SELECT position FROM positions WHERE grp = ? AND topic = ? AND partition = ?')
      .get(group, partition.topic, partition.index);
    return row === undefined ? undefined : Number(row['position']);
  }

  #deadLetter(group: string, record: LogRecord, cause: unknown): Promise<void> {
    const { topic, partition, offset, key, event } = record;
    const why = { cause: causeText(cause), group, topic, partition, offset, at: isoTime(this.#now()) };
    this.#logger?.error({ err: cause, group, topic, partition, offset, key }, 'record put on the dead-letter topic');
    return this.#enqueue(deadLetterTopic(topic), key, [readable(event)], why);
  }

  async caughtUp(question: { group: string; topic: string; key?: string; deadlineMs: number }): Promise<boolean> {
    const { partitions } = this.#topic(question.topic);
    const deadline = performance.now() + question.deadlineMs;
    if (question.key !== undefined)
      return this.#reached(question.group, partitions[hash(question.key) % partitions.length] as Partition, deadline);
    return (await Promise.all(partitions.map((partition) => this.#reached(question.group, partition, deadline)))).every(Boolean);
  }

  async #reached(name: string, partition: Partition, deadline: number): Promise<boolean> {
    const target = partition.end;
    if (target === 0 || (this.#positionOf(name, partition) ?? 0) >= target) return true;
    for (;;) {
      const group = this.#groups.get(name);
      const cursor = group?.cursors.get(partition);
      const leftMs = Math.max(0, deadline - performance.now());
      if (group !== undefined && cursor !== undefined) return group.reached(cursor, target, leftMs);
      if (leftMs === 0) return false;
      await pause(Math.min(GROUP_POLL_MS, leftMs));
    }
  }

  async health(): Promise<void> {
    if (this.#closed) throw new OperatingError('LogUnavailable', 'the event log is closed');
    await this.#writer.health();
  }

  #retain(): void {
    const slices = [...this.#topics.values()].flatMap(({ retentionMs, partitions }) =>
      retentionMs === undefined ? [] : partitions.map((partition) => ({ partition, before: this.#now() - retentionMs })),
    );
    if (slices.length === 0) return;
    const next = (): void => {
      const slice = slices.at(-1);
      if (this.#closed) return;
      try {
        if (slice === undefined) return this.#deleteFiles();
        if (!slice.partition.deleteOld(slice.before, RETENTION_SLICE_CHUNKS)) slices.pop();
      } catch (error) {
        this.#logger?.error({ err: error, topic: slice?.partition.topic }, 'old records could not be deleted; tried again later');
        return;
      }
      setImmediate(next);
    };
    next();
  }

  /** Deletes the files with nothing that is still kept. The newest chunk of each partition is. */
  #deleteFiles(): void {
    const places = [...this.#topics.values()].flatMap(({ partitions }) => partitions.flatMap(({ oldestPlace }) => oldestPlace ?? []));
    if (places.length > 0) this.#segments?.deleteBefore(Math.min(this.#writer.safe, ...places));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.stop()));
    await this.#writer.idle();
    this.#closed = true;
    await this.#writer.idle();
    clearInterval(this.#retentionTimer);
    await this.#writer.close();
    await this.#checkpoints.close();
    await this.#sync?.close();
    await this.#segments?.close();
    this.#closeFile();
  }
}

/** FNV-1a over UTF-16 code units. */
function hash(key: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < key.length; i += 1) value = Math.imul(value ^ key.charCodeAt(i), 0x01000193);
  return value >>> 0;
}

/** The event as it can be written again: without its data when that is what cannot be read. */
function readable(event: EventEnvelope): EventEnvelope {
  try {
    return { ...event };
  } catch {
    const { id, type, source, subject, time } = event;
    return { id, type, source, subject, time, data: null };
  }
}
