import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utcTime } from './station-time.js';

describe('utcTime', () => {
  it.each([
    ['2026-11-23T10:00:00.123Z', '2026-11-23T10:00:00.123Z'],
    ['2026-11-23T10:00:00Z', '2026-11-23T10:00:00.000Z'],
    ['2026-11-23T10:00:00.1Z', '2026-11-23T10:00:00.100Z'],
    ['2026-11-23T10:00:00.123456Z', '2026-11-23T10:00:00.123Z'],
    ['2026-11-23T10:00:00+01:00', '2026-11-23T09:00:00.000Z'],
    ['2026-11-23T00:30:00.500-10:30', '2026-11-23T11:00:00.500Z'],
    ['2026-11-23t10:00:00.123z', '2026-11-23T10:00:00.123Z'],
    ['2026-06-30T23:59:60Z', '2026-07-01T00:00:00.000Z'],
    ['2026-06-30T23:59:60.000Z', '2026-07-01T00:00:00.000Z'],
  ])('%s is %s', (text, expected) => {
    expect(utcTime(text)).toBe(expected);
  });

  it('OCPP 1.6 §3.13: without a zone it is UTC, wherever this process runs', () => {
    expect(utcTime('2026-11-23T10:00:00')).toBe('2026-11-23T10:00:00.000Z');
    expect(utcTime('2026-11-23T10:00:00.5')).toBe('2026-11-23T10:00:00.500Z');
  });

  it('what is no time is undefined', () => {
    expect(utcTime('yesterday')).toBeUndefined();
    expect(utcTime('')).toBeUndefined();
  });

  it('keeps every time it wrote itself', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date('2000-01-01'), max: new Date('2099-12-31'), noInvalidDate: true }), (date) => {
        expect(utcTime(date.toISOString())).toBe(date.toISOString());
      }),
    );
  });
});
