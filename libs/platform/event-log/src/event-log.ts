import type { EventEnvelope } from '@voltlog/kernel';

/** A topic as its owner wants it. */
export interface TopicSpec {
  readonly name: string;
  readonly partitions: number;
  /** Milliseconds a record is kept; absent: for ever. */
  readonly retentionMs?: number;
}

/** A record as it lies on the log. */
export interface LogRecord {
  readonly topic: string;
  readonly partition: number;
  /** Position in the partition, counted from 0; gaps are allowed. */
  readonly offset: number;
  /** The id whose order matters. */
  readonly key: string;
  /** `data` may be parsed on first access; type, id and the other attributes are there at once. */
  readonly event: EventEnvelope;
  /** Present on records of a dead-letter topic. */
  readonly deadLetter?: DeadLetterCause;
}

/** Why a record was put aside, and where it lay. */
export interface DeadLetterCause {
  /** The error's name and message, and those of its causes. */
  readonly cause: string;
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** ISO 8601 */
  readonly at: string;
}

/** Where the order of records holds. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/**
 * The first record, the next one, or in each partition where the one furthest behind of the groups stands whose place this one takes: what it
 * had in hand is not lost, and what the others had handled is handed over again. `earliest` where none of them has been.
 */
export type StartFrom = 'earliest' | 'latest' | { readonly insteadOf: readonly string[] };

export interface SubscribeOptions {
  /** Consumers of one group share the partitions; each group sees every record at least once. */
  readonly group: string;
  readonly topics: readonly string[];
  /** Only these event types are handed over; the rest is passed by unparsed. Absent: all. */
  readonly types?: readonly string[];
  /** Where a group without offsets begins. Default `earliest`. */
  readonly startFrom?: StartFrom;
  /** Nobody comes back to the group: the log forgets it when its last consumer stops. Default false. */
  readonly temporary?: boolean;
  /** At most this many records in one call of `handle`. Default 512. */
  readonly batchMax?: number;
  /**
   * Handles a batch; the next one is handed over when this one has settled. A batch is records of one or several partitions, each partition's in order. Offsets are committed once it resolves,
   * and with `settle` once that has.
   *
   * When it rejects with an `OperatingError` the batch is tried again with backoff, for ever. When it rejects with anything else
   * the batch is split until the record that fails stands alone; that one is tried `POISON_ATTEMPTS` times and then put on
   * `<topic>.dead-letter` with its cause, and the rest goes on.
   */
  handle(batch: readonly LogRecord[]): Promise<void>;
  /**
   * Makes durable what `handle` has only remembered: asked before offsets are committed, some hundred milliseconds apart, and when the consumer
   * stops. A rejection leaves the offsets where they are, and it is asked again: what was handled since is handed over again after a crash.
   */
  settle?(): Promise<void>;
  /**
   * Told of partitions that another consumer of the group may handle, or may have handled, from here on: what is kept in memory of their
   * keys is to be read anew. It comes before the first record that is handed over after such a time; a batch of theirs may still be in hand.
   */
  onRevoked?(partitions: readonly TopicPartition[]): void;
}

export interface Subscription {
  /** Finishes the batch in hand, commits its offsets and leaves the group. */
  stop(): Promise<void>;
}

/** One for each event of an append. */
export type DataTexts = readonly (string | undefined)[];

/** Where the platform keeps what happened: keyed, ordered, durable. Two adapters, one contract suite. */
export interface EventLog {
  /** Makes the topics that are missing; never changes or removes one. */
  ensureTopics(topics: readonly TopicSpec[]): Promise<void>;
  /**
   * Appends the events of one key, in order and next to each other; resolves when they are durable. Calls that wait at the same
   * time share one write. Appends of one key keep the order in which they were called.
   *
   * @throws {OperatingError} `LogUnavailable` when it could not be made durable within the adapter's bound: it may or may not
   * be on the log, so the caller must not answer as if it were not.
   * @param dataTexts the data of each event as JSON without a raw newline, where the caller has it anyway; else it is made here
   */
  append(topic: string, key: string, events: readonly EventEnvelope[], dataTexts?: DataTexts): Promise<void>;
  subscribe(options: SubscribeOptions): Promise<Subscription>;
  /**
   * Resolves true once the group has handled everything that was on the key's partition, or without a key on the whole topic, when this was
   * called; false at the deadline.
   * Answers "have you seen all that was acknowledged before now?", across processes.
   */
  caughtUp(question: { group: string; topic: string; key?: string; deadlineMs: number }): Promise<boolean>;
  /** Rejects with an `OperatingError` when the log cannot take appends now. */
  health(): Promise<void>;
  /** Waits for appends under way, stops every subscription, closes. */
  close(): Promise<void>;
}

/** Tries of a single record that fails with anything but an `OperatingError`, before it goes to the dead-letter topic. */
export const POISON_ATTEMPTS = 3;

/** Names the topic that keeps the records a consumer could not handle. */
export const deadLetterTopic = (topic: string): string => `${topic}.dead-letter`;
