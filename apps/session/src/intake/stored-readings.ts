import { joinReadings } from '@voltlog/session-domain';
import type { Collection } from '@voltlog/store';
import type { ReadingsDocument } from '../store/session-documents.js';
import type { SessionEntry } from './station-cache.js';

/** Joins what is stored of sessions into what is in memory. */
export async function joinStoredReadings(readings: Collection<ReadingsDocument>, entries: readonly SessionEntry[]): Promise<void> {
  const stored = await readings.getMany(entries.map((entry) => entry.sessionId));
  for (const entry of entries) {
    const other = stored.get(entry.sessionId);
    entry.readingsVersion = other?.version ?? 0;
    if (other !== undefined) joinReadings(entry.readings, other.readings);
  }
}
