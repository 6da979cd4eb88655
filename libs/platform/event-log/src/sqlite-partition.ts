import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { EventEnvelope } from '@voltlog/kernel';
import type { LogRecord } from './event-log.js';
import { decodeRecord, isWanted } from './record-codec.js';
import type { FrameHead } from './segment-frame.js';
import type { PlacedFrame, Segments } from './segments.js';
import type { Cursor } from './sqlite-group.js';

/** Records kept in memory for consumers that are nearly caught up; who is further behind reads from the file. */
export const TAIL_MAX_RECORDS = 8_192;
/** The same in characters of text, so that big records do not fill the memory. */
export const TAIL_MAX_CHARS = 16_000_000;
/** Characters read from the file in one go, so that a consumer far behind does not hold up everybody else. */
const READ_CHARS = 512_000;

/** Records of one partition that are written together. */
export interface Chunk {
  readonly partition: Partition;
  text: string;
  readonly keys: string[];
  readonly events: EventEnvelope[];
}

/**
 * One partition: a table of chunks, where `o` is the offset of the first of `n` records, written `at`, whose lines are `bytes` of the log's files from `place`
 * on; or `body`, where the log has no files, and before it had. In memory the newest records as long as some consumer has not seen them.
 */
export class Partition {
  /** The offset that the next record gets. */
  end = 0;
  readonly cursors = new Set<Cursor>();
  readonly #insert: StatementSync;
  readonly #read: StatementSync;
  readonly #oldest: StatementSync;
  readonly #oldestPlace: StatementSync;
  readonly #delete: StatementSync;
  /** Chunks of the files that have no row yet, in order. */
  #unsaved: PlacedFrame[] = [];
  #tail: LogRecord[] = [];
  #tailStart = 0;
  #tailChars = 0;

