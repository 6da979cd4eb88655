import { createRequire } from 'node:module';
import type { Message } from 'kafkajs';

/*
 * A produce request is written once, record by record, into a buffer that serves again when the broker has answered. kafkajs makes a buffer of each
 * record and copies it five times: ten kB of memory outside the heap for each kB sent, which makes V8 collect all garbage, the old
 * generation too, several times a second. A third of the connection service's CPU went there.
 */

const require = createRequire(import.meta.url);

/** What kafkajs asks to be encoded. */
export interface RecordInput extends Message {
  readonly offsetDelta?: number;
  readonly timestampDelta?: number;
}
interface Encoded {
  readonly buffer: Buffer;
  size(): number;
}
export interface ProduceInput {
  readonly acks: number;
  readonly timeout: number;
  readonly transactionalId?: string | null;
  readonly producerId?: unknown;
  readonly producerEpoch?: number;
  readonly compression?: number;
  readonly topicData: readonly { readonly topic: string; readonly partitions: readonly PartitionInput[] }[];
}
interface PartitionInput {
  readonly partition: number;
  readonly firstSequence?: number;
  readonly messages: readonly Message[];
}
interface Request {
  readonly apiKey: number;
  readonly apiVersion: number;
  encode(): Promise<Encoded>;
}
export interface RequestInput {
  readonly correlationId: number;
  readonly clientId: string;
  readonly request: Request;
}
interface Exchange {
  readonly request: Request;
  readonly response: { decode(raw: Buffer): Promise<unknown>; parse(data: unknown): Promise<unknown> };
}
type Exchanges = (of: { readonly version: number }) => (input: ProduceInput) => Exchange;

const PRODUCE = 'kafkajs/src/protocol/requests/produce/index.js';
const REQUEST = 'kafkajs/src/protocol/request.js';

const produce = require(PRODUCE) as { protocol: Exchanges };

export const originals: {
  readonly encodeRecord: (input: RecordInput) => Encoded;
  readonly crc32c: (bytes: Uint8Array) => number;
  readonly createRequest: (of: RequestInput) => Promise<Encoded>;
  readonly exchanges: Exchanges;
} = {
  encodeRecord: require('kafkajs/src/protocol/recordBatch/record/v0/index.js'),
  crc32c: require('kafkajs/src/protocol/recordBatch/crc32C/index.js'),
  createRequest: require(REQUEST),
  exchanges: produce.protocol,
};

/** The first version with record batches; all later ones that kafkajs knows are written alike. */
const RECORD_BATCHES_FROM = 3;
/** Kept in front for the header of the request, which is known last. Enough for a client id of 240 bytes. */
const HEAD_ROOM = 256;
const HEAD_BYTES = 14;
const FIRST_BYTES = 65_536;
/** Buffers that wait to serve again, and the largest that may. A producer has one request under way for each broker. */
const SPARE_MAX = 8;
const SPARE_BYTES_MAX = 4_194_304;
/** Bytes of a record batch in front of its records. */
const BATCH_HEAD = 61;
const NO_PRODUCER = -1;
/** Lengths and differences above this take the way of the original. */
const SMALL = 0x0fff_ffff;

const spare: Buffer[] = [];

/** The body of one request. `buf`, `buffer` and `size` make it what kafkajs takes for an encoder. */
export class ProduceRequest {
  buf: Buffer = spare.pop() ?? Buffer.allocUnsafeSlow(FIRST_BYTES);
  private at = HEAD_ROOM;
  private lengths: number[] = [];

  get buffer(): Buffer {
    return this.buf.subarray(HEAD_ROOM, this.at);
  }

  size(): number {
    return this.at - HEAD_ROOM;
  }

  /** The broker has read all of it. */
  answered(): void {
    if (spare.length < SPARE_MAX && this.buf.length <= SPARE_BYTES_MAX) spare.push(this.buf);
    this.buf = EMPTY;
  }

  /** The whole request, length first; the client id must fit into the room left for it. */
  framed({ apiKey, apiVersion }: Request, correlationId: number, clientId: string): Buffer {
    const idBytes = Buffer.byteLength(clientId);
    const from = HEAD_ROOM - HEAD_BYTES - idBytes;
    const { buf } = this;
    buf.writeInt32BE(this.at - from - 4, from);
    buf.writeInt16BE(apiKey, from + 4);
    buf.writeInt16BE(apiVersion, from + 6);
    buf.writeInt32BE(correlationId, from + 8);
    buf.writeInt16BE(idBytes, from + 12);
    buf.write(clientId, from + 14);
    return buf.subarray(from, this.at);
  }

