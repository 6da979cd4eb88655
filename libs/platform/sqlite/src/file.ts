import { resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';

export const SQLITE_BUSY = 5;

/**
 * SQLite's own way to keep a file from every other process while several connections of this one share it, the index of the write-ahead
 * log in memory. Source: sqlite.org/vfs.html. Windows has no such thing: there a file has one connection.
 */
export const SHARED_VFS = process.platform === 'win32' ? undefined : 'unix-excl';

/** Files that are open here: what keeps other processes out does not keep this one out. */
const open = new Set<string>();

/**
 * Opens a database file for this process alone, in write-ahead mode; the lock is held until the process ends, however it ends.
 *
 * @throws an error with the `errcode` of SQLite: `SQLITE_BUSY` when it is open already, here or elsewhere
 */
export function openFile(path: string): { readonly db: DatabaseSync; readonly close: () => void } {
  if (path === ':memory:') {
    const db = new DatabaseSync(path);
    return { db, close: () => db.close() };
  }
  const name = resolve(path);
  if (open.has(name)) throw Object.assign(new Error('database is open in this process'), { errcode: SQLITE_BUSY });
  const db = new DatabaseSync(locationOf(name));
  try {
    if (SHARED_VFS === undefined) db.exec('PRAGMA locking_mode = EXCLUSIVE');
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  } catch (error) {
    db.close();
    throw error;
  }
  open.add(name);
  return {
    db,
    close: () => {
      db.close();
      open.delete(name);
    },
  };
}

/** How every connection of this process names the file. */
export function locationOf(path: string): string {
  if (SHARED_VFS === undefined) return path;
  const url = pathToFileURL(resolve(path));
  url.searchParams.set('vfs', SHARED_VFS);
  return url.href;
}
