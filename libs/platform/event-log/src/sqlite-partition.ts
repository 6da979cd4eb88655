import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { EventEnvelope } from '@voltlog/kernel';
import type { LogRecord } from './event-log.js';
import { decodeRecord, isWanted } from './record-codec.js';
import type { Cursor } from './sqlite-group.js';

/** Records kept in memory for consumers that are nearly caught up; who is further behind reads from the file. */
export const TAIL_MAX_RECORDS = 8_192;
/** The same in characters of text, so that big records do not fill the memory. */
export const TAIL_MAX_CHARS = 16_000_000;
/** Characters read from the file in one go, so that a consumer far behind does not hold up everybody else. */
const READ_CHARS = 512_000;

/** Records of one partition that are written as one row. */
export interface Chunk {
  readonly partition: Partition;
  text: string;
  readonly keys: string[];
  readonly events: EventEnvelope[];
}

/**
 * One partition: a table of chunks `(o, n, at, body)`, where `o` is the offset of the first of `n` records and `body` their lines,
 * and in memory the newest records as long as some consumer has not seen them.
 */
export class Partition {
  /** The offset that the next record gets. */
  end = 0;
  readonly cursors = new Set<Cursor>();
  readonly #insert: StatementSync;
  readonly #read: StatementSync;
  readonly #oldest: StatementSync;
  readonly #delete: StatementSync;
  #tail: LogRecord[] = [];
  #tailStart = 0;
  #tailChars = 0;

  constructor(
    db: DatabaseSync,
    readonly topic: string,
    readonly index: number,
    table: string,
  ) {
    db.exec(
      `CREATE TABLE IF NOT EXISTS ${table} (o INTEGER PRIMARY KEY, n INTEGER NOT NULL, at INTEGER NOT NULL, body TEXT NOT NULL) STRICT`,
    );
    this.#insert = db.prepare(`INSERT INTO ${table} (o, n, at, body) VALUES (?, ?, ?, ?)`);
    this.#read = db.prepare(
      `SELECT o, n, body FROM ${table} WHERE o >= coalesce((SELECT max(o) FROM ${table} WHERE o <= ?), 0) AND o < ? ORDER BY o`,
    );
    this.#oldest = db.prepare(`SELECT o, at FROM ${table} ORDER BY o LIMIT ?`);
    this.#delete = db.prepare(`DELETE FROM ${table} WHERE o < ?`);
    const last = db.prepare(`SELECT o, n FROM ${table} ORDER BY o DESC LIMIT 1`).get();
    this.end = last === undefined ? 0 : Number(last['o']) + Number(last['n']);
    this.#tailStart = this.end;
  }

  /** Writes a chunk inside the caller's transaction; `accept` follows once that is durable. */
  insert(chunk: Chunk, offset: number, at: number): void {
    this.#insert.run(offset, chunk.events.length, at, chunk.text);
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
    // What is beyond the end is written, but not durable yet.
    for (const row of this.#read.iterate(cursor.next, this.end)) {
      const first = Number(row['o']);
      const body = String(row['body']);
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
