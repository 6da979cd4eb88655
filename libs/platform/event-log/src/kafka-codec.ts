import { dataTextOf, type EventEnvelope } from '@voltlog/kernel';
import type { IHeaders, KafkaMessage, Message } from 'kafkajs';
import type { DeadLetterCause, LogRecord } from './event-log.js';
import { FetchedMessage } from './kafkajs-fetch.js';
import { lazyEvent, UnreadableRecord } from './record-codec.js';

/** A record that still knows the message it was read from, so that it can be put aside as it is. */
export interface KafkaRecord extends LogRecord {
  readonly message: KafkaMessage;
}

/** CloudEvents in Kafka's binary mode. Source: CloudEvents Kafka Protocol Binding 1.0.2 §3.2; extension names are lower case (CloudEvents 1.0.2 §3.1). */
export function encodeMessage(key: string, event: EventEnvelope, dataText = dataTextOf(event)): Message {
  const headers: IHeaders = {
    ce_specversion: '1.0',
    ce_id: event.id,
    ce_type: event.type,
    ce_source: event.source,
    ce_subject: event.subject,
    ce_time: event.time,
    'content-type': 'application/json',
  };
  if (event.traceparent !== undefined) headers['traceparent'] = event.traceparent;
  if (event.correlationId !== undefined) headers['correlationid'] = event.correlationId;
  if (event.causationId !== undefined) headers['causationid'] = event.causationId;
  return { key, value: dataText, headers };
}

/** The type of a message, or nothing when it has none. */
export const typeOf = (message: KafkaMessage): string | undefined =>
  message instanceof FetchedMessage ? message.header('ce_type') : text(message.headers?.['ce_type']);

/**
 * The record of a message.
 *
 * @throws {UnreadableRecord} when a header that every event has is missing; `event.data` throws it when the value is not JSON
 */
export function decodeMessage(topic: string, partition: number, message: KafkaMessage): KafkaRecord {
  const headers = message.headers ?? {};
  const { value } = message;
  if (value === null) throw new UnreadableRecord('the message has no value');
  const event = lazyEvent(
    {
      id: required(headers, 'ce_id'),
      type: required(headers, 'ce_type'),
      source: required(headers, 'ce_source'),
      subject: text(headers['ce_subject']) ?? '',
      time: text(headers['ce_time']) ?? '',
      traceparent: text(headers['traceparent']),
      correlationId: text(headers['correlationid']),
      causationId: text(headers['causationid']),
    },
    value,
  );
  const record = { topic, partition, offset: Number(message.offset), key: message.key?.toString() ?? '', event, message };
  return headers['dl_cause'] === undefined ? record : { ...record, deadLetter: deadLetterOf(headers) };
}

function required(headers: IHeaders, name: string): string {
  const value = text(headers[name]);
  if (value === undefined) throw new UnreadableRecord(`the message has no header ${name}`);
  return value;
}

function text(header: IHeaders[string]): string | undefined {
  if (header === undefined) return undefined;
  const one = Array.isArray(header) ? header[0] : header;
  return one?.toString();
}

/** The same message for the dead-letter topic, with the reason. */
export function deadLetterMessage(message: KafkaMessage, why: DeadLetterCause): Message {
  const headers: IHeaders = {
    ...message.headers,
    dl_cause: why.cause,
    dl_group: why.group,
    dl_topic: why.topic,
    dl_partition: String(why.partition),
    dl_offset: String(why.offset),
    dl_at: why.at,
  };
  return { key: message.key, value: message.value, headers };
}

function deadLetterOf(headers: IHeaders): DeadLetterCause {
  return {
    cause: text(headers['dl_cause']) ?? '',
    group: text(headers['dl_group']) ?? '',
    topic: text(headers['dl_topic']) ?? '',
    partition: Number(text(headers['dl_partition'])),
    offset: Number(text(headers['dl_offset'])),
    at: text(headers['dl_at']) ?? '',
  };
}

/** The partition Kafka's default partitioner picks for a key, so that other clients agree. Source: Apache Kafka `Utils.murmur2`. */
export function partitionOf(key: string, partitions: number): number {
  return (murmur2(Buffer.from(key)) & 0x7fffffff) % partitions;
}

function murmur2(data: Uint8Array): number {
  const m = 0x5bd1e995;
  const byte = (at: number): number => data[at] ?? 0;
  const { length } = data;
  let h = 0x9747b28c ^ length;
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    let k = byte(at) | (byte(at + 1) << 8) | (byte(at + 2) << 16) | (byte(at + 3) << 24);
    k = Math.imul(k, m);
    k = Math.imul(k ^ (k >>> 24), m);
    h = Math.imul(h, m) ^ k;
  }
  const rest = length - at;
  if (rest > 2) h ^= byte(at + 2) << 16;
  if (rest > 1) h ^= byte(at + 1) << 8;
  if (rest > 0) h = Math.imul(h ^ byte(at), m);
  h = Math.imul(h ^ (h >>> 13), m);
  return h ^ (h >>> 15);
}
