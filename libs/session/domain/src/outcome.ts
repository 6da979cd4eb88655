import { isoTime, isSameMinute } from '@voltlog/kernel';
import type { SessionAuthorization, SessionEnd, SessionFlag, SessionOutcome } from '@voltlog/session-contract';
import type { SessionClaims } from './claims.js';
import type { Readings } from './readings.js';
import { withSeqNo } from './readings.js';
import type { PiecewiseEnergy, RegisterPoint, RegisterSummary } from './registers.js';
import { isIrregular, joinPoint, regularEnergy } from './registers.js';

/** A station's clock may be off by this much before a session is flagged `ClockSkew`. */
export const CLOCK_SKEW_MS = 5 * 60_000;

/** No station keeps a queue longer than this: an older time is that of a clock that was never set (1970, 2000). */
export const OFFLINE_MS_MAX = 30 * 24 * 3_600_000;

/** The session as claims and readings together tell it. Pure: same claims and readings, same outcome. */
export function outcomeOf(claims: SessionClaims, readings: Readings): SessionOutcome {
  const { start } = claims;
  const end = effectiveEnd(claims, readings);
  const registers = allRegisters(claims, readings);
  const irregular = piecewiseOf(registers, readings);
  const token = claims.token ?? (end?.idToken === undefined ? undefined : { idToken: end.idToken, authorization: end.authorization });
  const meterStopWh = end === undefined ? undefined : (end.meterStopWh ?? registers?.last.wh);
  const gap = hasGap(claims, readings);
  return {
    state: end === undefined ? 'Active' : 'Ended',
    ...(start === undefined ? {} : { startedAt: start.startedAt }),
    ...(end === undefined ? {} : { endedAt: end.endedAt }),
    energyWh: energyIn(registers, irregular),
    ...(registers === undefined ? {} : { meterStartWh: registers.first.wh }),
    ...(meterStopWh === undefined ? {} : { meterStopWh }),
    ...(end?.stoppedReason === undefined ? {} : { stoppedReason: end.stoppedReason }),
    ...(token === undefined ? {} : { idToken: token.idToken }),
    ...(token?.authorization === undefined ? {} : { authorizationStatus: token.authorization.status }),
    flags: flagsOf(claims, readings, { end, irregular, gap, authorization: token?.authorization }),
    incomplete: start === undefined || gap || (end !== undefined && isAssumed(end)) || hasQueue(claims, end),
  };
}

/** The energy of {@link outcomeOf}, Wh, for whoever asks nothing else: with every reading it is looked whether energy flows. */
export function energyOf(claims: SessionClaims, readings: Readings): number {
  const registers = allRegisters(claims, readings);
  return energyIn(registers, piecewiseOf(registers, readings));
}

const piecewiseOf = (registers: RegisterSummary | undefined, readings: Readings): PiecewiseEnergy | undefined =>
  registers !== undefined && isIrregular(registers) ? readings.piecewise : undefined;

const energyIn = (registers: RegisterSummary | undefined, irregular: PiecewiseEnergy | undefined): number =>
  irregular?.energyWh ?? (registers === undefined ? 0 : regularEnergy(registers));

/** The state of {@link outcomeOf}, for whoever asks nothing else. */
export const isActive = (claims: SessionClaims, readings: Readings): boolean => effectiveEnd(claims, readings) === undefined;

/**
 * The end that counts: the reported one, else one that was matched, else an assumed one. The station's boot ends a session only while
 * nothing was heard of the transaction after it.
 */
export function effectiveEnd(claims: SessionClaims, readings: Readings): SessionEnd | undefined {
  if (claims.reported !== undefined) return claims.reported;
  const matched = claims.matched?.find((end) => end.factId === undefined || !claims.retracted?.includes(end.factId));
  if (matched !== undefined) return matched;
  if (claims.superseded !== undefined) return claims.superseded;
  if (claims.rebooted !== undefined && !(readings.lastReceivedAt !== undefined && readings.lastReceivedAt > claims.rebooted.receivedAt))
    return claims.rebooted;
  return undefined;
}

/** Register values of the messages themselves: 1.6 meterStart and meterStop. */
export const claimedPoints = (claims: SessionClaims): RegisterPoint[] =>
  [startPoint(claims), endPoint(claims)].filter((point) => point !== undefined);

/** Readings and claimed registers together. */
export function allRegisters(claims: SessionClaims, readings: Readings): RegisterSummary | undefined {
  const first = startPoint(claims);
  const last = endPoint(claims);
  const begun = first === undefined ? readings.registers : joinPoint(readings.registers, first);
  return last === undefined ? begun : joinPoint(begun, last);
}

const startPoint = ({ start }: SessionClaims): RegisterPoint | undefined =>
  start?.meterStartWh === undefined ? undefined : { rank: 0, at: start.startedAt, wh: start.meterStartWh };

function endPoint(claims: SessionClaims): RegisterPoint | undefined {
  const end = reportedOrMatched(claims);
  return end?.meterStopWh === undefined ? undefined : { rank: 4, at: end.endedAt, wh: end.meterStopWh };
}

/** True when `readings.piecewise` has to be made of all register values, because the first and the last do not tell the energy. */
export function needsAllPoints(claims: SessionClaims, readings: Readings): boolean {
  const registers = allRegisters(claims, readings);
  return registers !== undefined && isIrregular(registers);
}

