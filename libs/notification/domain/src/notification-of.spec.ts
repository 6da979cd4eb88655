import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { notificationOf, SOURCE_TYPES } from './notification-of.js';

const event = (type: string, data: unknown) => ({ id: 'e-1', type, time: '2026-11-24T18:00:00.500Z', data });
const MILESTONE = 'voltlog.session.SessionMilestoneReached.v1';

describe('what an event is worth telling', () => {
  it('a milestone of a session, with all that is known', () => {
    const told = notificationOf(
      event(MILESTONE, {
        milestone: 'BatteryAt',
        at: '2026-11-24T18:00:00.000Z',
        receivedAt: '2026-11-24T18:00:00.400Z',
        sessionId: 's-1',
        stationId: 'CP-1',
        transactionId: '7',
        ocppVersion: 'ocpp2.0.1',
        evseId: 2,
        connectorId: 1,
        siteId: 'north',
        idToken: { idToken: 'TAG', type: 'ISO14443' },
        groupId: 'G',
        contractId: 'C-1',
        stateOfChargePercent: 81,
        percent: 80,
        energyWh: 1234.5,
        cost: { amount: '1.20', currency: 'EUR' },
      }),
    );
    expect(told).toEqual({
      notificationId: 'e-1',
      kind: 'BatteryAt',
      at: '2026-11-24T18:00:00.000Z',
      recordedAt: '2026-11-24T18:00:00.500Z',
      stationId: 'CP-1',
      evseId: 2,
      connectorId: 1,
      siteId: 'north',
      sessionId: 's-1',
      idToken: 'TAG',
      groupId: 'G',
      contractId: 'C-1',
      energyWh: 1234.5,
      cost: { amount: '1.20', currency: 'EUR' },
      stateOfChargePercent: 81,
      percent: 80,
    });
  });

  it.each([
    ['voltlog.reservation.ReservationConfirmed.v1', 'ReservationConfirmed'],
    ['voltlog.reservation.ReservationExpiring.v1', 'ReservationExpiring'],
    ['voltlog.reservation.ReservationExpired.v1', 'ReservationExpired'],
    ['voltlog.reservation.ReservationCancelled.v1', 'ReservationCancelled'],
    ['voltlog.session.SessionStopEscalated.v1', 'StopEscalated'],
  ])('%s is %s', (type, kind) => {
    expect(notificationOf(event(type, { stationId: 'CP-1', reservationId: 'r' }))).toMatchObject({ kind, reservationId: 'r', evseId: 0 });
    expect(SOURCE_TYPES).toContain(type);
  });

  it('a reservation for a group alone, with the group and no token', () => {
    const data = {
      stationId: 'CP-1',
      reservationId: 'r',
      idToken: { idToken: 'FLEET', type: 'Central' },
      groupId: 'FLEET',
      forGroup: true,
    };
    const told = notificationOf(event('voltlog.reservation.ReservationConfirmed.v1', data));
    expect([told?.idToken, told?.groupId]).toEqual([undefined, 'FLEET']);
    const { forGroup: _, ...beside } = data;
    expect(notificationOf(event('voltlog.reservation.ReservationConfirmed.v1', beside))?.idToken).toBe('FLEET');
  });

  it('a reservation that was moved is told once, by where it is now', () => {
    const movedFrom = { reservationId: 'before', stationId: 'CP-1', evseId: 1, reason: 'Occupied' };
    const data = { stationId: 'CP-2', evseId: 3, reservationId: 'now', movedFrom };
    expect(notificationOf(event('voltlog.reservation.ReservationConfirmed.v1', data))).toMatchObject({
      kind: 'ReservationMoved',
      reservationId: 'now',
      movedFrom: 'before',
      reason: 'Occupied',
      stationId: 'CP-2',
      evseId: 3,
    });
    const cancelled = (reason: string) =>
      notificationOf(event('voltlog.reservation.ReservationCancelled.v1', { stationId: 'CP-1', reservationId: 'before', reason }));
    expect(cancelled('Moved')).toBeUndefined();
    // It was held beside one that its driver used, or gave back, at that moment.
    expect(cancelled('NotNeeded')).toBeUndefined();
    expect(cancelled('EvseOutOfService')).toMatchObject({ kind: 'ReservationCancelled', reason: 'EvseOutOfService' });
  });

  it('a station that has a car plugged in where it is to hold a place is told of, and no other answer about a hold', () => {
    const type = 'voltlog.reservation.ReservationStationHoldChanged.v1';
    const hold = (data: object) =>
      notificationOf(event(type, { stationId: 'CP-1', evseId: 1, reservationId: 'r', idToken: 'TAG', ...data }));
    expect(hold({ hold: 'Refused', stationStatus: 'Occupied' })).toMatchObject({
      kind: 'ReservationBlocked',
      reservationId: 'r',
      idToken: 'TAG',
    });
    expect(hold({ hold: 'NotSupported', stationStatus: 'Occupied' })?.kind).toBe('ReservationBlocked');
    for (const other of [
      { hold: 'NotSupported', stationStatus: 'NotImplemented' },
      { hold: 'Held', stationStatus: 'Accepted' },
      { hold: 'Refused', stationStatus: 'Faulted' },
      { hold: 'Pending' },
    ])
      expect(hold(other)).toBeUndefined();
    expect(SOURCE_TYPES).toContain(type);
  });

  it('an alert, with what the event says of it; of work on many stations it has none', () => {
    const about = { alertId: 'a', source: 'Campaign', subject: 'Campaign c' };
    const told = notificationOf(
      event('voltlog.device.AlertOpened.v1', {
        stationId: '',
        ...about,
        severity: 4,
        detail: 'it stopped',
        evseId: 0,
        connectorId: 0,
        value: '',
        occurredAt: '2026-11-24T17:00:00.000Z',
        at: '2026-11-24T18:00:00.000Z',
      }),
    );
    expect(told).toMatchObject({ kind: 'AlertOpened', stationId: '', at: '2026-11-24T17:00:00.000Z' });
    expect(told?.alert).toEqual({ ...about, severity: 4, detail: 'it stopped' });
    // Of a version that did not say what it is about.
    const cleared = notificationOf(event('voltlog.device.AlertCleared.v1', { stationId: 'CP-1', alertId: 'a', by: 'Operator' }));
    expect(cleared).toMatchObject({ kind: 'AlertCleared', stationId: 'CP-1', alert: { alertId: 'a', clearedBy: 'Operator' } });
    expect(notificationOf(event('voltlog.device.AlertCleared.v1', { stationId: 'CP-1' }))).toBeUndefined();
    for (const name of ['AlertOpened', 'AlertRaised', 'AlertCleared']) {
      const ofStranger = { stationId: 'CP-1', ...about, notAccepted: true };
      expect(notificationOf(event(`voltlog.device.${name}.v1`, ofStranger))).toBeUndefined();
    }
    expect(notificationOf(event('voltlog.device.AlertAcknowledged.v1', { stationId: 'CP-1', alertId: 'a' }))).toBeUndefined();
  });

  it('nothing of other events, milestones it does not know, and events without a station', () => {
    expect(notificationOf(event('voltlog.session.SessionStarted.v1', { stationId: 'CP-1' }))).toBeUndefined();
    expect(notificationOf(event(MILESTONE, { stationId: 'CP-1', milestone: 'Teleported' }))).toBeUndefined();
    expect(notificationOf(event(MILESTONE, { stationId: 'CP-1', milestone: 'toString' }))).toBeUndefined();
    expect(notificationOf(event(MILESTONE, { milestone: 'Faulted' }))).toBeUndefined();
  });

  it('leaves out what has another type than it should', () => {
    const told = notificationOf(
      event(MILESTONE, {
        milestone: 'Faulted',
        stationId: 'CP-1',
        evseId: 'one',
        energyWh: Number.NaN,
        cost: { amount: 'much', currency: 'EUR' },
      }),
    );
    expect(told).toEqual({
      notificationId: 'e-1',
      kind: 'Faulted',
      at: '2026-11-24T18:00:00.500Z',
      recordedAt: '2026-11-24T18:00:00.500Z',
      stationId: 'CP-1',
      evseId: 0,
    });
  });

  it('never throws, whatever the data', () => {
    fc.assert(
      fc.property(fc.constantFrom(...SOURCE_TYPES), fc.anything(), (type, data) => {
        notificationOf(event(type, data));
      }),
    );
  });
});
