import { joinReadings } from '@voltlog/session-domain';
import { noteValuesSince } from '../store/readings.js';
import type { SessionCollections } from '../store/session-documents.js';
import type { SessionEntry } from './station-cache.js';

/** Joins what another instance stored of sessions into what is in memory: its readings, and the values it took in since. */
export async function joinStoredReadings(
  { readings, meterValues }: Pick<SessionCollections, 'readings' | 'meterValues'>,
  entries: readonly SessionEntry[],
): Promise<void> {
  const stored = await readings.getMany(entries.map((entry) => entry.sessionId));
  for (const entry of entries) {
    const other = stored.get(entry.sessionId);
    entry.readingsVersion = other?.version ?? 0;
    if (other === undefined) continue;
    joinReadings(entry.readings, other.readings);
    await noteValuesSince(meterValues, entry.sessionId, entry.readings, other.readings.lastReadingAt);
  }
}
