import { isoTime } from '@voltlog/kernel';
import type { LedgerEntry } from '@voltlog/simulator-app';
import type { SessionView } from './fleet.js';

/** What a session and the transaction it tells of have in common. */
export interface Truth {
  readonly transactionId: string;
  readonly evseId: number;
  readonly idToken: string | null;
  readonly authorizationStatus: string | null;
  readonly state: 'Active' | 'Ended';
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly energyWh: number;
  readonly meterStartWh: number | null;
  readonly meterStopWh: number | null;
  readonly stoppedReason: string | null;
  readonly flags: readonly string[];
  readonly incomplete: boolean;
}

/** 1.6 reasons in the words of 2.1, where they differ. */
const REASONS: Readonly<Record<string, string>> = { SoftReset: 'Other', HardReset: 'ImmediateReset', UnlockCommand: 'Other' };

/**
 * What the platform has to say about a transaction that was told completely.
 *
 * @param odd what is odd about it: the status other than Accepted, the flags
 */
export function truthOf(entry: LedgerEntry, odd: { readonly status?: string; readonly flags?: readonly string[] } = {}): Truth {
  return {
    transactionId: String(entry.transactionId),
    evseId: entry.evseId,
    idToken: entry.idToken,
    authorizationStatus: odd.status ?? 'Accepted',
    state: 'Ended',
    startedAt: isoTime(entry.startedAt),
    endedAt: entry.stoppedAt === undefined ? null : isoTime(entry.stoppedAt),
    energyWh: entry.deliveredWh,
    meterStartWh: entry.meterStartWh,
    meterStopWh: entry.meterStopWh ?? null,
    stoppedReason: entry.stopReason === undefined ? null : (REASONS[entry.stopReason] ?? entry.stopReason),
    flags: odd.flags ?? [],
    incomplete: false,
  };
}

/** The same of what the API says. Virtual time runs ahead of ours, so `ClockSkew` is left out. */
export function toldOf(session: SessionView): Truth {
  const {
    transactionId,
    evseId,
    idToken,
    authorizationStatus,
    state,
    startedAt,
    endedAt,
    energyWh,
    meterStartWh,
    meterStopWh,
    stoppedReason,
    flags,
    incomplete,
  } = session;
  return {
    transactionId: transactionId ?? '',
    evseId,
    idToken,
    authorizationStatus,
    state,
    startedAt,
    endedAt,
    energyWh,
    meterStartWh,
    meterStopWh,
    stoppedReason,
    flags: flags.filter((flag) => flag !== 'ClockSkew'),
    incomplete,
  };
}

const byTransaction = (a: Truth, b: Truth): number => (a.transactionId < b.transactionId ? -1 : 1);

export const sorted = (truths: readonly Truth[]): Truth[] => [...truths].sort(byTransaction);
