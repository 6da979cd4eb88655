import type { AllowedLimit, AuthorizationPurpose, DecisionReason, DecisionStatus, Fault } from '@voltlog/authorization-contract';
import { isoTime } from '@voltlog/kernel';
import { tighter } from './budget.js';
import type { ContractState, KnownContract } from './contract.js';
import { holdsPlace, isFull, type PlaceHolder } from './places.js';
import type { KnownToken, TokenState } from './token.state.js';
import { faultOf, type Use } from './use-rules.js';

/** What a station asks about a token. */
export interface AuthorizationQuestion {
  readonly stationId: string;
  /** Empty: at no site, or not known. */
  readonly siteId: string;
  /** OCPP 2.1 IdTokenEnumStringType, as the station told it. */
  readonly type: string;
  readonly purpose: AuthorizationPurpose;
  /** `<stationId>/<key>`; empty where no transaction begins. */
  readonly transactionKey: string;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
  /** The moment that is judged: now; when the transaction began that the station let in by itself; when a reservation begins. */
  readonly at: number;
}

/** What the operator decided for every token, or for those of a site. */
export interface AuthorizationPolicy {
  /** How long a station may answer from its cache. */
  readonly cacheMs: number;
  readonly unknownTokens: 'reject' | 'accept';
  /** Tokens of type NoAuthorization (a start button, free vend). */
  readonly noAuthorization: 'reject' | 'accept';
  /** Tokens of type DirectPayment that nobody registered: the station's terminal took the payment. OCPP 2.1 Part 2 C24, C25 */
  readonly directPayment: 'reject' | 'accept';
  /** Its members may stop any transaction and start none; undefined: there is no such group. OCPP 2.0.1 Part 2 C16 */
  readonly masterPassGroup: string | undefined;
}

/** All that is known about the token. */
export interface Subject {
  readonly token: TokenState;
  /** Of the contract that the token names. */
  readonly contract?: ContractState;
  /** What the budgets of both leave; absent: they have none. */
  readonly left?: AllowedLimit | 'exhausted';
  /** A session of the token, or of its contract, is under way at this station. Told where a budget is kept. */
  readonly charging?: boolean;
}

export interface Verdict {
  readonly status: DecisionStatus;
  /** Absent when there is nothing to say. */
  readonly reason?: DecisionReason;
  readonly groupId?: string;
  readonly contractId?: string;
  /** Of what is accepted: where the session is to stop. */
  readonly limit?: AllowedLimit;
  /** Only of what is accepted: a station asks again about anything else (OCPP 1.6 §3.5.1, OCPP 2.0.1 Part 2 C12). */
  readonly cacheExpiresAt?: string;
  /** `place`: holds only once the place is taken. `verify`: refused because every place seems taken. */
  readonly needs?: 'place' | 'verify';
}

/**
 * May this token charge? Accepted with `needs: 'place'` where a place has to be taken first.
 *
 * Source: OCPP 2.1 Part 2 AuthorizationStatusEnumType; OCPP 1.6 §7.2 (ConcurrentTx)
 */
export function authorize(question: AuthorizationQuestion, subject: Subject, policy: AuthorizationPolicy): Verdict {
  const { token } = subject;
  if (token.kind === 'unknown') return unknown(question, policy);
  const group = groupOf(token, subject.contract);
  const told = {
    ...(group === undefined ? {} : { groupId: group }),
    ...(token.contractId === undefined ? {} : { contractId: token.contractId }),
  };
  const use = { stationId: question.stationId, siteId: question.siteId, at: isoTime(question.at) };
  const no = refusal(token, subject.contract, use);
  if (no !== undefined) return { ...no, ...told };
  if (question.purpose === 'Stop') return accepted(question, subject, policy, told);
  if (isMasterPass(group, policy))
    return question.purpose !== 'Identify'
      ? { status: 'Blocked', reason: 'MasterPassMayNotStart', ...told }
      : accepted(question, subject, policy, told);
  // What runs now, or is used up today, may be over then.
  if (question.purpose === 'Reserve' && question.at > question.now) return accepted(question, subject, policy, told);
  if (isExhausted(question, subject)) return { status: 'NoCredit', reason: 'BudgetExhausted', ...told };
  const limited = holdersOf(subject);
  if (limited.length === 0) return accepted(question, subject, policy, told);
  if (question.purpose === 'Start') {
    const yes = accepted(question, subject, policy, told);
    return limited.every((holder) => holdsPlace(holder, question.transactionKey)) ? yes : { ...yes, needs: 'place' };
  }
  if (limited.some((holder) => isFull(holder) && !mayBeStopping(question, holder)))
    return { status: 'ConcurrentTx', reason: 'ConcurrentLimit', ...told, needs: 'verify' };
  return accepted(question, subject, policy, told);
}

/** True where neither the token nor its contract is at fault; what is used of budgets and places is not looked at. */
export const isGood = ({ token, contract }: Pick<Subject, 'token' | 'contract'>, use: Use): boolean =>
  token.kind === 'known' && refusal(token, contract, use) === undefined;

