import { fold } from '@voltlog/kernel';
import { describe, expect, it } from 'vitest';
import { type PriceCommand, type PutPrice, priceDecider, priceScopeOfStream, priceStreamId } from './price.decider.js';

const AT = '2026-11-24T08:00:00.000Z';
const LATER = '2026-11-25T08:00:00.000Z';
const put = (perKwh: string, expectedVersion = 0, mustBeNew = false): PutPrice => ({
  kind: 'PutPrice',
  price: { scope: 'default', currency: 'EUR', perKwh, perMinute: '0', perSession: '0' },
  expectedVersion,
  mustBeNew,
  at: AT,
});
const remove = (expectedVersion = 0): PriceCommand => ({ kind: 'RemovePrice', expectedVersion, at: LATER });
const after = (...before: readonly PriceCommand[]) => {
  let state = priceDecider.initialState;
  for (const each of before) {
    const decision = priceDecider.decide(each, state);
    if (!decision.ok) throw new Error(decision.refusal);
    state = fold(priceDecider, decision.events, state);
  }
  return state;
};
const decide = (command: PriceCommand, ...before: readonly PriceCommand[]) => priceDecider.decide(command, after(...before));

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

  it('is taken away at the version that was read, once', () => {
    const removed = { ok: true, events: [{ type: 'voltlog.session.PriceRemoved.v1', data: { scope: 'default', version: 2, at: LATER } }] };
    for (const version of [0, 1]) expect(decide(remove(version), put('0.50'))).toEqual(removed);
    expect(decide(remove(2), put('0.50'))).toEqual({ ok: false, refusal: 'VersionMismatch' });
    expect(decide(remove())).toEqual({ ok: false, refusal: 'PriceUnknown' });
    expect(decide(remove(), put('0.50'), remove())).toEqual({ ok: false, refusal: 'PriceUnknown' });
    expect(after(put('0.50'), remove())).toMatchObject({ price: { version: 2 }, removed: true });
  });

  it('that was taken away is set anew, also as it was, and holds from then on', () => {
    const again = { ...put('0.50', 0, true), at: LATER };
    expect(decide(again, put('0.50'), remove())).toMatchObject({ ok: true, events: [{ data: { perKwh: '0.50', version: 3 } }] });
    expect(decide(put('0.60', 2), put('0.50'), remove())).toEqual({ ok: false, refusal: 'VersionMismatch' });
    const state = after(put('0.50'), remove(), again);
    expect([state.since, state.removed]).toEqual([LATER, undefined]);
  });

  it('has the stream of its scope', () => {
    expect(priceScopeOfStream(priceStreamId('station:CP:1'))).toBe('station:CP:1');
    expect(priceScopeOfStream('0190d2a4-0000-7000-8000-000000000000')).toBeUndefined();
  });
});
