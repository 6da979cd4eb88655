export type {
  AuthorizationDecided,
  AuthorizationEvents,
  AuthorizationPurpose,
  DecisionEvents,
  DecisionReason,
  DecisionStatus,
  ReleaseCause,
  TokenAttributes,
  TokenChanged,
  TokenEvent,
  TokenEvents,
  TokenEventType,
  TokenFact,
  TokenRegistered,
  TokenStatus,
  TransactionPermitted,
  TransactionReleased,
} from './authorization-events.js';
export { DECISION_TOPIC, TOKEN_TOPIC } from './authorization-events.js';
export { AUTHORIZATION_SAMPLES } from './samples.js';
