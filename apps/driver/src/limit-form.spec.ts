import { describe, expect, it } from 'vitest';
import { EMPTY_LIMIT, isEmptyLimit, limitForm, readLimit } from './limit-form.js';
import { routeOf } from './route.js';

const PRICE = { currency: 'EUR', perKwh: '0.49', perMinute: '0', perSession: '0' };

describe('the limit form', () => {
  it('reads what was typed, with a comma or a point', () => {
    expect(readLimit({ energy: '12,5', minutes: '90', cost: '7.5', soc: '80' }, PRICE)).toEqual({
      limit: { energyWh: 12_500, durationSeconds: 5_400, cost: { amount: '7.50', currency: 'EUR' }, stateOfChargePercent: 80 },
    });
  });

  it('an empty form is no limit', () => {
    const read = readLimit(EMPTY_LIMIT, PRICE);
    expect('limit' in read && isEmptyLimit(read.limit)).toBe(true);
  });

  it.each([
    ['energy', '0'],
    ['energy', '-1'],
    ['energy', 'ten'],
    ['energy', '1e3'],
    ['energy', '1001'],
    ['minutes', '10081'],
    ['soc', '101'],
    ['soc', '0'],
    ['cost', '1.2.3'],
  ] as const)('%s cannot be %s', (field, text) => {
    expect(readLimit({ ...EMPTY_LIMIT, [field]: text }, PRICE)).toEqual({ wrong: [field] });
  });

  it('the edges are let through', () => {
    expect(readLimit({ energy: '1000', minutes: '10080', cost: '10000', soc: '100' }, PRICE)).toHaveProperty('limit');
  });

  it('without a price there is no limit by cost', () => {
    expect(readLimit({ ...EMPTY_LIMIT, cost: '5' }, null)).toEqual({ limit: {} });
  });

  it('shows the limit that is set, and reads back the same', () => {
    const limit = { energyWh: 20_500, durationSeconds: 1_800, cost: { amount: '10.00', currency: 'EUR' }, stateOfChargePercent: 80 };
    expect(readLimit(limitForm(limit), PRICE)).toEqual({ limit });
  });
});

describe('addresses', () => {
  it.each([
    ['/c/CP-1*1', { page: 'evse', evseUid: 'CP-1*1' }],
    ['/c/N%2B1*2', { page: 'evse', evseUid: 'N+1*2' }],
    ['/s/abc', { page: 'charge', key: 'abc' }],
    ['/r/abc/', { page: 'reservation', key: 'abc' }],
    ['/l/abc', { page: 'contract', key: 'abc' }],
    ['/s/', { page: 'unknown' }],
    ['/c/a/b', { page: 'unknown' }],
    ['/x/a', { page: 'unknown' }],
    ['/c/%E0%A4%A', { page: 'unknown' }],
    ['/', { page: 'unknown' }],
  ])('%s', (path, route) => {
    expect(routeOf(path)).toEqual(route);
  });
});
