import type { AllowedLimit, Budget } from '@voltlog/authorization-contract';
import { Decimal } from 'decimal.js';
import { Temporal } from 'temporal-polyfill';

/** What one session used. */
export interface SessionUse {
  /** When it began, ISO 8601; it counts for that day and month, as a whole. */
  readonly startedAt: string;
  readonly energyWh: number;
  /** What it cost, as far as that is known. */
  readonly cost?: { readonly amount: string; readonly currency: string };
}

/** A session that is under way, or about to be. */
export interface OpenUse extends SessionUse {
  /** How far it was let in for: it may still use that much. */
  readonly held?: AllowedLimit;
}

/** What was used since the day and since the month began. */
export interface Used {
  readonly energyWhToday: number;
  readonly energyWhThisMonth: number;
  /** Decimal numbers, in the budget's currency; what was paid in another one is not counted. */
  readonly costToday: string;
  readonly costThisMonth: string;
  readonly sessionsToday: number;
  readonly sessionsThisMonth: number;
}

/** Beginnings, ISO 8601 UTC. */
export interface Period {
  readonly day: string;
  readonly month: string;
  /** When the day ends. */
  readonly until: string;
}

/** True for a time zone that is known. */
export function isTimeZone(timeZone: string): boolean {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(timeZone);
    return true;
  } catch {
    return false;
  }
}

/**
 * The day and the month of a moment, by the clock of a time zone; a day has 23 or 25 hours where clocks are moved.
 *
 * @param now milliseconds since the Unix epoch
 */
export function periodOf(now: number, timeZone: string): Period {
  const day = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(timeZone).startOfDay();
  return { day: iso(day), month: iso(day.with({ day: 1 }).startOfDay()), until: iso(day.add({ days: 1 }).startOfDay()) };
}

const iso = (time: Temporal.ZonedDateTime): string => new Date(time.epochMilliseconds).toISOString();

const NOTHING: Used = {
  energyWhToday: 0,
  energyWhThisMonth: 0,
  costToday: '0',
  costThisMonth: '0',
  sessionsToday: 0,
  sessionsThisMonth: 0,
};

/** Sums what the sessions of a period used, on top of what is summed already. */
export function usedIn(uses: Iterable<SessionUse>, period: Period, currency: string | undefined, before = NOTHING): Used {
  let { energyWhToday, energyWhThisMonth, sessionsToday, sessionsThisMonth } = before;
  let costToday = new Decimal(before.costToday);
  let costThisMonth = new Decimal(before.costThisMonth);
  for (const use of uses) {
    if (use.startedAt < period.month) continue;
    const cost = use.cost !== undefined && use.cost.currency === currency ? use.cost.amount : 0;
    energyWhThisMonth += use.energyWh;
    sessionsThisMonth += 1;
    costThisMonth = costThisMonth.plus(cost);
    if (use.startedAt < period.day) continue;
    energyWhToday += use.energyWh;
    sessionsToday += 1;
    costToday = costToday.plus(cost);
  }
  return {
    energyWhToday,
    energyWhThisMonth,
    costToday: costToday.toFixed(),
    costThisMonth: costThisMonth.toFixed(),
    sessionsToday,
    sessionsThisMonth,
  };
}

/** With what sessions that are under way may still use: what is left after it is nobody else's. `open` are among those that were summed. */
export function withHeld(used: Used, open: Iterable<OpenUse>, period: Period, currency: string | undefined): Used {
  const rest: SessionUse[] = [];
  for (const { held, cost, energyWh, startedAt } of open) {
    if (held === undefined) continue;
    const mayCost = held.cost !== undefined && held.cost.currency === currency ? new Decimal(held.cost.amount) : undefined;
    const didCost = cost !== undefined && cost.currency === currency ? cost.amount : 0;
    rest.push({
      startedAt,
      energyWh: Math.max(0, (held.energyWh ?? 0) - energyWh),
      ...(mayCost === undefined || currency === undefined
        ? {}
        : { cost: { amount: Decimal.max(0, mayCost.minus(didCost)).toFixed(), currency } }),
    });
  }
  // They are counted already.
  return { ...usedIn(rest, period, currency, used), sessionsToday: used.sessionsToday, sessionsThisMonth: used.sessionsThisMonth };
}

/** What a budget leaves for the next session; undefined: nothing, it is used up. Nothing in it: no limit. */
export function leftOf(budget: Budget, used: Used): Pick<AllowedLimit, 'energyWh' | 'cost'> | undefined {
  if (used.sessionsToday >= (budget.sessionsPerDay ?? Number.POSITIVE_INFINITY)) return undefined;
  if (used.sessionsThisMonth >= (budget.sessionsPerMonth ?? Number.POSITIVE_INFINITY)) return undefined;
  const energyWh = Math.min(
    (budget.energyWhPerDay ?? Number.POSITIVE_INFINITY) - used.energyWhToday,
    (budget.energyWhPerMonth ?? Number.POSITIVE_INFINITY) - used.energyWhThisMonth,
  );
  const cost = least(minus(budget.costPerDay, used.costToday), minus(budget.costPerMonth, used.costThisMonth));
  if (energyWh <= 0 || cost?.lessThanOrEqualTo(0) === true) return undefined;
  return {
    ...(Number.isFinite(energyWh) ? { energyWh } : {}),
    ...(cost === undefined || budget.currency === undefined ? {} : { cost: { amount: cost.toFixed(), currency: budget.currency } }),
  };
}

/**
 * The tighter of two limits, dimension by dimension. Amounts of two currencies cannot be compared: the first one's stands.
 */
export function tighter(a: AllowedLimit | undefined, b: AllowedLimit | undefined): AllowedLimit | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const cost =
    a.cost === undefined || b.cost === undefined
      ? (a.cost ?? b.cost)
      : a.cost.currency === b.cost.currency && new Decimal(b.cost.amount).lessThan(a.cost.amount)
        ? b.cost
        : a.cost;
  return {
    ...least2('energyWh', a, b),
    ...least2('durationSeconds', a, b),
    ...(cost === undefined ? {} : { cost }),
    ...least2('stateOfChargePercent', a, b),
  };
}

type Dimension = 'energyWh' | 'durationSeconds' | 'stateOfChargePercent';

function least2(dimension: Dimension, a: AllowedLimit, b: AllowedLimit): AllowedLimit {
  const value = Math.min(a[dimension] ?? Number.POSITIVE_INFINITY, b[dimension] ?? Number.POSITIVE_INFINITY);
  return Number.isFinite(value) ? { [dimension]: value } : {};
}

const minus = (limit: string | undefined, used: string): Decimal | undefined =>
  limit === undefined ? undefined : new Decimal(limit).minus(used);

const least = (a: Decimal | undefined, b: Decimal | undefined): Decimal | undefined =>
  a === undefined || b === undefined ? (a ?? b) : Decimal.min(a, b);
