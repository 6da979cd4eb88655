import { type EventEnvelope, isoTime, OperatingError } from '@voltlog/kernel';
import type { Admin, ISocketFactory, KafkaMessage, Message } from 'kafkajs';
import type { Logger } from 'pino';
import { causeText } from './deliver.js';
import {
  type DataTexts,
  deadLetterTopic,
  type EventLog,
  type StartFrom,
  type SubscribeOptions,
  type Subscription,
  type TopicSpec,
} from './event-log.js';
import { deadLetterMessage, encodeMessage, partitionOf } from './kafka-codec.js';
import { KafkaSubscription } from './kafka-consumer.js';
import { kafkaLogger } from './kafka-logger.js';
import { CoalescingProducer, withDeadline } from './kafka-producer.js';
import { Kafka, logLevel } from './kafkajs-fast.js';

/** Partitions of a topic that nobody asked for by `ensureTopics` before it was used. */
const DEFAULT_PARTITIONS = 12;
const DEFAULT_BOUND_MS = 10_000;
const DEFAULT_LINGER_MS = 2;
/** Bytes of the largest record batch a topic made by us takes: several times what the edge lets in as one message. */
const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;
/** A broker that says nothing for so long on one request is given up and asked anew; a fetch is answered in half a second, a produce in milliseconds. */
const REQUEST_TIMEOUT_MS = 5_000;
/** About what the headers of a message take. */
const HEADERS_CHARS = 400;
/** How often another process's progress is looked at. */
const CAUGHT_UP_POLL_MS = 20;
/** An acknowledgement this recent proves that the log takes appends. */
const HEALTHY_FOR_MS = 5_000;
const HEALTH_DEADLINE_MS = 3_000;

export interface KafkaEventLogOptions {
  /** `host:port` of at least one broker. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly logger?: Logger;
  /** How long an append waits for a broker before it is refused. Default 10 000, milliseconds. */
  readonly boundMs?: number;
  /** How long a lone append waits for others to share its request. Default 2, milliseconds. */
  readonly lingerMs?: number;
  /** Opens the connection to a broker. Absent: plain TCP. */
  readonly socketFactory?: ISocketFactory;
}

/** Opens the event log on Kafka. Connects when it is first used, so that a service starts while the broker is away. */
export async function openKafkaEventLog(options: KafkaEventLogOptions): Promise<EventLog> {
  return new KafkaEventLog(options);
}

class KafkaEventLog implements EventLog {
  readonly #kafka: InstanceType<typeof Kafka>;
  readonly #logger: Logger | undefined;
  readonly #producer: CoalescingProducer;
  /** Number of partitions of the topics in use. */
  readonly #partitions = new Map<string, number>();
  readonly #subscriptions = new Map<KafkaSubscription, string>();
  #admin: Promise<Admin> | undefined;
  #closing: Promise<void> | undefined;
  #closed = false;

