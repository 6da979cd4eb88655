export { type AuthorizationPolicy, type AuthorizationQuestion, authorize, authorizeNobody, noPlace, type Verdict } from './authorize.js';
export { type Hold, isHeldForOthers } from './hold.js';
export {
  holdsPlace,
  isFull,
  type PermitTransaction,
  type PutToken,
  type ReleaseTransaction,
  type TokenCommand,
  type TokenRefusal,
  tokenDecider,
} from './token.decider.js';
export { type KnownToken, type Place, type TokenState, UNKNOWN_TOKEN, type UnknownToken } from './token.state.js';
export { ID_TOKEN_LENGTH_MAX, isIdToken, tokenKey, tokenKeyOfStream, tokenStreamId } from './token-id.js';