/** The final answer where there was no place; group and contract stay told. */
export function noPlace({ groupId, contractId }: Verdict, verified: boolean): Verdict {
  return {
    status: 'ConcurrentTx',
    reason: verified ? 'ConcurrentLimit' : 'ConcurrentLimitUnverified',
    ...(groupId === undefined ? {} : { groupId }),
    ...(contractId === undefined ? {} : { contractId }),
  };
}

/** A token of type NoAuthorization says that the station asks nobody; whoever charges may stop. Source: OCPP 2.0.1 Part 2 C02 */
export const authorizeNobody = (purpose: AuthorizationPurpose, policy: AuthorizationPolicy): Verdict =>
  policy.noAuthorization === 'accept' || purpose === 'Stop'
    ? { status: 'Accepted', reason: 'NoAuthorizationNeeded' }
    : { status: 'Invalid', reason: 'NoAuthorizationRefused' };

/** The group whose members stop each other's transactions: the token's own, else its contract's. */
export const groupOf = (token: KnownToken, contract: ContractState | undefined): string | undefined =>
  token.groupId ?? (contract?.kind === 'known' ? contract.groupId : undefined);

/** Those of the token and its contract that limit how many transactions run at once. */
export function holdersOf({ token, contract }: Pick<Subject, 'token' | 'contract'>): readonly PlaceHolder[] {
  const holders: PlaceHolder[] = [];
  if (token.kind === 'known' && token.concurrentTransactionsMax > 0) holders.push(token);
  if (contract?.kind === 'known' && contract.concurrentTransactionsMax > 0) holders.push(contract);
  return holders;
}

function unknown(question: AuthorizationQuestion, policy: AuthorizationPolicy): Verdict {
  if (question.type === 'DirectPayment' && policy.directPayment === 'accept')
    return { status: 'Accepted', reason: 'DirectPaymentAccepted' };
  return policy.unknownTokens === 'accept'
    ? { status: 'Accepted', reason: 'UnknownTokenAccepted' }
    : { status: 'Unknown', reason: 'TokenUnknown' };
}

/** Ids of groups are compared as tokens are: without regard to case. */
const isMasterPass = (group: string | undefined, { masterPassGroup }: AuthorizationPolicy): boolean =>
  masterPassGroup !== undefined && group?.toUpperCase() === masterPassGroup.toUpperCase();

const STATUS_OF: Readonly<Record<Fault, DecisionStatus>> = {
  Blocked: 'Blocked',
  Invalid: 'Invalid',
  NotYetValid: 'NotAtThisTime',
  Expired: 'Expired',
  NotHere: 'NotAtThisLocation',
};

function refusal(token: KnownToken, contract: ContractState | undefined, use: Use): Verdict | undefined {
  const fault = faultOf(token, use);
  if (fault !== undefined) return { status: STATUS_OF[fault], reason: `Token${fault}` };
  if (token.contractId === undefined) return undefined;
  if (contract?.kind !== 'known') return { status: 'Invalid', reason: 'ContractUnknown' };
  const contractFault = faultOf(contract, use);
  return contractFault === undefined ? undefined : { status: STATUS_OF[contractFault], reason: `Contract${contractFault}` };
}

/** Whoever asks for a start or a reservation does not want to stop anything. */
const isAskedFor = ({ purpose }: AuthorizationQuestion): boolean => purpose === 'Reserve' || purpose === 'RequestStart';

/** Whoever charges there is let through: some stations ask before they let a driver stop, and a start is asked about more than once. */
const isExhausted = (question: AuthorizationQuestion, subject: Subject): boolean =>
  subject.left === 'exhausted' &&
  (subject.charging !== true || isAskedFor(question)) &&
  !holdersOf(subject).some((holder) => holdsPlace(holder, question.transactionKey));

/** Some stations ask before they let a driver stop: whoever charges there must not be locked in. ConcurrentTx is for starts (OCPP 1.6 §7.2). */
const mayBeStopping = (question: AuthorizationQuestion, holder: PlaceHolder): boolean =>
  !isAskedFor(question) && holder.places.some((place) => place.stationId === question.stationId);

function accepted(
  question: AuthorizationQuestion,
  { token, contract, left }: Subject,
  policy: AuthorizationPolicy,
  told: Pick<Verdict, 'groupId' | 'contractId'>,
): Verdict {
  const known = contract?.kind === 'known' ? contract : undefined;
  const limit = question.purpose === 'Stop' ? undefined : tighter(known?.sessionLimit, left === 'exhausted' ? undefined : left);
  return {
    status: 'Accepted',
    cacheExpiresAt: cacheUntil(question.now + policy.cacheMs, token, known),
    ...told,
    ...(limit === undefined ? {} : { limit }),
  };
}

/** A station must not answer from its cache what is no longer so. */
function cacheUntil(ms: number, token: TokenState, contract: KnownContract | undefined): string {
  let until = isoTime(ms);
  if (token.kind === 'known' && token.expiresAt !== undefined && token.expiresAt < until) until = token.expiresAt;
  if (contract?.expiresAt !== undefined && contract.expiresAt < until) until = contract.expiresAt;
  return until;
}