  /** @param now milliseconds since the epoch: the time of every record */
  write(input: ProduceInput, now: number): this {
    this.room(64);
    this.string(input.transactionalId ?? null);
    this.int16(input.acks);
    this.int32(input.timeout);
    this.int32(input.topicData.length);
    for (const { topic, partitions } of input.topicData) {
      this.string(topic);
      this.room(4);
      this.int32(partitions.length);
      for (const partition of partitions) this.batch(input, partition, now);
    }
    return this;
  }

  private batch(input: ProduceInput, { partition, firstSequence = 0, messages }: PartitionInput, now: number): void {
    this.room(8 + BATCH_HEAD);
    this.int32(partition);
    const start = this.at + 4;
    this.at = start + BATCH_HEAD;
    for (let i = 0; i < messages.length; i += 1) this.record(messages[i] as Message, i);
    const { buf, at: end } = this;
    const time = BigInt(now);
    buf.writeInt32BE(end - start, start - 4);
    buf.writeBigInt64BE(0n, start);
    buf.writeInt32BE(end - start - 12, start + 8);
    buf.writeInt32BE(0, start + 12);
    buf.writeInt8(2, start + 16);
    buf.writeInt16BE(input.transactionalId ? 16 : 0, start + 21);
    buf.writeInt32BE(messages.length - 1, start + 23);
    buf.writeBigInt64BE(time, start + 27);
    buf.writeBigInt64BE(time, start + 35);
    buf.writeBigInt64BE(BigInt(String(input.producerId ?? NO_PRODUCER)), start + 43);
    buf.writeInt16BE(input.producerEpoch ?? 0, start + 51);
    buf.writeInt32BE(firstSequence, start + 53);
    buf.writeInt32BE(messages.length, start + 57);
    buf.writeUInt32BE(crc32c(buf, start + 21, end), start + 17);
  }

  /** Source: Kafka protocol, Record Batch, magic 2. */
  record(message: Message, offsetDelta: number): void {
    const { key, value, headers = {} } = message;
    const { lengths } = this;
    let count = 0;
    let headerBytes = 0;
    for (const name in headers) {
      const text = headers[name];
      if (!isText(text)) return this.strange(message, offsetDelta);
      const bytes = Buffer.byteLength(text);
      lengths[count++] = bytes;
      headerBytes += nameOf(name).length + sizeOf(bytes) + bytes;
    }
    if (!isText(key) || !isText(value) || offsetDelta > SMALL) return this.strange(message, offsetDelta);
    const keyBytes = Buffer.byteLength(key);
    const valueBytes = Buffer.byteLength(value);
    const size = 2 + sizeOf(offsetDelta) + sizeOf(keyBytes) + keyBytes + sizeOf(valueBytes) + valueBytes + sizeOf(count) + headerBytes;
    this.room(size + 5);
    const { buf } = this;
    let at = writeVarInt(buf, this.at, size);
    buf[at++] = 0;
    buf[at++] = 0;
    at = writeVarInt(buf, at, offsetDelta);
    at = writeText(buf, at, key, keyBytes);
    at = writeText(buf, at, value, valueBytes);
    at = writeVarInt(buf, at, count);
    count = 0;
    for (const name in headers) {
      const prefix = nameOf(name);
      for (let i = 0; i < prefix.length; i += 1) buf[at++] = prefix[i] as number;
      at = writeText(buf, at, headers[name] as string | Buffer, lengths[count++] as number);
    }
    this.at = at;
  }

  /** No value, a header with several values, ... */
  private strange(message: Message, offsetDelta: number): void {
    const { buffer } = originals.encodeRecord({ ...message, offsetDelta, timestampDelta: 0 });
    this.room(buffer.length);
    buffer.copy(this.buf, this.at);
    this.at += buffer.length;
  }

  private string(text: string | null): void {
    const bytes = text === null ? 0 : Buffer.byteLength(text);
    this.room(bytes + 2);
    this.int16(text === null ? -1 : bytes);
    if (text !== null) this.at += this.buf.write(text, this.at);
  }

  private int16(value: number): void {
    this.at = this.buf.writeInt16BE(value, this.at);
  }

  private int32(value: number): void {
    this.at = this.buf.writeInt32BE(value, this.at);
  }

  private room(bytes: number): void {
    const needed = this.at + bytes;
    if (needed <= this.buf.length) return;
    const grown = Buffer.allocUnsafeSlow(2 ** Math.ceil(Math.log2(needed)));
    this.buf.copy(grown, HEAD_ROOM, HEAD_ROOM, this.at);
    this.buf = grown;
  }
}

const EMPTY = Buffer.alloc(0);

