import type { MeterValue, SampledValue } from '@voltlog/connection-contract';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { joinReadings, noteMeterValue, noteSeqNo, type Readings, registerPoints, SEQ_NO_INTERVALS_MAX } from './readings.js';

const wh = (value: number, more: Partial<SampledValue> = {}): SampledValue => ({
  measurand: 'Energy.Active.Import.Register',
  value,
  unit: 'Wh',
  ...more,
});
const value = (...samples: SampledValue[]): MeterValue => ({ at: '2026-03-01T08:00:00.000Z', samples });
const registers = (...samples: SampledValue[]) => registerPoints(value(...samples)).map((point) => point.wh);

describe('which samples are the energy register', () => {
  it.each([
    ['without a phase, at the outlet or where no place is told', [wh(5), wh(7, { location: 'Outlet', context: 'Sample.Clock' })], [5, 7]],
    ['not those of other places', [wh(5, { location: 'Inlet' }), wh(6, { location: 'Body' })], []],
    [
      'not those of other measurands',
      [wh(5, { measurand: 'Energy.Active.Export.Register' }), wh(6, { measurand: 'Energy.Active.Import.Interval' })],
      [],
    ],
    ['not the phases when the whole is told', [wh(1, { phase: 'L1' }), wh(2, { phase: 'L2' }), wh(5)], [5]],
    ['the sum of the phases when only they are told', [wh(1, { phase: 'L1' }), wh(2, { phase: 'L2-N' }), wh(4, { phase: 'L3' })], [7]],
    ['not what no meter can show', [wh(-1), wh(Number.NaN), wh(Number.POSITIVE_INFINITY)], []],
    ['zero', [wh(0)], [0]],
  ])('%s', (_name, samples, expected) => expect(registers(...samples)).toEqual(expected));

  it('and what role they have', () => {
    expect(
      registerPoints(value(wh(1, { context: 'Transaction.Begin' }), wh(2), wh(3, { context: 'Transaction.End' }))).map(
        (point) => point.rank,
      ),
    ).toEqual([1, 2, 3]);
  });
});

describe('sequence numbers', () => {
  const seen = (...numbers: number[]): readonly number[] | undefined => {
    const readings: Readings = {};
    for (const seqNo of numbers) noteSeqNo(readings, seqNo);
    return readings.seqNos;
  };

  it.each([
    [
      [0, 1, 2, 3],
      [0, 3],
    ],
    [
      [3, 1, 2, 0],
      [0, 3],
    ],
    [
      [0, 2],
      [0, 0, 2, 2],
    ],
    [
      [5, 0, 1, 1, 3],
      [0, 1, 3, 3, 5, 5],
    ],
  ])('%j are %j', (numbers, intervals) => expect(seen(...numbers)).toEqual(intervals));

  it('are a bounded set', () => {
    expect(seen(...Array.from({ length: 1000 }, (_, i) => i * 2))?.length).toBeLessThanOrEqual(SEQ_NO_INTERVALS_MAX * 2);
  });
});

it('summaries made apart and joined are the summary made at once', () => {
  const values = fc.array(
    fc.record({
      at: fc.constantFrom('2026-03-01T08:00:00.000Z', '2026-03-01T08:10:00.000Z', '2026-03-01T08:20:00.000Z'),
      samples: fc.array(
        fc.record({
          measurand: fc.constantFrom('Energy.Active.Import.Register', 'Power.Active.Import', 'SoC'),
          value: fc.integer({ min: 0, max: 100 }),
          unit: fc.constant('Wh'),
        }),
        { maxLength: 3 },
      ),
    }),
    { maxLength: 8 },
  );
  const summary = (all: readonly MeterValue[]): Readings => {
    const readings: Readings = {};
    all.forEach((each, i) => {
      noteMeterValue(readings, each);
      noteSeqNo(readings, (i * 7) % 5);
    });
    return readings;
  };
  fc.assert(
    fc.property(values, values, (one, two) => {
      const joined = summary(one);
      joinReadings(joined, summary(two));
      const back = summary(two);
      joinReadings(back, summary(one));
      expect(joined).toEqual(back);
      const { seqNos: _a, ...together } = summary([...one, ...two]);
      const { seqNos: _b, ...apart } = joined;
      expect(apart).toEqual(together);
    }),
  );
});
