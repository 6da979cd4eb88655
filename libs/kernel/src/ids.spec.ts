import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { uuidV7Source } from './ids.js';

const MS_MAX = 2 ** 48 - 1;

describe('uuidV7Source', () => {
  it('puts milliseconds, version, counter, variant and random bits in their places (RFC 9562 §5.7)', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: MS_MAX }), fc.uint8Array({ minLength: 8, maxLength: 8 }), (ms, random) => {
        const ids = uuidV7Source(
          () => ms,
          (pool) => pool.set(random),
        );
        const hex = Buffer.from(random).toString('hex');
        const time = ms.toString(16).padStart(12, '0');
        const variant = (0x80 | ((random[0] ?? 0) & 0x3f)).toString(16);
        expect(ids.next()).toBe(`${time.slice(0, 8)}-${time.slice(8)}-7000-${variant}${hex.slice(2, 4)}-${hex.slice(4)}`);
        expect(ids.next().slice(0, 18)).toBe(`${time.slice(0, 8)}-${time.slice(8)}-7001`);
      }),
    );
  });

  it('rises within a millisecond, beyond what its counter holds, and when the clock goes back', () => {
    let ms = 1_700_000_000_000;
    const ids = uuidV7Source(
      () => ms,
      () => undefined,
    );
    const made = Array.from({ length: 10_000 }, (_, i) => {
      if (i === 5_000) ms -= 1_000;
      return ids.next();
    });
    expect(made).toEqual([...made].sort());
    expect(new Set(made).size).toBe(made.length);
  });
});
