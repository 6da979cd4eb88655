import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RegisterPoint, RegisterSummary } from './registers.js';
import { isIrregular, joinPoint, piecewiseEnergy, REGISTER_TOLERANCE_WH, regularEnergy } from './registers.js';

const at = (minutes: number): string => new Date(Date.parse('2026-03-01T08:00:00.000Z') + minutes * 60_000).toISOString();
const points = (...wh: number[]): RegisterPoint[] => wh.map((value, i) => ({ rank: 2, at: at(i * 10), wh: value }));
const summaryOf = (all: readonly RegisterPoint[]): RegisterSummary => {
  let summary: RegisterSummary | undefined;
  for (const point of all) summary = joinPoint(summary, point);
  if (summary === undefined) throw new Error('no points');
  return summary;
};

describe('energy of a register', () => {
  it.each([
    ['rises', [1000, 1500, 3000], 2000, {}],
    ['rises to a fraction', [0.1, 0.3], 0.2, {}],
    ['is told with other roundings', [1000, 2000.7, 2000], 1000, {}],
    ['is set to 0', [1000, 2000, 0, 500, 900], 1900, { fell: true }],
    ['is another one after the meter was replaced', [1000, 2000, 5_000_000, 5_000_400], 1400, { jumped: true }],
    ['is told as 0 once', [1000, 1500, 0, 2000], 1000, { fell: true }],
    ['is told far too high once', [1000, 1500, 90_000_000, 2000], 1000, { jumped: true }],
    ['is told as 0 at the stop', [1000, 2500, 0], 1500, { fell: true }],
  ])('that %s', (_name, wh, energyWh, flags) => {
    const all = points(...wh);
    const summary = summaryOf(all);
    if (!isIrregular(summary)) return expect({ energyWh: regularEnergy(summary) }).toEqual({ energyWh, ...flags });
    expect(piecewiseEnergy(all)).toEqual({ energyWh, fell: false, jumped: false, ...flags });
  });

  it('falls by more than the tolerance, not by it', () => {
    expect(isIrregular(summaryOf(points(1000, 2000, 2000 - REGISTER_TOLERANCE_WH)))).toBe(false);
    expect(isIrregular(summaryOf(points(1000, 2000, 2000 - REGISTER_TOLERANCE_WH - 1)))).toBe(true);
  });

  it('goes by the role before the clock: the stop of a station whose clock was set back is still the last', () => {
    const all: RegisterPoint[] = [
      { rank: 0, at: at(600), wh: 1000 },
      { rank: 2, at: at(5), wh: 1500 },
      { rank: 4, at: at(10), wh: 2000 },
    ];
    expect(regularEnergy(summaryOf(all))).toBe(1000);
  });

  it('does not depend on order and repetition, and a regular one is the same counted in pieces', () => {
    const any = fc.array(
      fc.record({
        rank: fc.constantFrom(0, 1, 2, 3, 4),
        at: fc.integer({ min: 0, max: 20 }).map(at),
        wh: fc.integer({ min: 0, max: 5000 }),
      }) as fc.Arbitrary<RegisterPoint>,
      { minLength: 1, maxLength: 10 },
    );
    fc.assert(
      fc.property(any, fc.infiniteStream(fc.nat()), (all, random) => {
        const shuffled = [...all, ...all]
          .map((point) => ({ point, key: random.next().value as number }))
          .sort((a, b) => a.key - b.key)
          .map(({ point }) => point);
        expect(summaryOf(shuffled)).toEqual(summaryOf(all));
        expect(piecewiseEnergy(shuffled)).toEqual(piecewiseEnergy(all));
      }),
    );
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 3000 }), { minLength: 1, maxLength: 10 }), (rises) => {
        let wh = 0;
        const all = points(...rises.map((rise) => (wh += rise)));
        expect(piecewiseEnergy(all)).toEqual({ energyWh: regularEnergy(summaryOf(all)), fell: false, jumped: false });
      }),
    );
  });
});
