import { describe, expect, it } from 'vitest';
import { RETRY_SECONDS, retryDelayMs } from './retry.js';

describe('the next try', () => {
  it('comes after 5 s, then later and later, eight tries over more than a day', () => {
    const delays = RETRY_SECONDS.map((_, index) => retryDelayMs(index + 1, 0.5));
    expect(delays).toEqual(RETRY_SECONDS.map((seconds) => seconds * 1_000));
    expect(retryDelayMs(7, 0.5)).toBe(36_000_000);
    expect(retryDelayMs(8, 0.5)).toBeUndefined();
    expect(RETRY_SECONDS.reduce((sum, seconds) => sum + seconds, 0)).toBeGreaterThan(86_400);
  });

  it('is a tenth sooner or later', () => {
    expect([retryDelayMs(1, 0), retryDelayMs(1, 1)]).toEqual([4_500, 5_500]);
  });

  it('waits as long as the receiver asked for, a day at most', () => {
    expect(retryDelayMs(1, 0.5, RETRY_SECONDS, 4_000)).toBe(5_000);
    expect(retryDelayMs(1, 0.5, RETRY_SECONDS, 60_000)).toBe(60_000);
    expect(retryDelayMs(1, 0.5, RETRY_SECONDS, 1e12)).toBe(86_400_000);
  });
});
