import { createRequire } from 'node:module';
import type { Message } from 'kafkajs';
import { replaceFetch } from './kafkajs-fetch.js';
import { replaceProduce } from './kafkajs-produce.js';

/*
 * kafkajs 2.2.4 (no longer developed, pinned exactly) spends most of its time in a few functions: it makes two buffers per header, adds
 * up lists by copying them, counts in BigInt, and sums up byte by byte. Here and in `kafkajs-produce.ts` and `kafkajs-fetch.ts` are the same
 * without that; their specs prove byte by byte that they do the same, and what they do not know they leave to the originals.
 */

const require = createRequire(import.meta.url);
const GROUPING = 'kafkajs/src/producer/groupMessagesPerPartition.js';
const REQUEST_QUEUE = 'kafkajs/src/network/requestQueue/index.js';

type Grouping = { topic: string; partitionMetadata: readonly unknown[]; messages: readonly Message[]; partitioner(of: object): number };

export const originals: { readonly groupMessages: (of: Grouping) => Record<string, Message[]> } = { groupMessages: require(GROUPING) };

/** Messages by partition, each in the order given. */
export function groupMessages({ topic, partitionMetadata, messages, partitioner }: Grouping): Record<string, Message[]> {
  const groups: Record<string, Message[]> = {};
  if (partitionMetadata.length === 0) return groups;
  for (const message of messages) {
    const partition = partitioner({ topic, partitionMetadata, message });
    const group = groups[partition];
    if (group === undefined) groups[partition] = [message];
    else group.push(message);
  }
  return groups;
}

/** What the connection's queue of requests is here. */
export interface RequestQueue {
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests(): void;
}

/** Whatever fulfils a request or adds one looks at the queue by itself; the timer is for what neither of them could send. */
function lookOnlyWhileSomethingWaits(queue: RequestQueue): void {
  const schedule = queue.scheduleCheckPendingRequests;
  queue.scheduleCheckPendingRequests = function (this: RequestQueue): void {
    if (this.pending.length > 0) schedule.call(this);
  };
}

function replace(path: string, by: unknown): void {
  const loaded = require.cache[require.resolve(path)];
  if (loaded !== undefined) loaded.exports = by;
}

replace(GROUPING, groupMessages);
replaceProduce(replace);
replaceFetch(replace);
lookOnlyWhileSomethingWaits((require(REQUEST_QUEUE) as { readonly prototype: RequestQueue }).prototype);

/** kafkajs with its slow functions replaced, provided that nothing loaded it before. */
export const { Kafka, logLevel }: Pick<typeof import('kafkajs'), 'Kafka' | 'logLevel'> = require('kafkajs');
