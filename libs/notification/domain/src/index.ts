export { type AlertWindow, endAlertWindow, type HeardAlert, hearAlert } from './alert-repeats.js';
export {
  ATTEMPT_LEASE_MS,
  type AttemptRecord,
  type AttemptResult,
  type BeginAttempt,
  type DeliveryCommand,
  type DeliveryRefusal,
  type DeliveryState,
  deliveryDecider,
  dueAt,
  type FinishAttempt,
  type KnownDelivery,
} from './delivery.decider.js';
export { type AddToDigest, DIGEST_MAX, toldBy, waitsUntil } from './digest.js';
export { isFor, isUrgent, matches, type Selector, selectorOf, selectorsOf } from './filter.js';
export { ALERT_TYPES, notificationOf, SOURCE_TYPES, type SourceEvent } from './notification-of.js';
export { isTimeZone, quietHoursProblem, quietUntil } from './quiet-hours.js';
export { RETRY_SECONDS, retryDelayMs } from './retry.js';
export {
  isLive,
  isOver,
  type KnownSubscription,
  OLD_SECRET_MS,
  type PutSubscription,
  type SubscriptionCommand,
  type SubscriptionRefusal,
  type SubscriptionState,
  subscriptionDecider,
} from './subscription.decider.js';
