import {
  close,
  closeSync,
  fdatasync,
  fdatasyncSync,
  fsync,
  mkdirSync,
  open,
  openSync,
  readdirSync,
  readSync,
  statSync,
  unlinkSync,
  write,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { OperatingError } from '@voltlog/kernel';
import { decodeFrame, encodeFrame, FRAME_HEAD_BYTES, type Frame, type FrameHead, frameBytesMax } from './segment-frame.js';

/** A file of the log is followed by the next one from here on. */
const SEGMENT_BYTES = 67_108_864;
/** The buffer that frames are put together in is kept up to this size. */
const BUFFER_KEPT_BYTES = 4_194_304;
/** What `probe` writes: room for a good deal more than one event. */
const PROBE_BYTES = 65_536;

/** Written behind the last frame at a time: a file that grows costs a sync twice the CPU, since the file system has to note the growth. */
const ZEROS = Buffer.alloc(1_048_576);

const files = {
  open: promisify(open),
  close: promisify(close),
  datasync: promisify(fdatasync),
  sync: promisify(fsync),
};

/** A frame and the byte of the log that it begins at. */
export interface PlacedFrame extends Frame {
  readonly place: number;
}

/** How far the log goes: its bytes from the very first, deleted ones included. */
export interface LogEnd {
  readonly byte: number;
  /** Where its last frame begins, and the crc of that. */
  readonly last: number;
  readonly crc: number;
}

export const LOG_START: LogEnd = { byte: 0, last: 0, crc: 0 };

export interface SegmentsOptions {
  /** Of all files together; beyond it nothing is appended. */
  readonly maxBytes?: number | undefined;
  /** Default 64 MiB. */
  readonly segmentBytes?: number | undefined;
}

/**
 * The bodies of the embedded log: files that are only ever appended to, each named by the byte of the log that it begins with. A frame knows the crc of the
 * one before, so that after a crash the log ends behind the last whole frame, whatever an interrupted or refused write left there.
 */
export class Segments {
  /** First bytes of the files, rising. */
  readonly #starts: number[];
  readonly #segmentBytes: number;
  #end = LOG_START;
  /** Of the last file, once something was appended to it. */
  #descriptor: number | undefined;
  /** Up to here the last file has room already, so that a sync has nothing but bytes to write. */
  #zeroed = 0;
  /** Another file begins here, also when the first try failed: it may be there already. */
  #isFull = false;
  #reading: { readonly start: number; readonly descriptor: number } | undefined;
  #buffer = Buffer.allocUnsafe(262_144);

  /** @throws {OperatingError} `LogUnreadable` when a file of the folder is missing or was cut */
  constructor(
    private readonly folder: string,
    private readonly options: SegmentsOptions = {},
  ) {
    this.#segmentBytes = Math.min(options.segmentBytes ?? SEGMENT_BYTES, Math.ceil((options.maxBytes ?? Number.POSITIVE_INFINITY) / 8));
    mkdirSync(folder, { recursive: true });
    this.#starts = readdirSync(folder)
      .filter((name) => /^\d{16}$/.test(name))
      .map(Number)
      .sort((a, b) => a - b);
    for (const [i, start] of this.#starts.entries()) {
      const next = this.#starts[i + 1];
      if (next !== undefined && statSync(this.#path(start)).size < next - start) throw damaged(this.#path(start), 'is shorter than it was');
    }
  }

  /** The first byte that is still there. */
  get first(): number {
    return this.#starts[0] ?? this.#end.byte;
  }

  /**
   * Finds the end of the log.
   *
   * @param known what is surely part of it
   * @returns the whole frames behind that, where they end, and how many bytes behind them are none
   * @throws {OperatingError} `LogUnreadable` when what is known is not there, or a frame in the middle is damaged
   */
  recover(known: LogEnd): { readonly frames: readonly PlacedFrame[]; readonly end: LogEnd; readonly left: number } {
    const frames: PlacedFrame[] = [];
    let end = known;
    let left = 0;
    const last = this.#starts[this.#indexOf(known.last)];
    if (last === undefined && (known.byte > 0 || this.#starts.length > 0))
      throw damaged(this.folder, `lacks the file with byte ${known.last} of the log`);
    if (last !== undefined && known.byte > 0) {
      const frame = decodeFrame(this.#bytes(known.last, known.byte - known.last), 0);
      if (frame?.crc !== known.crc) throw damaged(this.#path(last), `does not hold the frame at byte ${known.last} of the log`);
    }
    for (let i = Math.max(0, this.#indexOf(known.byte)); i < this.#starts.length; i += 1) {
      const start = this.#starts[i] as number;
      const path = this.#path(start);
      const limit = this.#starts[i + 1] ?? start + statSync(path).size;
      if (end.byte < start || end.byte > limit) throw damaged(path, `does not hold byte ${end.byte} of the log`);
      const bytes = this.#bytes(end.byte, limit - end.byte);
      const base = end.byte;
      for (;;) {
        const frame = decodeFrame(bytes, end.byte - base);
        if (frame === undefined || frame.previous !== end.crc) break;
        frames.push({ ...frame, place: end.byte });
        end = { byte: end.byte + frame.bytes, last: end.byte, crc: frame.crc };
      }
      left = bytes.findLastIndex((byte) => byte !== 0) + 1 - (end.byte - base);
      if (end.byte < limit && i + 1 < this.#starts.length) throw damaged(path, `is damaged at byte ${end.byte - start}`);
      if (end.byte > base) writeAgain(path, bytes.subarray(0, end.byte - base), base - start);
    }
    this.#end = end;
    return { frames, end, left: Math.max(0, left) };
  }

  /**
   * Appends the bodies, durable when it resolves; one call at a time. After a failure the log ends where it did.
   *
   * @returns the frames, and where the log ends behind them
   */
  async append(bodies: readonly (FrameHead & { readonly text: string })[]): Promise<{ frames: readonly PlacedFrame[]; end: LogEnd }> {
    let room = 0;
    for (const { text } of bodies) room += frameBytesMax(text);
    const buffer = this.#bufferOf(room);
    const frames: PlacedFrame[] = [];
    let { byte, last, crc } = this.#end;
    for (const { text, ...head } of bodies) {
      const frame = encodeFrame(buffer, byte - this.#end.byte, head, text, crc);
      frames.push({ ...frame, place: byte });
      last = byte;
      byte += frame.bytes;
      crc = frame.crc;
    }
    await this.#write(buffer, byte - this.#end.byte);
    this.#end = { byte, last, crc };
    return { frames, end: this.#end };
  }

  /** Whether there is room for more; leaves nothing. Not beside `append`. */
  async probe(): Promise<void> {
    await this.#write(Buffer.alloc(PROBE_BYTES), PROBE_BYTES);
  }

  async #write(buffer: Buffer, bytes: number): Promise<void> {
    const { byte } = this.#end;
    const { maxBytes } = this.options;
    if (maxBytes !== undefined && byte + bytes - this.first > maxBytes) throw new Error(`it has its largest size, ${maxBytes} bytes`);
    const start = this.#starts.at(-1);
    this.#isFull ||= start === undefined || (byte > start && byte + bytes - start > this.#segmentBytes);
    const descriptor = this.#isFull ? await this.#begin(byte) : (this.#descriptor ??= await this.#goOn(start as number));
    const position = byte - (this.#starts.at(-1) as number);
    await writeAll(descriptor, buffer, bytes, position);
    // Saves time, and no more: what is full is told by what is to be kept.
    await this.#zeroBehind(descriptor, position + bytes).catch(() => undefined);
    await files.datasync(descriptor);
  }

  async #zeroBehind(descriptor: number, position: number): Promise<void> {
    if (position <= this.#zeroed) return;
    const bytes = Math.min(ZEROS.length, Math.max(0, this.#segmentBytes - position));
    await writeAll(descriptor, ZEROS, bytes, position);
    this.#zeroed = position + bytes;
  }

  /** Whoever made the file may have been killed before its folder was synced. */
  async #goOn(start: number): Promise<number> {
    await this.#syncFolders();
    return files.open(this.#path(start), 'r+');
  }

  async #syncFolders(): Promise<void> {
    await syncFolder(this.folder);
    await syncFolder(dirname(this.folder));
  }

  /** Makes the file that begins with this byte. */
  async #begin(byte: number): Promise<number> {
    const descriptor = await files.open(this.#path(byte), 'w');
    try {
      await this.#syncFolders();
    } catch (error) {
      await files.close(descriptor);
      throw error;
    }
    const before = this.#descriptor;
    this.#starts.push(byte);
    this.#isFull = false;
    this.#zeroed = 0;
    this.#descriptor = descriptor;
    // All in it is synced.
    if (before !== undefined) await files.close(before).catch(() => undefined);
    return descriptor;
  }

  #bufferOf(bytes: number): Buffer {
    if (bytes <= this.#buffer.length) return this.#buffer;
    const buffer = Buffer.allocUnsafe(bytes);
    if (bytes <= BUFFER_KEPT_BYTES) this.#buffer = buffer;
    return buffer;
  }

  /** The body of a frame. @throws {OperatingError} `LogUnreadable` when it is damaged */
  body(place: number, bytes: number): string {
    const frame = this.#bytes(place, bytes);
    if (decodeFrame(frame, 0)?.bytes !== bytes) {
      const start = this.#starts[this.#indexOf(place)] as number;
      throw damaged(this.#path(start), `is damaged at byte ${place - start}`);
    }
    return frame.toString('utf8', FRAME_HEAD_BYTES);
  }

  #bytes(place: number, bytes: number): Buffer {
    const start = this.#starts[this.#indexOf(place)] as number;
    if (this.#reading?.start !== start) {
      this.#stopReading();
      this.#reading = { start, descriptor: openSync(this.#path(start), 'r') };
    }
    const buffer = Buffer.allocUnsafe(bytes);
    let read = 0;
    while (read < bytes) {
      const more = readSync(this.#reading.descriptor, buffer, read, bytes - read, place - start + read);
      if (more === 0) break;
      read += more;
    }
    return buffer.subarray(0, read);
  }

  /** Of the file that a byte is in; -1: it is gone, or was never there. */
  #indexOf(byte: number): number {
    return this.#starts.findLastIndex((start) => start <= byte);
  }

  /** Deletes the files that hold nothing from this byte on. */
  deleteBefore(byte: number): void {
    while ((this.#starts[1] ?? Number.POSITIVE_INFINITY) <= byte) {
      const start = this.#starts[0] as number;
      if (this.#reading?.start === start) this.#stopReading();
      unlinkSync(this.#path(start));
      this.#starts.shift();
    }
  }

  async close(): Promise<void> {
    this.#stopReading();
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    // All in it is synced, and whoever closes the log has the database to close as well.
    if (descriptor !== undefined) await files.close(descriptor).catch(() => undefined);
  }

  #stopReading(): void {
    if (this.#reading !== undefined) closeSync(this.#reading.descriptor);
    this.#reading = undefined;
  }

  #path(start: number): string {
    return join(this.folder, String(start).padStart(16, '0'));
  }
}

function writeAll(descriptor: number, buffer: Buffer, bytes: number, position: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const from = (written: number): void =>
      write(descriptor, buffer, written, bytes - written, position + written, (error, more) => {
        if (error !== null) reject(error);
        else if (written + more < bytes) from(written + more);
        else resolve();
      });
    if (bytes > 0) from(0);
    else resolve();
  });
}

/**
 * What was read may be in memory alone: whoever wrote it was killed before the sync, or the sync failed, and the kernel will not write it again by itself.
 */
function writeAgain(path: string, bytes: Buffer, position: number): void {
  const descriptor = openSync(path, 'r+');
  try {
    for (let written = 0; written < bytes.length; ) {
      written += writeSync(descriptor, bytes, written, bytes.length - written, position + written);
    }
    fdatasyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** A new file is surely there after a power cut. Windows has no such thing, nor have some file systems of a network. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const descriptor = await files.open(folder, 'r');
  try {
    await files.sync(descriptor).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EINVAL' && error.code !== 'ENOTSUP') throw error;
    });
  } finally {
    await files.close(descriptor);
  }
}

function damaged(path: string, what: string): OperatingError {
  return new OperatingError('LogUnreadable', `the event log cannot be read: ${path} ${what}`);
}
