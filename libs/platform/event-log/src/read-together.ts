import { OperatingError } from '@voltlog/kernel';
import type { EventLog, LogRecord, SubscribeOptions, Subscription } from './event-log.js';

interface Reader {
  readonly group: string;
  readonly types: ReadonlySet<string> | undefined;
  readonly handle: SubscribeOptions['handle'];
}

export interface ReadTogetherOptions {
  readonly group: string;
  readonly topic: string;
}

export interface ReadTogether {
  /**
   * The log, on which a subscription to the topic alone becomes one of those who read together. Its own group is the one it would have by
   * itself: when they first read together they begin where the one of these that is furthest behind stood.
   */
  readonly log: EventLog;
  /** Begins to read, for all who have subscribed by now. */
  start(): Promise<void>;
}

/**
 * One group of consumers for several parts of a service that each want a few types of the same topic: each group fetches and passes by all of it,
 * and is joined by itself. Whoever stops first ends the reading of all.
 *
 * A batch is handled once all have handled theirs. When one cannot, all are given it again, by the rules of `SubscribeOptions.handle`: so
 * parts that may be slow, or wait for something that others do not need, read apart.
 */
export function readTogether(log: EventLog, options: ReadTogetherOptions): ReadTogether {
  const { group, topic } = options;
  const readers: Reader[] = [];
  let reading: Promise<Subscription> | undefined;
  const join = ({ group: own, types, handle, startFrom, temporary, onRevoked, settle, batchMax }: SubscribeOptions): Subscription => {
    if (reading !== undefined) throw new Error(`${group} reads ${topic} already: who subscribes later misses what was read`);
    if (startFrom !== undefined || temporary === true || [onRevoked, settle, batchMax].some((option) => option !== undefined))
      throw new Error(`who reads ${topic} together with others cannot have options of their own`);
    readers.push({ group: own, types: types === undefined ? undefined : new Set(types), handle });
    // What could not be begun has nothing to stop; whoever began it was told.
    return { stop: async () => await (await reading?.catch(() => undefined))?.stop() };
  };
  return {
    log: {
      ensureTopics: (topics) => log.ensureTopics(topics),
      append: (to, key, events) => log.append(to, key, events),
      subscribe: async (options) => (options.topics.length === 1 && options.topics[0] === topic ? join(options) : log.subscribe(options)),
      caughtUp: (question) => log.caughtUp(question),
      health: () => log.health(),
      close: () => log.close(),
    },
    async start() {
      if (readers.length === 0) return;
      const all = readers.every(({ types }) => types !== undefined) ? readers.flatMap(({ types = [] }) => [...types]) : undefined;
      reading = log.subscribe({
        group,
        topics: [topic],
        startFrom: { insteadOf: readers.map((reader) => reader.group) },
        ...(all === undefined ? {} : { types: [...new Set(all)] }),
        handle: (batch) => handleAll(readers, batch),
      });
      await reading;
    },
  };
}

/** @throws what one of them threw: an `OperatingError` first, since the batch is tried as a whole again after it */
async function handleAll(readers: readonly Reader[], batch: readonly LogRecord[]): Promise<void> {
  const ends = await Promise.allSettled(
    readers.map(async ({ types, handle }) => {
      const own = types === undefined ? batch : batch.filter(({ event }) => types.has(event.type));
      if (own.length > 0) await handle(own);
    }),
  );
  const errors = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as unknown] : []));
  if (errors.length > 0) throw errors.find((error) => error instanceof OperatingError) ?? errors[0];
}
