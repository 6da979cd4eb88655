import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Pace } from './pace.js';

describe('the pace of a job', () => {
  it('allows the first at once, the next when it is due, and not a millisecond earlier', () => {
    const pace = new Pace();
    expect(pace.allows('j', 10, 0)).toBe(1);
    pace.spend('j', 1);
    expect(pace.nextMs('j', 10)).toBe(6_000);
    expect(pace.allows('j', 10, 5_999)).toBe(0);
    expect(pace.allows('j', 10, 6_001)).toBe(1);
  });

  it('never sends more than the minute allows and a short burst, however it is asked', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6_000 }),
        fc.array(fc.integer({ min: 0, max: 30_000 }), { maxLength: 60 }),
        (perMinute, steps) => {
          const pace = new Pace();
          let now = 0;
          let sent = 0;
          for (const ms of steps) {
            now += ms;
            const allowed = pace.allows('j', perMinute, now);
            pace.spend('j', allowed);
            sent += allowed;
          }
          expect(sent).toBeLessThanOrEqual((now * perMinute) / 60_000 + Math.max(1, perMinute / 30) + 1);
        },
      ),
    );
  });
});
