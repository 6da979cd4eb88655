import type { CertificateFault } from '@voltlog/authorization-contract';
import { isIdToken, type PutToken, tokenKey, typeFault } from '@voltlog/authorization-domain';
import { type IdSource, RequestError } from '@voltlog/kernel';
import type { authorizationV1 } from '@voltlog/proto';
import type { Query } from '@voltlog/store';
import type { Question } from '../commands/authorizer.js';
import { checkSpan, toBudget, toIsoTime, toPlaces } from './rules.js';
import { purposeOf, tokenStatusOf } from './words.js';

/** Questions in one call; the connection service sends at most 256. */
export const QUESTIONS_MAX = 1_000;
export const PAGE_SIZE_DEFAULT = 50;
export const PAGE_SIZE_MAX = 500;
export const NOTE_LENGTH_MAX = 1_000;
export const TYPE_LENGTH_MAX = 20;
export const IDEMPOTENCY_KEY_LENGTH_MAX = 255;
/** More at once than any fleet card needs; every place is part of the token's state. */
export const CONCURRENT_TRANSACTIONS_MAX = 1_000;

const invalid = (message: string): RequestError => new RequestError('INVALID_ARGUMENT', message);

/** @throws {RequestError} `INVALID_ARGUMENT` naming the question that cannot be answered */
export function toQuestions(request: authorizationV1.AuthorizeRequest): readonly Question[] {
  const { requests } = request;
  if (requests.length > QUESTIONS_MAX) throw invalid(`at most ${QUESTIONS_MAX} requests in one call`);
  const questions = new Array<Question>(requests.length);
  for (let i = 0; i < requests.length; i += 1) {
    const item = requests[i] as authorizationV1.AuthorizationRequestItem;
    const purpose = purposeOf(item.purpose);
    if (purpose === undefined) throw invalid(`requests[${i}].purpose is missing`);
    if (item.stationId === '') throw invalid(`requests[${i}].stationId is missing`);
    if (item.idToken === undefined) throw invalid(`requests[${i}].idToken is missing`);
    if (purpose === 'Start' && item.transactionKey === '')
      throw invalid(`requests[${i}].transactionKey is missing: a start takes a place for it`);
    questions[i] = {
      stationId: item.stationId,
      evseId: item.evseId,
      idToken: item.idToken.idToken,
      type: item.idToken.type,
      purpose,
      transactionKey: item.transactionKey,
      occurredAt: item.occurredAt,
      offline: item.offline,
      traceparent: item.traceparent,
      stops: item.stops,
      certificateFault: faultOf(item.certificateStatus),
    };
  }
  return questions;
}

const CERTIFICATE_FAULTS: ReadonlySet<string> = new Set<CertificateFault>([
  'SignatureError',
  'CertificateExpired',
  'CertificateRevoked',
  'NoCertificateAvailable',
  'CertChainError',
]);
const isFault = (status: string): status is CertificateFault => CERTIFICATE_FAULTS.has(status);

/** Whatever is not said to be good is not. */
const faultOf = (status = ''): CertificateFault | undefined =>
  status === '' || status === 'Accepted' ? undefined : isFault(status) ? status : 'CertChainError';

/** The key of a token that was asked for. @throws {RequestError} `INVALID_ARGUMENT` */
export function toKey(idToken: authorizationV1.IdToken | undefined): string {
  if (idToken === undefined || !isIdToken(idToken.idToken)) throw invalid('idToken must have 1 to 255 printable characters');
  return tokenKey(idToken.idToken);
}

