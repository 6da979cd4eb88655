import { readdirSync, readFileSync } from 'node:fs';
import type { ReservationEvent } from '@voltlog/reservation-contract';
import { type Calendar, EMPTY_CALENDAR, withEvent } from '@voltlog/reservation-domain';
import { expect, it } from 'vitest';

const folder = new URL('../../../libs/reservation/contract/samples/', import.meta.url);

it('samples of reservation still fold to the same reservation', () => {
  const order = ['Confirmed', 'StationHoldChanged', 'Expiring', 'Used'].map((name) => `voltlog.reservation.Reservation${name}.v1`);
  const names = readdirSync(folder).toSorted();
  let calendar: Calendar = EMPTY_CALENDAR;
  for (const type of order)
    for (const name of names.filter((each) => each.startsWith(`${type}.json`))) {
      const data: unknown = JSON.parse(readFileSync(new URL(name, folder), 'utf8'));
      calendar = withEvent(calendar, { type, data } as ReservationEvent);
    }
  expect([...calendar.reservations.values()]).toMatchObject([
    {
      number: 17,
      evseId: 2,
      connectorId: 1,
      groupId: 'FLEET-7',
      hold: 'Held',
      reminded: true,
      end: { kind: 'Used', transactionId: '101' },
    },
  ]);
  expect(calendar.lastNumber).toBe(17);
});
