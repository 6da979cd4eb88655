/**
 * What the authorization service says. Times are ISO 8601 UTC with milliseconds, by our clock unless a field says otherwise.
 *
 * - `authorization.token.v1`, key: the token's key (its id in upper case): what a token is, and which transactions hold its places.
 * - `authorization.contract.v1`, key: the contract id: what a driver's contract allows, and which transactions hold its places.
 * - `authorization.policy.v1`, key: the site id, `*` for the sites that have none of their own: what holds at a site.
 * - `authorization.decision.v1`, key: the station id: every answer that was given about a token, with its reason.
 */

export const TOKEN_TOPIC = 'authorization.token.v1';
export const CONTRACT_TOPIC = 'authorization.contract.v1';
export const POLICY_TOPIC = 'authorization.policy.v1';
export const DECISION_TOPIC = 'authorization.decision.v1';

export type TokenStatus = 'Active' | 'Blocked' | 'Invalid';

/** Where and when a token or a contract may be used; both lists absent: everywhere. */
export interface UseRules {
  /** Not before it. */
  readonly validFrom?: string;
  /** Not at or after it. */
  readonly expiresAt?: string;
  readonly siteIds?: readonly string[];
  readonly stationIds?: readonly string[];
  readonly budget?: Budget;
}

/** What may be used in a day and in a month; what is absent is not limited. */
export interface Budget {
  readonly energyWhPerDay?: number;
  readonly energyWhPerMonth?: number;
  /** Decimal numbers, in `currency`. */
  readonly costPerDay?: string;
  readonly costPerMonth?: string;
  /** ISO 4217; there when a cost is limited. */
  readonly currency?: string;
  readonly sessionsPerDay?: number;
  readonly sessionsPerMonth?: number;
  /** IANA name: days and months begin at its midnight. */
  readonly timeZone: string;
}

/** Where a session is to stop; what is absent is not limited. */
export interface AllowedLimit {
  readonly energyWh?: number;
  readonly durationSeconds?: number;
  readonly cost?: {
    /** A decimal number. */
    readonly amount: string;
    /** ISO 4217 */
    readonly currency: string;
  };
  readonly stateOfChargePercent?: number;
}

/** All that an operator says about a token. */
export interface TokenAttributes extends UseRules {
  /** As it was registered; found by any spelling that differs in case alone (OCPP 1.6 CiString20Type). */
  readonly idToken: string;
  /** OCPP 2.1 IdTokenEnumStringType. Not part of the token's identity: 1.6 stations do not say it. */
  readonly type: string;
  readonly status: TokenStatus;
  /** The group's id token (1.6 parentIdTag). */
  readonly groupId?: string;
  /** The driver's contract, whose rules hold too. */
  readonly contractId?: string;
  /** Transactions at once; 0: no limit. */
  readonly concurrentTransactionsMax: number;
  readonly note: string;
}

