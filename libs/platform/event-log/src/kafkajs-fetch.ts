import { createRequire } from 'node:module';
import type { IHeaders, KafkaMessage, RecordBatchEntry } from 'kafkajs';

/*
 * Fetched records are read where they lie and as far as somebody asks. kafkajs makes an object of each header of each record, also of those
 * that a consumer passes by, and most consumers pass by most of what they fetch.
 */

const require = createRequire(import.meta.url);

/** What kafkajs reads from. */
interface ByteReader {
  readonly buffer: Buffer;
  offset: number;
}
interface BatchContext {
  readonly firstOffset: string;
  readonly firstTimestamp: string;
  readonly partitionLeaderEpoch: number;
  readonly inTransaction: boolean;
  readonly isControlBatch: boolean;
  readonly lastOffsetDelta: number;
  readonly producerId: string;
  readonly producerEpoch: number;
  readonly firstSequence: number;
  readonly maxTimestamp: string;
  readonly timestampType: number;
  readonly magicByte: number;
}
interface Batch {
  readonly records: readonly KafkaMessage[];
}

const BATCH_DECODER = 'kafkajs/src/protocol/recordBatch/v0/decoder.js';

export const originals: {
  readonly decodeBatch: (reader: ByteReader) => Promise<Batch>;
  readonly decodeRecord: (reader: ByteReader, context: BatchContext) => KafkaMessage;
  readonly Decoder: new (buffer: Buffer) => ByteReader;
} = {
  decodeBatch: require(BATCH_DECODER),
  decodeRecord: require('kafkajs/src/protocol/recordBatch/record/v0/decoder.js'),
  Decoder: require('kafkajs/src/protocol/decoder.js'),
};

/** Bytes of a record batch in front of its records, and those of them that come before its length counts. */
const BATCH_HEAD = 61;
const UNCOUNTED = 12;
/** Above every offset within a batch that is read here. */
const DELTA_MAX = 2 ** 28;
const COMPRESSION = 0x7;
const LOG_APPEND_TIME = 0x8;
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;

/** One record batch; what is compressed, torn or strange is left to kafkajs. */
export async function decodeBatch(reader: ByteReader): Promise<Batch> {
  const { buffer, offset: start } = reader;
  const end = start + UNCOUNTED + buffer.readInt32BE(start + 8);
  const attributes = end >= start + BATCH_HEAD && end <= buffer.length ? buffer.readInt16BE(start + 21) : COMPRESSION;
  const records = (attributes & COMPRESSION) === 0 ? recordsOf(buffer, start, end, attributes) : undefined;
  if (records === undefined) return originals.decodeBatch(reader);
  reader.offset = end;
  return { records };
}

function recordsOf(buffer: Buffer, start: number, end: number, attributes: number): FetchedMessage[] | undefined {
  const context: BatchContext = {
    firstOffset: String(buffer.readBigInt64BE(start)),
    firstTimestamp: String(buffer.readBigInt64BE(start + 27)),
    partitionLeaderEpoch: buffer.readInt32BE(start + 12),
    inTransaction: (attributes & TRANSACTIONAL) > 0,
    isControlBatch: (attributes & CONTROL) > 0,
    lastOffsetDelta: buffer.readInt32BE(start + 23),
    producerId: String(buffer.readBigInt64BE(start + 43)),
    producerEpoch: buffer.readInt16BE(start + 51),
    firstSequence: buffer.readInt32BE(start + 53),
    maxTimestamp: String(buffer.readBigInt64BE(start + 35)),
    timestampType: (attributes & LOG_APPEND_TIME) > 0 ? 1 : 0,
    magicByte: buffer.readInt8(start + 16),
  };
  const firstOffset = Number(context.firstOffset);
  const count = buffer.readInt32BE(start + 57);
  if (!Number.isSafeInteger(firstOffset + DELTA_MAX) || count < 0) return undefined;
  const records: FetchedMessage[] = [];
  const at = new Cursor(buffer, start + BATCH_HEAD);
  for (let i = 0; i < count; i += 1) {
    const length = at.varInt();
    const from = at.offset;
    if (length < 0 || from + length > end) return undefined;
    at.offset += 1;
    const timestampDelta = at.varInt();
    const offsetDelta = at.varInt();
    if (timestampDelta < 0 || offsetDelta < 0) return undefined;
    records.push(new FetchedMessage(buffer, from, length, at.offset, String(firstOffset + offsetDelta), timestampDelta, context));
    at.offset = from + length;
  }
  return records;
}