  constructor(options: KafkaEventLogOptions) {
    const boundMs = options.boundMs ?? DEFAULT_BOUND_MS;
    this.#logger = options.logger;
    this.#kafka = new Kafka({
      brokers: [...options.brokers],
      clientId: options.clientId,
      logLevel: logLevel.WARN,
      logCreator: kafkaLogger(options.logger),
      connectionTimeout: 2_000,
      requestTimeout: REQUEST_TIMEOUT_MS,
      retry: { retries: 3, initialRetryTime: 100, maxRetryTime: 1_000 },
      ...(options.socketFactory === undefined ? {} : { socketFactory: options.socketFactory }),
    });
    this.#producer = new CoalescingProducer(this.#kafka, {
      boundMs,
      lingerMs: options.lingerMs ?? DEFAULT_LINGER_MS,
      logger: options.logger,
      ensure: async (topics) => {
        await this.#ensure(topics);
        return this.#partitions;
      },
    });
  }

  async ensureTopics(topics: readonly TopicSpec[]): Promise<void> {
    // Another process may just be making a topic, any topic: until its leaders are elected a broker says that it hosts none such.
    await operating('topics could not be made', () => this.#retried(() => this.#makeTopics(topics), isUnknownYet));
  }

  async #makeTopics(topics: readonly TopicSpec[]): Promise<void> {
    const admin = await this.#adminClient();
    const existing = new Set(await admin.listTopics());
    const missing = topics.filter(({ name }) => !existing.has(name));
    if (missing.length > 0) await this.#create(admin, missing);
    await this.#learn(
      admin,
      topics.map(({ name }) => name),
    );
  }

  async #create(admin: Admin, topics: readonly TopicSpec[]): Promise<void> {
    await admin.createTopics({
      waitForLeaders: true,
      topics: topics.map(({ name, partitions, retentionMs }) => ({
        topic: name,
        numPartitions: partitions,
        configEntries: [
          { name: 'retention.ms', value: String(retentionMs ?? -1) },
          { name: 'max.message.bytes', value: String(MAX_MESSAGE_BYTES) },
        ],
      })),
    });
  }

  async #learn(admin: Admin, topics: readonly string[]): Promise<void> {
    const metadata = await admin.fetchTopicMetadata({ topics: [...topics] });
    for (const { name, partitions } of metadata.topics) this.#partitions.set(name, partitions.length);
  }

  #ensure(topics: readonly string[]): Promise<void> {
    const unknown = topics.filter((topic) => !this.#partitions.has(topic));
    return unknown.length === 0 ? Promise.resolve() : this.ensureTopics(unknown.map((name) => ({ name, partitions: DEFAULT_PARTITIONS })));
  }

  append(topic: string, key: string, events: readonly EventEnvelope[], dataTexts?: DataTexts): Promise<void> {
    if (this.#closed) return Promise.reject(new OperatingError('LogUnavailable', 'the event log is closed'));
    if (events.length === 0) return Promise.resolve();
    try {
      return this.#send(
        topic,
        events.map((event, i) => encodeMessage(key, event, dataTexts?.[i])),
      );
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #send(topic: string, messages: readonly Message[]): Promise<void> {
    let chars = 0;
    for (const { value } of messages) chars += (value?.length ?? 0) + HEADERS_CHARS;
    return this.#producer.send(topic, messages, chars);
  }

  async subscribe(options: SubscribeOptions): Promise<Subscription> {
    if (this.#closing !== undefined) throw new OperatingError('LogUnavailable', 'the event log is closed');
    await this.#ensure(options.topics);
    const subscription = new KafkaSubscription(this.#kafka, options, {
      logger: this.#logger,
      deadLetter: (group, place, message, cause) => this.#deadLetter(group, place, message, cause),
      forget: (group) => this.#forget(group),
      startOffsets: (group, topics, from) => this.#retried(() => this.#startOffsets(group, topics, from)),
    });
    this.#subscriptions.set(subscription, options.group);
    const stop = async (): Promise<void> => {
      await subscription.stop();
      this.#subscriptions.delete(subscription);
    };
    try {
      await operating('the consumer group could not be joined', () => subscription.start());
    } catch (error) {
      await stop();
      throw error;
    }
    return { stop };
  }

  /** A broker that has just started answers for a while that its group coordinator is still loading, which kafkajs' admin does not wait for. */
  async #retried<T>(work: () => Promise<T>, mayPass: (error: unknown) => boolean = () => true): Promise<T> {
    const deadline = performance.now() + START_WITHIN_MS;
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!mayPass(error) || performance.now() > deadline || this.#closing !== undefined) throw error;
        await new Promise((resolve) => void setTimeout(resolve, START_RETRY_MS));
      }
    }
  }

  /** Where the group begins in those partitions in which it has no offset yet. */
  async #startOffsets(groupId: string, topics: readonly string[], from: Exclude<StartFrom, 'earliest'>): Promise<Map<string, string>> {
    const admin = await this.#adminClient();
    const places = from === 'latest' ? await endsOf(admin, topics) : await furthestBehind(admin, topics, from.insteadOf);
    const starts = new Map<string, string>();
    for (const { topic, partitions } of await admin.fetchOffsets({ groupId, topics: [...topics] })) {
      for (const { partition, offset } of partitions) {
        const place = `${topic}/${partition}`;
        const start = places.get(place);
        if (Number(offset) < 0 && start !== undefined) starts.set(place, start);
      }
    }
    return starts;
  }

  /** Refused while the group has other consumers. One that stays is forgotten by the broker in the end: `offsets.retention.minutes`. */
  async #forget(groupId: string): Promise<void> {
    try {
      const admin = await this.#adminClient();
      await admin.deleteGroups([groupId]);
    } catch (error) {
      this.#logger?.debug({ err: error, group: groupId }, 'a temporary group was not deleted');
    }
  }

  async #deadLetter(
    group: string,
    place: { topic: string; partition: number; offset: number },
    message: KafkaMessage,
    cause: unknown,
  ): Promise<void> {
    const { topic, partition, offset } = place;
    const why = { cause: causeText(cause), group, topic, partition, offset, at: isoTime(Date.now()) };
    this.#logger?.error({ err: cause, group, topic, partition, offset }, 'record put on the dead-letter topic');
    await this.#send(deadLetterTopic(topic), [deadLetterMessage(message, why)]);
  }

  async caughtUp(question: { group: string; topic: string; key?: string; deadlineMs: number }): Promise<boolean> {
    const { group, topic, key } = question;
    const deadline = performance.now() + question.deadlineMs;
    await this.#ensure([topic]);
    const asked = key === undefined ? undefined : partitionOf(key, this.#partitions.get(topic) ?? DEFAULT_PARTITIONS);
    return operating('the progress of a group could not be read', async () => {
      for (;;) {
        try {
          return await this.#reached(group, topic, asked, deadline);
        } catch (error) {
          // A partition whose leader moves, or that was made just now, has none for a moment.
          if (performance.now() + CAUGHT_UP_POLL_MS >= deadline) throw error;
          await new Promise((resolve) => void setTimeout(resolve, CAUGHT_UP_POLL_MS));
        }
      }
    });
  }

  async #reached(group: string, topic: string, asked: number | undefined, deadline: number): Promise<boolean> {
    const admin = await this.#adminClient();
    let behind = (await admin.fetchTopicOffsets(topic))
      .filter(({ partition, high, low }) => (asked === undefined || partition === asked) && high !== low)
      .map(({ partition, high }) => ({ partition, target: Number(high) }));
    for (;;) {
      behind = behind.filter(({ partition, target }) => this.#localPosition(group, topic, partition) < target);
      if (behind.length === 0) return true;
      const [stored] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
      const positions = new Map(stored?.partitions.map(({ partition, offset }) => [partition, Number(offset)]));
      behind = behind.filter(({ partition, target }) => (positions.get(partition) ?? -1) < target);
      if (behind.length === 0) return true;
      if (performance.now() >= deadline) return false;
      await new Promise((resolve) => void setTimeout(resolve, Math.min(CAUGHT_UP_POLL_MS, Math.max(0, deadline - performance.now()))));
    }
  }

  #localPosition(group: string, topic: string, partition: number): number {
    let position = -1;
    for (const [subscription, name] of this.#subscriptions) {
      if (name === group) position = Math.max(position, subscription.position(topic, partition) ?? -1);
    }
    return position;
  }

  async health(): Promise<void> {
    if (this.#closed) throw new OperatingError('LogUnavailable', 'the event log is closed');
    if (performance.now() - this.#producer.sentAt < HEALTHY_FOR_MS) return;
    await operating('the broker does not answer', async () => {
      const work = this.#adminClient().then((admin) => admin.describeCluster());
      await withDeadline(work, performance.now() + HEALTH_DEADLINE_MS);
    });
  }

  #adminClient(): Promise<Admin> {
    this.#admin ??= this.#connectAdmin();
    return this.#admin;
  }

  async #connectAdmin(): Promise<Admin> {
    const admin = this.#kafka.admin({ retry: { retries: 3, initialRetryTime: 100, maxRetryTime: 1_000 } });
    try {
      await admin.connect();
      return admin;
    } catch (error) {
      this.#admin = undefined;
      throw error;
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#subscriptions.keys()].map((subscription) => subscription.stop()));
    this.#closed = true;
    await this.#producer.close();
    await (await this.#admin?.catch(() => undefined))?.disconnect();
  }
}

/** How long a subscription waits for a broker that is still starting. */
const START_WITHIN_MS = 30_000;
const START_RETRY_MS = 250;

const NOT_THERE_YET: readonly unknown[] = ['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE'];

function isUnknownYet(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ('type' in error && NOT_THERE_YET.includes(error.type)) || isUnknownYet(error.cause);
}

async function operating<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof OperatingError) throw error;
    throw new OperatingError('LogUnavailable', `${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

async function endsOf(admin: Admin, topics: readonly string[]): Promise<Map<string, string>> {
  const ends = new Map<string, string>();
  for (const topic of topics)
    for (const { partition, high } of await admin.fetchTopicOffsets(topic)) ends.set(`${topic}/${partition}`, high);
  return ends;
}

async function furthestBehind(admin: Admin, topics: readonly string[], groups: readonly string[]): Promise<Map<string, string>> {
  const places = new Map<string, string>();
  for (const groupId of groups) {
    for (const { topic, partitions } of await admin.fetchOffsets({ groupId, topics: [...topics] })) {
      for (const { partition, offset } of partitions) {
        const place = `${topic}/${partition}`;
        if (Number(offset) >= 0 && Number(offset) < Number(places.get(place) ?? Number.POSITIVE_INFINITY)) places.set(place, offset);
      }
    }
  }
  return places;
}
