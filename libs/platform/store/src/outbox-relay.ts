import type { EventLog } from '@voltlog/event-log';
import type { EventEnvelope } from '@voltlog/kernel';
import type { Logger } from 'pino';
import { BoundedCache } from './bounded-cache.js';
import type { Commit, StreamStore } from './store.js';

/** Commits handed to the log in one go. */
const BATCH_MAX = 1_024;
/**
 * Fewer commits than this wait until so many milliseconds after the batch before them: each batch costs a write to the log and one to
 * the store, however small it is. What comes after a quiet time goes at once.
 */
const BATCH_SMALL = 256;
const BATCH_EVERY_MS = 20;
/** Commits kept in memory for the log; what comes on top is read from the store later. */
const QUEUE_MAX = 20_000;
/** First and longest wait between tries, milliseconds. */
const RETRY_FIRST_MS = 50;
const RETRY_MAX_MS = 5_000;
/** How often the store is asked for commits that nobody published, e.g. of an instance that died, milliseconds. */
const SWEEP_EVERY_MS = 30_000;
/** A younger commit of the store is left to the instance that wrote it, milliseconds. */
const SWEEP_AGE_MS = 10_000;
/** How long `stop` waits for the log, milliseconds; what is left is published at the next start. */
const STOP_MAX_MS = 5_000;

export interface OutboxRelayOptions {
  readonly streams: Pick<StreamStore, 'unpublished' | 'markPublished'>;
  readonly log: Pick<EventLog, 'append'>;
  /** Where the commits go; a service whose streams have topics of their own tells each commit's. */
  readonly topic: string | ((commit: Commit) => string);
  readonly logger: Pick<Logger, 'warn' | 'error'>;
  /** The key on the log: the id whose order matters. Default: the stream's id. */
  readonly keyOf?: (commit: Commit) => string;
  /** Default 30 000 ms. */
  readonly sweepEveryMs?: number;
  /** Default 10 000 ms. */
  readonly sweepAgeMs?: number;
}

/** What goes to the log in one append. */
interface Group {
  readonly topic: string;
  readonly key: string;
  readonly events: EventEnvelope[];
  readonly dataTexts: (string | undefined)[];
  readonly commits: Commit[];
}

function newGroup(groups: Map<string, Group>, name: string, topic: string, key: string): Group {
  const group: Group = { topic, key, events: [], dataTexts: [], commits: [] };
  groups.set(name, group);
  return group;
}

/**
 * Brings commits from the store to the service's topics, each key's in order, at least once: consumers dedupe by event id. A commit is
 * marked as published once it is durable on the log, so that a crash at any point costs a repetition and never a commit.
 */
export class OutboxRelay {
  readonly #options: OutboxRelayOptions;
  readonly #keyOf: (commit: Commit) => string;
  readonly #topicOf: (commit: Commit) => string;
  #queue: Commit[] = [];
  /** When the last batch of the queue began, milliseconds of `performance.now()`. */
  #sentAt = Number.NEGATIVE_INFINITY;
  /** The newest version of each stream that is on its way. */
  readonly #underway = new Map<string, number>();
  /** Commits are in the store that are older than those handed over: they go first, and nothing is queued meanwhile. */
  #behind = true;
  #missed = false;
  /** The newest versions sent from the store: their writers may hand them over only now. */
  readonly #caughtUp = new BoundedCache<number>(QUEUE_MAX);
  #failures = 0;
  #running: Promise<void> | undefined;
  #stopping = false;
  #wake: (() => void) | undefined;
  #sweepAt = 0;

  constructor(options: OutboxRelayOptions) {
    this.#options = options;
    this.#keyOf = options.keyOf ?? ((commit) => commit.streamId);
    const { topic } = options;
    this.#topicOf = typeof topic === 'string' ? () => topic : topic;
  }

  /** Commits that wait for the log or are on their way to it. */
  get pending(): number {
    return this.#queue.length;
  }

