import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTimeZone, leftOf, type OpenUse, periodOf, type SessionUse, tighter, usedIn, withHeld } from './budget.js';

const ms = (text: string): number => Date.parse(text);
const use = (startedAt: string, energyWh: number, amount?: string): SessionUse => ({
  startedAt,
  energyWh,
  ...(amount === undefined ? {} : { cost: { amount, currency: 'EUR' } }),
});

describe('a period', () => {
  it.each([
    ['2026-11-25T22:59:59.999Z', 'Europe/Amsterdam', '2026-11-24T23:00:00.000Z', '2026-10-31T23:00:00.000Z', '2026-11-25T23:00:00.000Z'],
    ['2026-11-25T23:00:00.000Z', 'Europe/Amsterdam', '2026-11-25T23:00:00.000Z', '2026-10-31T23:00:00.000Z', '2026-11-26T23:00:00.000Z'],
    ['2026-03-29T12:00:00.000Z', 'Europe/Amsterdam', '2026-03-28T23:00:00.000Z', '2026-02-28T23:00:00.000Z', '2026-03-29T22:00:00.000Z'],
    ['2026-12-01T00:00:00.000Z', 'UTC', '2026-12-01T00:00:00.000Z', '2026-12-01T00:00:00.000Z', '2026-12-02T00:00:00.000Z'],
    ['2026-01-01T03:00:00.000Z', 'America/New_York', '2025-12-31T05:00:00.000Z', '2025-12-01T05:00:00.000Z', '2026-01-01T05:00:00.000Z'],
  ])('of %s in %s begins at its midnight', (now, zone, day, month, until) => {
    expect(periodOf(ms(now), zone)).toEqual({ day, month, until });
  });

  it('has a time zone that is known', () => {
    expect([isTimeZone('Europe/Amsterdam'), isTimeZone('UTC'), isTimeZone('Mars/Base')]).toEqual([true, true, false]);
  });
});

