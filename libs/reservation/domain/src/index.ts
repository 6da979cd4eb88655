export { type Arrival, mayBeTheirs, takenBy, usedBy } from './arrival.js';
export {
  type CalendarCommand,
  type CalendarRefusal,
  calendarDecider,
  keepFreeMsOf,
  LOSSES_MAX,
  policyRefusal,
  type Reserve,
  type ReserveRefusal,
  withEvent,
} from './calendar.decider.js';
export {
  activeOf,
  type Calendar,
  EMPTY_CALENDAR,
  isActive,
  isFor,
  isHeldAt,
  mayMove,
  type Reservation,
  type ReservationEnd,
  reserverKey,
  tokenKey,
} from './calendar.state.js';
export { type Claim, type ClaimOutcome, claim } from './claims.js';
export { isOpenThroughout, isTimeZone } from './opening-hours.js';
export {
  type ConnectorPlace,
  connectorsFor,
  type EvsePlace,
  isClosedIn,
  isOutOfService,
  occupiedSince,
  overlap,
  type PlacementRefusal,
  place,
  type StationPlace,
  statusOf,
} from './placement.js';
export { DEFAULT_POLICY, type PolicyRefusal, type PolicyState, type PutPolicy, policyDecider, policyProblem } from './policy.js';
