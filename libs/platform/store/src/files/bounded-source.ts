import { createHash } from 'node:crypto';
import { RequestError } from '@voltlog/kernel';
import type { WriteFile } from '../store.js';

const FILE_ID = /^[\w-]{1,64}$/;

/** @throws {RequestError} `INVALID_ARGUMENT` */
export function checkFileId(id: string): string {
  if (!FILE_ID.test(id)) throw new RequestError('INVALID_ARGUMENT', 'a file id is 1 to 64 of letters, digits, - and _', 'BadFileId');
  return id;
}

export const fileUnknown = (id: string): RequestError => new RequestError('NOT_FOUND', `there is no file ${id}`, 'FileUnknown');
export const fileExists = (id: string): RequestError =>
  new RequestError('ALREADY_EXISTS', `there is a file ${id} already, or it is being written`, 'FileExists');

/** Bytes of files under way in this process. */
export class Reserved {
  bytes = 0;
}

/** Counts, hashes and bounds what is written. */
export class BoundedSource implements AsyncIterable<Uint8Array> {
  bytes = 0;
  private readonly hash = createHash('sha256');

  constructor(
    private readonly source: AsyncIterable<Uint8Array>,
    private readonly options: WriteFile,
    private readonly usedBytes: number,
    private readonly reserved: Reserved,
  ) {}

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    const { maxBytes, totalBytesMax, onProgress } = this.options;
    for await (const piece of this.source) {
      this.bytes += piece.length;
      this.reserved.bytes += piece.length;
      if (this.bytes > maxBytes) throw new RequestError('RESOURCE_EXHAUSTED', `a file may have at most ${maxBytes} bytes`, 'FileTooLarge');
      if (this.usedBytes + this.reserved.bytes > totalBytesMax)
        throw new RequestError('RESOURCE_EXHAUSTED', `all files together may have at most ${totalBytesMax} bytes`, 'FilesFull');
      this.hash.update(piece);
      yield piece;
      onProgress?.(this.bytes);
    }
  }

  /** Gives back what was reserved: it is written, or never will be. */
  release(): void {
    this.reserved.bytes -= this.bytes;
  }

  sha256(): string {
    return this.hash.digest('hex');
  }
}
