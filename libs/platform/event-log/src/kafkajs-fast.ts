import { createRequire } from 'node:module';
import type { KafkaMessage, Message } from 'kafkajs';

/*
 * kafkajs 2.2.4 (no longer developed, pinned exactly) spends most of its time in a few small functions: it makes two buffers per
 * header, adds up lists by copying them, counts in BigInt, and sums up byte by byte. Here are the same without that; `kafkajs-fast.spec.ts`
 * proves byte by byte that they do the same, and what they do not know they leave to the originals.
 */

const require = createRequire(import.meta.url);
const RECORD = 'kafkajs/src/protocol/recordBatch/record/v0/index.js';
const RECORD_DECODER = 'kafkajs/src/protocol/recordBatch/record/v0/decoder.js';
const GROUPING = 'kafkajs/src/producer/groupMessagesPerPartition.js';
const CRC = 'kafkajs/src/protocol/recordBatch/crc32C/index.js';
const ENCODER = 'kafkajs/src/protocol/encoder.js';
const REQUEST_QUEUE = 'kafkajs/src/network/requestQueue/index.js';

/** What the originals take and give. */
export interface RecordInput extends Message {
  readonly offsetDelta?: number;
  readonly timestampDelta?: number;
}
export interface Encoded {
  readonly buf: Buffer;
  readonly buffer: Buffer;
  readonly offset: number;
}
interface ByteReader {
  readonly buffer: Buffer;
  offset: number;
}
interface BatchContext {
  readonly firstOffset?: string;
  readonly firstTimestamp?: string;
  readonly magicByte?: number;
  readonly isControlBatch?: boolean;
  readonly timestampType?: number;
  readonly maxTimestamp?: string;
}
type DecodedRecord = KafkaMessage & {
  readonly magicByte?: number | undefined;
  readonly isControlRecord: boolean;
  readonly batchContext: BatchContext;
};
type Grouping = { topic: string; partitionMetadata: readonly unknown[]; messages: readonly Message[]; partitioner(of: object): number };

export const originals: {
  readonly encodeRecord: (input: RecordInput) => Encoded;
  readonly decodeRecord: (reader: ByteReader, context?: BatchContext) => DecodedRecord;
  readonly groupMessages: (of: Grouping) => Record<string, Message[]>;
  readonly crc32c: (bytes: Uint8Array) => number;
} = {
  encodeRecord: require(RECORD),
  decodeRecord: require(RECORD_DECODER),
  groupMessages: require(GROUPING),
  crc32c: require(CRC),
};

const LOG_APPEND_TIME = 1;
/** Lengths and differences above this take the way of the originals. */
const SMALL = 0x0fff_ffff;

/** Bytes of a zigzag varint of a number that is not negative. */
const sizeOf = (value: number): number => (value < 0x40 ? 1 : value < 0x2000 ? 2 : value < 0x10_0000 ? 3 : value < 0x800_0000 ? 4 : 5);