export const isAssumed = (end: SessionEnd): boolean => end.basis === 'Superseded' || end.basis === 'StationRebooted';

const reportedOrMatched = (claims: SessionClaims): SessionEnd | undefined =>
  claims.reported ?? claims.matched?.find((end) => end.factId === undefined || !claims.retracted?.includes(end.factId));

function hasQueue(claims: SessionClaims, end: SessionEnd | undefined): boolean {
  return claims.queue?.messagesInQueue === true && (end === undefined || isAssumed(end));
}

/** A sequence number between the first and the last known one has not come. */
function hasGap(claims: SessionClaims, readings: Readings): boolean {
  let seen = readings.seqNos ?? [];
  if (claims.start?.seqNo !== undefined) seen = withSeqNo(seen, claims.start.seqNo);
  if (claims.reported?.seqNo !== undefined) seen = withSeqNo(seen, claims.reported.seqNo);
  return seen.length > 2;
}

interface FlagGrounds {
  readonly end: SessionEnd | undefined;
  readonly irregular: PiecewiseEnergy | undefined;
  readonly gap: boolean;
  readonly authorization: SessionAuthorization | undefined;
}

/** Sorted by name: the checks stand in that order. */
function flagsOf(claims: SessionClaims, readings: Readings, { end, irregular, gap, authorization }: FlagGrounds): SessionFlag[] {
  const flags: SessionFlag[] = [];
  const { start } = claims;
  if (end !== undefined && isAssumed(end)) flags.push('AssumedEnd');
  if (authorization?.source === 'policy') flags.push('AuthorizedByPolicy');
  if ((start !== undefined && isSkewed(start.startedAt, start)) || (end !== undefined && !isAssumed(end) && isSkewed(end.endedAt, end)))
    flags.push('ClockSkew');
  if (claims.endsDiffer) flags.push('ConflictingEnd');
  if (gap) flags.push('GapInSeqNo');
  if (end?.basis === 'Matched') flags.push('MatchedEnd');
  if (hasQueue(claims, end)) flags.push('MessagesQueued');
  if (start === undefined) flags.push('MissingStart');
  if (start?.offline) flags.push('OfflineStart');
  if (irregular?.fell) flags.push('RegisterFell');
  if (irregular?.jumped) flags.push('RegisterJumped');
  if (
    end === undefined &&
    claims.staleAt !== undefined &&
    !(readings.lastReceivedAt !== undefined && readings.lastReceivedAt > claims.staleAt)
  )
    flags.push('Stale');
  if (authorization?.status === 'Blocked') flags.push('TokenBlocked');
  else if (authorization !== undefined && authorization.status !== 'Accepted') flags.push('TokenNotAccepted');
  if (claims.startsDiffer) flags.push('TransactionIdReused');
  return flags;
}

/** A message sent at once must carry about our time; one from an offline queue may be old, never from the future. */
export function isSkewed(occurredAt: string, claim: { readonly receivedAt: string; readonly offline: boolean }): boolean {
  if (isSameMinute(occurredAt, claim.receivedAt)) return false;
  const aheadMs = Date.parse(occurredAt) - Date.parse(claim.receivedAt);
  return aheadMs > CLOCK_SKEW_MS || aheadMs < -(claim.offline ? OFFLINE_MS_MAX : CLOCK_SKEW_MS);
}

/** When it happened as well as can be known, ms since the epoch: the station's clock unless it is plainly wrong. */
export function trueTime(occurredAt: string, claim: { readonly receivedAt: string; readonly offline: boolean }): number {
  return Date.parse(isSkewed(occurredAt, claim) ? claim.receivedAt : occurredAt);
}

/**
 * A moment of ours by the station's clock: that is off by as much as it was when the transaction began. Where it was set since (most begin in
 * 1970), or the start came from a queue, by as much as at the last reading; where neither is known, not at all.
 *
 * @param at ISO 8601, our clock
 */
export function byStationClock(at: string, { start }: Pick<SessionClaims, 'start'>, { lastReadingAt, lastReceivedAt }: Readings): string {
  const began = start === undefined || start.offline ? undefined : Date.parse(start.startedAt) - Date.parse(start.receivedAt);
  const read =
    lastReadingAt === undefined || lastReceivedAt === undefined ? undefined : Date.parse(lastReadingAt) - Date.parse(lastReceivedAt);
  const wasSet = began !== undefined && read !== undefined && read - began > CLOCK_SKEW_MS;
  return isoTime(Date.parse(at) + ((wasSet ? read : (began ?? read)) ?? 0));
}

/** A moment by the station's clock, and when we heard of it. */
export interface ToldTime {
  readonly at: string;
  readonly receivedAt: string;
  readonly offline: boolean;
}

/**
 * Ms from one moment to a later one, never below 0: by the station's clock, though it be wrong, unless it was set in between: then by
 * when we heard of the two.
 */
export function elapsedMs(from: ToldTime, to: ToldTime): number {
  const told = Date.parse(to.at) - Date.parse(from.at);
  if (told >= 0 && isSkewed(from.at, from) === isSkewed(to.at, to)) return told;
  return Math.max(0, Date.parse(to.receivedAt) - Date.parse(from.receivedAt));
}
