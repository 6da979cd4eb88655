import type { LimitDimension, SessionLimit, SessionPrice } from '@voltlog/session-contract';
import { Decimal } from 'decimal.js';
import { ratesOf } from './price.js';
import { POWER_W_MAX } from './registers.js';

/** How far a session is, as its last reading tells it. Times in ms since the epoch, our clock. */
export interface LimitProgress {
  readonly nowMs: number;
  readonly startedMs: number;
  readonly readingMs: number;
  /** Wh at the reading. */
  readonly energyWh: number;
  /** W at the reading, and assumed until the next one. */
  readonly powerW: number;
  /** How long the next reading may take: nothing is assumed beyond it. */
  readonly intervalMs: number;
  readonly stateOfChargePercent?: number;
  /** How fast it rises. */
  readonly percentPerHour?: number;
  readonly price?: SessionPrice;
  /** How much later everything but cost counts as reached, where the station was told the limit and keeps it by itself. */
  readonly graceMs?: number;
}

/** Reached: stop now. Else when to look again; a reading that comes before may tell more. */
export type LimitVerdict =
  | { readonly kind: 'Reached'; readonly dimension: LimitDimension }
  | { readonly kind: 'Watch'; readonly lookAtMs: number };

const MS_PER_HOUR = 3_600_000;
/** Without news a session with a limit is looked at this often at most and at least. */
const LOOK_MS_MIN = 1_000;
const LOOK_MS_MAX = 60_000;

/**
 * Whether a limit is reached, by the last reading and what its power adds until the next one is due: so that a stop is asked for before
 * the limit by at most what flows between two readings, and after it by at most that too. Pure; more energy, time or power never makes it
 * reached later.
 */
export function watchLimit(limit: SessionLimit, progress: LimitProgress): LimitVerdict {
  let soonest: { dimension: LimitDimension; atMs: number } | undefined;
  for (const [dimension, reachedMs] of reachedAt(limit, progress)) {
    if (reachedMs === undefined) continue;
    // No station is told what it costs, so none keeps a limit of money by itself.
    const atMs = reachedMs + (dimension === 'cost' ? 0 : (progress.graceMs ?? 0));
    if (soonest === undefined || atMs < soonest.atMs) soonest = { dimension, atMs };
  }
  const { nowMs } = progress;
  if (soonest !== undefined && soonest.atMs <= nowMs) return { kind: 'Reached', dimension: soonest.dimension };
  const onlyTime = limit.energyWh === undefined && limit.cost === undefined && limit.stateOfChargePercent === undefined;
  const lookAtMs = onlyTime ? Number.POSITIVE_INFINITY : nowMs + Math.min(LOOK_MS_MAX, Math.max(LOOK_MS_MIN, progress.intervalMs));
  return { kind: 'Watch', lookAtMs: Math.ceil(Math.min(lookAtMs, soonest?.atMs ?? Number.POSITIVE_INFINITY)) };
}

/**
 * Whether a station that says that a limit is reached, and gives no more power, means this one: not a lower one of its own, nor the one that was
 * raised before it heard of it. No station is told a limit of money.
 *
 * Source: OCPP 2.1 Part 2 E16.FR.05, E16.FR.14
 */
export function isMeant(limit: SessionLimit, dimension: LimitDimension, progress: LimitProgress): boolean {
  switch (dimension) {
    case 'energy':
      return isAbout(progress.energyWh, limit.energyWh, 100);
    case 'duration':
      return isAbout((progress.nowMs - progress.startedMs) / 1_000, limit.durationSeconds, 60);
    case 'stateOfCharge':
      return isAbout(progress.stateOfChargePercent, limit.stateOfChargePercent, 2);
    case 'cost':
      return false;
    default:
      throw new Error(`${String(dimension satisfies never)} is no dimension`);
  }
}

/** The last reading may be a little old, or rounded: a twentieth below the limit, or by `tolerance`, is at it. */
const isAbout = (known: number | undefined, limit: number | undefined, tolerance: number): boolean =>
  known !== undefined && limit !== undefined && known >= limit - Math.max(tolerance, limit / 20);

function reachedAt(limit: SessionLimit, progress: LimitProgress): [LimitDimension, number | undefined][] {
  const { startedMs, stateOfChargePercent, percentPerHour } = progress;
  const powerW = Math.min(POWER_W_MAX, Math.max(0, progress.powerW));
  return [
    ['duration', limit.durationSeconds === undefined ? undefined : startedMs + limit.durationSeconds * 1_000],
    ['energy', limit.energyWh === undefined ? undefined : within(progress, limit.energyWh - progress.energyWh, powerW)],
    ['cost', limit.cost === undefined ? undefined : costReachedAt(limit.cost, progress, powerW)],
    [
      'stateOfCharge',
      limit.stateOfChargePercent === undefined || stateOfChargePercent === undefined
        ? undefined
        : within(progress, limit.stateOfChargePercent - stateOfChargePercent, Math.max(0, percentPerHour ?? 0)),
    ],
  ];
}

/** When `left` is used up at a rate per hour; undefined: not before the next reading is due. */
function within({ readingMs, intervalMs }: LimitProgress, left: number, perHour: number): number | undefined {
  if (left <= 0) return readingMs;
  const inMs = (left / perHour) * MS_PER_HOUR;
  return inMs <= intervalMs ? readingMs + inMs : undefined;
}

/** Energy costs by what flows until the next reading is due, time goes on. */
function costReachedAt(limit: { amount: string; currency: string }, progress: LimitProgress, powerW: number): number | undefined {
  const { price, startedMs, readingMs, energyWh, intervalMs } = progress;
  if (price === undefined || price.currency !== limit.currency) return undefined;
  const { base, perWh, perSecond } = ratesOf(price);
  const atReading = base.add(perWh.mul(energyWh)).add(perSecond.mul(Math.max(0, readingMs - startedMs) / 1_000));
  const left = new Decimal(limit.amount).sub(atReading);
  if (left.lte(0)) return readingMs;
  const perMs = perWh.mul(powerW).div(MS_PER_HOUR).add(perSecond.div(1_000));
  const flowing = perMs.mul(intervalMs);
  if (flowing.gte(left)) return readingMs + left.div(perMs).toNumber();
  if (perSecond.lte(0)) return undefined;
  return readingMs + intervalMs + left.sub(flowing).div(perSecond.div(1_000)).toNumber();
}
