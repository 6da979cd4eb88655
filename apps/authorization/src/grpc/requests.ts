import { isIdToken, type PutToken, tokenKey } from '@voltlog/authorization-domain';
import { RequestError } from '@voltlog/kernel';
import type { authorizationV1 } from '@voltlog/proto';
import type { Question } from '../commands/authorizer.js';
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
    if (item.stationId === '') throw invalid(`requests[${i}].station_id is missing`);
    if (item.idToken === undefined) throw invalid(`requests[${i}].id_token is missing`);
    if (purpose === 'Start' && item.transactionKey === '')
      throw invalid(`requests[${i}].transaction_key is missing: a start takes a place for it`);
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
    };
  }
  return questions;
}

/** The key of a token that was asked for. @throws {RequestError} `INVALID_ARGUMENT` */
export function toKey(idToken: authorizationV1.IdToken | undefined): string {
  if (idToken === undefined || !isIdToken(idToken.idToken)) throw invalid('id_token.id_token must have 1 to 255 printable characters');
  return tokenKey(idToken.idToken);
}

/** @throws {RequestError} `INVALID_ARGUMENT` naming the field that is wrong */
export function toPutToken(request: authorizationV1.PutTokenRequest, now: number): PutToken {
  toKey(request.idToken);
  const { idToken = '', type = '' } = request.idToken ?? {};
  if (type.length > TYPE_LENGTH_MAX || !/^[\w-]*$/.test(type))
    throw invalid(`id_token.type must be a word of at most ${TYPE_LENGTH_MAX} characters`);
  const status = request.status === undefined ? undefined : tokenStatusOf(request.status);
  if (request.status !== undefined && status === undefined) throw invalid('status must be ACTIVE, BLOCKED or INVALID');
  if (request.groupId !== undefined && request.groupId !== '' && !isIdToken(request.groupId))
    throw invalid('group_id must have at most 255 printable characters');
  if ((request.concurrentTransactionsMax ?? 0) > CONCURRENT_TRANSACTIONS_MAX)
    throw invalid(`concurrent_transactions_max must be at most ${CONCURRENT_TRANSACTIONS_MAX}`);
  if ((request.note?.length ?? 0) > NOTE_LENGTH_MAX) throw invalid(`note must have at most ${NOTE_LENGTH_MAX} characters`);
  if (request.idempotencyKey.length > IDEMPOTENCY_KEY_LENGTH_MAX)
    throw invalid(`idempotency_key must have at most ${IDEMPOTENCY_KEY_LENGTH_MAX} characters`);
  const expiresAt = request.clearExpiresAt ? null : toIsoTime(request.expiresAt);
  return {
    kind: 'PutToken',
    idToken,
    type,
    ...(status === undefined ? {} : { status }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(request.groupId === undefined ? {} : { groupId: request.groupId }),
    ...(request.concurrentTransactionsMax === undefined ? {} : { concurrentTransactionsMax: request.concurrentTransactionsMax }),
    ...(request.note === undefined ? {} : { note: request.note }),
    expectedRevision: request.expectedVersion,
    now,
  };
}

/** The size of a page; 0 means the usual. */
export const pageSize = (size: number): number => (size === 0 ? PAGE_SIZE_DEFAULT : Math.min(size, PAGE_SIZE_MAX));

function toIsoTime(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw invalid('expires_at is not a time');
  // Times are compared as text, so they all have one form.
  return new Date(ms).toISOString();
}
