import { RequestError } from '@voltlog/kernel';
import { reservationV1 } from '@voltlog/proto';
import type { PolicyAttributes } from '@voltlog/reservation-contract';
import { policyProblem } from '@voltlog/reservation-domain';
import type { ReserveWish } from '../commands/reserver.js';
import type { ReservationState } from '../store/documents.js';

export const PAGE_SIZE_DEFAULT = 50;
export const PAGE_SIZE_MAX = 500;
export const IDEMPOTENCY_KEY_LENGTH_MAX = 255;
/** OCPP 2.1 Part 2 IdTokenType; its group is one too. */
const ID_TOKEN_LENGTH_MAX = 255;
/** OCPP 2.1 IdTokenEnumStringType and ConnectorEnumStringType. */
const TYPE_LENGTH_MAX = 20;
/** Of a station or a site. */
const ID_LENGTH_MAX = 64;

const invalid = (message: string): RequestError => new RequestError('INVALID_ARGUMENT', message);

/** @throws {RequestError} `INVALID_ARGUMENT` naming the field that is wrong */
export function toWish(request: reservationV1.ReserveRequest): ReserveWish {
  const { stationId, siteId, evseId, connectorType, groupId, idempotencyKey } = request;
  const { idToken = '', type = '' } = request.idToken ?? {};
  if (stationId === '' && siteId === '') throw invalid('stationId or siteId must be given');
  if (stationId === '' && evseId !== 0) throw invalid('evseId needs a stationId');
  checkWord('stationId', stationId, ID_LENGTH_MAX);
  checkWord('siteId', siteId, ID_LENGTH_MAX);
  if (idToken === '' && groupId === '') throw invalid('idToken or groupId must be given');
  if (idToken !== '' && !isToken(idToken)) throw invalid('idToken must have 1 to 255 printable characters');
  checkWord('idTokenType', type, TYPE_LENGTH_MAX);
  if (groupId !== '' && !isToken(groupId)) throw invalid('groupId must have at most 255 printable characters');
  checkWord('connectorType', connectorType, TYPE_LENGTH_MAX);
  return {
    stationId,
    siteId,
    evseId,
    connectorType: connectorType === '' ? undefined : connectorType,
    idToken: idToken === '' ? { idToken: groupId, type: 'Central' } : { idToken, type: type === '' ? 'Central' : type },
    groupId: groupId === '' ? undefined : groupId,
    forGroup: idToken === '' ? true : undefined,
    startsAt: toMs('startsAt', request.startsAt),
    expiresAt: toMs('expiresAt', request.expiresAt),
    idempotencyKey: checkKey(idempotencyKey),
  };
}

/** @throws {RequestError} `INVALID_ARGUMENT` */
export function toCancelReason(reason: string): 'ByDriver' | 'ByOperator' {
  if (reason === 'ByDriver' || reason === 'ByOperator') return reason;
  if (reason === '') return 'ByOperator';
  throw invalid('reason must be ByDriver or ByOperator');
}

/** @throws {RequestError} `INVALID_ARGUMENT` naming what is wrong */
export function toPolicy(policy: reservationV1.ReservationPolicy | undefined): PolicyAttributes {
  if (policy === undefined) throw invalid('policy is missing');
  checkWord('siteId', policy.siteId, ID_LENGTH_MAX);
  const attributes: PolicyAttributes = {
    enabled: policy.enabled,
    leadSecondsMax: policy.leadSecondsMax,
    lengthSecondsMax: policy.lengthSecondsMax,
    lengthSecondsDefault: policy.lengthSecondsDefault,
    activePerTokenMax: policy.activePerTokenMax,
    expiringNoticeSeconds: policy.expiringNoticeSeconds,
    keepFreeSeconds: policy.keepFreeSeconds,
    openingHours: policy.openingHours.map(({ weekday, from, until }) => ({ weekday, from, until })),
  };
  const problem = policyProblem(attributes);
  if (problem !== undefined) throw invalid(problem);
  return attributes;
}

/** @throws {RequestError} `INVALID_ARGUMENT` */
export function checkKey(idempotencyKey: string): string {
  if (idempotencyKey.length > IDEMPOTENCY_KEY_LENGTH_MAX)
    throw invalid(`idempotencyKey must have at most ${IDEMPOTENCY_KEY_LENGTH_MAX} characters`);
  return idempotencyKey;
}

const { ReservationState: State } = reservationV1;

/** undefined: any. */
export function stateOf(state: reservationV1.ReservationState): ReservationState | undefined {
  switch (state) {
    case State.ACTIVE:
      return 'Active';
    case State.USED:
      return 'Used';
    case State.CANCELLED:
      return 'Cancelled';
    case State.EXPIRED:
      return 'Expired';
    default:
      return undefined;
  }
}

/** The size of a page; 0 means the usual. */
export const pageSize = (size: number): number => (size === 0 ? PAGE_SIZE_DEFAULT : Math.min(size, PAGE_SIZE_MAX));

/** Printable, no spaces at the ends. */
const isToken = (text: string): boolean => text.length > 0 && text.length <= ID_TOKEN_LENGTH_MAX && !/^\s|\s$|\p{Cc}/u.test(text);

function checkWord(field: string, text: string, max: number): void {
  if (text.length > max || /\p{Cc}/u.test(text)) throw invalid(`${field} must have at most ${max} printable characters`);
}

function toMs(field: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw invalid(`${field} is not a time`);
  return ms;
}
