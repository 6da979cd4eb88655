import type { DecisionReason, DecisionStatus } from './authorization-events.js';

/** Why, by the word of the decision. */
const REASONS: Readonly<Record<DecisionReason, string>> = {
  TokenUnknown: 'nobody registered this token',
  TokenMalformed: 'what the station read is no token: it is empty, too long, or has characters that cannot be printed',
  TokenBlocked: 'the token is blocked',
  TokenInvalid: 'the token was declared invalid',
  TokenNotYetValid: 'the token is not valid yet',
  TokenExpired: 'the token has expired',
  TokenNotHere: 'the token may not be used at this site or station',
  ContractBlocked: 'the contract is blocked',
  ContractInvalid: 'the contract was declared invalid',
  ContractNotYetValid: 'the contract is not valid yet',
  ContractExpired: 'the contract has expired',
  ContractNotHere: 'the contract may not be used at this site or station',
  ContractUnknown: 'the token names a contract that does not exist',
  BudgetExhausted: 'the budget of the day or of the month is used up, or held by sessions that run',
  ReservedForOther: 'it is reserved for somebody else',
  MasterPassMayNotStart: 'a master pass stops sessions and starts none',
  NotYourSession: 'the session is of another token, and neither its group nor its contract is the same',
  SignatureError: 'a signature in the chain of the contract certificate is wrong',
  CertificateExpired: 'the contract certificate, or one above it, has expired',
  CertificateRevoked: 'the contract certificate, or one above it, is revoked',
  NoCertificateAvailable: 'the contract certificate could not be checked',
  CertChainError: 'the contract certificate is not good: no known root, of another eMAID, or nobody can say whether it is revoked',
  ConcurrentLimit: 'as many sessions are under way as the token or its contract allows',
  ConcurrentLimitUnverified: 'as many sessions seemed under way as the token or its contract allows, and it could not be checked in time',
  ConcurrentLimitExceededOffline: 'more sessions are under way than allowed, but this one had begun while the station was offline',
  NoAuthorizationNeeded: 'nobody is asked for a token there',
  NoAuthorizationRefused: 'a token is required there, and none was shown',
  DirectPaymentAccepted: 'it was paid for at the terminal of the station',
  UnknownTokenAccepted: 'nobody registered the token, and unknown tokens are let in there',
  RoamingAccepted: 'the provider of the token lets it charge',
  RoamingRefused: 'the provider of the token refuses it',
  RoamingUnavailable: 'the provider of the token could not be asked in time',
  AuthorizationUnavailable: 'authorization could not be asked, and what the site says about that decided',
  AcceptedBefore: 'authorization could not be asked, and had accepted the token before',
};

/** Where there is no reason, or a newer one. */
const STATUSES: Readonly<{ readonly [Status in DecisionStatus]?: string }> = {
  Accepted: 'the token is valid',
  Blocked: 'the token is blocked',
  ConcurrentTx: 'too many sessions are under way',
  Expired: 'the token has expired',
  NoCredit: 'there is no credit left',
  NotAllowedTypeEVSE: 'the token may not be used at this type of EVSE',
  NotAtThisLocation: 'the token may not be used here',
  NotAtThisTime: 'the token may not be used now',
};

/** Why a decision is what it is, in plain words; a word that is not known yet is told as it is. */
export const whyDecided = (status: string, reason: string): string =>
  isDecisionReason(reason) ? REASONS[reason] : (STATUSES[status as DecisionStatus] ?? (reason || status));

/** True for a word that says why a token was accepted or refused. */
export const isDecisionReason = (word: string): word is DecisionReason => Object.hasOwn(REASONS, word);
