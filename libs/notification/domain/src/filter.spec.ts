import type { NotificationKind } from '@voltlog/notification-contract';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isFor, isUrgent, matches, selectorOf, selectorsOf } from './filter.js';
import { attributes, notification } from './testing.js';

const cleared = (kind: 'Faulted' | 'StationFault') => `${kind}Cleared`.replace('FaultedCleared', 'FaultCleared') as NotificationKind;

describe('an alert', () => {
  const told = (change: Parameters<typeof notification>[0] = {}) => notification({ kind: 'AlertOpened', ...change });

  it.each(['Driver', 'Contract', 'Partner', 'Operator'] as const)('to whoever wants all is told to operators alone: %s', (ownerKind) => {
    expect(isFor(attributes({ ownerKind }), told())).toBe(ownerKind === 'Operator');
    expect(isFor(attributes({ ownerKind }), notification())).toBe(true);
    expect(isFor(attributes({ ownerKind, filter: { kinds: ['AlertCleared'] } }), told())).toBe(false);
  });

  it.each([
    [0, true],
    [3, true],
    [4, false],
    [undefined, false],
  ])('of severity %s disturbs: %s; that it is over never does', (severity, disturbs) => {
    const alert = { alertId: 'a', ...(severity === undefined ? {} : { severity }) };
    expect(isUrgent(told({ alert }))).toBe(disturbs);
    expect(isUrgent(told({ kind: 'AlertRaised', alert }))).toBe(disturbs);
    expect(isUrgent(told({ kind: 'AlertCleared', alert }))).toBe(false);
  });
});

describe('a filter', () => {
  const told = notification({ idToken: 'Tag1', contractId: 'C-1', siteId: 'north', groupId: 'g' });

  it.each([
    [{ kinds: [] }, true],
    [{ kinds: ['BatteryAt', 'Faulted'] as const }, true],
    [{ kinds: ['Faulted'] as const }, false],
    [{ kinds: [], idToken: 'TAG1', contractId: 'C-1' }, true],
    [{ kinds: [], contractId: 'c-1' }, false],
    [{ kinds: [], idToken: 'TAG1', contractId: 'C-2' }, false],
    [{ kinds: [], groupId: 'G', siteId: 'north', stationId: 'CP-1', sessionId: 's-1' }, true],
    [{ kinds: [], reservationId: 'r-1' }, false],
  ])('%o: %s', (filter, expected) => {
    expect(matches(filter, told)).toBe(expected);
  });

  it.each([
    ['StationFault', notification({ kind: 'StationFaultCleared', times: 3 }), true],
    ['StationFault', notification({ kind: 'StationFaultCleared' }), false],
    ['AlertOpened', notification({ kind: 'AlertCleared', alert: { alertId: 'a', times: 1 } }), true],
    ['AlertOpened', notification({ kind: 'AlertCleared', alert: { alertId: 'a' } }), false],
    ['AlertRaised', notification({ kind: 'AlertCleared', alert: { alertId: 'a', times: 1 } }), false],
  ] as const)('of %s holds for what came up and went meanwhile (%#)', (kind, told, expected) => {
    expect(matches({ kinds: [kind] }, told)).toBe(expected);
  });

  it('of a reservation holds for the one that stands in for it, and finds it', () => {
    const moved = notification({ kind: 'ReservationExpiring', reservationId: 'now', movedFrom: 'before' });
    for (const reservationId of ['now', 'before']) {
      expect(matches({ kinds: [], reservationId }, moved)).toBe(true);
      expect(selectorsOf(moved)).toContain(selectorOf({ kinds: [], reservationId }));
    }
    expect(matches({ kinds: [], reservationId: 'other' }, moved)).toBe(false);
  });

  it.each([
    [{ kinds: [] }, false],
    [{ kinds: ['Faulted', 'StationFault'] as const, siteId: 'north' }, false],
    [{ kinds: [], stationId: 'CP-1' }, false],
    [{ kinds: ['Faulted'] as const }, true],
    [{ kinds: [], contractId: 'C-1' }, true],
    [{ kinds: [], sessionId: 's-1' }, true],
  ])('%o is told of a fault as of a session: %s', (filter, expected) => {
    expect(matches(filter, { ...told, kind: 'Faulted' })).toBe(expected);
    expect(matches({ ...filter, kinds: filter.kinds.map(cleared) }, { ...told, kind: 'FaultCleared' })).toBe(expected);
  });

  const id = fc.constantFrom('a', 'A', 'b');
  const ids = fc.record(
    { sessionId: id, reservationId: id, contractId: id, idToken: id, groupId: id, siteId: id, stationId: id },
    { requiredKeys: ['stationId'] },
  );

  it('that matches is always found by one of the selectors', () => {
    fc.assert(
      fc.property(ids, ids, fc.boolean(), (wanted, is, anyStation) => {
        const { stationId, ...rest } = wanted;
        const filter = { kinds: [], ...rest, ...(anyStation ? {} : { stationId }) };
        const { sessionId: _, ...blank } = notification();
        const what = { ...blank, ...is };
        if (matches(filter, what)) expect(selectorsOf(what)).toContain(selectorOf(filter));
      }),
    );
  });
});
