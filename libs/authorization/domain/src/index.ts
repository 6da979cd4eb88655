export {
  type AuthorizationPolicy,
  type AuthorizationQuestion,
  authorize,
  authorizeNobody,
  groupOf,
  holdersOf,
  isGood,
  noPlace,
  type Subject,
  type Verdict,
} from './authorize.js';
export {
  isTimeZone,
  leftOf,
  type OpenUse,
  type Period,
  periodOf,
  type SessionUse,
  tighter,
  type Used,
  usedIn,
  withHeld,
} from './budget.js';
export {
  CONTRACT_ID_LENGTH_MAX,
  type ContractCommand,
  type ContractRefusal,
  type ContractState,
  contractDecider,
  contractIdOfStream,
  contractStreamId,
  type KnownContract,
  type PutContract,
  UNKNOWN_CONTRACT,
} from './contract.js';
export { freeUntil, type Hold, isHeldForOthers } from './hold.js';
export {
  fitsVersion,
  type ListEntry,
  type ListLimits,
  type ListMessage,
  type ListPlan,
  type ListQuestion,
  planList,
  type SentList,
} from './local-list.js';
export { holdsPlace, isFull, type PermitTransaction, type Place, type PlaceHolder, type ReleaseTransaction } from './places.js';
export { mayRoam, type RoamingAnswer, type RoamingAuthorizer, type RoamingQuestion } from './roaming.js';
export {
  type PutSitePolicy,
  policyKey,
  policyKeyOfStream,
  policyStreamId,
  type SitePolicyState,
  sitePolicyDecider,
} from './site-policy.js';
export { mayStop, type Payer } from './stop.js';
export { type PutToken, type TokenCommand, type TokenRefusal, tokenDecider } from './token.decider.js';
export { type KnownToken, type TokenState, UNKNOWN_TOKEN, type UnknownToken } from './token.state.js';
export { ID_TOKEN_LENGTH_MAX, ID_TOKEN_TYPES, isIdToken, tokenKey, tokenKeyOfStream, tokenStreamId, typeFault } from './token-id.js';
export { faultOf, isHere, sameRules, type Use, useRules } from './use-rules.js';