const isText = (value: unknown): value is string | Buffer => typeof value === 'string' || Buffer.isBuffer(value);

/** Names of headers with their lengths, as they stand in a record. Ours are ten; the names of other programs' dead letters are few too. */
const names = new Map<string, Uint8Array>();
const NAMES_MAX = 1_000;

function nameOf(name: string): Uint8Array {
  let bytes = names.get(name);
  if (bytes === undefined) {
    const length = Buffer.byteLength(name);
    bytes = Buffer.alloc(sizeOf(length) + length);
    writeText(bytes as Buffer, 0, name, length);
    if (names.size >= NAMES_MAX) names.clear();
    names.set(name, bytes);
  }
  return bytes;
}
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

function writeText(into: Buffer, at: number, text: string | Buffer, bytes: number): number {
  const from = writeVarInt(into, at, bytes);
  if (typeof text === 'string') into.write(text, from, bytes, 'utf8');
  else into.set(text, from);
  return from + bytes;
}

/** The tables of CRC-32C (Castagnoli, reflected): number `n` is for a byte that has `n` more behind it. */
const CRC_TABLES = crcTables();

function crcTables(): Int32Array {
  const tables = new Int32Array(16 * 256);
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

/** CRC-32C of the bytes `from` to `to`, sixteen at a time; the original goes one by one. */
export function crc32c(bytes: Uint8Array, from = 0, to = bytes.length): number {
  let crc = -1;
  let at = from;
  if (LITTLE_ENDIAN && bytes.byteOffset % 4 === 0) {
    for (; at < to && at % 4 !== 0; at += 1) crc = withByte(crc, bytes[at] as number);
    const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
    const start = at >> 2;
    const end = start + ((Math.max(0, to - at) >> 4) << 2);
    for (let i = start; i < end; i += 4) {
      crc =
        withWord(0xc00, crc ^ (words[i] as number)) ^
        withWord(0x800, words[i + 1] as number) ^
        withWord(0x400, words[i + 2] as number) ^
        withWord(0, words[i + 3] as number);
    }
    at += (end - start) << 2;
  }
  for (; at < to; at += 1) crc = withByte(crc, bytes[at] as number);
  return (crc ^ -1) >>> 0;
}

const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

const withByte = (crc: number, byte: number): number => (CRC_TABLES[(crc ^ byte) & 0xff] as number) ^ (crc >>> 8);

/** Four bytes of which the last has as many more behind it as the table at `base` says. */
const withWord = (base: number, word: number): number =>
  (CRC_TABLES[base + 0x300 + (word & 0xff)] as number) ^
  (CRC_TABLES[base + 0x200 + ((word >>> 8) & 0xff)] as number) ^
  (CRC_TABLES[base + 0x100 + ((word >>> 16) & 0xff)] as number) ^
  (CRC_TABLES[base + (word >>> 24)] as number);

/** The exchange of one produce request, whose buffer comes back with the answer. Without an answer it is left to the garbage collector. */
function exchanges(of: { readonly version: number }): (input: ProduceInput) => Exchange {
  const original = originals.exchanges(of);
  if (of.version < RECORD_BATCHES_FROM) return original;
  return (input) => {
    const { request, response } = original(input);
    if (input.acks === 0 || !isPlain(input)) return { request, response };
    let body: ProduceRequest | undefined;
    return {
      request: {
        ...request,
        encode: async () => {
          body = new ProduceRequest().write(input, Date.now());
          return body;
        },
      },
      response: {
        decode: (raw) => {
          body?.answered();
          return response.decode(raw);
        },
        parse: (data) => response.parse(data),
      },
    };
  };
}

/** Neither compressed nor with times of their own. */
const isPlain = ({ compression, topicData }: ProduceInput): boolean =>
  (compression ?? 0) === 0 &&
  topicData.every(({ partitions }) => partitions.every(({ messages }) => messages.every(({ timestamp }) => timestamp == null)));

/** The request with its header. A produce request has room for that in front. */
export async function createRequest({ correlationId, clientId, request }: RequestInput): Promise<Encoded> {
  const body = await request.encode();
  if (body instanceof ProduceRequest && clientId.length * 3 <= HEAD_ROOM - HEAD_BYTES) {
    const buffer = body.framed(request, correlationId, clientId);
    return { buffer, size: () => buffer.length };
  }
  return originals.createRequest({ correlationId, clientId, request: { ...request, encode: async () => body } });
}

/** Makes kafkajs write produce requests this way. To be called before it is loaded. */
export function replaceProduce(replace: (path: string, by: unknown) => void): void {
  produce.protocol = exchanges;
  replace(REQUEST, createRequest);
}
