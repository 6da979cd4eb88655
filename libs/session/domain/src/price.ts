import type { Money, SessionLimit, SessionPrice } from '@voltlog/session-contract';
import { Decimal } from 'decimal.js';

/** What a session costs, in parts. Each part is rounded to the currency's smallest unit, half up; the total is their sum. */
export interface SessionCost {
  readonly energy: Money;
  readonly time: Money;
  readonly session: Money;
  readonly total: Money;
}

const WH_PER_KWH = 1_000;
const SECONDS_PER_MINUTE = 60;
/** Digits after the point of currencies that do not have two. Source: ISO 4217. */
const MINOR_DIGITS: Readonly<Record<string, number>> = {
  BHD: 3,
  BIF: 0,
  CLP: 0,
  DJF: 0,
  GNF: 0,
  IQD: 3,
  ISK: 0,
  JOD: 3,
  JPY: 0,
  KMF: 0,
  KRW: 0,
  KWD: 3,
  LYD: 3,
  OMR: 3,
  PYG: 0,
  RWF: 0,
  TND: 3,
  UGX: 0,
  VND: 0,
  VUV: 0,
  XAF: 0,
  XOF: 0,
  XPF: 0,
};

/** Twelve digits before the point, six behind: more than any price of charging. */
const DECIMAL = /^\d{1,12}(\.\d{1,6})?$/;

/** True for what may stand in {@link Money} and in a price: a decimal number of 0 or more. */
export const isAmount = (text: string): boolean => DECIMAL.test(text);

/**
 * @param energyWh delivered; below 0 counts as 0
 * @param seconds from the start of the transaction; below 0 counts as 0
 */
export function costOf(price: SessionPrice, energyWh: number, seconds: number): SessionCost {
  const { currency } = price;
  const energy = rounded(new Decimal(price.perKwh).mul(Math.max(0, energyWh)).div(WH_PER_KWH), currency);
  const time = rounded(new Decimal(price.perMinute).mul(Math.max(0, seconds)).div(SECONDS_PER_MINUTE), currency);
  const session = rounded(new Decimal(price.perSession), currency);
  const money = (amount: Decimal): Money => ({ amount: amount.toFixed(digitsOf(currency)), currency });
  return { energy: money(energy), time: money(time), session: money(session), total: money(energy.add(time).add(session)) };
}

/** What `cost` is above `limit`; undefined: not above, or of another currency. */
export function above(cost: Money, limit: Money): Money | undefined {
  if (cost.currency !== limit.currency) return undefined;
  const by = new Decimal(cost.amount).sub(limit.amount);
  return by.gt(0) ? { amount: by.toFixed(digitsOf(cost.currency)), currency: cost.currency } : undefined;
}

/** How fast a session costs, unrounded: at its start, per Wh and per second. */
export interface CostRates {
  readonly base: Decimal;
  readonly perWh: Decimal;
  readonly perSecond: Decimal;
}

export const ratesOf = (price: SessionPrice): CostRates => ({
  base: new Decimal(price.perSession),
  perWh: new Decimal(price.perKwh).div(WH_PER_KWH),
  perSecond: new Decimal(price.perMinute).div(SECONDS_PER_MINUTE),
});

/** The lower of two sums; of sums in different currencies the one in `currency`, else the first. */
export function lowerMoney(a: NonNullable<SessionLimit['cost']>, b: NonNullable<SessionLimit['cost']>, currency?: string): Money {
  if (a.currency !== b.currency) return b.currency === currency ? b : a;
  return new Decimal(b.amount).lt(a.amount) ? b : a;
}

const digitsOf = (currency: string): number => MINOR_DIGITS[currency] ?? 2;
const rounded = (amount: Decimal, currency: string): Decimal => amount.toDecimalPlaces(digitsOf(currency), Decimal.ROUND_HALF_UP);
