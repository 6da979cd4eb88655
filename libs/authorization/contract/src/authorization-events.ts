/**
 * What the authorization service says. Times are ISO 8601 UTC with milliseconds, by our clock unless a field says otherwise.
 *
 * - `authorization.token.v1`, key: the token's key (its id in upper case): what a token is, and which transactions hold its places.
 * - `authorization.decision.v1`, key: the station id: every answer that was given about a token, with its reason.
 */

export const TOKEN_TOPIC = 'authorization.token.v1';
export const DECISION_TOPIC = 'authorization.decision.v1';

export type TokenStatus = 'Active' | 'Blocked' | 'Invalid';

/** All that an operator says about a token. */
export interface TokenAttributes {
  /** As it was registered; found by any spelling that differs in case alone (OCPP 1.6 CiString20Type). */
  readonly idToken: string;
  /** OCPP 2.1 IdTokenEnumStringType. Not part of the token's identity: 1.6 stations do not say it. */
  readonly type: string;
  readonly status: TokenStatus;
  readonly expiresAt?: string;
  /** The group's id token (1.6 parentIdTag). */
  readonly groupId?: string;
  /** Transactions at once; 0: no limit. */
  readonly concurrentTransactionsMax: number;
  readonly note: string;
}

/** What every event about a token has. */
export interface TokenFact {
  /** Commits of the token's stream, with this one; always there on the topic. Of two events the one with the lower version came first. */
  readonly version?: number;
}

/** A token was made known. */
export interface TokenRegistered extends TokenAttributes, TokenFact {
  readonly at: string;
}

/** The token as it is after the change, whole. */
export interface TokenChanged extends TokenAttributes, TokenFact {
  readonly at: string;
}

/** A transaction took one of the places of a token that has a limit. */
export interface TransactionPermitted extends TokenFact {
  readonly idToken: string;
  /** `<stationId>/<key>`, the key as in the station fact `TransactionStarted`. */
  readonly transactionKey: string;
  readonly stationId: string;
  /** 0: not known. */
  readonly evseId: number;
  /** When the transaction began, by the station's clock. */
  readonly startedAt: string;
  /** It had begun already (offline, or let in while this service was away), so it was counted although the token was full. */
  readonly overLimit: boolean;
  readonly at: string;
}

/**
 * - `Ended`: the station said that the transaction ended.
 * - `Superseded`: another transaction began later on the same EVSE, so this one is over.
 * - `NeverStarted`: it was permitted, and the station never reported it.
 */
export type ReleaseCause = 'Ended' | 'Superseded' | 'NeverStarted';

/** A place of a token is free again. */
export interface TransactionReleased extends TokenFact {
  readonly idToken: string;
  readonly transactionKey: string;
  readonly stationId: string;
  readonly cause: ReleaseCause;
  readonly at: string;
}

export type AuthorizationPurpose = 'Identify' | 'Start' | 'Stop';

/**
 * Why the answer is what it is. `ConcurrentLimitUnverified`: full by what was known when the deadline for asking passed.
 * `ConcurrentLimitExceededOffline`: accepted over the limit, since it had begun already. `NoAuthorizationNeeded`,
 * `UnknownTokenAccepted`: the operator's policy.
 */
export type DecisionReason =
  | 'TokenUnknown'
  | 'TokenMalformed'
  | 'TokenBlocked'
  | 'TokenInvalid'
  | 'TokenExpired'
  | 'ConcurrentLimit'
  | 'ConcurrentLimitUnverified'
  | 'ConcurrentLimitExceededOffline'
  | 'NoAuthorizationNeeded'
  | 'ReservedForOther'
  | 'NoAuthorizationRefused'
  | 'UnknownTokenAccepted';

/** OCPP 2.1 AuthorizationStatusEnumType, as far as this service gives it. */
export type DecisionStatus = 'Accepted' | 'Blocked' | 'ConcurrentTx' | 'Expired' | 'Invalid' | 'NotAtThisTime' | 'Unknown';

/** An answer about a token was given. */
export interface AuthorizationDecided {
  /** The id of this event's envelope too. */
  readonly decisionId: string;
  readonly stationId: string;
  /** 0: not told. */
  readonly evseId: number;
  readonly idToken: string;
  readonly type: string;
  readonly purpose: AuthorizationPurpose;
  /** `<stationId>/<key>`; absent where no transaction begins. */
  readonly transactionKey?: string;
  /** By the station's clock. */
  readonly occurredAt?: string;
  /** The station had decided by itself already. */
  readonly offline: boolean;
  readonly status: DecisionStatus;
  readonly reason?: DecisionReason;
  readonly groupId?: string;
  readonly cacheExpiresAt?: string;
  readonly at: string;
}

/** On the topic `authorization.token.v1`: event type -> data. */
export interface TokenEvents {
  'voltlog.authorization.TokenRegistered.v1': TokenRegistered;
  'voltlog.authorization.TokenChanged.v1': TokenChanged;
  'voltlog.authorization.TransactionPermitted.v1': TransactionPermitted;
  'voltlog.authorization.TransactionReleased.v1': TransactionReleased;
}

/** On the topic `authorization.decision.v1`: event type -> data. */
export interface DecisionEvents {
  'voltlog.authorization.AuthorizationDecided.v1': AuthorizationDecided;
}

export type AuthorizationEvents = TokenEvents & DecisionEvents;
export type TokenEventType = keyof TokenEvents;

/** An event of a token's stream, without its envelope. */
export type TokenEvent = { readonly [Type in TokenEventType]: { readonly type: Type; readonly data: TokenEvents[Type] } }[TokenEventType];
