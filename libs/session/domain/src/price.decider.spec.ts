import { fold } from '@voltlog/kernel';
import { describe, expect, it } from 'vitest';
import { type PutPrice, priceDecider, priceScopeOfStream, priceStreamId } from './price.decider.js';

const AT = '2026-11-24T08:00:00.000Z';
const put = (perKwh: string, expectedVersion = 0, mustBeNew = false): PutPrice => ({
  kind: 'PutPrice',
  price: { scope: 'default', currency: 'EUR', perKwh, perMinute: '0', perSession: '0' },
  expectedVersion,
  mustBeNew,
  at: AT,
});
const decide = (command: PutPrice, ...before: readonly PutPrice[]) => {
  let state = priceDecider.initialState;
  for (const each of before) {
    const decision = priceDecider.decide(each, state);
    if (!decision.ok) throw new Error(decision.refusal);
    state = fold(priceDecider, decision.events, state);
  }
  return priceDecider.decide(command, state);
};

describe('a price', () => {
  it('is set, and changed at the version that was read', () => {
    expect(decide(put('0.50'))).toEqual({
      ok: true,
      events: [{ type: 'voltlog.session.PriceChanged.v1', data: { ...put('0.50').price, version: 1, at: AT } }],
    });
    expect(decide(put('0.60', 1), put('0.50'))).toMatchObject({ ok: true, events: [{ data: { perKwh: '0.60', version: 2 } }] });
  });

  it('is not changed at another version, nor by the price it is', () => {
    expect(decide(put('0.60', 2), put('0.50'))).toEqual({ ok: false, refusal: 'VersionMismatch' });
    expect(decide(put('0.60', 1))).toEqual({ ok: false, refusal: 'VersionMismatch' });
    expect(decide(put('0.50', 1), put('0.50'))).toEqual({ ok: true, events: [] });
  });

  it('that must be new is set where there is none, and nowhere else, also if it is the same', () => {
    expect(decide(put('0.50', 0, true))).toMatchObject({ ok: true, events: [{ data: { version: 1 } }] });
    for (const perKwh of ['0.50', '0.60']) expect(decide(put(perKwh, 0, true), put('0.50'))).toEqual({ ok: false, refusal: 'PriceExists' });
  });

  it('has the stream of its scope', () => {
    expect(priceScopeOfStream(priceStreamId('station:CP:1'))).toBe('station:CP:1');
    expect(priceScopeOfStream('0190d2a4-0000-7000-8000-000000000000')).toBeUndefined();
  });
});