/** A record where it lies among those fetched with it. */
export class FetchedMessage implements RecordBatchEntry {
  #headers: IHeaders | undefined;

  constructor(
    private readonly bytes: Buffer,
    private readonly from: number,
    private readonly length: number,
    private readonly keyAt: number,
    readonly offset: string,
    private readonly timestampDelta: number,
    readonly batchContext: BatchContext,
  ) {}

  get magicByte(): number {
    return this.batchContext.magicByte;
  }

  get isControlRecord(): boolean {
    return this.batchContext.isControlBatch;
  }

  get attributes(): number {
    return this.bytes.readInt8(this.from);
  }

  get timestamp(): string {
    const { timestampType, maxTimestamp, firstTimestamp } = this.batchContext;
    return timestampType === 1 && maxTimestamp ? maxTimestamp : String(BigInt(firstTimestamp) + BigInt(this.timestampDelta));
  }

  get key(): Buffer | null {
    return new Cursor(this.bytes, this.keyAt).bytes();
  }

  get value(): Buffer | null {
    const at = new Cursor(this.bytes, this.keyAt);
    at.skip();
    return at.bytes();
  }

  get headers(): IHeaders {
    this.#headers ??= this.readHeaders() ?? this.original().headers ?? {};
    return this.#headers;
  }

  /** The text of one header, the first of that name; the others are not looked at. */
  header(name: string): string | undefined {
    const at = this.atHeaders();
    for (let left = at.varInt(); left > 0; left -= 1) {
      const found = at.isNext(name);
      at.skip();
      if (found) return at.text();
      at.skip();
    }
    return undefined;
  }

  private atHeaders(): Cursor {
    const at = new Cursor(this.bytes, this.keyAt);
    at.skip();
    at.skip();
    return at;
  }

  /** Nothing when a name is there twice or a value is missing: kafkajs knows what to make of it. */
  private readHeaders(): IHeaders | undefined {
    const headers: Record<string, Buffer> = {};
    const at = this.atHeaders();
    for (let left = at.varInt(); left > 0; left -= 1) {
      const name = at.text();
      const value = at.bytes();
      if (name === undefined || value === null || name in headers) return undefined;
      headers[name] = value;
    }
    return headers;
  }

  private original(): KafkaMessage {
    const { bytes, from, length, batchContext } = this;
    return originals.decodeRecord(new originals.Decoder(bytes.subarray(from, from + length)), batchContext);
  }
}

class Cursor {
  constructor(
    private readonly buffer: Buffer,
    public offset: number,
  ) {}

  /** A zigzag varint; -1 for one that is negative or longer than four bytes. */
  varInt(): number {
    const { buffer } = this;
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = buffer[this.offset++] ?? 0;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (value & 1) === 1 ? -1 : value >>> 1;
    }
    return -1;
  }

  bytes(): Buffer | null {
    const length = this.varInt();
    if (length < 0) return null;
    const from = this.offset;
    this.offset = from + length;
    return this.buffer.subarray(from, this.offset);
  }

  text(): string | undefined {
    const length = this.varInt();
    if (length < 0) return undefined;
    const from = this.offset;
    this.offset = from + length;
    return this.buffer.toString('utf8', from, this.offset);
  }

  skip(): void {
    const length = this.varInt();
    if (length > 0) this.offset += length;
  }

  /** Whether the ASCII text comes next. The cursor stays. */
  isNext(text: string): boolean {
    const { buffer, offset } = this;
    const same = this.varInt() === text.length;
    const from = this.offset;
    this.offset = offset;
    if (!same) return false;
    for (let i = 0; i < text.length; i += 1) if (buffer[from + i] !== text.charCodeAt(i)) return false;
    return true;
  }
}

/** Makes kafkajs read fetched records this way. To be called before it is loaded. */
export function replaceFetch(replace: (path: string, by: unknown) => void): void {
  replace(BATCH_DECODER, decodeBatch);
}
