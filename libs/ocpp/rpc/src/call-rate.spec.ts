import { describe, expect, it } from 'vitest';
import { callRate, takeCall } from './call-rate.js';
import { LIMITS } from './limits.js';

describe('call rate', () => {
  it('limits: a burst passes at once, the call after it waits for its place', () => {
    const rate = callRate(0);
    for (let i = 0; i < LIMITS.callsBurst; i++) expect(takeCall(rate, 0)).toBe(0);
    expect(takeCall(rate, 0)).toBe(1000 / LIMITS.callsPerSecond);
  });

  it('limits: sustained, the rate passes and one more per second does not', () => {
    const limits = { callsPerSecond: 10, callsBurst: 10 };
    const even = callRate(0, limits);
    for (let ms = 0; ms < 60_000; ms += 100) expect(takeCall(even, ms, limits)).toBe(0);
    const fast = callRate(0, limits);
    let waits = 0;
    for (let ms = 0; ms < 60_000; ms += 90) waits += takeCall(fast, ms, limits) > 0 ? 1 : 0;
    expect(waits).toBeGreaterThan(0);
  });

  it('fills up to the burst and no further, and a clock that goes back gives nothing', () => {
    const limits = { callsPerSecond: 10, callsBurst: 2 };
    const rate = callRate(0, limits);
    expect([takeCall(rate, 0, limits), takeCall(rate, 0, limits), takeCall(rate, 0, limits)]).toEqual([0, 0, 100]);
    expect([takeCall(rate, 1e9, limits), takeCall(rate, 1e9, limits), takeCall(rate, 1e9, limits)]).toEqual([0, 0, 100]);
    expect(takeCall(rate, 0, limits)).toBe(200);
  });
});
