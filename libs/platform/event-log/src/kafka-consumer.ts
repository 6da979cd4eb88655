import { OperatingError } from '@voltlog/kernel';
import type { Consumer, EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs';
import type { Logger } from 'pino';
import { deliver } from './deliver.js';
import type { LogRecord, StartFrom, SubscribeOptions, Subscription, TopicPartition } from './event-log.js';
import { decodeMessage, type KafkaRecord, typeOf } from './kafka-codec.js';
import { withDeadline } from './kafka-producer.js';

const BATCH_MAX = 512;
/** A consumer that went silent loses its partitions after this time. */
const SESSION_TIMEOUT_MS = 10_000;
const HEARTBEAT_MS = 2_000;
/** Consumers have this long to finish the batch in hand when the group is divided anew. */
const REBALANCE_TIMEOUT_MS = 30_000;
/** The broker answers a fetch without records after this time; also how long leaving a group can take. */
const FETCH_WAIT_MS = 500;
/**
 * A fetch that brought few records is not followed by the next one sooner than this: a request, and the writes to the store that a
 * batch ends in, cost more than the records in it, and nobody waits for a consumer.
 */
const FETCH_EVERY_MS = 50;
const FEW_RECORDS = 64;
/** The same for a consumer that has passed by all it fetched for some time: it waits for something rare on a busy topic. */
const FETCH_RARE_EVERY_MS = 150;
const RARE_AFTER_MS = 1_000;
/** Offsets are committed at most so often; a crash hands over again what was handled since. */
const COMMIT_EVERY_MS = 200;
/** The same where a commit is preceded by `settle`. */
const SETTLE_EVERY_MS = 500;
const RESTART_AFTER_MS = 2_000;
const COMMIT_AGAIN_MS = 1_000;
/** How long the last commit before a new division of the group may hold it up. */
const LAST_COMMIT_MS = 1_000;
/** The broker's word that this consumer must join its group again. */
const REJOIN = new Set(['REBALANCE_IN_PROGRESS', 'NOT_COORDINATOR_FOR_GROUP', 'ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID']);
/** More than a service ever has partitions: batches of all of them are handled together. */
const PARTITIONS_AT_ONCE = 64;

export interface ConsumerPort {
  /** Puts a message on the dead-letter topic of its topic. */
  deadLetter(
    group: string,
    place: { topic: string; partition: number; offset: number },
    message: KafkaMessage,
    cause: unknown,
  ): Promise<void>;
  /** Offsets at which a group begins in the partitions in which it has none. */
  startOffsets(group: string, topics: readonly string[], from: Exclude<StartFrom, 'earliest'>): Promise<Map<string, string>>;
  /** Deletes a group that has no consumers any more. Never rejects. */
  forget(group: string): Promise<void>;
  readonly logger: Logger | undefined;
}

/** What was fetched of one partition. */
interface Work {
  readonly payload: EachBatchPayload;
  /** Readable and wanted. */
  readonly records: readonly KafkaRecord[];
  taken: number;
  resolve(): void;
}

/** One consumer of a group: joins the batches of its partitions and hands them over, one call at a time. */
export class KafkaSubscription implements Subscription {
  readonly #consumer: Consumer;
  readonly #types: ReadonlySet<string> | undefined;
  readonly #max: number;
  #work: Work[] = [];
  #active: Promise<void> | undefined;
  #stopping = false;
  /** Why the partitions in hand are no longer ours. */
  #lost: Error | undefined;
  readonly #handled = new Map<string, { topic: string; partition: number; offset: string }>();
  /** Next offsets of the partitions of this consumer in which it has handled something. */
  readonly #positions = new Map<string, number>();
  #committing: Promise<void> | undefined;
  #commitTimer: NodeJS.Timeout | undefined;
  #committedAt = 0;
  /** When something wanted was fetched last, by `performance.now()`. */
  #wantedAt = 0;
  readonly #pauses = new Set<() => void>();
  #stopped: Promise<void> | undefined;
  #assigned: readonly TopicPartition[] = [];

  constructor(
    kafka: Kafka,
    private readonly options: SubscribeOptions,
    private readonly port: ConsumerPort,
  ) {
    this.#types = options.types === undefined ? undefined : new Set(options.types);
    this.#max = options.batchMax ?? BATCH_MAX;
    this.#consumer = kafka.consumer({
      groupId: options.group,
      sessionTimeout: SESSION_TIMEOUT_MS,
      heartbeatInterval: HEARTBEAT_MS,
      rebalanceTimeout: REBALANCE_TIMEOUT_MS,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      allowAutoTopicCreation: false,
      retry: { retries: 8, initialRetryTime: 100, maxRetryTime: 2_000, restartOnFailure: async () => !this.#stopping },
    });
  }

  /** The next offset of a partition; nothing when this consumer does not own it or has handled nothing of it yet. */
  position(topic: string, partition: number): number | undefined {
    return this.#positions.get(`${topic}/${partition}`);
  }

  /** Joins the group; resolves once it has its partitions. */
  async start(): Promise<void> {
    const { group, topics, startFrom = 'earliest' } = this.options;
    const starts = startFrom === 'earliest' ? new Map<string, string>() : await this.port.startOffsets(group, topics, startFrom);
    this.#consumer.on(this.#consumer.events.GROUP_JOIN, ({ payload }) => this.#joined(payload.memberAssignment, starts));
    this.#consumer.on(this.#consumer.events.CRASH, ({ payload }) => {
      if (!payload.restart) void this.#restart();
    });
    await this.#consumer.connect();
    await this.#consumer.subscribe({ topics: [...topics], fromBeginning: startFrom !== 'latest' });
    await this.#run();
  }

  #run(): Promise<void> {
    return this.#consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: PARTITIONS_AT_ONCE,
      eachBatch: (payload) => this.#take(payload),
    });
  }

  /** kafkajs restarts after what it takes for passing; this does after all else, so that no consumer stays away for good. */
  async #restart(): Promise<void> {
    this.#lost = undefined;
    while (!this.#stopping) {
      await this.#pause(RESTART_AFTER_MS);
      try {
        if (this.#stopping) return;
        await this.#consumer.connect();
        await this.#run();
        return;
      } catch (error) {
        this.port.logger?.warn({ err: error, group: this.options.group }, 'the consumer could not be started again, trying again');
      }
    }
  }

  #joined(assignment: Readonly<Record<string, readonly number[]>>, starts: Map<string, string>): void {
    this.#lost = undefined;
    this.#positions.clear();
    const mine = Object.entries(assignment).flatMap(([topic, partitions]) =>
      partitions.map((partition) => ({ place: `${topic}/${partition}`, topic, partition })),
    );
    // All of them, also those it has again: it can have missed a division of the group in which they were somebody else's.
    if (this.#assigned.length > 0) this.options.onRevoked?.(this.#assigned);
    this.#assigned = mine.map(({ topic, partition }) => ({ topic, partition }));
    const places = new Set(mine.map(({ place }) => place));
    for (const place of this.#handled.keys()) if (!places.has(place)) this.#handled.delete(place);
    for (const { place, topic, partition } of mine) {
      const offset = starts.get(place);
      if (offset === undefined) continue;
      this.#consumer.seek({ topic, partition, offset });
      this.#mark(topic, partition, offset);
    }
    starts.clear();
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#stopping = true;
    this.#endPauses();
    while (this.#active !== undefined) await this.#active;
    await this.#commitNow();
    await this.#consumer.disconnect();
    if (this.options.temporary === true) await this.port.forget(this.options.group);
  }

  /** A batch of one partition: waits its turn; rejects when the partition went to somebody else, so that the group is joined again. */
  async #take(payload: EachBatchPayload): Promise<void> {
    if (this.#stopping) return;
    const takenAt = performance.now();
    const { batch } = payload;
    const records: KafkaRecord[] = [];
    const bad: { message: KafkaMessage; cause: unknown }[] = [];
    for (const message of batch.messages) {
      const type = typeOf(message);
      if (type !== undefined && this.#types !== undefined && !this.#types.has(type)) continue;
      try {
        records.push(decodeMessage(batch.topic, batch.partition, message));
      } catch (cause) {
        bad.push({ message, cause });
      }
    }
    for (const { message, cause } of bad) await this.#putAside(payload, message, cause);
    if (records.length > 0) {
      this.#wantedAt = takenAt;
      await this.#join(payload, records);
      if (this.#lost !== undefined) await this.#leaveBehind(this.#lost);
    } else {
      this.#finish(payload);
    }
    const everyMs = takenAt - this.#wantedAt > RARE_AFTER_MS ? FETCH_RARE_EVERY_MS : FETCH_EVERY_MS;
    const waitMs = everyMs - (performance.now() - takenAt);
    if (batch.messages.length < FEW_RECORDS && waitMs > 0) await new Promise((resolve) => void setTimeout(resolve, waitMs));
  }

  /** The group is being divided anew: commits what was handled, then joins again by way of the error. */
  async #leaveBehind(why: Error): Promise<never> {
    await withDeadline(this.#commitNow(), performance.now() + LAST_COMMIT_MS).catch(() => undefined);
    throw why;
  }

  #join(payload: EachBatchPayload, records: readonly KafkaRecord[]): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#work.push({ payload, records, taken: 0, resolve });
    if (this.#active === undefined) {
      this.#lost = undefined;
      this.#active = this.#handleAll();
    }
    return promise;
  }

  async #handleAll(): Promise<void> {
    const heartbeat = setInterval(() => void this.#heartbeat(), HEARTBEAT_MS);
    const delivery = {
      handle: (batch: readonly LogRecord[]) => this.options.handle(batch),
      deadLetter: (record: KafkaRecord, cause: unknown) => this.port.deadLetter(this.options.group, record, record.message, cause),
      pause: (ms: number) => this.#pause(ms),
      gone: () => this.#stopping || this.#lost !== undefined,
      onRetry: (err: unknown, records: number, waitMs: number) =>
        this.port.logger?.warn({ err, group: this.options.group, records, waitMs }, 'batch failed, trying again'),
    };
    while (this.#work.length > 0) {
      // One turn of the event loop, so that the batches of all partitions of a fetch are here.
      await new Promise((resolve) => void setImmediate(resolve));
      const { batch, shares } = this.#gather();
      const handled = await deliver(batch, delivery);
      for (const { work, records } of shares) {
        if (handled) this.#advance(work, records);
        else work.resolve();
      }
      this.#work = handled ? this.#work.filter((work) => work.taken < work.records.length) : [];
      if (!handled) break;
    }
    clearInterval(heartbeat);
    this.#active = undefined;
  }

  #gather(): { batch: KafkaRecord[]; shares: { work: Work; records: number }[] } {
    const batch: KafkaRecord[] = [];
    const shares: { work: Work; records: number }[] = [];
    for (const work of this.#work) {
      const records = Math.min(this.#max - batch.length, work.records.length - work.taken);
      if (records <= 0) break;
      for (let i = work.taken; i < work.taken + records; i += 1) batch.push(work.records[i] as KafkaRecord);
      shares.push({ work, records });
    }
    return { batch, shares };
  }

  #advance(work: Work, records: number): void {
    work.taken += records;
    if (work.taken === work.records.length) {
      this.#finish(work.payload);
      work.resolve();
      return;
    }
    const { topic, partition } = work.payload.batch;
    const last = work.records[work.taken - 1] as KafkaRecord;
    work.payload.resolveOffset(String(last.offset));
    this.#mark(topic, partition, String(last.offset + 1));
  }

  /** All of the batch is handled, wanted or not. */
  #finish({ batch, resolveOffset }: EachBatchPayload): void {
    const last = batch.lastOffset();
    resolveOffset(last);
    this.#mark(batch.topic, batch.partition, String(BigInt(last) + 1n));
  }

  #mark(topic: string, partition: number, offset: string): void {
    const place = `${topic}/${partition}`;
    this.#handled.set(place, { topic, partition, offset });
    this.#positions.set(place, Number(offset));
    const everyMs = this.options.settle === undefined ? COMMIT_EVERY_MS : SETTLE_EVERY_MS;
    this.#commitIn(Math.max(0, everyMs - (performance.now() - this.#committedAt)));
  }

  #commitIn(ms: number): void {
    this.#commitTimer ??= setTimeout(() => void this.#commitNow(), ms);
  }

  /** Commits what was handled; one request at a time. A commit that fails comes with the next. */
  async #commitNow(): Promise<void> {
    clearTimeout(this.#commitTimer);
    this.#commitTimer = undefined;
    while (this.#committing !== undefined) await this.#committing;
    if (this.#handled.size === 0) return;
    this.#committing = this.#commit();
    await this.#committing;
  }

  async #commit(): Promise<void> {
    const positions = [...this.#handled];
    this.#handled.clear();
    try {
      await this.options.settle?.();
      await this.#consumer.commitOffsets(positions.map(([, position]) => position));
    } catch (error) {
      this.port.logger?.debug({ err: error, group: this.options.group }, 'offsets were not committed');
      for (const [place, position] of positions) if (!this.#handled.has(place)) this.#handled.set(place, position);
      if (!this.#stopping) this.#commitIn(COMMIT_AGAIN_MS);
    } finally {
      this.#committedAt = performance.now();
      this.#committing = undefined;
    }
  }

  async #heartbeat(): Promise<void> {
    const [work] = this.#work;
    if (work === undefined || this.#lost !== undefined) return;
    try {
      await work.payload.heartbeat();
    } catch (error) {
      if (!(error instanceof Error) || !('type' in error) || !REJOIN.has(String(error.type))) return;
      this.#lost = error;
      this.#endPauses();
    }
  }

  async #putAside({ batch }: EachBatchPayload, message: KafkaMessage, cause: unknown): Promise<void> {
    const place = { topic: batch.topic, partition: batch.partition, offset: Number(message.offset) };
    for (let waitMs = 100; !this.#stopping; waitMs = Math.min(5_000, waitMs * 2)) {
      try {
        await this.port.deadLetter(this.options.group, place, message, cause);
        return;
      } catch (error) {
        if (!(error instanceof OperatingError)) throw error;
        await this.#pause(waitMs);
      }
    }
  }

  #pause(ms: number): Promise<void> {
    if (this.#stopping || this.#lost !== undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#pauses.delete(end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      this.#pauses.add(end);
    });
  }

  #endPauses(): void {
    for (const end of this.#pauses) end();
  }
}
