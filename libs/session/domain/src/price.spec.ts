import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { above, costOf, isAmount } from './price.js';

const price = { scope: 'default', currency: 'EUR', perKwh: '0.45', perMinute: '0.05', perSession: '0.35', version: 1 };

describe('the cost of a session', () => {
  it('is energy, time and a fee, each to the cent, half up', () => {
    expect(costOf(price, 10_100, 90)).toEqual({
      energy: { amount: '4.55', currency: 'EUR' },
      time: { amount: '0.08', currency: 'EUR' },
      session: { amount: '0.35', currency: 'EUR' },
      total: { amount: '4.98', currency: 'EUR' },
    });
  });

  it('has the digits of its currency', () => {
    expect(costOf({ ...price, currency: 'JPY', perKwh: '45' }, 10_100, 0).energy.amount).toBe('455');
    expect(costOf({ ...price, currency: 'XPF', perKwh: '45' }, 10_100, 0).energy.amount).toBe('455');
    expect(costOf({ ...price, currency: 'KWD' }, 10_101, 0).energy.amount).toBe('4.545');
  });

  it('counts nothing below zero', () => expect(costOf(price, -5, -5).total.amount).toBe('0.35'));

  const cents = fc.integer({ min: 0, max: 10_000 }).map((n) => (n / 100).toFixed(2));
  const anyPrice = fc.record({ perKwh: cents, perMinute: cents, perSession: cents }).map((amounts) => ({ ...price, ...amounts }));
  const wh = fc.integer({ min: 0, max: 500_000 });
  const seconds = fc.integer({ min: 0, max: 500_000 });

  it('is to the cent what whole numbers say, and the sum of its parts', () => {
    fc.assert(
      fc.property(anyPrice, wh, seconds, (some, energyWh, time) => {
        const cost = costOf(some, energyWh, time);
        const toCents = (text: string): bigint => BigInt(text.replace('.', ''));
        const halfUp = (numerator: bigint, denominator: bigint): bigint => (2n * numerator + denominator) / (2n * denominator);
        expect(toCents(cost.energy.amount)).toBe(halfUp(toCents(some.perKwh) * BigInt(energyWh), 1_000n));
        expect(toCents(cost.time.amount)).toBe(halfUp(toCents(some.perMinute) * BigInt(time), 60n));
        expect(toCents(cost.total.amount)).toBe(toCents(cost.energy.amount) + toCents(cost.time.amount) + toCents(cost.session.amount));
      }),
      { numRuns: 1_000 },
    );
  });

  it('never falls with energy or time', () => {
    fc.assert(
      fc.property(anyPrice, wh, seconds, fc.nat({ max: 9_999 }), fc.nat({ max: 9_999 }), (some, energyWh, time, moreWh, moreTime) => {
        const more = costOf(some, energyWh + moreWh, time + moreTime).total;
        expect(above(costOf(some, energyWh, time).total, more)).toBeUndefined();
      }),
    );
  });
});

describe('a sum', () => {
  it.each([
    ['0', true],
    ['12.50', true],
    ['0.000001', true],
    ['0.0000001', false],
    ['-1', false],
    ['1,5', false],
    ['1e3', false],
    ['', false],
    ['NaN', false],
  ])('%s: %s', (text, is) => expect(isAmount(text)).toBe(is));

  it('is above another only in the same currency', () => {
    const eur = (amount: string) => ({ amount, currency: 'EUR' });
    expect(above(eur('2.01'), eur('2'))).toEqual(eur('0.01'));
    expect(above(eur('2.00'), eur('2'))).toBeUndefined();
    expect(above(eur('2.01'), { amount: '1', currency: 'CHF' })).toBeUndefined();
  });
});
