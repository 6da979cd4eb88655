import { describe, expect, it } from 'vitest';
import { isTimeZone, quietHoursProblem, quietUntil } from './quiet-hours.js';

const ends = (from: string, until: string, timeZone: string, now: string): string | undefined => {
  const end = quietUntil({ from, until, timeZone }, Date.parse(now));
  return end === undefined ? undefined : new Date(end).toISOString();
};

describe('quiet hours', () => {
  it.each([
    ['21:59:59', undefined],
    ['22:00:00', '2026-11-25T07:00:00.000Z'],
    ['23:59:59', '2026-11-25T07:00:00.000Z'],
  ])('over midnight: at %s until %s', (time, until) => {
    expect(ends('22:00', '07:00', 'UTC', `2026-11-24T${time}.000Z`)).toBe(until);
  });

  it.each([
    ['00:00:00', '2026-11-24T07:00:00.000Z'],
    ['06:59:59', '2026-11-24T07:00:00.000Z'],
    ['07:00:00', undefined],
  ])('after midnight: at %s until %s', (time, until) => {
    expect(ends('22:00', '07:00', 'UTC', `2026-11-24T${time}.000Z`)).toBe(until);
  });

  it.each([
    ['12:59:59', undefined],
    ['13:00:00', '2026-11-24T15:00:00.000Z'],
    ['14:59:59', '2026-11-24T15:00:00.000Z'],
    ['15:00:00', undefined],
  ])('within a day: at %s until %s', (time, until) => {
    expect(ends('13:00', '15:00', 'UTC', `2026-11-24T${time}.000Z`)).toBe(until);
  });

  it('is the wall clock of the zone', () => {
    expect(ends('22:00', '07:00', 'Europe/Amsterdam', '2026-07-01T20:00:00.000Z')).toBe('2026-07-02T05:00:00.000Z');
    expect(ends('22:00', '07:00', 'Europe/Amsterdam', '2026-12-01T20:00:00.000Z')).toBeUndefined();
    expect(ends('22:00', '07:00', 'Europe/Amsterdam', '2026-12-01T21:00:00.000Z')).toBe('2026-12-02T06:00:00.000Z');
  });

  it('the night is an hour shorter in spring; an end that the clock skips is the moment after the gap', () => {
    expect(ends('22:00', '07:00', 'Europe/Amsterdam', '2026-03-28T21:00:00.000Z')).toBe('2026-03-29T05:00:00.000Z');
    expect(ends('22:00', '02:30', 'Europe/Amsterdam', '2026-03-28T23:00:00.000Z')).toBe('2026-03-29T01:30:00.000Z');
  });

  it('the hour that comes twice in autumn is quiet both times', () => {
    expect(ends('22:00', '02:30', 'Europe/Amsterdam', '2026-10-25T00:15:00.000Z')).toBe('2026-10-25T00:30:00.000Z');
    expect(ends('22:00', '02:30', 'Europe/Amsterdam', '2026-10-25T00:45:00.000Z')).toBeUndefined();
    expect(ends('22:00', '02:30', 'Europe/Amsterdam', '2026-10-25T01:15:00.000Z')).toBe('2026-10-25T01:30:00.000Z');
  });

  it.each([
    [{ from: '22:00', until: '07:00', timeZone: 'Europe/Paris' }, undefined],
    [{ from: '24:00', until: '07:00', timeZone: 'Europe/Paris' }, /HH:MM/],
    [{ from: '22:00', until: '7:00', timeZone: 'Europe/Paris' }, /HH:MM/],
    [{ from: '22:00', until: '22:00', timeZone: 'Europe/Paris' }, /no end/],
    [{ from: '22:00', until: '07:00', timeZone: 'Europe/Atlantis' }, /IANA/],
    [{ from: '22:00', until: '07:00', timeZone: '+01:00' }, /IANA/],
  ])('%o: %s', (quiet, problem) => {
    const found = quietHoursProblem(quiet);
    if (problem === undefined) expect(found).toBeUndefined();
    else expect(found).toMatch(problem);
  });

  it('knows zones by their names', () => {
    expect(['UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires'].map(isTimeZone)).toEqual([true, true, true]);
    expect(['', 'x'.repeat(65), 'Europe/Berlin; drop', '../etc'].map(isTimeZone)).toEqual([false, false, false, false]);
  });
});
