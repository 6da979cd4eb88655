import { OperatingError } from '@voltlog/kernel';
import type { Collection } from '@voltlog/store';
import type { Logger } from '@voltlog/telemetry';
import type { SessionDocument } from './session-documents.js';

/** A session document that is to be written, and who knows which version of it is stored. */
export interface HeldSession {
  readonly document: SessionDocument;
  readonly entry: { storedVersion: number };
  /** Written also where its stream did not grow. */
  readonly again: boolean;
}

/** Writes a document again after somebody else did, this often. */
const CONFLICT_TRIES = 5;
/** Documents of one transaction: nothing else runs while it is made. */
const SLICE = 1_024;
/** When so many are held they are written at once. */
const HELD_MAX = 4_096;
const NONE: ReadonlyMap<string, HeldSession> = new Map();

/**
 * Session documents are held in memory for some hundred milliseconds and written together: a session changes several times as it begins
 * and ends, and each document touches a page of its own in most of the indexes, which many share when they are written at once. Nothing is lost: they can
 * be made again from what is committed, and the facts that led to them are handed over again when this process dies before {@link flush}.
 */
export class HeldSessions {
  private held = new Map<string, HeldSession>();
  private writing = NONE;
  private turn: Promise<void> = Promise.resolve();
  /** The collection as if all of it were written; a search fails when that cannot be. */
  readonly view: Collection<SessionDocument>;
  /** The same for whoever would rather find what is stored than nothing. */
  readonly shown: Collection<SessionDocument>;

  constructor(
    private readonly stored: Collection<SessionDocument>,
    private readonly logger: Pick<Logger, 'error'>,
  ) {
    this.view = this.viewAfter(() => this.flush());
    this.shown = this.viewAfter(async () => {
      try {
        await this.flush();
      } catch (error) {
        if (!(error instanceof OperatingError)) throw error;
      }
    });
  }

  private viewAfter(flush: () => Promise<void>): Collection<SessionDocument> {
    const { stored } = this;
    const written = async (): Promise<Collection<SessionDocument>> => {
      await flush();
      return stored;
    };
    return {
      get: async (id) => this.heldOf(id) ?? (await stored.get(id)),
      getMany: (ids) => this.getMany(ids),
      find: async (query) => (await written()).find(query),
      count: async (where) => (await written()).count(where),
      upsert: async (writes) => (await written()).upsert(writes),
      delete: async (ids) => (await written()).delete(ids),
      deleteWhere: async (where) => (await written()).deleteWhere(where),
    };
  }

  /** Takes documents, each in place of an older one of its session. @throws {OperatingError} as `flush`, when too many are held */
  async hold(sessions: readonly HeldSession[]): Promise<void> {
    for (const session of sessions) {
      const { id } = session.document;
      this.held.set(id, this.held.get(id)?.again === true ? { ...session, again: true } : session);
    }
    if (this.held.size >= HELD_MAX) await this.flush();
  }

  /**
   * Writes what is held; when that is done, everything that was held when it was called is durable. The higher version stays: another instance may have been here.
   *
   * @throws {OperatingError} `ReadModelContended` when others kept writing, `StoreUnavailable`; what was not written is held still
   */
  flush(): Promise<void> {
    if (this.held.size === 0 && this.writing === NONE) return Promise.resolve();
    const run = this.turn.then(() => this.writeHeld());
    // Whoever asked for it is told of a failure; the next one tries all of it again.
    this.turn = run.catch(() => undefined);
    return run;
  }

  private heldOf(id: string): SessionDocument | undefined {
    return (this.held.get(id) ?? this.writing.get(id))?.document;
  }

  private async getMany(ids: readonly string[]): Promise<ReadonlyMap<string, SessionDocument>> {
    const found = new Map<string, SessionDocument>();
    const others: string[] = [];
    for (const id of ids) {
      const held = this.heldOf(id);
      if (held === undefined) others.push(id);
      else found.set(id, held);
    }
    if (others.length > 0) for (const [id, document] of await this.stored.getMany(others)) found.set(id, document);
    return found;
  }

  private async writeHeld(): Promise<void> {
    if (this.held.size === 0) return;
    const { held } = this;
    this.writing = held;
    this.held = new Map();
    try {
      const sessions = [...held.values()];
      for (let from = 0; from < sessions.length; from += SLICE) await this.write(sessions.slice(from, from + SLICE));
    } catch (error) {
      // What came meanwhile is newer.
      this.held = new Map([...held, ...this.held]);
      throw error;
    } finally {
      this.writing = NONE;
    }
  }

  /**
   * Writes documents at once; none of their sessions is held. One that no store would ever take is left out: it must not keep all others from
   * being written.
   *
   * @throws {OperatingError} as `flush`
   */
  async write(sessions: readonly HeldSession[]): Promise<void> {
    try {
      await this.writeOnce(sessions);
    } catch (error) {
      if (error instanceof OperatingError) throw error;
      const [session] = sessions;
      if (sessions.length > 1) {
        const middle = sessions.length >> 1;
        await this.write(sessions.slice(0, middle));
        await this.write(sessions.slice(middle));
      } else if (session !== undefined) {
        const { id, version } = session.document;
        this.logger.error(
          { err: error, sessionId: id, version },
          'the document of a session cannot be written; replaying `sessions` makes it again',
        );
      }
    }
  }

  private async writeOnce(sessions: readonly HeldSession[]): Promise<void> {
    let pending = sessions.filter((session) => session.again || isNewer(session));
    for (let tries = 0; pending.length > 0 && tries < CONFLICT_TRIES; tries += 1) {
      const written = await this.stored.upsert(
        pending.map(({ document, entry }) => ({ doc: document, expectedVersion: entry.storedVersion })),
      );
      const refused: HeldSession[] = [];
      for (const [i, session] of pending.entries()) {
        if (written[i] === true) session.entry.storedVersion = session.document.version;
        else refused.push(session);
      }
      if (refused.length === 0) return;
      const stored = await this.stored.getMany(refused.map(({ document }) => document.id));
      for (const { document, entry } of refused) entry.storedVersion = stored.get(document.id)?.version ?? 0;
      pending = refused.filter(isNewer);
    }
    if (pending.length > 0) throw contended();
  }
}

const isNewer = ({ document, entry }: HeldSession): boolean => document.version > entry.storedVersion;

export const contended = (): OperatingError => new OperatingError('ReadModelContended', 'a session was changed too often to be written');
