import { describe, expect, it } from 'vitest';
import { type Arrival, mayBeTheirs, takenBy, usedBy } from './arrival.js';
import type { Calendar, Reservation } from './calendar.state.js';

const START = Date.parse('2026-03-02T08:00:00.000Z');
const MINUTE = 60_000;

const reservation = (reservationId: string, change: Partial<Reservation> = {}): Reservation => ({
  reservationId,
  number: 1,
  stationId: 'S1',
  evseId: 1,
  connectorId: 1,
  idToken: { idToken: 'Card', type: 'ISO14443' },
  startsAt: '2026-03-02T08:00:00.000Z',
  expiresAt: '2026-03-02T08:30:00.000Z',
  hold: 'Held',
  holdAt: '2026-03-02T08:00:00.000Z',
  losses: 0,
  reminded: false,
  createdAt: '2026-03-02T07:00:00.000Z',
  updatedAt: '2026-03-02T07:00:00.000Z',
  ...change,
});
const calendar = (...all: readonly Reservation[]): Calendar => ({
  reservations: new Map(all.map((each) => [each.reservationId, each])),
  lastNumber: all.length,
});
const arrival = (change: Partial<Arrival> = {}): Arrival => ({ evseId: 1, idToken: 'CARD', at: START + MINUTE, ...change });

describe('a transaction', () => {
  it('uses the reservation of its token, whatever the case', () => {
    expect(usedBy(calendar(reservation('R1')), arrival())?.reservationId).toBe('R1');
    expect(usedBy(calendar(reservation('R1')), arrival({ idToken: 'OTHER' }))).toBeUndefined();
  });

  it('uses the one of its group on that EVSE only, and of its own token on any', () => {
    const group = calendar(reservation('R1', { groupId: 'Fleet' }));
    expect(usedBy(group, arrival({ idToken: 'OTHER', groupId: 'FLEET' }))?.reservationId).toBe('R1');
    expect(usedBy(group, arrival({ idToken: 'OTHER', groupId: 'FLEET', evseId: 2 }))).toBeUndefined();
    expect(usedBy(group, arrival({ evseId: 2 }))?.reservationId).toBe('R1');
    const both = calendar(reservation('R1', { groupId: 'FLEET', idToken: { idToken: 'X', type: '' } }), reservation('R2'));
    expect(usedBy(both, arrival({ groupId: 'FLEET' }))?.reservationId).toBe('R2');
  });

  it('uses the one whose number the station tells, before all others', () => {
    const two = calendar(reservation('R1'), reservation('R2', { number: 2, idToken: { idToken: 'X', type: '' } }));
    expect(usedBy(two, arrival({ number: 2 }))?.reservationId).toBe('R2');
    expect(usedBy(two, arrival({ number: 9 }))?.reservationId).toBe('R1');
  });

  it('may be a quarter of an hour early and a minute late by its clock', () => {
    const one = calendar(reservation('R1'));
    expect(usedBy(one, arrival({ at: START - 15 * MINUTE }))).toBeDefined();
    expect(usedBy(one, arrival({ at: START - 15 * MINUTE - 1 }))).toBeUndefined();
    expect(usedBy(one, arrival({ at: START + 31 * MINUTE - 1 }))).toBeDefined();
    expect(usedBy(one, arrival({ at: START + 31 * MINUTE }))).toBeUndefined();
  });

  it('uses no reservation that ended, but one that expired while nobody could tell', () => {
    const at = '2026-03-02T08:30:00.000Z';
    const ended = (end: NonNullable<Reservation['end']>) => usedBy(calendar(reservation('R1', { end })), arrival());
    expect(ended({ kind: 'Expired', at, reason: 'StationOffline' })).toBeDefined();
    expect(ended({ kind: 'Expired', at, reason: 'NoShow' })).toBeUndefined();
    expect(ended({ kind: 'Cancelled', at, reason: 'ByDriver' })).toBeUndefined();
  });

  it('may be about to begin where a car came a quarter of an hour before at most, until its driver had time to show a card', () => {
    const one = reservation('R1');
    const came = (before: number): string => new Date(START - before).toISOString();
    const grace = 3 * MINUTE;
    expect(mayBeTheirs(one, came(15 * MINUTE), START, grace)).toBe(true);
    expect(mayBeTheirs(one, came(15 * MINUTE + 1), START, grace)).toBe(false);
    expect(mayBeTheirs(one, came(-MINUTE), START + grace - 1, grace)).toBe(true);
    expect(mayBeTheirs(one, came(-MINUTE), START + grace, grace)).toBe(false);
    expect(mayBeTheirs(one, came(MINUTE), START, 0)).toBe(false);
  });

  it('of a stranger takes a held EVSE away, once the hold has begun', () => {
    const one = calendar(reservation('R1', { groupId: 'FLEET' }));
    const stranger = arrival({ idToken: 'OTHER' });
    expect(takenBy(one, stranger)).toHaveLength(1);
    expect(takenBy(one, { ...stranger, at: START - 1 })).toEqual([]);
    expect(takenBy(one, { ...stranger, at: START + 30 * MINUTE })).toEqual([]);
    expect(takenBy(one, { ...stranger, evseId: 2 })).toEqual([]);
    expect(takenBy(one, { ...stranger, groupId: 'fleet' })).toEqual([]);
    expect(takenBy(one, arrival())).toEqual([]);
  });
});
