import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isOpenThroughout, isTimeZone } from './opening-hours.js';

const at = (text: string): number => Date.parse(text);
const open = (from: string, until: string, timeZone: string, ...hours: [number, string, string][]): boolean =>
  isOpenThroughout(
    hours.map(([weekday, opens, closes]) => ({ weekday, from: opens, until: closes })),
    timeZone,
    at(from),
    at(until),
  );

// 2026-03-02 is a Monday.
describe('opening hours', () => {
  it('that are not given mean always', () => {
    expect(open('2026-03-02T03:00:00Z', '2026-03-02T04:00:00Z', 'Europe/Amsterdam')).toBe(true);
  });

  it('are in the local time of the site, to the minute on both sides', () => {
    const monday: [number, string, string] = [1, '06:00', '22:00'];
    expect(open('2026-03-02T05:00:00Z', '2026-03-02T21:00:00Z', 'Europe/Amsterdam', monday)).toBe(true);
    expect(open('2026-03-02T04:59:59Z', '2026-03-02T06:00:00Z', 'Europe/Amsterdam', monday)).toBe(false);
    expect(open('2026-03-02T20:00:00Z', '2026-03-02T21:00:01Z', 'Europe/Amsterdam', monday)).toBe(false);
    expect(open('2026-03-02T21:30:00Z', '2026-03-02T22:00:00Z', '', monday)).toBe(true);
    expect(open('2026-03-03T07:00:00Z', '2026-03-03T08:00:00Z', 'Europe/Amsterdam', monday)).toBe(false);
  });

  it('go over midnight, also from Sunday to Monday', () => {
    expect(open('2026-03-02T22:30:00Z', '2026-03-03T01:00:00Z', 'UTC', [1, '22:00', '02:00'])).toBe(true);
    expect(open('2026-03-02T22:30:00Z', '2026-03-03T02:00:01Z', 'UTC', [1, '22:00', '02:00'])).toBe(false);
    expect(open('2026-03-02T00:30:00Z', '2026-03-02T01:00:00Z', 'UTC', [7, '22:00', '02:00'])).toBe(true);
    expect(open('2026-03-02T20:00:00Z', '2026-03-03T05:00:00Z', 'UTC', [1, '08:00', '24:00'], [2, '00:00', '06:00'])).toBe(true);
    expect(open('2026-03-02T09:00:00Z', '2026-03-03T08:59:00Z', 'UTC', [1, '09:00', '09:00'])).toBe(true);
  });

  it('with a break in between are no room for a reservation over it', () => {
    const day: [number, string, string][] = [
      [1, '08:00', '12:00'],
      [1, '13:00', '18:00'],
    ];
    expect(open('2026-03-02T11:00:00Z', '2026-03-02T12:00:00Z', 'UTC', ...day)).toBe(true);
    expect(open('2026-03-02T11:30:00Z', '2026-03-02T13:30:00Z', 'UTC', ...day)).toBe(false);
  });

  it('move with the clocks: 2026-03-29 in Amsterdam has no 02:30', () => {
    const sunday: [number, string, string] = [7, '02:30', '08:00'];
    expect(open('2026-03-29T01:30:00Z', '2026-03-29T06:00:00Z', 'Europe/Amsterdam', sunday)).toBe(true);
    expect(open('2026-03-29T00:59:00Z', '2026-03-29T06:00:00Z', 'Europe/Amsterdam', sunday)).toBe(false);
    expect(open('2026-03-29T05:30:00Z', '2026-03-29T06:00:01Z', 'Europe/Amsterdam', sunday)).toBe(false);
  });

  it('of all seven days round the clock never close', () => {
    const always = [1, 2, 3, 4, 5, 6, 7].map((weekday): [number, string, string] => [weekday, '00:00', '24:00']);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e9 }), fc.integer({ min: 1, max: 7 * 86_400 }), (from, seconds) => {
        expect(
          isOpenThroughout(
            always.map(([weekday, opens, closes]) => ({ weekday, from: opens, until: closes })),
            'Europe/Amsterdam',
            from * 1_000,
            (from + seconds) * 1_000,
          ),
        ).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it('know time zones', () => {
    expect(isTimeZone('Europe/Amsterdam')).toBe(true);
    expect(isTimeZone('Europe/Nowhere')).toBe(false);
  });
});
