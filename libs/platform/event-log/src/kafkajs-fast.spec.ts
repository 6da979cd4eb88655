import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc32c, decodeRecord, encodeRecord, groupMessages, originals } from './kafkajs-fast.js';

const require = createRequire(import.meta.url);
const Decoder = require('kafkajs/src/protocol/decoder.js');
const Encoder = require('kafkajs/src/protocol/encoder.js');
const RequestQueue = require('kafkajs/src/network/requestQueue/index.js');

const text = fc.string({ unit: 'grapheme', maxLength: 200 });
const bytesOrText = fc.oneof(
  text,
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc.integer({ min: 0, max: 20_000 }).map((length) => 'x'.repeat(length)),
);
const delta = fc.oneof(
  fc.integer({ min: 0, max: 300 }),
  fc.constantFrom(63, 64, 8191, 8192, 0xf_ffff, 0x10_0000, 0x7ff_ffff, 0x800_0000, 0x0fff_ffff, 0x1000_0000, -1),
);
const record = fc.record({
  key: fc.oneof(bytesOrText, fc.constant(null)),
  value: fc.oneof(bytesOrText, fc.constant(null)),
  headers: fc.oneof(
    { weight: 5, arbitrary: fc.dictionary(text, bytesOrText, { maxKeys: 10 }) },
    { weight: 1, arbitrary: fc.dictionary(text, fc.array(text, { maxLength: 3 }), { maxKeys: 3 }) },
  ),
  offsetDelta: delta,
  timestampDelta: delta,
});

it('encodes every record to the bytes kafkajs makes of it', () => {
  fc.assert(
    fc.property(record, (input) => {
      expect(Buffer.compare(encodeRecord(input).buffer, originals.encodeRecord(input).buffer)).toBe(0);
    }),
    { numRuns: 1_000 },
  );
});

it('decodes every record to what kafkajs makes of it', () => {
  const context = fc.record({
    firstOffset: fc.constantFrom('0', '41', '9007199254740000', '9223372036854775000'),
    firstTimestamp: fc.constantFrom('0', '1795433608160', '-1'),
    maxTimestamp: fc.constantFrom('0', '1795433609999'),
    timestampType: fc.constantFrom(0, 1),
    isControlBatch: fc.boolean(),
    magicByte: fc.constant(2),
  });
  fc.assert(
    fc.property(record, context, (input, batch) => {
      const reader = () => new Decoder(new Decoder(originals.encodeRecord(input).buffer).readVarIntBytes());
      expect(decodeRecord(reader(), batch)).toEqual(originals.decodeRecord(reader(), batch));
    }),
    { numRuns: 1_000 },
  );
});

it('sums bytes up as kafkajs does, and as RFC 3720 B.4 says', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.integer({ min: 0, max: 9 }), (bytes, from) => {
      expect(crc32c(bytes.subarray(from))).toBe(originals.crc32c(bytes.subarray(from)));
    }),
    { numRuns: 2_000 },
  );
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
});

it('writes lists of records as kafkajs does, however the buffer has to grow', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 700 }), { maxLength: 12 }), fc.integer({ min: 1, max: 600 }), (parts, size) => {
      const written = new Encoder(size).writeInt32(7).writeArray(
        parts.map((part) => new Encoder().writeBuffer(Buffer.from(part))),
        'object',
      );
      const expected = Buffer.concat([Buffer.from([0, 0, 0, 7, 0, 0, 0, parts.length]), ...parts]);
      expect(Buffer.compare(written.buffer, expected)).toBe(0);
    }),
  );
  expect(() => new Encoder().writeEncoderArray([undefined])).toThrow('all values should be an instance of Encoder[]');
});

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
