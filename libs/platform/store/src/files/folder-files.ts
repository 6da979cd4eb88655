import { type FileHandle, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { OperatingError, RequestError } from '@voltlog/kernel';
import type { FileStore, StoredFile, WriteFile } from '../store.js';
import { BoundedSource, checkFileId, fileExists, fileUnknown, Reserved } from './bounded-source.js';

const BYTES = '.bin';
const FACTS = '.json';
const PART = '.part';

/**
 * Files in a folder of one process: the bytes in `<id>.bin`, and `<id>.json`, which comes last and makes the file be there. Each is written
 * beside its place, synced and renamed, so that a crash leaves nothing half.
 */
export class FolderFiles implements FileStore {
  private readonly reserved = new Reserved();
  private readonly writing = new Set<string>();
  private index: Promise<Map<string, StoredFile>> | undefined;

  constructor(private readonly folder: string) {}

  async write(id: string, source: AsyncIterable<Uint8Array>, options: WriteFile): Promise<StoredFile> {
    const files = await this.known();
    if (files.has(checkFileId(id)) || this.writing.has(id)) throw fileExists(id);
    this.writing.add(id);
    const bounded = new BoundedSource(source, options, total(files), this.reserved);
    try {
      await this.place(id + BYTES, bounded);
      const { expiresAt, now: createdAt } = options;
      const file = { id, sizeBytes: bounded.bytes, sha256: bounded.sha256(), createdAt, ...(expiresAt === undefined ? {} : { expiresAt }) };
      await this.place(id + FACTS, [Buffer.from(JSON.stringify(file))]);
      files.set(id, file);
      return file;
    } catch (error) {
      await this.remove(id);
      throw unavailable(error);
    } finally {
      bounded.release();
      this.writing.delete(id);
    }
  }

  async stat(id: string): Promise<StoredFile | undefined> {
    return (await this.known()).get(id);
  }

  async read(id: string, range?: { readonly start: number; readonly end: number }): Promise<Readable> {
    if ((await this.stat(checkFileId(id))) === undefined) throw fileUnknown(id);
    const handle = await open(join(this.folder, id + BYTES)).catch((error: unknown) => {
      throw unavailable(error);
    });
    return handle.createReadStream(range ?? {});
  }

  async keep(id: string, expiresAt: string | undefined): Promise<boolean> {
    const files = await this.known();
    const before = files.get(id);
    if (before === undefined) return false;
    const { expiresAt: _, ...rest } = before;
    const file = { ...rest, ...(expiresAt === undefined ? {} : { expiresAt }) };
    await this.place(id + FACTS, [Buffer.from(JSON.stringify(file))]);
    files.set(id, file);
    return true;
  }

  async delete(ids: readonly string[]): Promise<void> {
    const files = await this.known();
    for (const id of ids) {
      if (!files.has(id)) continue;
      // Without its facts it is gone, whatever happens to the bytes.
      files.delete(id);
      await this.remove(id);
    }
  }

  async deleteExpired(now: string): Promise<number> {
    const over = [...(await this.known()).values()].filter(({ expiresAt }) => expiresAt !== undefined && expiresAt <= now);
    await this.delete(over.map(({ id }) => id));
    return over.length;
  }

  async usedBytes(): Promise<number> {
    return total(await this.known());
  }

  /** What is there, read once: nobody else writes the folder. */
  private known(): Promise<Map<string, StoredFile>> {
    this.index ??= this.look().catch((error: unknown) => {
      this.index = undefined;
      throw unavailable(error);
    });
    return this.index;
  }

  private async look(): Promise<Map<string, StoredFile>> {
    await mkdir(this.folder, { recursive: true });
    const names = await readdir(this.folder);
    const files = new Map<string, StoredFile>();
    for (const name of names.filter((each) => each.endsWith(FACTS))) {
      const file = JSON.parse(await readFile(join(this.folder, name), 'utf8')) as StoredFile;
      files.set(file.id, file);
    }
    // What a crash left of files under way, or of deleted ones.
    const left = names.filter((name) => name.endsWith(PART) || (name.endsWith(BYTES) && !files.has(name.slice(0, -BYTES.length))));
    for (const name of left) await rm(join(this.folder, name), { force: true });
    return files;
  }

  private async place(name: string, pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    const path = join(this.folder, name);
    const handle = await open(path + PART, 'w', 0o600);
    try {
      for await (const piece of pieces) await writeAll(handle, piece);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(path + PART, path);
    await this.syncFolder();
  }

  /** A renamed file is there after a power cut only once its folder is synced. */
  private async syncFolder(): Promise<void> {
    const handle = await open(this.folder);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  private async remove(id: string): Promise<void> {
    for (const ending of [FACTS, BYTES, FACTS + PART, BYTES + PART]) await rm(join(this.folder, id + ending), { force: true });
  }
}

/** A write may take a part only. */
async function writeAll(handle: FileHandle, piece: Uint8Array): Promise<void> {
  for (let at = 0; at < piece.length; ) at += (await handle.write(piece, at)).bytesWritten;
}

function total(files: ReadonlyMap<string, StoredFile>): number {
  let bytes = 0;
  for (const { sizeBytes } of files.values()) bytes += sizeBytes;
  return bytes;
}

/** What the disk says is our own trouble; anything else is the source's. */
function unavailable(error: unknown): unknown {
  if (error instanceof RequestError || error instanceof OperatingError) return error;
  const code = error instanceof Error && 'syscall' in error && 'code' in error && 'path' in error ? String(error.code) : undefined;
  return code === undefined && !(error instanceof Error && 'code' in error && error.code === 'ENOSPC')
    ? error
    : new OperatingError('StoreUnavailable', 'the folder of files cannot be used now', { cause: error });
}
