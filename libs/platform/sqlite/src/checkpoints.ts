import type * as sqlite from 'node:sqlite';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type * as threads from 'node:worker_threads';
import { Worker } from 'node:worker_threads';
import { locationOf, SHARED_VFS } from './file.js';

/** Bytes in a write-ahead log before they are moved to the database file: SQLite's own number. */
const CHECKPOINT_BYTES = 4_096_000;
/**
 * ... but not sooner than this after the move before, milliseconds. A busy log has more by then, and a page that many commits touch is moved
 * once: without it a tenth of the CPU of a busy process went into moving. Not much later either: the disk syncs what is moved, and
 * commits of any file wait behind that.
 */
const MOVE_EVERY_MS = 1_000;
/** Where there is no second connection the writer moves them itself and holds up everybody. */
const ALONE_BYTES = 16_384_000;
/** Should the other thread not keep up, the writer moves them itself. */
const LAST_RESORT_BYTES = 262_144_000;
/**
 * A log begins anew, over its own old pages, only when nothing at all is left in it: never, as long as somebody writes while the other thread
 * moves. So when it is this long its writer is asked to wait, by `pause`, until what came meanwhile is moved too: a moment, in which the
 * event loop goes on. A log that only grows is slower to sync, and each page of it is one more that the kernel has to find memory for.
 */
const LONG_BYTES = 65_536_000;
/** How often the writer looks how many there are, milliseconds. */
const LOOK_EVERY_MS = 50;
/** ... and after the other thread failed, e.g. at a full disk. */
const LOOK_AGAIN_MS = 5_000;

/**
 * Moves the pages of a database's write-ahead log into its file, by a second connection in another thread: a move syncs the disk, and whoever
 * does it stands still meanwhile. Writers go on beside it.
 */
export class Checkpoints {
  readonly #look: StatementSync | undefined;
  readonly #pageBytes: number;
  readonly #location: string;
  #lookAt = 0;
  #moving: Promise<void> | undefined;
  #asked = false;
  /** The log is long, and not all of it was moved. */
  #isLong = false;

  /** @param path `:memory:` has no write-ahead log */
  constructor(db: DatabaseSync, path: string) {
    const apart = SHARED_VFS !== undefined && path !== ':memory:';
    this.#pageBytes = Number(db.prepare('PRAGMA page_size').get()?.['page_size']);
    db.exec(`PRAGMA wal_autocheckpoint = ${Math.ceil((apart ? LAST_RESORT_BYTES : ALONE_BYTES) / this.#pageBytes)}`);
    this.#look = apart ? db.prepare('PRAGMA wal_checkpoint(NOOP)') : undefined;
    this.#location = locationOf(path);
  }

  /** A transaction was committed. Costs nothing most of the time. */
  committed(): void {
    if (this.#look === undefined || this.#moving !== undefined) return;
    const now = performance.now();
    if (now < this.#lookAt) return;
    this.#lookAt = now + LOOK_EVERY_MS;
    if (this.#bytes().left < CHECKPOINT_BYTES) return;
    this.#asked = true;
    this.#moving = this.#moveApart()
      .then(
        () => {
          const { log, left } = this.#bytes();
          this.#isLong = log >= LONG_BYTES && left > 0;
          return MOVE_EVERY_MS;
        },
        () => LOOK_AGAIN_MS,
      )
      .then((restMs) => {
        this.#lookAt = now + restMs;
      })
      .finally(() => {
        this.#moving = undefined;
      });
  }

  /**
   * Asked by a writer between two transactions.
   *
   * @returns what to wait for before the next, so that the log can begin anew; nothing most of the time. It does not reject
   */
  pause(): Promise<void> | undefined {
    if (!this.#isLong || this.#moving !== undefined) return undefined;
    this.#isLong = false;
    this.#moving = this.#moveApart()
      // The other thread comes back to it.
      .catch(() => undefined)
      .finally(() => {
        this.#moving = undefined;
      });
    return this.#moving;
  }

  /** Rejects also when the other thread cannot be started: no writer stops for that. */
  async #moveApart(): Promise<void> {
    await mover().ask({ location: this.#location, work: 'move' });
  }

  /** How long the log is, and how much of it waits. Whoever asks has committed already: a failure here is none of his. */
  #bytes(): { readonly log: number; readonly left: number } {
    try {
      const pages = this.#look?.get();
      const log = Number(pages?.['log']);
      return { log: log * this.#pageBytes, left: (log - Number(pages?.['checkpointed'])) * this.#pageBytes };
    } catch {
      return { log: 0, left: 0 };
    }
  }

  /** Lets go of the file: the connection that is closed last moves what is left. */
  async close(): Promise<void> {
    await this.#moving;
    if (this.#asked)
      await mover()
        .ask({ location: this.#location, work: 'close' })
        .catch(() => undefined);
  }
}

interface Question {
  readonly location: string;
  readonly work: 'move' | 'close';
}

interface Answer {
  readonly serial: number;
  readonly error?: string;
}

/** The thread that moves pages, one for all files of the process. It does not keep the process alive. */
class Mover {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, { resolve(): void; reject(error: Error): void }>();
  #serial = 0;

  constructor(onEnd: () => void) {
    const source = `(${movePages.toString()})(require('node:worker_threads'), require('node:sqlite'))`;
    this.#worker = new Worker(source, { eval: true, execArgv: ['--disable-warning=ExperimentalWarning'] });
    this.#worker.unref();
    this.#worker.on('message', ({ serial, error }: Answer) => {
      const waiter = this.#waiting.get(serial);
      this.#waiting.delete(serial);
      if (error === undefined) waiter?.resolve();
      else waiter?.reject(new Error(error));
      if (this.#waiting.size === 0) this.#worker.unref();
    });
    // Out of memory, or somebody ended it: the next question starts another.
    this.#worker.on('error', () => undefined);
    this.#worker.on('exit', () => {
      onEnd();
      for (const { reject } of this.#waiting.values()) reject(new Error('the thread that moves pages has ended'));
    });
  }

  ask(question: Question): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#serial += 1;
      this.#waiting.set(this.#serial, { resolve, reject });
      this.#worker.ref();
      this.#worker.postMessage({ ...question, serial: this.#serial });
    });
  }
}

let running: Mover | undefined;

function mover(): Mover {
  running ??= new Mover(() => {
    running = undefined;
  });
  return running;
}

/**
 * Runs in the other thread, from its text: it sees nothing but its arguments. `PASSIVE` waits for nobody; the log can start from its
 * beginning again once nothing is left in it, so what came meanwhile is moved at once, which is little.
 */
function movePages({ parentPort }: typeof threads, { DatabaseSync }: typeof sqlite): void {
  const rounds = 8;
  const files = new Map<string, DatabaseSync>();
  parentPort?.on('message', ({ location, work, serial }: Question & { serial: number }) => {
    try {
      let file = files.get(location);
      if (work === 'close') {
        files.delete(location);
        file?.close();
      } else {
        if (file === undefined) {
          file = new DatabaseSync(location);
          files.set(location, file);
        }
        for (let round = 0; round < rounds; round += 1) {
          const pages = file.prepare('PRAGMA wal_checkpoint(PASSIVE)').get();
          if (pages?.['log'] === pages?.['checkpointed']) break;
        }
      }
      parentPort?.postMessage({ serial });
    } catch (error) {
      parentPort?.postMessage({ serial, error: String(error) });
    }
  });
}
