export { type Clock, isoTime, isSameMinute } from './clock.js';
export { type Decided, type Decider, type Decision, decided, fold, type Refused, refused } from './decider.js';
export { assertNever, OperatingError, RequestError } from './errors.js';
export { dataTextOf, type EventEnvelope, type EventOf } from './event.js';
export { hex32 } from './hex.js';
export { type IdSource, uuidV7Source } from './ids.js';