  constructor(
    db: DatabaseSync,
    readonly topic: string,
    readonly topicId: number,
    readonly index: number,
    private readonly segments: Pick<Segments, 'first' | 'body'> | undefined,
  ) {
    const table = `records_${topicId}_${index}`;
    db.exec(
      `CREATE TABLE IF NOT EXISTS ${table} (o INTEGER PRIMARY KEY, n INTEGER NOT NULL, at INTEGER NOT NULL, body TEXT NOT NULL, place INTEGER, bytes INTEGER) STRICT`,
    );
    this.#insert = db.prepare(`INSERT INTO ${table} (o, n, at, body, place, bytes) VALUES (?, ?, ?, ?, ?, ?)`);
    this.#read = db.prepare(
      `SELECT o, n, body, place, bytes FROM ${table} WHERE o >= coalesce((SELECT max(o) FROM ${table} WHERE o <= ?), 0) AND o < ? ORDER BY o`,
    );
    this.#oldest = db.prepare(`SELECT o, at FROM ${table} ORDER BY o LIMIT ?`);
    this.#oldestPlace = db.prepare(`SELECT place FROM ${table} WHERE place IS NOT NULL ORDER BY o LIMIT 1`);
    this.#delete = db.prepare(`DELETE FROM ${table} WHERE o < ?`);
    const last = db.prepare(`SELECT o, n FROM ${table} ORDER BY o DESC LIMIT 1`).get();
    this.end = last === undefined ? 0 : Number(last['o']) + Number(last['n']);
    this.#tailStart = this.end;
  }

  /** Writes a chunk inside the caller's transaction, where the log has no files; `accept` follows. */
  insert({ offset, records, at }: FrameHead, text: string): void {
    this.#insert.run(offset, records, at, text, null, null);
  }

  /** The lines of a chunk are durable in the files. */
  placed(frame: PlacedFrame): void {
    this.#unsaved.push(frame);
  }

  /** A chunk that was durable before the log was opened, and has no row. */
  recovered(frame: PlacedFrame): void {
    this.#unsaved.push(frame);
    this.end = frame.offset + frame.records;
    this.#tailStart = this.end;
  }

  /** Writes the rows that are missing, inside the caller's transaction; `saved` follows. */
  save(): void {
    for (const { offset, records, at, place, bytes } of this.#unsaved) this.#insert.run(offset, records, at, '', place, bytes);
  }

  saved(): void {
    this.#unsaved = [];
  }

  /** Where in the files its oldest chunk is; nothing when it has none there. */
  get oldestPlace(): number | undefined {
    const place = this.#oldestPlace.get()?.['place'] ?? this.#unsaved[0]?.place;
    return place === undefined ? undefined : Number(place);
  }

  /** The chunk is durable: it is handed to the consumers. */
  accept(chunk: Chunk): void {
    const { keys, events } = chunk;
    if (this.cursors.size === 0) {
      this.end += events.length;
      this.#tailStart = this.end;
      return;
    }
    const tail = this.#tail;
    let offset = this.end;
    for (let i = 0; i < events.length; i += 1) {
      tail.push({ topic: this.topic, partition: this.index, offset, key: keys[i] as string, event: events[i] as EventEnvelope });
      offset += 1;
    }
    this.end = offset;
    this.#tailChars += chunk.text.length;
    if (tail.length > TAIL_MAX_RECORDS || this.#tailChars > TAIL_MAX_CHARS) this.#forget(this.#tailStart + ((tail.length + 1) >> 1));
    for (const cursor of this.cursors) cursor.owner?.wake();
  }

  /** Lets go of what every consumer has handled. */
  trim(): void {
    let seen = this.end;
    for (const cursor of this.cursors) if (cursor.position < seen) seen = cursor.position;
    if (seen === this.end || seen - this.#tailStart >= 256) this.#forget(seen);
  }

  #forget(upTo: number): void {
    if (upTo <= this.#tailStart) return;
    if (upTo >= this.end) {
      this.#tail = [];
      this.#tailStart = this.end;
      this.#tailChars = 0;
      return;
    }
    const count = upTo - this.#tailStart;
    this.#tailChars -= Math.round((this.#tailChars * count) / this.#tail.length);
    this.#tail.splice(0, count);
    this.#tailStart = upTo;
  }

  /** Moves a cursor on by at most `max` wanted records, which go to `out`. */
  take(cursor: Cursor, max: number, out: LogRecord[]): void {
    if (cursor.readAt === cursor.ahead.length && cursor.next < this.#tailStart) this.#readAhead(cursor);
    const { types } = cursor;
    let left = max;
    if (cursor.readAt < cursor.ahead.length) {
      while (left > 0 && cursor.readAt < cursor.ahead.length) {
        const record = cursor.ahead[cursor.readAt++] as LogRecord;
        if (types === undefined || types.has(record.event.type)) {
          out.push(record);
          left -= 1;
        }
      }
      const following = cursor.ahead[cursor.readAt];
      cursor.next = following === undefined ? cursor.aheadEnd : following.offset;
      if (following === undefined) cursor.dropAhead();
      return;
    }
    const tail = this.#tail;
    let at = cursor.next - this.#tailStart;
    if (at < 0) return;
    for (; left > 0 && at < tail.length; at += 1) {
      const record = tail[at] as LogRecord;
      if (types === undefined || types.has(record.event.type)) {
        out.push(record);
        left -= 1;
      }
    }
    cursor.next = this.#tailStart + at;
  }

  #readAhead(cursor: Cursor): void {
    const ahead: LogRecord[] = [];
    let chars = 0;
    let next = cursor.next;
    for (const { first, body } of this.#chunksFrom(cursor.next)) {
      if (first > next) next = first;
      const lines = body.split('\n');
      for (let i = (next - first) * 2; i + 1 < lines.length; i += 2) {
        const head = lines[i] as string;
        if (cursor.wanted === undefined || isWanted(head, cursor.wanted)) {
          ahead.push(decodeRecord({ topic: this.topic, partition: this.index, offset: next }, head, lines[i + 1] as string));
        }
        next += 1;
      }
      chars += body.length;
      if (chars >= READ_CHARS) break;
    }
    cursor.readAhead(ahead, next > cursor.next ? next : this.end);
  }

  /** The chunks with this record and all behind it. */
  *#chunksFrom(offset: number): Generator<{ readonly first: number; readonly body: string }> {
    const unsaved = this.#unsaved;
    if (unsaved[0] === undefined || offset < unsaved[0].offset) {
      for (const row of this.#read.iterate(offset, this.end)) {
        const body = row['place'] === null ? String(row['body']) : this.#bodyAt(Number(row['place']), Number(row['bytes']));
        if (body !== undefined) yield { first: Number(row['o']), body };
      }
    }
    for (const frame of unsaved) {
      const body = offset < frame.offset + frame.records ? this.#bodyAt(frame.place, frame.bytes) : undefined;
      if (body !== undefined) yield { first: frame.offset, body };
    }
  }

  /** Nothing when its file was deleted, and a power cut took back that its row was. */
  #bodyAt(place: number, bytes: number): string | undefined {
    return this.segments === undefined || place < this.segments.first ? undefined : this.segments.body(place, bytes);
  }

  /**
   * Deletes at most `slice` of the oldest chunks written before `before`; the newest chunk stays, it knows the offset.
   *
   * @returns whether there may be more
   */
  deleteOld(before: number, slice: number): boolean {
    const rows = this.#oldest.all(slice + 1);
    let keepFrom: number | undefined;
    let expired = 0;
    for (const row of rows) {
      keepFrom = Number(row['o']);
      if (Number(row['at']) >= before || expired === slice) break;
      expired += 1;
    }
    if (expired === 0 || keepFrom === undefined) return false;
    this.#delete.run(keepFrom);
    return expired === slice;
  }
}
