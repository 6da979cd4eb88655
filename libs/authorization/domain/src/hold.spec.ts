import { describe, expect, it } from 'vitest';
import { freeUntil, type Hold, isHeldForOthers } from './hold.js';

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

  it('that begins later is kept free, and leaves others the time until then', () => {
    const kept = hold(1, { keptFrom: '2026-03-02T07:45:00.000Z' });
    const at = (time: string, change: object = {}) => asked({ at: `2026-03-02T${time}:00.000Z`, ...change });
    expect(isHeldForOthers([kept], at('07:44'))).toBe(false);
    expect(freeUntil([kept], at('07:44'))).toBe('2026-03-02T07:45:00.000Z');
    expect(isHeldForOthers([kept], at('07:45'))).toBe(true);
    for (const change of [{ idToken: 'card' }, { evseId: 2 }, { evseId: 0 }])
      expect(freeUntil([kept], at('07:30', change))).toBeUndefined();
    expect(freeUntil([hold(1)], at('07:30'))).toBeUndefined();
    const sooner = hold(1, { reservationId: 'R0', keptFrom: '2026-03-02T07:40:00.000Z' });
    expect(freeUntil([kept, sooner], at('07:30'))).toBe('2026-03-02T07:40:00.000Z');
    // Who holds it until the other begins may charge until then.
    const before = hold(1, {
      reservationId: 'R0',
      tokenKey: 'OTHER',
      startsAt: '2026-03-02T07:00:00.000Z',
      expiresAt: '2026-03-02T08:00:00.000Z',
    });
    expect(isHeldForOthers([kept, before], at('07:50'))).toBe(false);
    expect(freeUntil([kept, before], at('07:50'))).toBe('2026-03-02T08:00:00.000Z');
  });

  it('belongs to whoever comes first, also while it is kept free for the next', () => {
    const at = (time: string, idToken: string) => asked({ at: `2026-03-02T${time}:00.000Z`, idToken });
    const first = hold(1, { keptFrom: '2026-03-02T07:45:00.000Z' });
    const next = hold(1, {
      reservationId: 'R2',
      tokenKey: 'NEXT',
      startsAt: '2026-03-02T08:30:00.000Z',
      expiresAt: '2026-03-02T09:00:00.000Z',
      keptFrom: '2026-03-02T08:15:00.000Z',
    });
    for (const holds of [
      [first, next],
      [next, first],
    ]) {
      expect(isHeldForOthers(holds, at('08:20', 'NEXT'))).toBe(true);
      expect(isHeldForOthers(holds, at('08:20', 'CARD'))).toBe(false);
      expect(isHeldForOthers(holds, at('08:30', 'NEXT'))).toBe(false);
      expect(isHeldForOthers(holds, at('08:30', 'CARD'))).toBe(true);
      // Whoever holds it has the whole slot, also when they came before it began.
      for (const time of ['07:50', '08:05', '08:20']) expect(freeUntil(holds, at(time, 'CARD'))).toBe('2026-03-02T08:30:00.000Z');
      expect(freeUntil(holds, at('07:40', 'OTHER'))).toBe('2026-03-02T07:45:00.000Z');
    }
    // Two that are both still to come: the earlier one goes first.
    const soon = { ...next, startsAt: '2026-03-02T08:05:00.000Z', keptFrom: '2026-03-02T07:50:00.000Z' };
    const short = { ...first, expiresAt: '2026-03-02T08:05:00.000Z' };
    expect(isHeldForOthers([short, soon], at('07:55', 'NEXT'))).toBe(true);
    expect(isHeldForOthers([short, soon], at('07:55', 'CARD'))).toBe(false);
    // Between two slots the time is cut where the next is kept from.
    expect(freeUntil([{ ...first, expiresAt: '2026-03-02T08:10:00.000Z' }, next], at('08:05', 'CARD'))).toBe('2026-03-02T08:15:00.000Z');
  });

  it('that is not told refuses only where every EVSE is held for others', () => {
    expect(isHeldForOthers([hold(1)], asked({ evseId: 0 }))).toBe(false);
    expect(isHeldForOthers([hold(1), hold(2)], asked({ evseId: 0 }))).toBe(true);
    expect(isHeldForOthers([hold(1), hold(1, { reservationId: 'R9' })], asked({ evseId: 0 }))).toBe(false);
    expect(isHeldForOthers([hold(1), hold(2, { tokenKey: 'OTHER' })], asked({ evseId: 0 }))).toBe(false);
    expect(isHeldForOthers([], asked({ evseId: 0 }))).toBe(false);
  });
});
