import type { AuthorizationDecided, AuthorizationPurpose, DecisionStatus, TokenStatus } from '@voltlog/authorization-contract';
import { authorizationV1 } from '@voltlog/proto';
import type { TokenDoc } from '../store/documents.js';
import { toBudgetMessage, toLimitMessage } from './rules.js';

const { AuthorizationStatus: Status, AuthorizationPurpose: Purpose, TokenStatus: Token } = authorizationV1;

const STATUS: Readonly<Record<DecisionStatus, authorizationV1.AuthorizationStatus>> = {
  Accepted: Status.ACCEPTED,
  Blocked: Status.BLOCKED,
  ConcurrentTx: Status.CONCURRENT_TX,
  Expired: Status.EXPIRED,
  Invalid: Status.INVALID,
  NoCredit: Status.NO_CREDIT,
  NotAllowedTypeEVSE: Status.NOT_ALLOWED_TYPE_EVSE,
  NotAtThisLocation: Status.NOT_AT_THIS_LOCATION,
  NotAtThisTime: Status.NOT_AT_THIS_TIME,
  Unknown: Status.UNKNOWN,
};

const STATUS_WORDS = Object.keys(STATUS) as DecisionStatus[];

/** undefined: a word that this service does not say. */
export const decisionStatusIn = (status: string): DecisionStatus | undefined => STATUS_WORDS.find((word) => word === status);

const PURPOSES: Readonly<Record<AuthorizationPurpose, authorizationV1.AuthorizationPurpose>> = {
  Identify: Purpose.IDENTIFY,
  Start: Purpose.START,
  Stop: Purpose.STOP,
  Reserve: Purpose.RESERVE,
  RequestStart: Purpose.REQUEST_START,
};

const PURPOSE_WORDS = Object.keys(PURPOSES) as AuthorizationPurpose[];

export const TOKEN_STATUS: Readonly<Record<TokenStatus, authorizationV1.TokenStatus>> = {
  Active: Token.ACTIVE,
  Blocked: Token.BLOCKED,
  Invalid: Token.INVALID,
};

/** undefined: unspecified, or a word of a newer version. */
export const purposeOf = (purpose: authorizationV1.AuthorizationPurpose): AuthorizationPurpose | undefined =>
  PURPOSE_WORDS.find((word) => PURPOSES[word] === purpose);

/** undefined: unspecified, or a word of a newer version. */
export function tokenStatusOf(status: authorizationV1.TokenStatus): TokenStatus | undefined {
  switch (status) {
    case Token.ACTIVE:
      return 'Active';
    case Token.BLOCKED:
      return 'Blocked';
    case Token.INVALID:
      return 'Invalid';
    default:
      return undefined;
  }
}

/** undefined: unspecified, or a word of a newer version. */
export const decisionStatusOf = (status: authorizationV1.AuthorizationStatus): DecisionStatus | undefined =>
  STATUS_WORDS.find((word) => STATUS[word] === status);

export const toDecisionMessage = (decided: AuthorizationDecided): authorizationV1.AuthorizationDecision => ({
  decisionId: decided.decisionId,
  status: STATUS[decided.status],
  reason: decided.reason ?? '',
  groupIdToken: decided.groupId === undefined ? undefined : { idToken: decided.groupId, type: 'Central' },
  cacheExpiresAt: decided.cacheExpiresAt,
  limit: toLimitMessage(decided.limit),
  contractId: decided.contractId ?? '',
});

export const toDecisionRecord = (decided: AuthorizationDecided): authorizationV1.DecisionRecord => ({
  request: {
    stationId: decided.stationId,
    evseId: decided.evseId,
    idToken: { idToken: decided.idToken, type: decided.type },
    purpose: PURPOSES[decided.purpose],
    transactionKey: decided.transactionKey ?? '',
    occurredAt: decided.occurredAt,
    offline: decided.offline,
  },
  decision: toDecisionMessage(decided),
  at: decided.at,
});

export const toTokenMessage = (doc: Omit<TokenDoc, 'id' | 'version'>): authorizationV1.Token => ({
  idToken: { idToken: doc.idToken, type: doc.type },
  status: TOKEN_STATUS[doc.status],
  expiresAt: doc.expiresAt,
  groupId: doc.groupId ?? '',
  concurrentTransactionsMax: doc.concurrentTransactionsMax,
  activeTransactions: doc.places.map((place) => place.transactionKey),
  createdAt: doc.createdAt,
  updatedAt: doc.updatedAt,
  note: doc.note,
  version: doc.revision,
  validFrom: doc.validFrom,
  contractId: doc.contractId ?? '',
  siteIds: [...(doc.siteIds ?? [])],
  stationIds: [...(doc.stationIds ?? [])],
  budget: toBudgetMessage(doc.budget),
});
