import type { Readable } from 'node:stream';
import type { DataTexts } from '@voltlog/event-log';
import type { EventEnvelope } from '@voltlog/kernel';
import type { Schema } from 'mongoose';

/** What one decision appended to one stream: the unit of atomicity. */
export interface Commit<Event extends EventEnvelope = EventEnvelope> {
  readonly streamId: string;
  /** Counts commits of the stream from 1. */
  readonly version: number;
  /** The input that caused it; the same input twice changes nothing. */
  readonly causationId: string;
  readonly events: readonly Event[];
  /** ISO 8601 */
  readonly at: string;
  /** The data of each event as JSON, made once for the store and the log; absent on loaded commits. Never written by itself. */
  readonly dataTexts?: DataTexts;
  /** `false` on a loaded commit that is not marked as published; absent otherwise. Never written. */
  readonly published?: false;
}

/**
 * - `appended`: durable.
 * - `conflict`: another commit has this version; load, decide again.
 * - `duplicate`: this causation id is in the stream already; nothing was written.
 */
export type AppendOutcome = 'appended' | 'conflict' | 'duplicate';

export interface StreamStore {
  /**
   * Commits in one bulk write; the outcomes have the order of the commits. Durable when it resolves. Callers waiting at the same time
   * share a write. Several commits of one stream follow one another by version; once one of them is not appended, those of the same
   * call and stream behind it are conflicts, since they were decided on it.
   *
   * @throws {OperatingError} `StoreUnavailable`; then nothing of a SQLite call was written, and of a MongoDB call perhaps a part: the
   * causation ids make it safe to call again
   */
  append(commits: readonly Commit[]): Promise<readonly AppendOutcome[]>;
  /** Whole streams, commits in order of version. A stream that does not exist is not in the map. */
  load(streamIds: readonly string[]): Promise<ReadonlyMap<string, readonly Commit[]>>;
  /** Every commit, each stream's in order of version, for replay; resumable by `after`. */
  scan(options?: { after?: string; batch?: number }): AsyncIterable<{ readonly cursor: string; readonly commits: readonly Commit[] }>;
  /** Commits not yet marked as published; each stream's in order. */
  unpublished(limit: number): Promise<readonly Commit[]>;
  markPublished(commits: readonly Pick<Commit, 'streamId' | 'version'>[]): Promise<void>;
}

type Scalar = string | number | boolean | null;

/**
 * The few words both adapters answer fast. Dates are ISO strings; strings compare by their UTF-8 bytes. A missing field and `null` are the
 * same: `null` and `{ $exists: false }` meet both, a range meets only values of its bound's type.
 */
export type Condition =
  | Scalar
  | { readonly $in: readonly Scalar[] }
  | { readonly $gt?: Scalar; readonly $gte?: Scalar; readonly $lt?: Scalar; readonly $lte?: Scalar }
  | { readonly $exists: boolean };

export interface Query {
  /** Every field is part of an index, and one of them (or the sort field) begins one; anything else is refused with a `RequestError`. */
  readonly where?: Readonly<Record<string, Condition>>;
  /** Field and direction; `id` in the same direction breaks ties. Default: by id, rising. */
  readonly sort?: readonly [field: string, direction: 1 | -1];
  readonly limit: number;
  /** The `next` of the page before. */
  readonly after?: string;
}

export interface Page<Doc> {
  readonly docs: readonly Doc[];
  /** Present while there is more. */
  readonly next?: string;
}

export interface Upsert<Doc> {
  readonly doc: Doc;
  /**
   * Written only when the stored document has this `version` field; 0: only when there is none; absent: always.
   */
  readonly expectedVersion?: number;
  /** A hint that there is no such document yet, which costs a third of the write then; one that is there is replaced all the same. */
  readonly likelyNew?: boolean;
}

/** A read model. Documents are plain JSON with a string `id`. */
export interface Collection<Doc extends { readonly id: string }> {
  get(id: string): Promise<Doc | undefined>;
  getMany(ids: readonly string[]): Promise<ReadonlyMap<string, Doc>>;
  find(query: Query): Promise<Page<Doc>>;
  count(where?: Query['where']): Promise<number>;
  /** One bulk write; true where written, false where the expected version was not met. */
  upsert(writes: readonly Upsert<Doc>[]): Promise<readonly boolean[]>;
  delete(ids: readonly string[]): Promise<void>;
  /** Deletes what the condition meets, in bounded slices; the number deleted. */
  deleteWhere(where: NonNullable<Query['where']>): Promise<number>;
}

