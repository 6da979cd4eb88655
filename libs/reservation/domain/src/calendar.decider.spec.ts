import { fold } from '@voltlog/kernel';
import type { ReservationEvent } from '@voltlog/reservation-contract';
import { given } from '@voltlog/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CalendarCommand, calendarDecider, LOSSES_MAX, type Reserve, withEvent } from './calendar.decider.js';
import { activeOf, type Calendar, EMPTY_CALENDAR, mayMove } from './calendar.state.js';
import type { StationPlace } from './placement.js';
import { DEFAULT_POLICY } from './policy.js';

const NOW = Date.parse('2026-03-02T08:00:00.000Z');
const MINUTE = 60_000;

const station = (...statuses: string[]): StationPlace => ({
  inService: true,
  evses: statuses.map((status, index) => ({
    evseId: index + 1,
    connectors: [{ connectorId: 1, connectorType: index % 2 === 0 ? 'cCCS2' : 'sType2', status, outages: [] }],
  })),
});

const reserve = (change: Partial<Reserve> = {}): Reserve => ({
  kind: 'Reserve',
  reservationId: 'R1',
  stationId: 'S1',
  evseId: 1,
  idToken: { idToken: 'CARD', type: 'ISO14443' },
  startsAt: NOW,
  expiresAt: NOW + 30 * MINUTE,
  station: station('Available', 'Available'),
  policy: DEFAULT_POLICY,
  timeZone: '',
  now: NOW,
  ...change,
});

/** The events of commands that were all agreed to. */
function after(...commands: readonly CalendarCommand[]): ReservationEvent[] {
  const events: ReservationEvent[] = [];
  let state = calendarDecider.initialState;
  for (const command of commands) {
    const decision = calendarDecider.decide(command, state);
    if (!decision.ok) throw new Error(`${command.kind} was refused: ${decision.refusal}`);
    events.push(...decision.events);
    state = fold(calendarDecider, decision.events, state);
  }
  return events;
}

describe('an EVSE that is reserved for later', () => {
  const kept = (change: Partial<Reserve>) => after(reserve(change)).map(({ data }) => ('keptFrom' in data ? data.keptFrom : undefined));
  const later = { startsAt: NOW + 60 * MINUTE, expiresAt: NOW + 90 * MINUTE };

  it('is kept free as long before as the site says', () => {
    expect(kept(later)).toEqual(['2026-03-02T08:45:00.000Z']);
    expect(kept({ ...later, policy: { ...DEFAULT_POLICY, keepFreeSeconds: 0 } })).toEqual([undefined]);
    const { keepFreeSeconds: _, ...old } = DEFAULT_POLICY;
    expect(kept({ ...later, policy: old })).toEqual([undefined]);
    expect(kept({})).toEqual([undefined]);
  });

  it('is not kept free while it is still held for whoever is before', () => {
    const keptAfter = (before: Partial<Reserve>, next: Partial<Reserve> = {}) => {
      const [, second] = after(reserve(before), reserve({ ...later, reservationId: 'R2', ...next }));
      return second !== undefined && 'keptFrom' in second.data ? second.data.keptFrom : undefined;
    };
    const before = (minutes: number): Partial<Reserve> => ({ startsAt: NOW + 30 * MINUTE, expiresAt: NOW + minutes * MINUTE });
    expect(keptAfter(before(60))).toBe('2026-03-02T09:00:00.000Z');
    expect(keptAfter(before(50))).toBe('2026-03-02T08:50:00.000Z');
    expect(keptAfter(before(45))).toBe('2026-03-02T08:45:00.000Z');
    expect(keptAfter(before(60), { evseId: 2 })).toBe('2026-03-02T08:45:00.000Z');
    const [, , gone] = after(reserve(before(60)), cancel(), reserve({ ...later, reservationId: 'R2' }));
    expect(gone?.data).toMatchObject({ keptFrom: '2026-03-02T08:45:00.000Z' });
  });
});

