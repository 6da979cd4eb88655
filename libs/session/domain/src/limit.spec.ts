import type { LimitDimension, SessionLimit } from '@voltlog/session-contract';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SessionClaims } from './claims.js';
import { isMeant, type LimitProgress, watchLimit } from './limit.js';
import { limitOf } from './limits.js';
import { costOf } from './price.js';

const HOUR = 3_600_000;
const progress: LimitProgress = {
  nowMs: 600_000,
  startedMs: 0,
  readingMs: 600_000,
  energyWh: 1_000,
  powerW: 12_000,
  intervalMs: 60_000,
};

describe('a limit', () => {
  it('in energy is reached when the power brings it there, within the time to the next reading', () => {
    // 12 kW are 200 Wh a minute.
    expect(watchLimit({ energyWh: 1_100 }, progress)).toEqual({ kind: 'Watch', lookAtMs: 630_000 });
    expect(watchLimit({ energyWh: 1_100 }, { ...progress, nowMs: 630_000 })).toEqual({ kind: 'Reached', dimension: 'energy' });
    expect(watchLimit({ energyWh: 1_201 }, { ...progress, nowMs: 10 * HOUR })).toMatchObject({ kind: 'Watch' });
    expect(watchLimit({ energyWh: 1_000 }, progress)).toEqual({ kind: 'Reached', dimension: 'energy' });
  });

  it('in time alone is looked at once, at its end', () => {
    expect(watchLimit({ durationSeconds: 3_600 }, progress)).toEqual({ kind: 'Watch', lookAtMs: HOUR });
    expect(watchLimit({ durationSeconds: 3_600 }, { ...progress, nowMs: HOUR })).toEqual({ kind: 'Reached', dimension: 'duration' });
  });

  it('in state of charge is reached at the reading, or as fast as it rises', () => {
    const full = { ...progress, stateOfChargePercent: 79, percentPerHour: 120 };
    expect(watchLimit({ stateOfChargePercent: 80 }, full)).toEqual({ kind: 'Watch', lookAtMs: 630_000 });
    expect(watchLimit({ stateOfChargePercent: 79 }, full)).toEqual({ kind: 'Reached', dimension: 'stateOfCharge' });
    expect(watchLimit({ stateOfChargePercent: 80 }, { ...progress, nowMs: HOUR })).toMatchObject({ kind: 'Watch' });
  });

  it('is meant by a station that says so about there, and not where another one is reached', () => {
    const at = { ...progress, stateOfChargePercent: 79 };
    const meant = (limit: SessionLimit, dimension: LimitDimension) => isMeant(limit, dimension, at);
    expect([1_000, 1_100, 1_101, 900].map((energyWh) => meant({ energyWh }, 'energy'))).toEqual([true, true, false, true]);
    expect([660, 661].map((durationSeconds) => meant({ durationSeconds }, 'duration'))).toEqual([true, false]);
    expect([80, 84].map((stateOfChargePercent) => meant({ stateOfChargePercent }, 'stateOfCharge'))).toEqual([true, false]);
    expect(meant({ energyWh: 1_000 }, 'duration')).toBe(false);
    expect(meant({ cost: { amount: '0', currency: 'EUR' } }, 'cost')).toBe(false);
    expect(isMeant({ stateOfChargePercent: 1 }, 'stateOfCharge', progress)).toBe(false);
  });

  it('in a currency that is not charged in is never reached', () => {
    const price = { scope: 'default', currency: 'CHF', perKwh: '9', perMinute: '9', perSession: '9', version: 1 };
    expect(watchLimit({ cost: { amount: '1', currency: 'EUR' } }, { ...progress, price })).toMatchObject({ kind: 'Watch' });
  });

  it('of two sums in two currencies is the one that the session is priced in; without a price the contract decides', () => {
    const claims = (currency?: string): SessionClaims => ({
      limit: { limit: { cost: { amount: '5', currency: 'SEK' } }, by: 'Driver', at: '' },
      token: {
        purpose: 'Start',
        idToken: { idToken: 'CARD', type: 'ISO14443' },
        at: '',
        receivedAt: '',
        authorization: { status: 'Accepted', source: 'authorization', limit: { cost: { amount: '9', currency: 'EUR' } } },
      },
      ...(currency === undefined
        ? {}
        : { price: { scope: 'default', currency, perKwh: '1', perMinute: '0', perSession: '0', version: 1 } }),
    });
    expect(limitOf(claims('SEK'))?.cost).toEqual({ amount: '5', currency: 'SEK' });
    expect(limitOf(claims('EUR'))?.cost).toEqual({ amount: '9', currency: 'EUR' });
    expect(limitOf(claims('CHF'))?.cost?.currency).toBe('EUR');
    expect(limitOf(claims())?.cost?.currency).toBe('EUR');
  });

  it('in time of the contract counts from the token, which may come long after the cable', () => {
    const at = (time: string) => `2026-03-02T${time}:00.000Z`;
    const seconds = (shown: string, told = shown, chosen?: number) => {
      const claims: SessionClaims = {
        start: { transactionKey: 'T', evseId: 1, connectorId: 1, startedAt: at('10:00'), receivedAt: at('10:00'), offline: false },
        token: {
          purpose: 'Start',
          idToken: { idToken: 'CARD', type: 'ISO14443' },
          at: at(shown),
          receivedAt: at(told),
          authorization: { status: 'Accepted', source: 'authorization', limit: { durationSeconds: 2_400 } },
        },
        ...(chosen === undefined ? {} : { limit: { limit: { durationSeconds: chosen }, by: 'Driver', at: at('10:30') } }),
      };
      return limitOf(claims)?.durationSeconds;
    };
    expect(seconds('10:00')).toBe(2_400);
    expect(seconds('10:20')).toBe(3_600);
    // Shown offline, told an hour later.
    expect(seconds('10:20', '11:20')).toBe(3_600);
    // What was chosen counts from the start.
    expect(seconds('10:20', '10:20', 3_000)).toBe(3_000);
  });

  it('that the station keeps by itself is helped with when it is late; a sum of money at once, since it knows no price', () => {
    const own = {
      ...progress,
      graceMs: 20_000,
      price: { scope: 'default', currency: 'EUR', perKwh: '1', perMinute: '0', perSession: '0', version: 1 },
    };
    const cost = { amount: '1', currency: 'EUR' };
    expect(watchLimit({ energyWh: 1_000 }, own)).toEqual({ kind: 'Watch', lookAtMs: 620_000 });
    expect(watchLimit({ energyWh: 1_000 }, { ...own, nowMs: 620_000 })).toEqual({ kind: 'Reached', dimension: 'energy' });
    expect(watchLimit({ energyWh: 1_000, cost }, own)).toEqual({ kind: 'Reached', dimension: 'cost' });
    // Never a look back in time: that would be a look without end.
    expect(watchLimit({ energyWh: 9_000 }, { ...own, intervalMs: 5_000 })).toEqual({ kind: 'Watch', lookAtMs: 605_000 });
  });

  it('is said by the dimension that is reached first', () => {
    expect(watchLimit({ energyWh: 1_200, durationSeconds: 630 }, { ...progress, nowMs: 700_000 })).toEqual({
      kind: 'Reached',
      dimension: 'duration',
    });
  });
});

