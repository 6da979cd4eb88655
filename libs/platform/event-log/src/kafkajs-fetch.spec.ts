import { createRequire } from 'node:module';
import fc from 'fast-check';
import type { KafkaMessage } from 'kafkajs';
import { expect, it } from 'vitest';
import { decodeBatch, FetchedMessage, originals } from './kafkajs-fetch.js';

const require = createRequire(import.meta.url);
const encodeRecord = require('kafkajs/src/protocol/recordBatch/record/v0/index.js');
const { RecordBatch } = require('kafkajs/src/protocol/recordBatch/v0/index.js');
const Long = require('kafkajs/src/utils/long.js');

const text = fc.string({ unit: 'grapheme', maxLength: 200 });
const bytesOrText = fc.oneof(
  text,
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
);
const delta = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: 0, max: 300 }) },
  { weight: 1, arbitrary: fc.constantFrom(63, 64, 8191, 8192, 0xf_ffff, 0x10_0000, 0x7ff_ffff, 0x800_0000, -1) },
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
const batch = fc.record({
  records: fc.array(record, { maxLength: 8 }),
  firstOffset: fc.constantFrom('0', '41', '9007199254740000', '9223372036854775000').map((offset) => Long.fromValue(offset)),
  firstTimestamp: fc.constantFrom(0, 1795433608160, -1),
  maxTimestamp: fc.constantFrom(0, 1795433609999),
  lastOffsetDelta: fc.integer({ min: 0, max: 300 }),
  transactional: fc.boolean(),
});
type BatchInput = { readonly records: readonly object[] };

const bytesOf = async (of: BatchInput, before = 0): Promise<Buffer> => {
  const { buffer } = await RecordBatch({ ...of, records: of.records.map((each) => encodeRecord(each)) });
  return Buffer.concat([Buffer.alloc(before, 7), buffer, Buffer.from('what follows')]);
};

const plain = ({
  magicByte,
  attributes,
  timestamp,
  offset,
  key,
  value,
  headers,
  isControlRecord,
  batchContext,
}: KafkaMessage & object & Record<string, unknown>) => ({
  magicByte,
  attributes,
  timestamp,
  offset,
  key,
  value,
  headers,
  isControlRecord,
  batchContext,
});

async function outcome(decode: typeof decodeBatch, bytes: Buffer, from: number) {
  const reader = new originals.Decoder(bytes);
  reader.offset = from;
  try {
    const { records } = await decode(reader);
    return { records: records.map((each) => plain(each as never)), offset: reader.offset };
  } catch (error) {
    return { error: error instanceof Error ? error.name : error };
  }
}

it('reads every batch as kafkajs reads it, and leaves the reader where it leaves it', async () => {
  await fc.assert(
    fc.asyncProperty(batch, fc.nat({ max: 9 }), async (of, before) => {
      const bytes = await bytesOf(of, before);
      expect(await outcome(decodeBatch, bytes, before)).toEqual(await outcome(originals.decodeBatch, bytes, before));
    }),
    { numRuns: 1_000 },
  );
});

it('leaves a torn batch to kafkajs, which takes it for the end of what was fetched', async () => {
  const bytes = await bytesOf({ records: [{ key: 'k', value: 'v', headers: { a: 'b' } }] });
  const torn = bytes.subarray(0, bytes.length - 'what follows'.length - 1);
  expect(await outcome(decodeBatch, torn, 0)).toEqual({ error: 'KafkaJSPartialMessageError' });
});

it('leaves a compressed batch to kafkajs', async () => {
  const of = { records: [{ key: 'k', value: 'v', headers: { a: 'b' } }], compression: 1 };
  const bytes = await bytesOf(of);
  expect(await outcome(decodeBatch, bytes, 0)).toEqual(await outcome(originals.decodeBatch, bytes, 0));
});

it('finds one header without reading the others', async () => {
  const of = { records: [{ key: 'k', value: 'v', headers: { ce_typo: 'no', ce_type: 'böse', other: 'x' } }] };
  const { records } = await decodeBatch(new originals.Decoder(await bytesOf(of)));
  const [first] = records;
  expect(first).toBeInstanceOf(FetchedMessage);
  expect((first as FetchedMessage).header('ce_type')).toBe('böse');
  expect((first as FetchedMessage).header('ce_typ')).toBeUndefined();
  expect((first as FetchedMessage).header('ce_types')).toBeUndefined();
});