function writeVarInt(into: Buffer, at: number, value: number): number {
  let rest = value * 2;
  let to = at;
  while (rest > 0x7f) {
    into[to++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  into[to++] = rest;
  return to;
}

/** One record of a batch, in one buffer. Source: Kafka protocol, Record Batch, magic 2. */
export function encodeRecord(input: RecordInput): Encoded {
  const { offsetDelta = 0, timestampDelta = 0, key, value, headers = {} } = input;
  if (!isText(key) || !isText(value) || !isSmall(timestampDelta) || !isSmall(offsetDelta)) return originals.encodeRecord(input);
  const names = Object.keys(headers);
  const keyBytes = Buffer.byteLength(key);
  const valueBytes = Buffer.byteLength(value);
  let size =
    1 + sizeOf(timestampDelta) + sizeOf(offsetDelta) + sizeOf(keyBytes) + keyBytes + sizeOf(valueBytes) + valueBytes + sizeOf(names.length);
  const lengths: number[] = [];
  for (const name of names) {
    const header = headers[name];
    if (!isText(header)) return originals.encodeRecord(input);
    const nameBytes = Buffer.byteLength(name);
    const headerBytes = Buffer.byteLength(header);
    lengths.push(nameBytes, headerBytes);
    size += sizeOf(nameBytes) + nameBytes + sizeOf(headerBytes) + headerBytes;
  }
  const buf = Buffer.allocUnsafe(sizeOf(size) + size);
  let at = writeVarInt(buf, 0, size);
  buf[at++] = 0;
  at = writeVarInt(buf, at, timestampDelta);
  at = writeVarInt(buf, at, offsetDelta);
  at = writeText(buf, at, key, keyBytes);
  at = writeText(buf, at, value, valueBytes);
  at = writeVarInt(buf, at, names.length);
  for (let i = 0; i < names.length; i += 1) {
    const name = names[i] ?? '';
    at = writeText(buf, at, name, lengths[2 * i] ?? 0);
    at = writeText(buf, at, headers[name] as string | Buffer, lengths[2 * i + 1] ?? 0);
  }
  return { buf, buffer: buf, offset: at };
}

const isText = (value: unknown): value is string | Buffer => typeof value === 'string' || Buffer.isBuffer(value);
const isSmall = (value: number): boolean => value >= 0 && value <= SMALL;

function writeText(into: Buffer, at: number, text: string | Buffer, bytes: number): number {
  const from = writeVarInt(into, at, bytes);
  if (typeof text === 'string') into.write(text, from, bytes, 'utf8');
  else into.set(text, from);
  return from + bytes;
}

/** One record of a fetched batch; the reader stands at its attributes. */
export function decodeRecord(reader: ByteReader, context: BatchContext = {}): DecodedRecord {
  const start = reader.offset;
  const fast = decodeFast(reader, context);
  if (fast !== undefined) return fast;
  reader.offset = start;
  return originals.decodeRecord(reader, context);
}

function decodeFast(reader: ByteReader, context: BatchContext): DecodedRecord | undefined {
  const { buffer } = reader;
  const attributes = buffer.readInt8(reader.offset);
  reader.offset += 1;
  const timestampDelta = readVarInt(reader);
  const offsetDelta = readVarInt(reader);
  const firstOffset = Number(context.firstOffset);
  const firstTimestamp = Number(context.firstTimestamp);
  if (timestampDelta < 0 || offsetDelta < 0 || !Number.isSafeInteger(firstOffset + offsetDelta) || !Number.isSafeInteger(firstTimestamp))
    return undefined;
  const key = readBytes(reader);
  const value = readBytes(reader);
  const headers: Record<string, Buffer> = {};
  for (let left = readVarInt(reader); left > 0; left -= 1) {
    const name = readBytes(reader)?.toString();
    const text = readBytes(reader);
    if (name === undefined || text === null || name in headers) return undefined;
    headers[name] = text;
  }
  const { isControlBatch = false, timestampType, maxTimestamp, magicByte } = context;
  const timestamp = timestampType === LOG_APPEND_TIME && maxTimestamp ? maxTimestamp : String(firstTimestamp + timestampDelta);
  return {
    magicByte,
    attributes,
    timestamp,
    offset: String(firstOffset + offsetDelta),
    key,
    value,
    headers,
    isControlRecord: isControlBatch,
    batchContext: context,
  };
}

/** A zigzag varint; -1 for one that is negative or longer than four bytes. */
function readVarInt(reader: ByteReader): number {
  const { buffer } = reader;
  let value = 0;
  for (let shift = 0; shift < 28; shift += 7) {
    const byte = buffer[reader.offset++] ?? 0;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return (value & 1) === 1 ? -1 : value >>> 1;
  }
  return -1;
}

function readBytes(reader: ByteReader): Buffer | null {
  const length = readVarInt(reader);
  if (length < 0) return null;
  const from = reader.offset;
  reader.offset = from + length;
  return reader.buffer.subarray(from, from + length);
}

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

/** The tables of CRC-32C (Castagnoli, reflected): number `n` is for a byte that has `n` more behind it. */
const CRC_TABLES = crcTables();

function crcTables(): Int32Array {
  const tables = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    tables[byte] = crc;
  }
  for (let at = 256; at < tables.length; at += 1) {
    const before = tables[at - 256] ?? 0;
    tables[at] = (before >>> 8) ^ (tables[before & 0xff] ?? 0);
  }
  return tables;
}

/** CRC-32C eight bytes at a time; the original goes one by one. */
export function crc32c(bytes: Uint8Array): number {
  const t = CRC_TABLES;
  const { length } = bytes;
  const whole = length - (length % 8);
  let crc = -1;
  let at = 0;
  for (; at < whole; at += 8) {
    const low =
      crc ^
      ((bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24));
    crc =
      (t[0x700 | (low & 0xff)] as number) ^
      (t[0x600 | ((low >>> 8) & 0xff)] as number) ^
      (t[0x500 | ((low >>> 16) & 0xff)] as number) ^
      (t[0x400 | (low >>> 24)] as number) ^
      (t[0x300 | (bytes[at + 4] as number)] as number) ^
      (t[0x200 | (bytes[at + 5] as number)] as number) ^
      (t[0x100 | (bytes[at + 6] as number)] as number) ^
      (t[bytes[at + 7] as number] as number);
  }
  for (; at < length; at += 1) crc = (t[(crc ^ (bytes[at] as number)) & 0xff] as number) ^ (crc >>> 8);
  return (crc ^ -1) >>> 0;
}

/** What the encoder of kafkajs is here: a buffer that grows, filled up to `offset`. */
export interface ByteWriter {
  buf: Buffer;
  offset: number;
  ensureAvailable(bytes: number): void;
  writeEncoderArray(parts: readonly Encoded[]): ByteWriter;
}

/** Grows without filling what is written over anyway, and for a list once. */
function growAtOnce(writer: ByteWriter): void {
  const original = writer.writeEncoderArray;
  writer.ensureAvailable = function (this: ByteWriter, bytes: number): void {
    const needed = this.offset + bytes;
    if (needed <= this.buf.length) return;
    const grown = Buffer.allocUnsafe(2 ** Math.ceil(Math.log2(needed)));
    this.buf.copy(grown, 0, 0, this.offset);
    this.buf = grown;
  };
  writer.writeEncoderArray = function (this: ByteWriter, parts: readonly Encoded[]): ByteWriter {
    if (Array.isArray(parts)) this.ensureAvailable(parts.reduce((sum, part) => sum + (part?.offset ?? 0), 0));
    return original.call(this, parts);
  };
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

replace(RECORD, encodeRecord);
replace(RECORD_DECODER, decodeRecord);
replace(GROUPING, groupMessages);
replace(CRC, crc32c);
growAtOnce((require(ENCODER) as { readonly prototype: ByteWriter }).prototype);
lookOnlyWhileSomethingWaits((require(REQUEST_QUEUE) as { readonly prototype: RequestQueue }).prototype);

/** kafkajs with its slow functions replaced, provided that nothing loaded it before. */
export const { Kafka, logLevel }: Pick<typeof import('kafkajs'), 'Kafka' | 'logLevel'> = require('kafkajs');