/** What every event about a token or a contract has. */
export interface TokenFact {
  /** Commits of its stream, with this one; always there on the topic. Of two events the one with the lower version came first. */
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

/** All that an operator says about a driver's contract: several tokens, one set of rules. */
export interface ContractAttributes extends UseRules {
  readonly contractId: string;
  readonly name: string;
  readonly status: TokenStatus;
  /** Its tokens stop each other's sessions; a token's own group goes before it. */
  readonly groupId?: string;
  /** Transactions of all its tokens at once; 0: no limit. */
  readonly concurrentTransactionsMax: number;
  /** The limit of each session. */
  readonly sessionLimit?: AllowedLimit;
  readonly note: string;
}

export interface ContractRegistered extends ContractAttributes, TokenFact {
  readonly at: string;
}

/** The contract as it is after the change, whole. */
export interface ContractChanged extends ContractAttributes, TokenFact {
  readonly at: string;
}

/** A transaction of one of its tokens took one of the places of a contract that has a limit. */
export interface ContractTransactionPermitted extends Omit<TransactionPermitted, 'idToken'> {
  readonly contractId: string;
}

/** A place of a contract is free again. */
export interface ContractTransactionReleased extends Omit<TransactionReleased, 'idToken'> {
  readonly contractId: string;
}

/** What holds at a site. */
export interface SitePolicyAttributes {
  /** Empty: the sites that have none of their own. */
  readonly siteId: string;
  /** What a token that nobody registered is told. */
  readonly unknownTokens: 'reject' | 'accept';
  /** Whom stations let in while the authorization service is away. */
  readonly authorizationAway: 'reject' | 'accept-known' | 'accept-unknown';
  /** A station that asks nobody (free vend). */
  readonly noAuthorization: 'reject' | 'accept';
  /** Its stations are given a list of the tokens that may charge there. */
  readonly localLists: boolean;
}

/** The policy of a site as it is from now on, whole. */
export interface AuthorizationPolicyChanged extends SitePolicyAttributes {
  /** Counts its changes from 1. */
  readonly revision: number;
  readonly at: string;
}

/**
 * What a token is judged for. Of a station: `Identify` (may it charge?), `Start` (a transaction begins), `Stop` (it ends one). Of whoever
 * asks by the API, before any station does: `Reserve` (may it charge there from `occurredAt` on?), `RequestStart` (may it charge there now?).
 */
export type AuthorizationPurpose = 'Identify' | 'Start' | 'Stop' | 'Reserve' | 'RequestStart';

/** What is wrong with a token or a contract. */
export type Fault = 'Blocked' | 'Invalid' | 'NotYetValid' | 'Expired' | 'NotHere';

/**
 * Why the answer is what it is. `ConcurrentLimitUnverified`: full by what was known when the deadline for asking passed.
 * `ConcurrentLimitExceededOffline`: accepted over the limit, since it had begun already. `NoAuthorizationNeeded`,
 * `UnknownTokenAccepted`: the operator's policy. `DirectPaymentAccepted`: paid at the station's terminal. `ContractUnknown`: the token
 * names a contract that is not there. `NotYourSession`: a stop of somebody else's transaction, refused while it runs and accepted once it
 * has ended. `Roaming...`: what its provider said of a token that is not ours, or did not say in time. `AuthorizationUnavailable`,
 * `AcceptedBefore`: the connection service decided by itself, by the site's policy or by what was decided last.
 */
export type DecisionReason =
  | 'TokenUnknown'
  | 'TokenMalformed'
  | `Token${Fault}`
  | `Contract${Fault}`
  | 'ContractUnknown'
  | 'BudgetExhausted'
  | 'MasterPassMayNotStart'
  | 'NotYourSession'
  | CertificateFault
  | 'ConcurrentLimit'
  | 'ConcurrentLimitUnverified'
  | 'ConcurrentLimitExceededOffline'
  | 'NoAuthorizationNeeded'
  | 'ReservedForOther'
  | 'NoAuthorizationRefused'
  | 'DirectPaymentAccepted'
  | 'UnknownTokenAccepted'
  | 'RoamingAccepted'
  | 'RoamingRefused'
  | 'RoamingUnavailable'
  | 'AuthorizationUnavailable'
  | 'AcceptedBefore';

/** What is wrong with the contract certificate of a car. OCPP 2.x AuthorizeCertificateStatusEnumType */
export type CertificateFault = 'SignatureError' | 'CertificateExpired' | 'CertificateRevoked' | 'NoCertificateAvailable' | 'CertChainError';

/** OCPP 2.1 AuthorizationStatusEnumType, as far as this service gives it. */
export type DecisionStatus =
  | 'Accepted'
  | 'Blocked'
  | 'ConcurrentTx'
  | 'Expired'
  | 'Invalid'
  | 'NoCredit'
  | 'NotAllowedTypeEVSE'
  | 'NotAtThisLocation'
  | 'NotAtThisTime'
  | 'Unknown';

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
  /** By the station's clock; of `Reserve`: when the reservation begins. */
  readonly occurredAt?: string;
  /** The station had decided by itself already. */
  readonly offline: boolean;
  readonly status: DecisionStatus;
  readonly reason?: DecisionReason;
  readonly groupId?: string;
  readonly cacheExpiresAt?: string;
  /** What the contract or its budget leaves for this session. */
  readonly limit?: AllowedLimit;
  readonly contractId?: string;
  readonly at: string;
}

/** On the topic `authorization.token.v1`: event type -> data. */
export interface TokenEvents {
  'voltlog.authorization.TokenRegistered.v1': TokenRegistered;
  'voltlog.authorization.TokenChanged.v1': TokenChanged;
  'voltlog.authorization.TransactionPermitted.v1': TransactionPermitted;
  'voltlog.authorization.TransactionReleased.v1': TransactionReleased;
}

/** On the topic `authorization.contract.v1`: event type -> data. */
export interface ContractEvents {
  'voltlog.authorization.ContractRegistered.v1': ContractRegistered;
  'voltlog.authorization.ContractChanged.v1': ContractChanged;
  'voltlog.authorization.ContractTransactionPermitted.v1': ContractTransactionPermitted;
  'voltlog.authorization.ContractTransactionReleased.v1': ContractTransactionReleased;
}

/** On the topic `authorization.policy.v1`: event type -> data. */
export interface PolicyEvents {
  'voltlog.authorization.AuthorizationPolicyChanged.v1': AuthorizationPolicyChanged;
}

/** On the topic `authorization.decision.v1`: event type -> data. */
export interface DecisionEvents {
  'voltlog.authorization.AuthorizationDecided.v1': AuthorizationDecided;
}

export type AuthorizationEvents = TokenEvents & ContractEvents & PolicyEvents & DecisionEvents;
export type TokenEventType = keyof TokenEvents;
export type ContractEventType = keyof ContractEvents;

/** An event of a token's stream, without its envelope. */
export type TokenEvent = { readonly [Type in TokenEventType]: { readonly type: Type; readonly data: TokenEvents[Type] } }[TokenEventType];
/** An event of a contract's stream, without its envelope. */
export type ContractEvent = {
  readonly [Type in ContractEventType]: { readonly type: Type; readonly data: ContractEvents[Type] };
}[ContractEventType];
/** An event of a policy's stream, without its envelope. */
export type PolicyEvent = { readonly type: keyof PolicyEvents; readonly data: AuthorizationPolicyChanged };