  /** Hands over what was appended, each stream's in order. Does not block; before `start` the store keeps it. */
  publish(commits: readonly Commit[]): void {
    if (this.#behind || this.#queue.length > QUEUE_MAX) {
      this.#behind = true;
      this.#missed = true;
    } else {
      for (const commit of commits) {
        const underway = this.#underway.get(commit.streamId);
        if (underway !== undefined && commit.version <= underway) continue;
        if (this.#caughtUp.size > 0 && commit.version <= (this.#caughtUp.get(commit.streamId) ?? 0)) continue;
        this.#underway.set(commit.streamId, commit.version);
        this.#queue.push(commit);
      }
    }
    this.#wakeUp();
  }

  /** Publishes what a crash left, then what is handed over, until `stop`. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Resolves when what was handed over is on the log, or after 5 s without it. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#wakeUp();
    await this.#running;
  }

  async #run(): Promise<void> {
    let giveUpAt = Number.POSITIVE_INFINITY;
    this.#sweepAt = Date.now() + (this.#options.sweepEveryMs ?? SWEEP_EVERY_MS);
    for (;;) {
      if (this.#stopping) giveUpAt = Math.min(giveUpAt, Date.now() + STOP_MAX_MS);
      if (Date.now() >= giveUpAt) return;
      try {
        if (this.#queue.length > 0) await this.#sendQueue();
        else if (this.#behind) await this.#sendBacklog();
        else if (this.#stopping) return;
        else if (Date.now() >= this.#sweepAt) await this.#sweep();
        else await this.#idle(this.#sweepAt - Date.now());
        this.#failures = 0;
      } catch (error) {
        if (this.#stopping && this.#queue.length === 0) return;
        await this.#backOff(error);
      }
    }
  }

  async #sendQueue(): Promise<void> {
    const restMs = this.#sentAt + BATCH_EVERY_MS - performance.now();
    if (restMs > 0 && this.#queue.length < BATCH_SMALL && !this.#stopping) await this.#pause(restMs, true);
    this.#sentAt = performance.now();
    const batch = this.#queue.slice(0, BATCH_MAX);
    const { sent, error } = await this.#send(batch);
    const gone = sent.length === batch.length ? undefined : new Set(sent);
    this.#queue = gone === undefined ? this.#queue.slice(batch.length) : this.#queue.filter((commit) => !gone.has(commit));
    try {
      await this.#options.streams.markPublished(sent);
    } finally {
      for (const { streamId, version } of sent) if (this.#underway.get(streamId) === version) this.#underway.delete(streamId);
    }
    if (error !== undefined) throw error;
  }

  async #sendBacklog(): Promise<void> {
    this.#missed = false;
    const page = await this.#options.streams.unpublished(BATCH_MAX);
    if (page.length === 0) {
      this.#behind = this.#missed;
      return;
    }
    const { sent, error } = await this.#send(page);
    for (const { streamId, version } of sent) this.#caughtUp.set(streamId, version);
    await this.#options.streams.markPublished(sent);
    if (error !== undefined) throw error;
  }

  async #sweep(): Promise<void> {
    this.#sweepAt = Date.now() + (this.#options.sweepEveryMs ?? SWEEP_EVERY_MS);
    const oldest = await this.#options.streams.unpublished(1);
    const left = oldest[0];
    if (left !== undefined && this.#queue.length === 0 && Date.parse(left.at) < Date.now() - (this.#options.sweepAgeMs ?? SWEEP_AGE_MS))
      this.#behind = true;
  }

  /** One append per topic and key, so that the order of a key holds when one of them fails. */
  async #send(batch: readonly Commit[]): Promise<{ sent: readonly Commit[]; error: unknown }> {
    const groups = new Map<string, Group>();
    for (const commit of batch) {
      const key = this.#keyOf(commit);
      const topic = this.#topicOf(commit);
      const name = `${topic} ${key}`;
      const { events, dataTexts, commits } = groups.get(name) ?? newGroup(groups, name, topic, key);
      for (const [i, event] of commit.events.entries()) {
        events.push(event);
        dataTexts.push(commit.dataTexts?.[i]);
      }
      commits.push(commit);
    }
    const all = [...groups.values()];
    const results = await Promise.allSettled(
      all.map(({ topic, key, events, dataTexts }) => this.#options.log.append(topic, key, events, dataTexts)),
    );
    const failure = results.find((result) => result.status === 'rejected');
    if (failure === undefined) return { sent: batch, error: undefined };
    return { sent: all.flatMap((group, i) => (results[i]?.status === 'fulfilled' ? group.commits : [])), error: failure.reason };
  }

  async #backOff(error: unknown): Promise<void> {
    this.#failures += 1;
    const waitMs = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.min(this.#failures - 1, 10));
    this.#options.logger.warn(
      { err: error, topic: this.#queue[0] && this.#topicOf(this.#queue[0]), waiting: this.#queue.length, waitMs },
      'commits are not on the log yet',
    );
    await this.#pause(this.#stopping ? Math.min(waitMs, 500) : waitMs, true);
  }

  #idle(ms: number): Promise<void> {
    return this.#pause(ms, false);
  }

  /** Ends early when stopped, and unless `deaf` when something is handed over. */
  #pause(ms: number, deaf: boolean): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(end, ms);
      timer.unref();
      this.#wake = () => {
        if (!deaf || this.#stopping) end();
      };
    });
  }

  #wakeUp(): void {
    this.#wake?.();
  }
}
