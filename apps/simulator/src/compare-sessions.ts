import type { LedgerEntry } from './ledger.js';

/** A session as a CSMS tells of it. */
export interface SessionView {
  readonly stationId: string;
  readonly transactionId: string;
  readonly energyWh: number | null | undefined;
  /** Absent while it runs. */
  readonly endedAt?: string | null | undefined;
}

export interface SessionDifferences {
  /** Happened, and the CSMS knows nothing of it. */
  readonly lost: readonly LedgerEntry[];
  /** Happened once, and the CSMS has it more than once. */
  readonly doubled: readonly (readonly SessionView[])[];
  /** The energy is not what was delivered. */
  readonly wrongEnergy: readonly { readonly entry: LedgerEntry; readonly session: SessionView }[];
  /** Over for one side only. */
  readonly wrongEnd: readonly { readonly entry: LedgerEntry; readonly session: SessionView }[];
  /** The CSMS has it, and it never happened. */
  readonly invented: readonly SessionView[];
}

/**
 * Compares what a CSMS believes with what truly happened, by station and transaction id.
 *
 * @param sessions of the ledger's stations; those of others are left alone
 */
export function compareSessions(entries: readonly LedgerEntry[], sessions: Iterable<SessionView>): SessionDifferences {
  const stations = new Set(entries.map((entry) => entry.stationId));
  const left = new Map<string, SessionView[]>();
  for (const session of sessions) {
    if (!stations.has(session.stationId)) continue;
    const key = `${session.stationId} ${session.transactionId}`;
    const known = left.get(key);
    if (known === undefined) left.set(key, [session]);
    else known.push(session);
  }
  const lost: LedgerEntry[] = [];
  const doubled: (readonly SessionView[])[] = [];
  const wrongEnergy: { entry: LedgerEntry; session: SessionView }[] = [];
  const wrongEnd: { entry: LedgerEntry; session: SessionView }[] = [];
  for (const entry of entries) {
    const key = `${entry.stationId} ${entry.transactionId}`;
    const found = left.get(key) ?? [];
    left.delete(key);
    const [session] = found;
    if (session === undefined) {
      lost.push(entry);
      continue;
    }
    if (found.length > 1) doubled.push(found);
    if (session.energyWh !== entry.deliveredWh) wrongEnergy.push({ entry, session });
    if ((typeof session.endedAt === 'string') !== (entry.stoppedAt !== undefined)) wrongEnd.push({ entry, session });
  }
  return { lost, doubled, wrongEnergy, wrongEnd, invented: [...left.values()].flat() };
}
