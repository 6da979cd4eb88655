import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { hex32 } from './hex.js';

it('writes 32 bits as eight digits, signed or not', () => {
  fc.assert(
    fc.property(fc.integer(), (word) => {
      expect(hex32(word)).toBe((word >>> 0).toString(16).padStart(8, '0'));
    }),
  );
  expect([0, 1, 0x0a0b0c0d, 0x7fffffff, 0x80000000, 0xffffffff, -1].map(hex32)).toEqual([
    '00000000',
    '00000001',
    '0a0b0c0d',
    '7fffffff',
    '80000000',
    'ffffffff',
    'ffffffff',
  ]);
});
