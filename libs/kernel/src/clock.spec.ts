import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isoTime } from './clock.js';

const DAY_MS = 86_400_000;
const dateText = (ms: number): string => new Date(ms).toISOString();

describe('isoTime', () => {
  it('says what Date says, in whatever order it is asked', () => {
    const any = fc.integer({ min: -8.64e15, max: 8.64e15 });
    const lately = fc.integer({ min: 1_700_000_000_000, max: 1_700_000_000_000 + 3 * DAY_MS });
    fc.assert(
      fc.property(fc.array(fc.oneof(any, lately)), (times) => {
        expect(times.map(isoTime)).toEqual(times.map(dateText));
      }),
    );
  });

  it.each([0, -1, 1, DAY_MS - 1, DAY_MS, -DAY_MS, -DAY_MS - 1, 253_402_300_799_999, 253_402_300_800_000, -62_167_219_200_001, 1.5, -1.5])(
    'says what Date says of %d',
    (ms) => expect(isoTime(ms)).toBe(dateText(ms)),
  );

  it.each([Number.NaN, Number.POSITIVE_INFINITY, 8.64e15 + 1])('throws for %d, also after a time', (ms) => {
    isoTime(0);
    expect(() => isoTime(ms)).toThrow(RangeError);
    expect(isoTime(0)).toBe('1970-01-01T00:00:00.000Z');
  });
});