/** @throws {RequestError} `INVALID_ARGUMENT` naming the field that is wrong */
export function toPutToken(request: authorizationV1.PutTokenRequest, now: number): PutToken {
  toKey(request.idToken);
  const { idToken = '', type = '' } = request.idToken ?? {};
  if (type.length > TYPE_LENGTH_MAX || !/^[\w-]*$/.test(type))
    throw invalid(`type must be a word of at most ${TYPE_LENGTH_MAX} characters`);
  const fault = type === '' ? undefined : typeFault(idToken, type);
  if (fault !== undefined) throw invalid(`idToken: ${fault}`);
  const status = request.status === undefined ? undefined : tokenStatusOf(request.status);
  if (request.status !== undefined && status === undefined) throw invalid('status must be ACTIVE, BLOCKED or INVALID');
  if (request.groupId !== undefined) toGroupId(request.groupId);
  toConcurrentMax(request.concurrentTransactionsMax ?? 0);
  if ((request.note?.length ?? 0) > NOTE_LENGTH_MAX) throw invalid(`note must have at most ${NOTE_LENGTH_MAX} characters`);
  checkKey(request.idempotencyKey);
  const validFrom = request.clearValidFrom ? null : toIsoTime(request.validFrom, 'validFrom');
  const expiresAt = request.clearExpiresAt ? null : toIsoTime(request.expiresAt, 'expiresAt');
  checkSpan(validFrom, expiresAt);
  return {
    kind: 'PutToken',
    idToken,
    type,
    ...(status === undefined ? {} : { status }),
    ...(validFrom === undefined ? {} : { validFrom }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(request.groupId === undefined ? {} : { groupId: request.groupId }),
    ...(request.contractId === undefined ? {} : { contractId: request.contractId }),
    ...(request.replaceRules ? { rules: toRules(request) } : {}),
    ...(request.concurrentTransactionsMax === undefined ? {} : { concurrentTransactionsMax: request.concurrentTransactionsMax }),
    ...(request.note === undefined ? {} : { note: request.note }),
    expectedRevision: request.expectedVersion,
    mustBeNew: request.mustBeNew,
    now,
  };
}

/** Why a token or a contract was not put. */
export const notPut = (what: 'token' | 'contract', refusal: string): RequestError =>
  new RequestError(
    'ABORTED',
    refusal.endsWith('Exists')
      ? `there is such a ${what} already: read it, and change that`
      : `the ${what} was changed in between: read it again`,
    refusal,
  );

/** The size of a page; 0 means the usual. */
export const pageSize = (size: number): number => (size === 0 ? PAGE_SIZE_DEFAULT : Math.min(size, PAGE_SIZE_MAX));

/** @throws {RequestError} `INVALID_ARGUMENT` */
export function checkKey(idempotencyKey: string): void {
  if (idempotencyKey.length > IDEMPOTENCY_KEY_LENGTH_MAX)
    throw invalid(`idempotencyKey must have at most ${IDEMPOTENCY_KEY_LENGTH_MAX} characters`);
}

/** The same key again is the same cause. */
export const causationOf = (idempotencyKey: string, ids: IdSource): string =>
  idempotencyKey === '' ? ids.next() : `put:${idempotencyKey}`;

/** @throws {RequestError} `INVALID_ARGUMENT` */
export function toGroupId(groupId: string): string {
  if (groupId !== '' && !isIdToken(groupId)) throw invalid('groupId must have at most 255 printable characters');
  return groupId;
}

/** @throws {RequestError} `INVALID_ARGUMENT` */
export function toConcurrentMax(max: number): number {
  if (max > CONCURRENT_TRANSACTIONS_MAX) throw invalid(`concurrentTransactionsMax must be at most ${CONCURRENT_TRANSACTIONS_MAX}`);
  return max;
}

export const pageQuery = (
  request: { readonly pageSize: number; readonly pageToken: string },
  base: Pick<Query, 'where' | 'sort'>,
): Query => ({
  ...base,
  limit: pageSize(request.pageSize),
  ...(request.pageToken === '' ? {} : { after: request.pageToken }),
});

function toRules(request: authorizationV1.PutTokenRequest): NonNullable<PutToken['rules']> {
  const budget = toBudget(request.budget);
  return { ...toPlaces(request), ...(budget === undefined ? {} : { budget }) };
}
