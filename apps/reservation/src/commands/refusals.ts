import { RequestError } from '@voltlog/kernel';
import type { PolicyAttributes } from '@voltlog/reservation-contract';
import type { CalendarRefusal, PolicyRefusal } from '@voltlog/reservation-domain';

export type Refusal = CalendarRefusal | PolicyRefusal | 'TokenHasReservation' | 'StationElsewhere' | 'GroupUnknown';

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
  TokenHasReservation: ['FAILED_PRECONDITION', 'this token, or group, has as many reservations as the site allows'],
  GroupUnknown: ['FAILED_PRECONDITION', 'no active token is of this group: write it as its tokens have it, case included'],
  ReservationUnknown: ['NOT_FOUND', 'there is no such reservation'],
  ReservationEnded: ['FAILED_PRECONDITION', 'the reservation has ended'],
  RevisionMismatch: ['ABORTED', 'it was changed in between: read it again'],
};

/** How much the site's policy would allow, for those who asked for more. */
const BOUNDS: { readonly [Reason in Refusal]?: (policy: PolicyAttributes) => string } = {
  TooFarAhead: ({ leadSecondsMax }) => `${leadSecondsMax} s at most (leadSecondsMax)`,
  TooLong: ({ lengthSecondsMax }) => `${lengthSecondsMax} s at most (lengthSecondsMax)`,
  TokenHasReservation: ({ activePerTokenMax }) => `${activePerTokenMax} at once (activePerTokenMax)`,
};

/**
 * A refusal as the caller hears of it: its word is the reason.
 *
 * @param policy what was asked against; its bound is told where that is what stood in the way
 */
export function refusal(reason: Refusal, policy?: PolicyAttributes): RequestError {
  const [code, message] = REFUSALS[reason];
  const bound = policy === undefined ? undefined : BOUNDS[reason]?.(policy);
  return new RequestError(code, bound === undefined ? message : `${message}: ${bound}`, reason);
}
