import { OperatingError } from '@voltlog/kernel';
import type { Kafka, Message, Producer } from 'kafkajs';
import type { Logger } from 'pino';
import { partitionOf } from './kafka-codec.js';

/** A request is sent at once when the one before it carried so many records: there is load, and the next ones gather while it is under way. */
const BUSY_RECORDS = 32;
/** Records and characters of one request; one partition's share must stay below the broker's `message.max.bytes` (1 MB). */
const REQUEST_MAX_RECORDS = 2_048;
const REQUEST_MAX_CHARS = 700_000;
/** A request without an answer is given up and sent again by a new connection after a quarter of the bound, but not sooner than this. */
const ATTEMPT_MIN_MS = 1_000;
const RETRY_FIRST_MS = 100;
const RETRY_MAX_MS = 1_000;

export interface ProducerOptions {
  readonly boundMs: number;
  readonly lingerMs: number;
  readonly logger: Logger | undefined;
  /** Makes topics that are missing and gives the number of partitions of each. */
  ensure(topics: readonly string[]): Promise<ReadonlyMap<string, number>>;
}

/** What shares one request, and one promise. */
interface Request {
  readonly topics: Map<string, Message[]>;
  records: number;
  chars: number;
  readonly openedAt: number;
  readonly done: Promise<void>;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Sends what waits in one request at a time: the next forms while one is under way, so order is kept across retries.
 *
 * A request that was given up may still have reached the broker, and kafkajs would number the next one like it, which the broker would
 * then take for a repetition and drop. So after any failure the producer is replaced by one with a new producer id.
 */
export class CoalescingProducer {
  readonly #waiting: Request[] = [];
  #pumping: Promise<void> | undefined;
  #producer: Producer | undefined;
  #lastRecords = 0;
  #sentAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly kafka: Kafka,
    private readonly options: ProducerOptions,
  ) {}

  /** When a request was last acknowledged, milliseconds of `performance.now()`. */
  get sentAt(): number {
    return this.#sentAt;
  }

  send(topic: string, messages: readonly Message[], chars: number): Promise<void> {
    const request = this.#current(messages.length, chars);
    const list = request.topics.get(topic);
    if (list === undefined) request.topics.set(topic, [...messages]);
    else for (const message of messages) list.push(message);
    request.records += messages.length;
    request.chars += chars;
    this.#pumping ??= this.#pump();
    return request.done;
  }

  #current(records: number, chars: number): Request {
    const last = this.#waiting.at(-1);
    if (last !== undefined && last.records + records <= REQUEST_MAX_RECORDS && last.chars + chars <= REQUEST_MAX_CHARS) return last;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const request: Request = { topics: new Map(), records: 0, chars: 0, openedAt: performance.now(), done: promise, resolve, reject };
    this.#waiting.push(request);
    return request;
  }

  async #pump(): Promise<void> {
    do {
      await this.#gather();
      const request = this.#waiting.shift();
      if (request !== undefined) await this.#deliver(request);
    } while (this.#waiting.length > 0);
    this.#pumping = undefined;
  }

  /** Waits a moment for others to join, unless there are many already. */
  #gather(): Promise<void> {
    if (this.#waiting.length > 1) return Promise.resolve();
    if (this.#lastRecords >= BUSY_RECORDS || this.options.lingerMs <= 0) return new Promise((resolve) => void setImmediate(resolve));
    return new Promise((resolve) => void setTimeout(resolve, this.options.lingerMs));
  }

  async #deliver(request: Request): Promise<void> {
    const { boundMs } = this.options;
    const deadline = request.openedAt + boundMs;
    const patienceMs = Math.max(ATTEMPT_MIN_MS, boundMs / 4);
    const topicMessages = [...request.topics].map(([topic, messages]) => ({ topic, messages }));
    let failure: unknown;
    for (let waitMs = RETRY_FIRST_MS; performance.now() < deadline; waitMs = Math.min(RETRY_MAX_MS, waitMs * 2)) {
      try {
        await withDeadline(this.#sendOnce(topicMessages), Math.min(deadline, performance.now() + patienceMs));
        this.#lastRecords = request.records;
        this.#sentAt = performance.now();
        request.resolve();
        return;
      } catch (error) {
        failure = error;
        this.options.logger?.warn({ err: error, records: request.records, waitMs }, 'produce failed, trying again');
        this.#discard();
        await pause(Math.min(waitMs, Math.max(0, deadline - performance.now())));
      }
    }
    this.#lastRecords = 0;
    request.reject(new OperatingError('LogUnavailable', `the event log did not acknowledge within ${boundMs} ms`, { cause: failure }));
  }

  async #sendOnce(topicMessages: { topic: string; messages: Message[] }[]): Promise<void> {
    const partitions = await this.options.ensure(topicMessages.map(({ topic }) => topic));
    for (const { topic, messages } of topicMessages) assignPartitions(messages, partitions.get(topic) ?? 1);
    const producer = this.#producer ?? (await this.#connect());
    await producer.sendBatch({ acks: -1, timeout: this.options.boundMs, topicMessages });
  }

  async #connect(): Promise<Producer> {
    const producer = this.kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: () => byPartitionOfMessage,
      retry: { retries: 1, initialRetryTime: 50, maxRetryTime: 500 },
    });
    this.#producer = producer;
    await producer.connect();
    return producer;
  }

  #discard(): void {
    const producer = this.#producer;
    this.#producer = undefined;
    producer?.disconnect().catch(() => undefined);
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    while (this.#pumping !== undefined) await this.#pumping;
    await this.#producer?.disconnect();
    this.#producer = undefined;
  }
}

/** In place of kafkajs' own partitioner, which picks the same partition at thirty times the cost. */
function assignPartitions(messages: readonly Message[], partitions: number): void {
  for (const message of messages) message.partition ??= partitionOf(String(message.key), partitions);
}

const byPartitionOfMessage = ({ message }: { message: Message }): number => message.partition ?? 0;

const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

/** Settles like `work`, or rejects when `deadline` (of `performance.now()`) passes first. */
export function withDeadline<T>(work: Promise<T>, deadline: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no answer in time')), Math.max(0, deadline - performance.now()));
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
