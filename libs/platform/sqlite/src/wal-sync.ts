import { close, constants, fdatasync, openSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { SHARED_VFS } from './file.js';

/**
 * Syncs the write-ahead log of a database in one of the threads that Node keeps for files, so that the event loop goes on. A commit then only hands its
 * pages to the kernel (`synchronous = NORMAL`: SQLite syncs no more than what keeps the file whole), and is durable once a `sync` that began after it
 * resolves. Checkpoints sync what they move themselves, as before.
 *
 * Source: sqlite.org/pragma.html#pragma_synchronous, sqlite.org/wal.html
 */
export class WalSync {
  private constructor(private readonly descriptor: number) {}

  /**
   * Only what was written since the file was opened has to wait for `sync`.
   *
   * @returns nothing where every commit goes on to sync by itself: in memory, and on Windows
   */
  static of(db: DatabaseSync): WalSync | undefined {
    // Where the database really is: SQLite follows links, and keeps the log beside the file itself.
    const path = db.location();
    if (SHARED_VFS === undefined || path === null) return undefined;
    // There from the first write on, and until the last connection closes. No lock is held on it that closing a descriptor would lose.
    const descriptor = openSync(`${path}-wal`, constants.O_RDWR);
    db.exec('PRAGMA synchronous = NORMAL');
    return new WalSync(descriptor);
  }

  /** Rejects when the disk does: it is unknown then what of the log is on it, and must be mended by `moveAll`. */
  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      fdatasync(this.descriptor, (error) => (error === null ? resolve() : reject(error)));
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => void close(this.descriptor, () => resolve()));
  }
}

/**
 * Moves the whole write-ahead log into the file, syncs that, and begins the log anew: whatever a failed sync left out is durable then.
 *
 * @throws what SQLite says when the disk still refuses
 */
export function moveAll(db: DatabaseSync): void {
  const result = db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get();
  if (Number(result?.['busy']) !== 0) throw new Error('the write-ahead log is in use by another connection');
}
