export {
  guardedAddresses,
  hostOf,
  isPublicAddress,
  type Resolve,
  type ResolvedAddress,
  resolveBySystem,
  TargetRefused,
  targetProblem,
} from './address-guard.js';
export {
  type FetchedAnswer,
  type FetchOptions,
  type FetchRequest,
  type GuardedAnswer,
  type GuardedRequest,
  type GuardOptions,
  guardedFetch,
  guardedPost,
} from './guarded-request.js';
export { isSecretKey, type KeyDoc, keptKey, keySchema, openSecretBox } from './kept-keys.js';
export { SecretBox } from './secret-box.js';
export { newWebhookSecret, type SealedSecrets, webhookSignature } from './webhook-signature.js';
