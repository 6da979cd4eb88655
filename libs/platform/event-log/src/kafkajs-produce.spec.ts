import { createRequire } from 'node:module';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { crc32c, createRequest, originals, type ProduceInput, replaceProduce } from './kafkajs-produce.js';

const require = createRequire(import.meta.url);
const Long = require('kafkajs/src/utils/long.js');
const produce = require('kafkajs/src/protocol/requests/produce/index.js');

replaceProduce(() => undefined);

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: 1_795_433_608_160 }));
afterEach(() => void vi.useRealTimers());

const text = fc.string({ unit: 'grapheme', maxLength: 200 });
const bytesOrText = fc.oneof(
  text,
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc.integer({ min: 0, max: 20_000 }).map((length) => 'x'.repeat(length)),
);
const untimed = fc.record(
  {
    key: fc.oneof({ weight: 9, arbitrary: bytesOrText }, { weight: 1, arbitrary: fc.constant(null) }),
    value: fc.oneof({ weight: 9, arbitrary: bytesOrText }, { weight: 1, arbitrary: fc.constant(null) }),
    headers: fc.oneof(
      { weight: 5, arbitrary: fc.dictionary(text, bytesOrText, { maxKeys: 10 }) },
      { weight: 1, arbitrary: fc.dictionary(text, fc.array(text, { maxLength: 3 }), { maxKeys: 3 }) },
    ),
  },
  { requiredKeys: ['key', 'value'] },
);
const timed = fc.record({ key: text, value: text, timestamp: fc.constantFrom('1795433600000', '1795433600007') });
const input = fc.record(
  {
    acks: fc.constant(-1),
    timeout: fc.nat(),
    transactionalId: fc.oneof(fc.constant(null), text),
    producerId: fc.bigInt({ min: -1n, max: 2n ** 62n }).map((id) => new Long(id)),
    producerEpoch: fc.integer({ min: 0, max: 32_000 }),
    compression: fc.constant(0),
    topicData: fc.array(
      fc.record({
        topic: text,
        partitions: fc.array(
          fc.record({
            partition: fc.nat(),
            firstSequence: fc.nat(),
            messages: fc.oneof(
              { weight: 6, arbitrary: fc.array(untimed, { minLength: 1, maxLength: 8 }) },
              { weight: 1, arbitrary: fc.array(timed, { minLength: 1, maxLength: 3 }) },
            ),
          }),
          { maxLength: 3 },
        ),
      }),
      { maxLength: 3 },
    ),
  },
  { requiredKeys: ['acks', 'timeout', 'topicData'] },
) as fc.Arbitrary<ProduceInput>;

/** As long as there is a broker's answer the buffer serves again, so every other request is written into a used one. */
async function bytesOf(of: ProduceInput, version: number, clientId: string): Promise<Buffer> {
  const { request, response } = produce.protocol({ version })(of);
  const { buffer } = await createRequest({ correlationId: 77, clientId, request });
  const copy = Buffer.from(buffer);
  await response.decode(Buffer.alloc(64)).catch(() => undefined);
  return copy;
}

it('writes every request to the bytes kafkajs makes of it', async () => {
  await fc.assert(
    fc.asyncProperty(input, fc.constantFrom(3, 5, 7), fc.oneof(text, fc.constant('x'.repeat(300))), async (of, version, clientId) => {
      const { request } = originals.exchanges({ version })(of);
      const expected = await originals.createRequest({ correlationId: 77, clientId, request });
      expect(Buffer.compare(await bytesOf(of, version, clientId), expected.buffer)).toBe(0);
    }),
    { numRuns: 200 },
  );
});

it('writes a long batch with offsets of several bytes', async () => {
  const messages = Array.from({ length: 9_000 }, (_, n) => ({ key: 'k', value: `${n}`, headers: { ce_id: `${n}` } }));
  const of = { acks: -1, timeout: 1, topicData: [{ topic: 't', partitions: [{ partition: 3, firstSequence: 9, messages }] }] };
  const expected = await originals.createRequest({
    correlationId: 77,
    clientId: 'c',
    request: originals.exchanges({ version: 7 })(of).request,
  });
  expect(Buffer.compare(await bytesOf(of, 7, 'c'), expected.buffer)).toBe(0);
});

it('never writes into the buffer of a request that is not answered', async () => {
  const one = {
    acks: -1,
    timeout: 1,
    topicData: [{ topic: 't', partitions: [{ partition: 0, messages: [{ key: 'a', value: 'first' }] }] }],
  };
  const two = {
    acks: -1,
    timeout: 1,
    topicData: [{ topic: 't', partitions: [{ partition: 0, messages: [{ key: 'a', value: 'other' }] }] }],
  };
  const { request } = produce.protocol({ version: 7 })(one);
  const { buffer } = await createRequest({ correlationId: 1, clientId: 'c', request });
  const before = Buffer.from(buffer);
  await bytesOf(two, 7, 'c');
  await bytesOf(two, 7, 'c');
  expect(Buffer.compare(buffer, before)).toBe(0);
});

it('sums bytes up as kafkajs does, and as RFC 3720 B.4 says', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 9 }), (bytes, from, less) => {
      const to = Math.max(from, bytes.length - less);
      expect(crc32c(bytes, from, to)).toBe(originals.crc32c(bytes.subarray(from, to)));
      expect(crc32c(bytes.subarray(from))).toBe(originals.crc32c(bytes.subarray(from)));
    }),
    { numRuns: 2_000 },
  );
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
});