describe('what is used and what is left', () => {
  const period = periodOf(ms('2026-11-25T12:00:00Z'), 'UTC');
  const uses = [
    use('2026-10-31T23:59:59.999Z', 99_999, '99'),
    use('2026-11-01T00:00:00.000Z', 1_000, '0.10'),
    use('2026-11-25T00:00:00.000Z', 2_000, '0.20'),
    { ...use('2026-11-25T10:00:00.000Z', 500), cost: { amount: '7', currency: 'SEK' } },
  ];
  const used = usedIn(uses, period, 'EUR');

  it('is summed by day and month, to the cent, in one currency', () => {
    expect(used).toEqual({
      energyWhToday: 2_500,
      energyWhThisMonth: 3_500,
      costToday: '0.2',
      costThisMonth: '0.3',
      sessionsToday: 2,
      sessionsThisMonth: 3,
    });
  });

  it.each([
    [{ sessionsPerDay: 3 }, {}],
    [{ sessionsPerDay: 2 }, undefined],
    [{ sessionsPerMonth: 4 }, {}],
    [{ sessionsPerMonth: 3 }, undefined],
    [{ energyWhPerDay: 2_501 }, { energyWh: 1 }],
    [{ energyWhPerDay: 2_500 }, undefined],
    [{ energyWhPerDay: 10_000, energyWhPerMonth: 4_000 }, { energyWh: 500 }],
    [{ costPerDay: '0.21', currency: 'EUR' }, { cost: { amount: '0.01', currency: 'EUR' } }],
    [{ costPerDay: '0.20', currency: 'EUR' }, undefined],
    [{ costPerDay: '5', costPerMonth: '1', currency: 'EUR' }, { cost: { amount: '0.7', currency: 'EUR' } }],
  ])('of %j leaves %j', (budget, left) => {
    expect(leftOf({ ...budget, timeZone: 'UTC' }, used)).toEqual(left);
  });

  it('never leaves more than the budget, nor more after another session', () => {
    const amount = fc.nat(100_000);
    fc.assert(
      fc.property(fc.array(amount, { maxLength: 10 }), amount, fc.integer({ min: 1, max: 500_000 }), (past, next, limit) => {
        const budget = { energyWhPerDay: limit, timeZone: 'UTC' };
        const of = (all: readonly number[]) =>
          leftOf(
            budget,
            usedIn(
              all.map((wh) => use('2026-11-25T01:00:00.000Z', wh)),
              period,
              undefined,
            ),
          )?.energyWh ?? 0;
        expect(of(past)).toBeLessThanOrEqual(limit);
        expect(of([...past, next])).toBeLessThanOrEqual(of(past));
      }),
    );
  });

  it('holds for a session under way what it was let in for, less what it used of it', () => {
    const held = { energyWh: 3_000, cost: { amount: '0.50', currency: 'EUR' } };
    const open = [{ ...use('2026-11-25T00:00:00.000Z', 2_000, '0.20'), held }];
    expect(withHeld(used, open, period, 'EUR')).toEqual({
      ...used,
      energyWhToday: 3_500,
      energyWhThisMonth: 4_500,
      costToday: '0.5',
      costThisMonth: '0.6',
    });
    expect(withHeld(used, [{ ...use('2026-11-25T00:00:00.000Z', 9_000, '9'), held }], period, 'EUR')).toEqual(used);
    expect(withHeld(used, [{ ...use('2026-10-31T00:00:00.000Z', 0), held }], period, 'EUR')).toEqual(used);
    expect(withHeld(used, open, period, 'SEK')).toMatchObject({ costToday: used.costToday });
  });

  it('lets sessions at the same time use no more than the budget, in whatever order they begin, charge and end', () => {
    const step = fc.record({
      session: fc.nat(4),
      wh: fc.nat(4_000),
      ends: fc.boolean(),
      max: fc.option(fc.integer({ min: 1, max: 5_000 })),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 10_000 }), (steps, energyWhPerDay) => {
        const sessions = new Map<number, OpenUse & { open: boolean }>();
        const ended: SessionUse[] = [];
        const total = () => [...ended, ...sessions.values()].reduce((sum, { energyWh }) => sum + energyWh, 0);
        for (const { session, wh, ends, max } of steps) {
          const known = sessions.get(session);
          if (known === undefined) {
            const all = usedIn([...ended, ...sessions.values()], period, undefined);
            const left = leftOf({ energyWhPerDay, timeZone: 'UTC' }, withHeld(all, sessions.values(), period, undefined));
            const held = tighter(left, max === null ? undefined : { energyWh: max });
            if (left !== undefined && held !== undefined)
              sessions.set(session, { ...use('2026-11-25T01:00:00.000Z', 0), held, open: true });
            continue;
          }
          // It charges as far as it was let in for.
          const next = { ...known, energyWh: Math.min(known.held?.energyWh ?? 0, known.energyWh + wh) };
          sessions.set(session, next);
          if (!ends) continue;
          sessions.delete(session);
          ended.push(next);
        }
        expect(total()).toBeLessThanOrEqual(energyWhPerDay);
      }),
    );
  });

  it('of two limits the tighter one counts, and amounts of two currencies are not compared', () => {
    expect(tighter(undefined, { energyWh: 1 })).toEqual({ energyWh: 1 });
    expect(tighter({ energyWh: 2, stateOfChargePercent: 80 }, { energyWh: 1, durationSeconds: 5 })).toEqual({
      energyWh: 1,
      durationSeconds: 5,
      stateOfChargePercent: 80,
    });
    expect(tighter({ cost: { amount: '9', currency: 'EUR' } }, { cost: { amount: '10', currency: 'EUR' } })?.cost?.amount).toBe('9');
    expect(tighter({ cost: { amount: '9', currency: 'EUR' } }, { cost: { amount: '1', currency: 'SEK' } })?.cost?.currency).toBe('EUR');
  });
});
