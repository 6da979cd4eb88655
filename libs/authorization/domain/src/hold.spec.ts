import { describe, expect, it } from 'vitest';
import { type Hold, isHeldForOthers } from './hold.js';

const hold = (evseId: number, change: Partial<Hold> = {}): Hold => ({
  reservationId: `R${evseId}`,
  stationId: 'S1',
  evseId,
  stationEvses: 2,
  tokenKey: 'CARD',
  startsAt: '2026-03-02T08:00:00.000Z',
  expiresAt: '2026-03-02T08:30:00.000Z',
  ...change,
});
const asked = (change: object = {}) => ({ evseId: 1, idToken: 'OTHER', groupId: undefined, at: '2026-03-02T08:10:00.000Z', ...change });

describe('a held EVSE', () => {
  it('is for its reserver, whatever the case, and for the group', () => {
    expect(isHeldForOthers([hold(1)], asked())).toBe(true);
    expect(isHeldForOthers([hold(1)], asked({ idToken: 'card' }))).toBe(false);
    expect(isHeldForOthers([hold(1, { groupKey: 'FLEET' })], asked({ groupId: 'fleet' }))).toBe(false);
    expect(isHeldForOthers([hold(1, { groupKey: 'FLEET' })], asked({ groupId: 'TAXI' }))).toBe(true);
    expect(isHeldForOthers([hold(1)], asked({ evseId: 2 }))).toBe(false);
  });

  it('is held from its start to its end', () => {
    expect(isHeldForOthers([hold(1)], asked({ at: '2026-03-02T07:59:59.999Z' }))).toBe(false);
    expect(isHeldForOthers([hold(1)], asked({ at: '2026-03-02T08:00:00.000Z' }))).toBe(true);
    expect(isHeldForOthers([hold(1)], asked({ at: '2026-03-02T08:29:59.999Z' }))).toBe(true);
    expect(isHeldForOthers([hold(1)], asked({ at: '2026-03-02T08:30:00.000Z' }))).toBe(false);
  });

  it('that is not told refuses only where every EVSE is held for others', () => {
    expect(isHeldForOthers([hold(1)], asked({ evseId: 0 }))).toBe(false);
    expect(isHeldForOthers([hold(1), hold(2)], asked({ evseId: 0 }))).toBe(true);
    expect(isHeldForOthers([hold(1), hold(1, { reservationId: 'R9' })], asked({ evseId: 0 }))).toBe(false);
    expect(isHeldForOthers([hold(1), hold(2, { tokenKey: 'OTHER' })], asked({ evseId: 0 }))).toBe(false);
    expect(isHeldForOthers([], asked({ evseId: 0 }))).toBe(false);
  });
});