export interface Timer {
  readonly id: string;
  /** What is to be done, e.g. `ReservationExpiry`. */
  readonly kind: string;
  /** ISO 8601 */
  readonly dueAt: string;
  readonly payload: unknown;
}

export interface ClaimOptions {
  readonly kind: string;
  /** ISO 8601 */
  readonly now: string;
  readonly leaseMs: number;
  readonly limit: number;
}

/** A timer that somebody works on. */
export interface ClaimedTimer extends Timer {
  /** Names the claim. */
  readonly lease: string;
}

/** Durable timers, claimed with a lease: what is claimed and not completed comes back when the lease ends. */
export interface TimerStore {
  /** Makes or moves a timer; a lease on it ends, and its `complete` no longer touches it. */
  schedule(timers: readonly Timer[]): Promise<void>;
  /** The same, but one that is due sooner or at that time, and is not claimed, stays as it is: what comes again and again puts nothing off. */
  scheduleNoLater(timers: readonly Timer[]): Promise<void>;
  cancel(ids: readonly string[]): Promise<void>;
  claim(options: ClaimOptions): Promise<readonly ClaimedTimer[]>;
  /** Removes what is still under this claim: a timer that was scheduled anew since, or that somebody else claimed, stays. */
  complete(timers: readonly Pick<ClaimedTimer, 'id' | 'lease'>[]): Promise<void>;
}

/** A file that is there as a whole. */
export interface StoredFile {
  readonly id: string;
  readonly sizeBytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
  /** ISO 8601 */
  readonly createdAt: string;
  /** From then on it may be deleted at any moment. Absent: it is kept until it is deleted. */
  readonly expiresAt?: string;
}

export interface WriteFile {
  readonly maxBytes: number;
  /** So much may all files of the store have together, this one and others under way included. */
  readonly totalBytesMax: number;
  readonly now: string;
  readonly expiresAt?: string;
  /** Called with the bytes so far, for each piece. */
  onProgress?(bytes: number): void;
}

/** Files of any size under an id of letters, digits, `-` and `_`. A file is there as a whole or not at all. */
export interface FileStore {
  /**
   * Durable when it resolves. Memory holds a piece at a time.
   *
   * @throws {RequestError} `RESOURCE_EXHAUSTED` `FileTooLarge` or `FilesFull`; `ALREADY_EXISTS` `FileExists`; whatever the source throws
   */
  write(id: string, source: AsyncIterable<Uint8Array>, options: WriteFile): Promise<StoredFile>;
  stat(id: string): Promise<StoredFile | undefined>;
  /** @param range first and last byte, both included @throws {RequestError} `NOT_FOUND` `FileUnknown` */
  read(id: string, range?: { readonly start: number; readonly end: number }): Promise<Readable>;
  /** Sets until when it is kept; undefined: until it is deleted. @returns false: there is no such file */
  keep(id: string, expiresAt: string | undefined): Promise<boolean>;
  delete(ids: readonly string[]): Promise<void>;
  /** Deletes files whose time is over, and what a crash left of files under way. @returns how many */
  deleteExpired(now: string): Promise<number>;
  /** Bytes of all files. */
  usedBytes(): Promise<number>;
}

/** A service's own store. Two adapters, one contract suite. */
export interface Store {
  /** Whether other processes may read and write it at the same time. */
  readonly shared: boolean;
  readonly streams: StreamStore;
  readonly timers: TimerStore;
  readonly files: FileStore;
  /** The collection of a shape; its table or model and its indexes are made when missing. `name` is the name on disk. */
  collection<Doc extends { readonly id: string }>(name: string, schema: Schema): Promise<Collection<Doc>>;
  /** Puts the rebuilt collection in the place of the live one, in one step. */
  swapCollection(rebuilt: string, live: string): Promise<void>;
  /** Rejects with an `OperatingError` when the store cannot take writes now. */
  health(): Promise<void>;
  close(): Promise<void>;
}
