import { noteChargingState, noteMeterValue, noteReceived, noteSeqNo, type Readings, type SessionClaims } from '@voltlog/session-domain';
import { type ReadingsDocument, type SessionCollections, type SessionDocument, valuesFrom } from './session-documents.js';

/**
 * Values that came in the order of time and are not in the stored readings of a running session yet: those are written with every eighth,
 * and at once with what could not be found again by its time.
 */
export const UNSAVED_MAX = 8;

/** Values read at a time. */
const PAGE = 1_000;

type Stored = Pick<SessionCollections, 'readings' | 'meterValues'>;

/** The readings of sessions: what is stored, and for those that run the values since. */
export async function readingsOf(
  stored: Stored,
  documents: readonly Pick<SessionDocument, 'id' | 'state' | 'claims'>[],
): Promise<ReadonlyMap<string, Omit<ReadingsDocument, 'id'>>> {
  const known = await stored.readings.getMany(documents.map(({ id }) => id));
  const found = await Promise.all(
    documents.map(async ({ id, state, claims }) => {
      const { version = 0, readings: before } = known.get(id) ?? {};
      const readings = { ...before };
      if (state === 'Active') {
        noteClaims(readings, claims);
        await noteValuesSince(stored.meterValues, id, readings, before?.lastReadingAt);
      }
      return [id, { version, readings }] as const;
    }),
  );
  return new Map(found);
}

/** What the claims tell of when something was received, and of the state of charge. */
export function noteClaims(readings: Readings, { start, reported, charging }: SessionClaims): void {
  for (const claim of [start, reported]) {
    if (claim === undefined) continue;
    noteReceived(readings, claim.receivedAt);
    if (claim.seqNo !== undefined) noteSeqNo(readings, claim.seqNo);
  }
  if (charging !== undefined) noteChargingState(readings, charging);
}

/** Takes in what was measured at a time or later; of what is in already, nothing changes. */
export async function noteValuesSince(
  meterValues: SessionCollections['meterValues'],
  sessionId: string,
  readings: Readings,
  at = '',
): Promise<void> {
  let after: { after?: string } = {};
  for (;;) {
    const page = await meterValues.find({ where: { id: valuesFrom(sessionId, at) }, limit: PAGE, ...after });
    for (const value of page.docs) {
      noteMeterValue(readings, value);
      noteReceived(readings, value.receivedAt);
      if (value.seqNo !== undefined) noteSeqNo(readings, value.seqNo);
    }
    if (page.next === undefined) return;
    after = { after: page.next };
  }
}
