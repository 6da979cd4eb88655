import type { SessionEnd } from '@voltlog/session-contract';
import { type Begin, beginOf, compareBegins, compareText } from './begin.js';
import type { SessionClaims } from './claims.js';
import { allRegisters, trueTime } from './outcome.js';
import type { Readings } from './readings.js';
import { REGISTER_TOLERANCE_WH } from './registers.js';

/** A session of one station, as far as matching looks at it. */
export interface Candidate {
  readonly sessionId: string;
  readonly claims: SessionClaims;
  readonly readings: Readings;
}

/** A stop whose transaction nobody knows. */
export interface OrphanEnd {
  readonly factId: string;
  /** 0: not told. */
  readonly evseId: number;
  /** 0: not told. */
  readonly connectorId: number;
  readonly end: SessionEnd;
}

/** What one connector may have delivered since its last reading, in W: above it a stop cannot be this session's. */
export const MATCH_POWER_W_MAX = 500_000;

/** Energy that may be missing between the last reading and the stop whatever the clocks say. */
const MATCH_SLACK_WH = 1_000;

/** Stations round their own clock. */
const MATCH_SLACK_MS = 2_000;

/**
 * Finds the one session each orphan can belong to: it has no end of its own, began before, was not yet taken over by a later one, is on the same
 * EVSE where that is told, and its register fits. An orphan with no such session, or with several, stays alone.
 *
 * Pure over both sets: the order of their elements does not matter. Orphans of the same content are one.
 *
 * @returns fact id -> session id
 */
export function matchOrphans(sessions: readonly Candidate[], orphans: readonly OrphanEnd[]): Map<string, string> {
  const matches = new Map<string, string>();
  const taken = new Set<string>();
  const ordered = [...orphans].sort((a, b) => compareText(a.end.endedAt, b.end.endedAt) || compareText(a.factId, b.factId));
  for (const orphan of ordered) {
    const fitting = sessions.filter((session) => !taken.has(session.sessionId) && fits(session, orphan));
    const only = fitting.length === 1 ? fitting[0] : undefined;
    if (only === undefined) continue;
    matches.set(orphan.factId, only.sessionId);
    taken.add(only.sessionId);
  }
  return matches;
}

function fits({ claims, readings }: Candidate, orphan: OrphanEnd): boolean {
  const { start, reported, superseded, place } = claims;
  if (start === undefined || reported !== undefined || claims.retracted?.includes(orphan.factId)) return false;
  if (orphan.evseId !== 0 && place !== undefined && orphan.evseId !== place.evseId) return false;
  const at = trueTime(orphan.end.endedAt, orphan.end);
  const startedAt = trueTime(start.startedAt, start);
  if (at + MATCH_SLACK_MS < startedAt) return false;
  if (superseded !== undefined && at > trueTime(superseded.endedAt, superseded) + MATCH_SLACK_MS) return false;
  return fitsMeter({ claims, readings }, orphan.end, startedAt, at);
}

function fitsMeter({ claims, readings }: Omit<Candidate, 'sessionId'>, end: SessionEnd, startedAt: number, at: number): boolean {
  // Without a claim of this very kind: an orphan matched before must not vouch for itself.
  const registers = allRegisters({ ...claims, matched: [] }, readings);
  if (end.meterStopWh === undefined || registers === undefined) return true;
  const { last } = registers;
  const rise = end.meterStopWh - last.wh;
  const sinceMs = Math.max(0, at - (last.rank === 0 ? startedAt : Date.parse(last.at)));
  return rise >= -REGISTER_TOLERANCE_WH && rise <= MATCH_SLACK_WH + (MATCH_POWER_W_MAX * sinceMs) / 3_600_000;
}

/**
 * Which sessions a later one on the same EVSE shows to be over: an EVSE has one transaction at a time, so the older one's end was lost or
 * is still to come.
 */
export function supersessions(sessions: readonly Candidate[]): { readonly sessionId: string; readonly end: SessionEnd }[] {
  if (sessions.length < 2) return [];
  const found: { sessionId: string; end: SessionEnd }[] = [];
  for (const old of sessions) {
    const { start, reported } = old.claims;
    if (start === undefined || reported !== undefined) continue;
    const next = nextOnEvse(old, sessions);
    if (next?.claims.start === undefined) continue;
    const { startedAt, receivedAt, offline } = next.claims.start;
    found.push({
      sessionId: old.sessionId,
      end: { basis: 'Superseded', endedAt: startedAt, receivedAt, offline, stoppedReason: 'Superseded', supersededBy: next.sessionId },
    });
  }
  return found;
}

function nextOnEvse(old: Candidate, sessions: readonly Candidate[]): Candidate | undefined {
  const began = beginOfSession(old);
  if (began === undefined) return undefined;
  let next: Candidate | undefined;
  let nextBegan: Begin | undefined;
  for (const other of sessions) {
    if (other === old || other.claims.place?.evseId !== old.claims.place?.evseId) continue;
    const at = beginOfSession(other);
    if (at === undefined || compareBegins(at, began) <= 0 || (nextBegan !== undefined && compareBegins(at, nextBegan) >= 0)) continue;
    next = other;
    nextBegan = at;
  }
  return next;
}

function beginOfSession({ sessionId, claims: { start } }: Candidate): Begin | undefined {
  return start === undefined
    ? undefined
    : beginOf({ sessionId, at: start.startedAt, receivedAt: start.receivedAt, offline: start.offline });
}

/** Of several sessions under one transaction id the one that began last before the fact; the first one when it began before all. */
export function chooseSession<Session extends Candidate>(sessions: readonly Session[], at: number): Session | undefined {
  let chosen: Session | undefined;
  let chosenAt = Number.NEGATIVE_INFINITY;
  for (const session of sessions) {
    const { start } = session.claims;
    const startedAt = start === undefined ? Number.NEGATIVE_INFINITY : trueTime(start.startedAt, start);
    const better =
      chosen === undefined ||
      (startedAt <= at + MATCH_SLACK_MS ? startedAt > chosenAt || chosenAt > at + MATCH_SLACK_MS : startedAt < chosenAt);
    if (!better) continue;
    chosen = session;
    chosenAt = startedAt;
  }
  return chosen;
}