const arbitrary = fc.record({
  energyWh: fc.double({ min: 0, max: 100_000, noNaN: true }),
  powerW: fc.double({ min: 0, max: 350_000, noNaN: true }),
  intervalMs: fc.integer({ min: 1_000, max: 900_000 }),
  sinceMs: fc.integer({ min: 0, max: 4 * HOUR }),
  limitWh: fc.double({ min: 1, max: 100_000, noNaN: true }),
});
const at = ({
  energyWh,
  powerW,
  intervalMs,
  sinceMs,
}: {
  energyWh: number;
  powerW: number;
  intervalMs: number;
  sinceMs: number;
}): LimitProgress => ({
  startedMs: 0,
  readingMs: HOUR,
  nowMs: HOUR + sinceMs,
  energyWh,
  powerW,
  intervalMs,
});

describe('a stop', () => {
  it('is asked for before the limit by at most what flows between two readings, and at the limit always', () => {
    fc.assert(
      fc.property(arbitrary, (one) => {
        const reached = watchLimit({ energyWh: one.limitWh }, at(one)).kind === 'Reached';
        const betweenWh = (one.powerW * one.intervalMs) / HOUR;
        if (reached) expect(one.energyWh + betweenWh).toBeGreaterThanOrEqual(one.limitWh - 1e-6);
        if (one.energyWh >= one.limitWh) expect(reached).toBe(true);
        // What surely flowed since the reading is not beyond the limit when nothing was asked.
        if (!reached && one.sinceMs <= one.intervalMs)
          expect(one.energyWh + (one.powerW * one.sinceMs) / HOUR).toBeLessThanOrEqual(one.limitWh + 1e-6);
      }),
      { numRuns: 2_000 },
    );
  });

  it('once asked for stays asked for: with more time, energy or power, and a lower limit', () => {
    const more = fc.record({
      ms: fc.nat({ max: HOUR }),
      wh: fc.nat({ max: 9_000 }),
      w: fc.nat({ max: 50_000 }),
      less: fc.double({ min: 0.1, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(arbitrary, more, (one, { ms, wh, w, less }) => {
        if (watchLimit({ energyWh: one.limitWh }, at(one)).kind !== 'Reached') return;
        const later = at({ ...one, sinceMs: one.sinceMs + ms, energyWh: one.energyWh + wh, powerW: one.powerW + w });
        expect(watchLimit({ energyWh: one.limitWh * less }, later).kind).toBe('Reached');
      }),
      { numRuns: 2_000 },
    );
  });

  it('for a sum of money is asked for when the price of what flowed by then is that sum', () => {
    const cents = (from: number, to: number) => fc.integer({ min: from, max: to }).map((n) => (n / 100).toFixed(2));
    fc.assert(
      fc.property(arbitrary, cents(1, 200), cents(0, 100), cents(0, 500), cents(1, 9_000), (one, perKwh, perMinute, perSession, amount) => {
        const price = { scope: 'default', currency: 'EUR', perKwh, perMinute, perSession, version: 1 };
        const now = at(one);
        const verdict = watchLimit({ cost: { amount, currency: 'EUR' } }, { ...now, price });
        const flowedWh = (Math.min(one.sinceMs, one.intervalMs) * one.powerW) / HOUR;
        const cost = Number(costOf(price, one.energyWh + flowedWh, now.nowMs / 1_000).total.amount);
        // Parts are rounded to a cent each.
        if (verdict.kind === 'Reached') expect(cost).toBeGreaterThanOrEqual(Number(amount) - 0.02);
        else expect(cost).toBeLessThanOrEqual(Number(amount) + 0.02);
      }),
      { numRuns: 2_000 },
    );
  });
});
