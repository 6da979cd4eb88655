import fc from 'fast-check';
import { type KafkaMessage, type Message, Partitioners } from 'kafkajs';
import { expect, it } from 'vitest';
import { sampleEvent } from './event-log.contract.js';
import { deadLetterMessage, decodeMessage, encodeMessage, partitionOf } from './kafka-codec.js';
import { UnreadableRecord } from './record-codec.js';

/** A message as a consumer gets it. */
const received = ({ key, value, headers }: Message): KafkaMessage => ({
  key: key === null || key === undefined ? null : Buffer.from(key),
  value: value === null ? null : Buffer.from(value),
  headers: Object.fromEntries(Object.entries(headers ?? {}).map(([name, text]) => [name, Buffer.from(String(text))])),
  timestamp: '0',
  attributes: 0,
  offset: '7',
});

it('picks the partition that the default partitioner of other clients picks', () => {
  const partitioner = Partitioners.DefaultPartitioner();
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 48 }), (key, partitions) => {
      const partitionMetadata = Array.from({ length: partitions }, (_, partitionId) => ({
        partitionId,
        partitionErrorCode: 0,
        leader: 1,
        replicas: [1],
        isr: [1],
      }));
      expect(partitionOf(key, partitions)).toBe(partitioner({ topic: 't', partitionMetadata, message: { key, value: '' } }));
    }),
    { numRuns: 2_000 },
  );
});

it('writes CloudEvents in binary mode', () => {
  const event = sampleEvent(1, 'voltlog.test.Happened.v1', { traceparent: '00-a-b-01', correlationId: 'c', causationId: 'm' });
  expect(encodeMessage('key', event)).toEqual({
    key: 'key',
    value: '{"n":1}',
    headers: {
      ce_specversion: '1.0',
      ce_id: event.id,
      ce_type: event.type,
      ce_source: event.source,
      ce_subject: event.subject,
      ce_time: event.time,
      'content-type': 'application/json',
      traceparent: '00-a-b-01',
      correlationid: 'c',
      causationid: 'm',
    },
  });
  expect({ ...decodeMessage('t', 3, received(encodeMessage('key', event))).event }).toEqual(event);
});

it('refuses a message that lacks what every event has', () => {
  for (const missing of ['ce_id', 'ce_type', 'ce_source']) {
    const message = received(encodeMessage('key', sampleEvent(1)));
    delete message.headers?.[missing];
    expect(() => decodeMessage('t', 0, message)).toThrow(UnreadableRecord);
  }
  expect(() => decodeMessage('t', 0, { ...received(encodeMessage('key', sampleEvent(1))), value: null } as KafkaMessage)).toThrow(
    UnreadableRecord,
  );
});

it('reads data only when asked, and says so when it is not JSON', () => {
  const message = { ...received(encodeMessage('key', sampleEvent(1))), value: Buffer.from('{"n":') };
  const { event } = decodeMessage('t', 0, message);
  expect(event.type).toBe('voltlog.test.Happened.v1');
  expect(() => event.data).toThrow(UnreadableRecord);
});

it('keeps a dead letter as it was, with the reason', () => {
  const why = { cause: 'TypeError: x', group: 'g', topic: 't', partition: 3, offset: 7, at: '2026-11-23T10:00:00.000Z' };
  const record = decodeMessage('t.dead-letter', 0, received(deadLetterMessage(received(encodeMessage('key', sampleEvent(1))), why)));
  expect(record.deadLetter).toEqual(why);
  expect({ ...record.event }).toEqual(sampleEvent(1));
});
