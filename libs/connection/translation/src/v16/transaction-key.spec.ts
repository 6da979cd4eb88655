import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hash128 } from '../hash128.js';
import { transactionIdentity } from './transaction-key.js';

const nature = { stationId: 'CP1', connectorId: 1, timestamp: '2026-01-02T03:04:05.000Z', meterStart: 100, idTag: 'AA' };

describe('the identity of a 1.6 transaction', () => {
  it('never changes: stations were given these numbers', () => {
    expect(transactionIdentity(nature)).toEqual({ transactionId: 1_550_212_259, transactionKey: '96925e9098dccf314af402330bf94ea9' });
  });

  it('is a positive 31-bit number and 128 bits of key', () => {
    fc.assert(
      fc.property(
        fc.record({ stationId: fc.string(), connectorId: fc.nat(), timestamp: fc.string(), meterStart: fc.integer(), idTag: fc.string() }),
        (any) => {
          const { transactionId, transactionKey } = transactionIdentity(any);
          expect(transactionId).toBeGreaterThan(0);
          expect(transactionId).toBeLessThanOrEqual(0x7fffffff);
          expect(transactionKey).toMatch(/^[0-9a-f]{32}$/);
          expect(transactionIdentity({ ...any })).toEqual({ transactionId, transactionKey });
        },
      ),
    );
  });

  it.each([{ stationId: 'CP2' }, { connectorId: 2 }, { timestamp: '2026-01-02T03:04:06.000Z' }, { meterStart: 101 }, { idTag: 'AB' }])(
    'differs with %j',
    (change) => expect(transactionIdentity({ ...nature, ...change }).transactionKey).not.toBe(transactionIdentity(nature).transactionKey),
  );

  it('does not collide for a station in its life', () => {
    const keys = new Set<string>();
    const ids = new Set<number>();
    const count = 20_000;
    for (let i = 0; i < count; i++) {
      const identity = transactionIdentity({ ...nature, meterStart: i, connectorId: 1 + (i % 2) });
      keys.add(identity.transactionKey);
      ids.add(identity.transactionId);
    }
    expect(keys.size).toBe(count);
    // 31 bits: about 0.1 collisions are expected among 20 000.
    expect(ids.size).toBeGreaterThan(count - 4);
  });
});

describe('hash128', () => {
  it('spreads single-bit changes over all words', () => {
    const flips = [0, 0, 0, 0];
    const rounds = 500;
    for (let i = 0; i < rounds; i++) {
      const a = hash128(`text-${i}`);
      const b = hash128(`text-${i ^ 1}`);
      for (let w = 0; w < 4; w++) flips[w] = (flips[w] ?? 0) + bits(((a[w] ?? 0) ^ (b[w] ?? 0)) >>> 0);
    }
    for (const sum of flips) expect(sum / rounds).toBeGreaterThan(14);
    for (const sum of flips) expect(sum / rounds).toBeLessThan(18);
  });
});

const bits = (word: number): number => word.toString(2).replaceAll('0', '').length;