const confirmed = {
  reservationId: 'R1',
  number: 1,
  stationId: 'S1',
  evseId: 1,
  idToken: { idToken: 'CARD', type: 'ISO14443' },
  startsAt: '2026-03-02T08:00:00.000Z',
  expiresAt: '2026-03-02T08:30:00.000Z',
};
const at = '2026-03-02T08:00:00.000Z';
const cancel = (reservationId = 'R1'): CalendarCommand => ({ kind: 'Cancel', reservationId, reason: 'ByDriver', now: NOW });
const hold = (word: 'Held' | 'Lost' | 'Released' | 'Refused', stationStatus?: string): CalendarCommand => ({
  kind: 'ReportHold',
  reservationId: 'R1',
  hold: word,
  ...(stationStatus === undefined ? {} : { stationStatus }),
  now: NOW,
});

describe('a reservation whose EVSE stays blocked', () => {
  const movedFrom = { reservationId: 'R1', stationId: 'S1', evseId: 1, reason: 'Occupied' } as const;
  const of = (...commands: readonly CalendarCommand[]) => fold(calendarDecider, after(...commands), EMPTY_CALENDAR).reservations.get('R1');

  it.each<[string, Partial<Reserve>, boolean]>([
    ['named', {}, false],
    ['of any of a station', { chosenFrom: 'Station' }, true],
    ['of any of a site', { chosenFrom: 'Site' }, true],
    ['that stands in for another', { chosenFrom: 'Site', movedFrom }, false],
  ])('%s may move: %s', (_, change, expected) => {
    const reservation = of(reserve(change));
    expect(reservation !== undefined && mayMove(reservation)).toBe(expected);
    const given = of(reserve(change), cancel());
    expect(given !== undefined && mayMove(given)).toBe(false);
  });

  it('says where it went, and where it came from with everything that is told of it', () => {
    const [, moved] = after(reserve({ chosenFrom: 'Station' }), { ...cancel(), reason: 'Moved', movedTo: 'R2' } as CalendarCommand);
    expect(moved?.data).toMatchObject({ reason: 'Moved', movedTo: 'R2' });
    const told = after(reserve({ movedFrom }), hold('Held'), cancel());
    expect(told.map(({ data }) => data.movedFrom)).toEqual([movedFrom, movedFrom, movedFrom]);
    expect(of(reserve(), { ...cancel(), reason: 'Moved', movedTo: 'R2' } as CalendarCommand)?.end).toMatchObject({ movedTo: 'R2' });
  });
});

