import { isoTime } from '@voltlog/kernel';
import { awaitsUnplug, effectiveEnd, isActive } from '@voltlog/session-domain';
import type { Upsert } from '@voltlog/store';
import { contended, type HeldSession, type HeldSessions } from '../store/held-sessions.js';
import type { ReadingsDocument, SessionCollections, SessionDocument } from '../store/session-documents.js';
import type { Batch } from './batch.js';
import type { SessionEntry } from './station-cache.js';
import { joinStoredReadings } from './stored-readings.js';

/** Writes a document again after somebody else did, this often. */
const CONFLICT_TRIES = 5;

/** Writes what a batch changed: one bulk write per collection, all idempotent. Session documents are held, and written with those of later batches. */
export class SessionWriter {
  constructor(
    private readonly collections: SessionCollections,
    private readonly held: HeldSessions,
    private readonly now: () => number,
  ) {}

  /** @throws {OperatingError} `ReadModelContended` when others kept writing: the batch is handed over again then */
  async write(batch: Batch): Promise<void> {
    const entries = [...batch.touched.keys()];
    const due = entries.filter((entry) => entry.due);
    if (batch.quarantined.size > 0) await this.held.flush();
    const writes: Promise<unknown>[] = [this.writeReadings(due)];
    if (batch.meterValues.size > 0)
      writes.push(this.collections.meterValues.upsert([...batch.meterValues.values()].map((doc) => ({ doc, likelyNew: true }))));
    // What was measured in a session that has ended is read from its readings alone: they are there before it is seen as ended.
    if (due.some(({ claims, readings }) => !isActive(claims, readings))) await Promise.all(writes);
    const documents = this.heldOf(entries);
    if (batch.quarantined.size === 0) writes.push(this.held.hold(documents));
    else {
      // In one transaction where the store is this process's alone: a fact that is stored with its session is not looked at again when it is handed
      // over again, and nobody is to see a session end by a fact that is nowhere.
      const quarantined = [...batch.quarantined.values()].map((doc) => ({ doc }));
      writes.push(this.held.write(documents), this.collections.quarantine.upsert(quarantined));
    }
    await Promise.all(writes);
    for (const entry of due) {
      entry.due = false;
      entry.unsaved = 0;
    }
  }

  /** Session documents whose stream grew. */
  private heldOf(entries: readonly SessionEntry[]): readonly HeldSession[] {
    const at = isoTime(this.now());
    return entries
      .filter((entry) => entry.version > entry.storedVersion || entry.abandoned)
      .map((entry) => ({ document: sessionDocument(entry, at), entry, again: entry.abandoned }));
  }

  /** Readings are joined with what another instance may have stored in between. */
  private async writeReadings(entries: readonly SessionEntry[]): Promise<void> {
    let pending = entries;
    for (let tries = 0; pending.length > 0 && tries < CONFLICT_TRIES; tries++) {
      const writes: Upsert<ReadingsDocument>[] = pending.map((entry) => ({
        doc: { id: entry.sessionId, version: entry.readingsVersion + 1, readings: entry.readings },
        expectedVersion: entry.readingsVersion,
      }));
      const written = await this.collections.readings.upsert(writes);
      const refused: SessionEntry[] = [];
      pending.forEach((entry, i) => {
        if (written[i]) entry.readingsVersion += 1;
        else refused.push(entry);
      });
      if (refused.length === 0) return;
      await joinStoredReadings(this.collections, refused);
      pending = refused;
    }
    if (pending.length > 0) throw contended();
  }
}

export function sessionDocument(
  entry: Pick<SessionEntry, 'sessionId' | 'identity' | 'claims' | 'readings' | 'version' | 'abandoned'>,
  updatedAt: string,
): SessionDocument {
  const { claims, identity, readings } = entry;
  const { start, token } = claims;
  const end = effectiveEnd(claims, readings);
  const idToken = token?.idToken ?? end?.idToken;
  return {
    id: entry.sessionId,
    version: entry.version,
    stationId: identity.stationId,
    transactionId: identity.transactionId,
    state: end === undefined ? 'Active' : 'Ended',
    startedAt: start?.startedAt ?? end?.endedAt ?? readings.lastReadingAt ?? readings.lastReceivedAt ?? updatedAt,
    ...(idToken === undefined ? {} : { idToken: idToken.idToken }),
    ...((claims.reported === undefined || awaitsUnplug(claims)) && !entry.abandoned ? { openOn: identity.stationId } : {}),
    claims,
    updatedAt,
  };
}
