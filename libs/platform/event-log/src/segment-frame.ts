import { crc32 } from 'node:zlib';

/**
 * Bytes before the body of a frame, little endian: crc32 of all behind it (4), crc of the frame before (4), bytes of the body (4), topic (4), partition (4),
 * records (4), offset of the first (8), milliseconds since the epoch (8).
 */
export const FRAME_HEAD_BYTES = 40;
/** A body is never empty, so zeros are no frame; nor is it longer than this, whatever a damaged head says. */
const BODY_BYTES_MAX = 0x3fff_ffff;

/** What the head of a frame says of its body: the lines of records of one partition that were written together. */
export interface FrameHead {
  readonly topic: number;
  readonly partition: number;
  readonly offset: number;
  readonly records: number;
  readonly at: number;
}

export interface Frame extends FrameHead {
  /** Of the whole frame. */
  readonly bytes: number;
  readonly crc: number;
}

/** Bytes that a frame with this text may take at most. */
export const frameBytesMax = (text: string): number => FRAME_HEAD_BYTES + 3 * text.length;

/** Writes a frame into a buffer that has room for it. @param previous crc of the frame before it in the log; 0: it is the first */
export function encodeFrame(buffer: Buffer, start: number, head: FrameHead, text: string, previous: number): Frame {
  const body = buffer.write(text, start + FRAME_HEAD_BYTES);
  buffer.writeUInt32LE(previous, start + 4);
  buffer.writeUInt32LE(body, start + 8);
  buffer.writeUInt32LE(head.topic, start + 12);
  buffer.writeUInt32LE(head.partition, start + 16);
  buffer.writeUInt32LE(head.records, start + 20);
  buffer.writeDoubleLE(head.offset, start + 24);
  buffer.writeDoubleLE(head.at, start + 32);
  const bytes = FRAME_HEAD_BYTES + body;
  const crc = crc32(buffer.subarray(start + 4, start + bytes));
  buffer.writeUInt32LE(crc, start);
  return { ...head, bytes, crc };
}

/** The frame that begins at `start`. @returns nothing where no whole and undamaged frame does */
export function decodeFrame(buffer: Buffer, start: number): (Frame & { readonly previous: number }) | undefined {
  if (start + FRAME_HEAD_BYTES > buffer.length) return undefined;
  const body = buffer.readUInt32LE(start + 8);
  const bytes = FRAME_HEAD_BYTES + body;
  if (body === 0 || body > BODY_BYTES_MAX || start + bytes > buffer.length) return undefined;
  const crc = buffer.readUInt32LE(start);
  if (crc32(buffer.subarray(start + 4, start + bytes)) !== crc) return undefined;
  return {
    previous: buffer.readUInt32LE(start + 4),
    topic: buffer.readUInt32LE(start + 12),
    partition: buffer.readUInt32LE(start + 16),
    records: buffer.readUInt32LE(start + 20),
    offset: buffer.readDoubleLE(start + 24),
    at: buffer.readDoubleLE(start + 32),
    bytes,
    crc,
  };
}