describe('a calendar', () => {
  it('confirms what is free, and says how many EVSEs the station has', () => {
    given(calendarDecider)
      .when(reserve())
      .then({ type: 'voltlog.reservation.ReservationConfirmed.v1', data: { ...confirmed, at, connectorId: 1, stationEvses: 2 } });
  });

  it('changes nothing when the same reservation is asked for again', () => {
    given(calendarDecider, ...after(reserve()))
      .when(reserve({ evseId: 2 }))
      .thenNothing();
  });

  it('counts OCPP reservation ids up, also when reservations end', () => {
    const events = after(reserve(), cancel(), reserve({ reservationId: 'R2' }));
    expect(events.map(({ data }) => data.number)).toEqual([1, 1, 2]);
  });

  it.each<[string, Partial<Reserve>, string | undefined]>([
    ['a minute ago is now', { startsAt: NOW - MINUTE }, undefined],
    ['longer ago is the past', { startsAt: NOW - MINUTE - 1 }, 'StartsInPast'],
    ['as far ahead as allowed', { startsAt: NOW + 7 * 86_400_000, expiresAt: NOW + 7 * 86_400_000 + 10 * MINUTE }, undefined],
    ['farther', { startsAt: NOW + 7 * 86_400_000 + 1, expiresAt: NOW + 7 * 86_400_000 + 10 * MINUTE }, 'TooFarAhead'],
    ['as long as allowed', { expiresAt: NOW + 120 * MINUTE }, undefined],
    ['longer', { expiresAt: NOW + 120 * MINUTE + 1 }, 'TooLong'],
    ['a minute', { expiresAt: NOW + MINUTE }, undefined],
    ['less', { expiresAt: NOW + MINUTE - 1 }, 'TooShort'],
    ['an end before its start', { expiresAt: NOW - MINUTE }, 'TooShort'],
    ['an EVSE there is not', { evseId: 3 }, 'EvseUnknown'],
    ['a plug of another type', { evseId: 1, connectorType: 'sType2' }, 'ConnectorTypeUnknown'],
    ['a plug nobody has', { evseId: 0, connectorType: 'cTesla' }, 'ConnectorTypeUnknown'],
    ['a station that is not in service', { station: { ...station('Available'), inService: false } }, 'StationNotInService'],
    ['a site that takes none', { policy: { ...DEFAULT_POLICY, enabled: false } }, 'ReservationsDisabled'],
    ['a closed site', { policy: { ...DEFAULT_POLICY, openingHours: [{ weekday: 2, from: '06:00', until: '22:00' }] } }, 'Closed'],
    ['an open site', { policy: { ...DEFAULT_POLICY, openingHours: [{ weekday: 1, from: '06:00', until: '22:00' }] } }, undefined],
    ['an EVSE with a car on it', { station: station('Occupied') }, 'EvseOccupied'],
    ['the same while it would have to leave at once', { station: station('Occupied'), startsAt: NOW + 15 * MINUTE }, 'EvseOccupied'],
    ['the same later', { station: station('Occupied'), startsAt: NOW + 15 * MINUTE + 1 }, undefined],
    [
      'the same in a minute, where none is kept free',
      { station: station('Occupied'), startsAt: NOW + MINUTE, policy: { ...DEFAULT_POLICY, keepFreeSeconds: 0 } },
      'EvseOccupied',
    ],
    [
      'the same after that, where none is kept free',
      { station: station('Occupied'), startsAt: NOW + MINUTE + 1, policy: { ...DEFAULT_POLICY, keepFreeSeconds: 0 } },
      undefined,
    ],
    ['a faulted EVSE', { station: station('Faulted') }, 'EvseOutOfService'],
    ['an unavailable EVSE', { station: station('Unavailable') }, 'EvseOutOfService'],
    [
      'a faulted one tomorrow',
      { station: station('Faulted'), startsAt: NOW + 86_400_000, expiresAt: NOW + 86_400_000 + MINUTE },
      undefined,
    ],
    ['any of a station whose EVSEs are all taken', { evseId: 0, station: station('Occupied', 'Occupied') }, 'NoEvseFree'],
    ['any of a station without EVSEs', { evseId: 0, station: station() }, 'NoEvseFree'],
  ])('%s', (_, change, refusal) => {
    const then = given(calendarDecider).when(reserve(change));
    if (refusal === undefined) expect(then.decision.ok).toBe(true);
    else then.thenRefuses(refusal);
  });

  it('gives a reservation for any EVSE one that is free and works', () => {
    const choices = [
      [station('Occupied', 'Faulted', 'Available'), NOW, 3],
      [station('Faulted', 'Occupied', 'Available'), NOW + 30 * MINUTE, 3],
      [station('Occupied', 'Occupied'), NOW + 30 * MINUTE, 1],
    ] as const;
    for (const [place, startsAt, evseId] of choices) {
      const [event] = after(reserve({ evseId: 0, station: place, startsAt, expiresAt: startsAt + 10 * MINUTE }));
      expect(event?.data.evseId).toBe(evseId);
    }
    const [event] = after(reserve({ evseId: 0, connectorType: 'sType2' }));
    expect(event?.data).toMatchObject({ evseId: 2, connectorType: 'sType2' });
  });

  it('lets one begin when the other ends, and not a moment earlier', () => {
    const taken = given(calendarDecider, ...after(reserve()));
    const next = { reservationId: 'R2', startsAt: NOW + 30 * MINUTE, expiresAt: NOW + 40 * MINUTE };
    expect(taken.when(reserve(next)).decision.ok).toBe(true);
    taken.when(reserve({ ...next, startsAt: NOW + 30 * MINUTE - 1 })).thenRefuses('EvseReserved');
    expect(taken.when(reserve({ ...next, startsAt: NOW, evseId: 2 })).decision.ok).toBe(true);
  });

  it('is free again once a reservation was cancelled', () => {
    expect(given(calendarDecider, ...after(reserve(), cancel())).when(reserve({ reservationId: 'R2' })).decision.ok).toBe(true);
  });

  it('cancels once, and not what ended otherwise', () => {
    given(calendarDecider, ...after(reserve()))
      .when(cancel())
      .then({ type: 'voltlog.reservation.ReservationCancelled.v1', data: { ...confirmed, at, reason: 'ByDriver' } });
    given(calendarDecider, ...after(reserve(), cancel()))
      .when(cancel())
      .thenNothing();
    given(calendarDecider, ...after(reserve(), used()))
      .when(cancel())
      .thenRefuses('ReservationEnded');
    given(calendarDecider).when(cancel()).thenRefuses('ReservationUnknown');
  });

  it('is used once, and says where when that was another EVSE', () => {
    given(calendarDecider, ...after(reserve()))
      .when(used())
      .then({ type: 'voltlog.reservation.ReservationUsed.v1', data: { ...confirmed, at, transactionId: 'T1' } });
    given(calendarDecider, ...after(reserve()))
      .when(used(2))
      .then({ type: 'voltlog.reservation.ReservationUsed.v1', data: { ...confirmed, at, transactionId: 'T1', usedEvseId: 2 } });
    given(calendarDecider, ...after(reserve(), used()))
      .when(used())
      .thenNothing();
  });

  it('expires at its time and not before; a no-show is only told of a station that is there', () => {
    const held = given(calendarDecider, ...after(reserve()));
    held.when(expire(true, 30 * MINUTE - 1)).thenNothing();
    for (const [connected, reason] of [
      [true, 'NoShow'],
      [false, 'StationOffline'],
    ] as const)
      held.when(expire(connected, 30 * MINUTE)).then({
        type: 'voltlog.reservation.ReservationExpired.v1',
        data: { ...confirmed, at: '2026-03-02T08:30:00.000Z', reason },
      });
    given(calendarDecider, ...after(reserve(), cancel()))
      .when(expire(true, 30 * MINUTE))
      .thenNothing();
  });

  it('may turn out to have been used when it expired while the station was offline, else not', () => {
    const offline = given(calendarDecider, ...after(reserve(), expire(false, 30 * MINUTE))).when(used()).decision;
    expect(offline).toMatchObject({ ok: true, events: [{ type: 'voltlog.reservation.ReservationUsed.v1' }] });
    given(calendarDecider, ...after(reserve(), expire(true, 30 * MINUTE)))
      .when(used())
      .thenNothing();
  });

  it('reminds once', () => {
    const remind: CalendarCommand = { kind: 'Remind', reservationId: 'R1', now: NOW };
    given(calendarDecider, ...after(reserve()))
      .when(remind)
      .then({ type: 'voltlog.reservation.ReservationExpiring.v1', data: { ...confirmed, at } });
    given(calendarDecider, ...after(reserve(), remind))
      .when(remind)
      .thenNothing();
    given(calendarDecider, ...after(reserve(), cancel()))
      .when(remind)
      .thenNothing();
  });

  it('notes what the station does about it, a change at a time', () => {
    given(calendarDecider, ...after(reserve()))
      .when(hold('Held', 'Accepted'))
      .then({
        type: 'voltlog.reservation.ReservationStationHoldChanged.v1',
        data: { ...confirmed, at, hold: 'Held', stationStatus: 'Accepted' },
      });
    given(calendarDecider, ...after(reserve(), hold('Held')))
      .when(hold('Held'))
      .thenNothing();
    given(calendarDecider, ...after(reserve()))
      .when(hold('Lost'))
      .thenNothing();
    given(calendarDecider, ...after(reserve(), cancel()))
      .when(hold('Held'))
      .thenNothing();
    expect(given(calendarDecider, ...after(reserve(), cancel())).when(hold('Released')).decision).toMatchObject({ events: [{}] });
  });

  it('gives up on a station that forgets again and again', () => {
    const forgetting = Array.from({ length: LOSSES_MAX }, () => [hold('Held'), hold('Lost')]).flat();
    const last = given(calendarDecider, ...after(reserve(), ...forgetting, hold('Held'))).when(hold('Lost')).decision;
    expect(last).toMatchObject({ events: [{ data: { hold: 'Refused', stationStatus: 'Forgotten' } }] });
  });

  it('forgets what ended a week ago, while read models keep it', () => {
    const later = NOW + 8 * 86_400_000;
    const events = after(reserve(), cancel(), reserve({ reservationId: 'R2', now: later, startsAt: later, expiresAt: later + MINUTE }));
    expect([...fold(calendarDecider, events).reservations.keys()]).toEqual(['R2']);
    expect([...events.reduce(withEvent, EMPTY_CALENDAR as Calendar).reservations.keys()]).toEqual(['R1', 'R2']);
  });

  it('never holds an EVSE twice, whatever is asked in whatever order', () => {
    const EVSES = 3;
    const command = fc.oneof(
      {
        weight: 3,
        arbitrary: fc.record({
          kind: fc.constant('Reserve' as const),
          id: fc.nat(19),
          evseId: fc.nat(EVSES),
          from: fc.nat(40),
          minutes: fc.integer({ min: 1, max: 20 }),
        }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('Cancel' as const, 'Use' as const, 'Expire' as const), id: fc.nat(19) }) },
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
        let calendar = calendarDecider.initialState;
        for (const each of commands) {
          const reservationId = `R${each.id}`;
          const startsAt = each.kind === 'Reserve' ? NOW + each.from * MINUTE : NOW;
          const decision = calendarDecider.decide(
            each.kind === 'Reserve'
              ? reserve({
                  reservationId,
                  evseId: each.evseId,
                  startsAt,
                  expiresAt: startsAt + each.minutes * MINUTE,
                  station: station('', '', ''),
                })
              : each.kind === 'Cancel'
                ? { kind: 'Cancel', reservationId, reason: 'ByOperator', now: NOW }
                : each.kind === 'Use'
                  ? { kind: 'Use', reservationId, transactionId: 'T', evseId: 0, now: NOW }
                  : { kind: 'Expire', reservationId, connected: true, now: NOW + 20 * MINUTE },
            calendar,
          );
          if (decision.ok) calendar = fold(calendarDecider, decision.events, calendar);
          expectNoOverlap(calendar);
        }
      }),
    );
  });

  it('finds an EVSE for any-EVSE reservations exactly as long as there is one', () => {
    let calendar = calendarDecider.initialState;
    const outcomes = Array.from({ length: 12 }, (_, index) => {
      const decision = calendarDecider.decide(
        reserve({ reservationId: `R${index}`, evseId: 0, station: station(...new Array<string>(10).fill('')) }),
        calendar,
      );
      if (decision.ok) calendar = fold(calendarDecider, decision.events, calendar);
      return decision.ok ? 'held' : decision.refusal;
    });
    expect(outcomes).toEqual([...new Array<string>(10).fill('held'), 'NoEvseFree', 'NoEvseFree']);
    expect(new Set(activeOf(calendar).map(({ evseId }) => evseId)).size).toBe(10);
  });
});

const used = (evseId = 1): CalendarCommand => ({ kind: 'Use', reservationId: 'R1', transactionId: 'T1', evseId, now: NOW });
const expire = (connected: boolean, afterMs: number): CalendarCommand => ({
  kind: 'Expire',
  reservationId: 'R1',
  connected,
  now: NOW + afterMs,
});

function expectNoOverlap(calendar: Calendar): void {
  const active = [...activeOf(calendar)].sort((a, b) => a.evseId - b.evseId || (a.startsAt < b.startsAt ? -1 : 1));
  for (const [index, each] of active.entries()) {
    const before = active[index - 1];
    if (before?.evseId === each.evseId) expect(before.expiresAt <= each.startsAt).toBe(true);
  }
}
