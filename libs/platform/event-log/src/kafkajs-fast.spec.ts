import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupMessages, originals } from './kafkajs-fast.js';

const require = createRequire(import.meta.url);
const RequestQueue = require('kafkajs/src/network/requestQueue/index.js');

it('groups messages as kafkajs does', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 5 })), fc.integer({ min: 0, max: 2 }), (partitions, brokers) => {
      const of = {
        topic: 't',
        partitionMetadata: Array.from({ length: brokers }, () => ({})),
        messages: partitions.map((partition, n) => ({ value: String(n), partition })),
        partitioner: ({ message }: { message?: { partition: number } }) => message?.partition ?? 0,
      };
      expect(groupMessages(of)).toEqual(originals.groupMessages(of));
    }),
  );
});

describe('a connection of kafkajs', () => {
  const logger = { namespace: () => logger, debug: () => undefined, warn: () => undefined };
  const queueOf = (maxInFlightRequests: number) =>
    new RequestQueue({ maxInFlightRequests, requestTimeout: 1_000, enforceRequestTimeout: false, clientId: 'c', broker: 'b', logger });
  const requestOf = (correlationId: number, sent: number[]) => ({
    entry: { correlationId, apiName: 'Fetch', apiKey: 1, apiVersion: 11, resolve: () => undefined, reject: () => undefined },
    expectResponse: true,
    requestTimeout: 1_000,
    sendRequest: () => void sent.push(correlationId),
  });

  it('has no timer while nothing waits', () => {
    const queue = queueOf(1);
    queue.checkPendingRequests();
    expect(queue.throttleCheckTimeoutId).toBeNull();
  });

  it('sends what waited when there is room, and when the broker no longer throttles', async () => {
    const sent: number[] = [];
    const queue = queueOf(1);
    queue.push(requestOf(1, sent));
    queue.push(requestOf(2, sent));
    expect(sent).toEqual([1]);
    queue.fulfillRequest({ correlationId: 1, payload: {}, size: 0 });
    expect(sent).toEqual([1, 2]);
    queue.fulfillRequest({ correlationId: 2, payload: {}, size: 0 });
    queue.maybeThrottle(30);
    queue.push(requestOf(3, sent));
    expect(sent).toEqual([1, 2]);
    await expect.poll(() => sent).toEqual([1, 2, 3]);
  });
});
