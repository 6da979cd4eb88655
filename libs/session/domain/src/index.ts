export { hasNews, type RecordContext } from './announcements.js';
export { type AskedStart, isStartOf, startAskedFor } from './asked-start.js';
export { compareText } from './begin.js';
export {
  type AnnouncedMilestone,
  type Claim,
  compareClaims,
  type FaultClaim,
  type FreedClaim,
  type Interruption,
  joinClaim,
  type LimitClaim,
  noClaims,
  type Place,
  type QueueClaim,
  type SessionClaims,
  type StartClaim,
  type StopClaim,
  type TokenClaim,
  tokenOfStart,
} from './claims.js';
export { type EndCause, endCauseOf } from './end-cause.js';
export { detectedClaim, endOf, startClaim, tokenClaim } from './fact-claims.js';
export { isMeant, type LimitProgress, type LimitVerdict, watchLimit } from './limit.js';
export { limitOf, type Overshoot, overshootsOf, secondsOf, sessionCost } from './limits.js';
export { type Candidate, chooseSession, MATCH_POWER_W_MAX, matchOrphans, type OrphanEnd, supersessions } from './matching.js';
export { awaitsUnplug, freedAfter, limitDimensionOf } from './milestones.js';
export {
  CLOCK_SKEW_MS,
  claimedPoints,
  effectiveEnd,
  elapsedMs,
  energyOf,
  isActive,
  isAssumed,
  isSkewed,
  needsAllPoints,
  outcomeOf,
  trueTime,
} from './outcome.js';
export {
  type PriceCommand,
  type PriceRefusal,
  type PriceState,
  type PutPrice,
  priceDecider,
  priceScopeOfStream,
  priceStreamId,
} from './price.decider.js';
export { costOf, isAmount, type SessionCost } from './price.js';
export {
  type ChargingState,
  compareStates,
  joinReadings,
  type Measured,
  noteChargingState,
  noteMeterValue,
  noteReceived,
  noteSeqNo,
  type Readings,
  registerPoints,
  SEQ_NO_INTERVALS_MAX,
} from './readings.js';
export {
  isIrregular,
  joinPoint,
  type PiecewiseEnergy,
  POWER_W_MAX,
  piecewiseEnergy,
  REGISTER_TOLERANCE_WH,
  type RegisterPoint,
  type RegisterSummary,
  regularEnergy,
} from './registers.js';
export { type RecordClaim, sameOutcome, sessionDecider } from './session.decider.js';
export {
  type CancelledStartRequest,
  isOpen,
  isRefusal,
  type StartRequestCommand,
  type StartRequestRefusal,
  type StartRequestState,
  startRequestDecider,
} from './start-request.decider.js';
export { isPending, nextStopStep, STOP_ANSWER_MS_MAX, STOP_ATTEMPTS_MAX, type StopStep } from './stop.js';
