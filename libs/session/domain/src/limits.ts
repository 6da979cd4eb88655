import type { LimitDimension, Money, SessionLimit } from '@voltlog/session-contract';
import type { SessionClaims } from './claims.js';
import { effectiveEnd, elapsedMs, energyOf, trueTime } from './outcome.js';
import { above, costOf, lowerMoney, type SessionCost } from './price.js';
import type { Readings } from './readings.js';

/**
 * What the contract allows: in the answer about the token that the session charges for. That answer counts time from when it was asked; a
 * 2.x transaction may have begun before, with the cable.
 */
export function contractLimitOf({ token, start }: SessionClaims): SessionLimit | undefined {
  const limit = token?.authorization?.limit;
  if (token === undefined || start === undefined || limit?.durationSeconds === undefined) return limit;
  const beforeMs = elapsedMs({ ...start, at: start.startedAt }, { ...token, offline: true });
  return { ...limit, durationSeconds: limit.durationSeconds + Math.floor(beforeMs / 1_000) };
}

/**
 * The limit that counts: of what was chosen and what the contract allows, the lower in each dimension. Sums in two currencies cannot be
 * compared: the one in the currency that the session is priced in counts, as only that one can be reached; without a price the contract's.
 * Undefined: none.
 */
export function limitOf(claims: SessionClaims): SessionLimit | undefined {
  const chosen = claims.limit?.limit ?? undefined;
  const contract = contractLimitOf(claims);
  if (chosen === undefined || contract === undefined) return nonEmpty(chosen ?? contract);
  const energyWh = least(chosen.energyWh, contract.energyWh);
  const durationSeconds = least(chosen.durationSeconds, contract.durationSeconds);
  const stateOfChargePercent = least(chosen.stateOfChargePercent, contract.stateOfChargePercent);
  const cost =
    contract.cost !== undefined && chosen.cost !== undefined
      ? lowerMoney(contract.cost, chosen.cost, claims.price?.currency)
      : (contract.cost ?? chosen.cost);
  return nonEmpty({
    ...(energyWh === undefined ? {} : { energyWh }),
    ...(durationSeconds === undefined ? {} : { durationSeconds }),
    ...(cost === undefined ? {} : { cost }),
    ...(stateOfChargePercent === undefined ? {} : { stateOfChargePercent }),
  });
}

/**
 * Seconds that a session has taken: from its start to its end, or to `nowMs` (ms since the epoch, our clock) while it runs. 0 when its
 * start is not known.
 */
export function secondsOf(claims: SessionClaims, readings: Readings, nowMs: number): number {
  const { start } = claims;
  if (start === undefined) return 0;
  const end = effectiveEnd(claims, readings);
  if (end === undefined) return Math.max(0, (nowMs - trueTime(start.startedAt, start)) / 1_000);
  return elapsedMs({ ...start, at: start.startedAt }, { ...end, at: end.endedAt }) / 1_000;
}

/** What the session costs so far; undefined where no price is set. */
export function sessionCost(claims: SessionClaims, readings: Readings, nowMs: number): SessionCost | undefined {
  if (claims.price === undefined) return undefined;
  return costOf(claims.price, energyOf(claims, readings), secondsOf(claims, readings, nowMs));
}

/** By how much an ended session is beyond its limit, in one dimension. */
export interface Overshoot {
  readonly dimension: LimitDimension;
  /** Wh, seconds or percentage points. */
  readonly by?: number;
  /** Of dimension `cost`. */
  readonly cost?: Money;
}

/** Clocks and registers round; below this nobody is told of it: Wh, seconds. */
const OVERSHOOT_WH_MIN = 1;
const OVERSHOOT_SECONDS_MIN = 1;

/** How far an ended session is beyond its limit; empty while it runs, or when its end is only assumed. */
export function overshootsOf(claims: SessionClaims, readings: Readings): readonly Overshoot[] {
  const limit = limitOf(claims);
  const end = effectiveEnd(claims, readings);
  if (limit === undefined || end === undefined || end.basis === 'Superseded' || end.basis === 'StationRebooted') return [];
  const found: Overshoot[] = [];
  const nowMs = trueTime(end.endedAt, end);
  const byWh = limit.energyWh === undefined ? 0 : energyOf(claims, readings) - limit.energyWh;
  if (byWh >= OVERSHOOT_WH_MIN) found.push({ dimension: 'energy', by: byWh });
  const bySeconds = limit.durationSeconds === undefined ? 0 : secondsOf(claims, readings, nowMs) - limit.durationSeconds;
  if (bySeconds >= OVERSHOOT_SECONDS_MIN) found.push({ dimension: 'duration', by: Math.round(bySeconds) });
  const cost = limit.cost === undefined ? undefined : sessionCost(claims, readings, nowMs);
  const byCost = cost === undefined || limit.cost === undefined ? undefined : above(cost.total, limit.cost);
  if (byCost !== undefined) found.push({ dimension: 'cost', cost: byCost });
  const byPercent =
    limit.stateOfChargePercent === undefined || readings.stateOfCharge === undefined
      ? 0
      : readings.stateOfCharge.value - limit.stateOfChargePercent;
  if (byPercent > 0) found.push({ dimension: 'stateOfCharge', by: byPercent });
  return found;
}

const least = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined ? b : b === undefined ? a : Math.min(a, b);

const nonEmpty = (limit: SessionLimit | undefined): SessionLimit | undefined =>
  limit !== undefined && Object.keys(limit).length > 0 ? limit : undefined;
