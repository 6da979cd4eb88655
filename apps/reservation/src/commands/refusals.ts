import { RequestError } from '@voltlog/kernel';
import type { CalendarRefusal, PolicyRefusal } from '@voltlog/reservation-domain';

export type Refusal = CalendarRefusal | PolicyRefusal | 'TokenHasReservation' | 'StationElsewhere';

const REFUSALS: Readonly<Record<Refusal, readonly [RequestError['code'], string]>> = {
  ReservationsDisabled: ['FAILED_PRECONDITION', 'the site takes no reservations'],
  StationNotInService: ['FAILED_PRECONDITION', 'the station is not in service'],
  StationElsewhere: ['INVALID_ARGUMENT', 'the station is not at this site'],
  StartsInPast: ['INVALID_ARGUMENT', 'the reservation begins in the past'],
  TooFarAhead: ['INVALID_ARGUMENT', 'the reservation begins farther ahead than the site allows'],
  TooShort: ['INVALID_ARGUMENT', 'the reservation ends before it begins, in the past, or within a minute'],
  TooLong: ['INVALID_ARGUMENT', 'the reservation is longer than the site allows'],
  Closed: ['FAILED_PRECONDITION', 'the site is not open all that time'],
  EvseUnknown: ['NOT_FOUND', 'the station has no such EVSE'],
  ConnectorTypeUnknown: ['FAILED_PRECONDITION', 'there is no connector of this type'],
  EvseReserved: ['FAILED_PRECONDITION', 'the EVSE is reserved for somebody else at that time'],
  EvseOccupied: ['FAILED_PRECONDITION', 'a car is plugged in there: choose another EVSE, or a later time'],
  EvseOutOfService: ['FAILED_PRECONDITION', 'the EVSE is out of service'],
  NoEvseFree: ['FAILED_PRECONDITION', 'no EVSE is free at that time'],
  TokenHasReservation: ['FAILED_PRECONDITION', 'this token has as many reservations as the site allows'],
  ReservationUnknown: ['NOT_FOUND', 'there is no such reservation'],
  ReservationEnded: ['FAILED_PRECONDITION', 'the reservation has ended'],
  RevisionMismatch: ['ABORTED', 'it was changed in between: read it again'],
};

/** A refusal as the caller hears of it: its word is the reason. */
export function refusal(reason: Refusal): RequestError {
  const [code, message] = REFUSALS[reason];
  return new RequestError(code, message, reason);
}
