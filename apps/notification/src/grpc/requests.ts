import { RequestError } from '@voltlog/kernel';
import type { NotificationKind, SubscriptionAttributes, SubscriptionFilter } from '@voltlog/notification-contract';
import { isTimeZone, quietHoursProblem } from '@voltlog/notification-domain';
import { targetProblem } from '@voltlog/outbound';
import type { notificationV1 } from '@voltlog/proto';
import type { PushKeys } from '../channels/web-push.js';
import { channelOf, KINDS, LANGUAGES, OWNER_KINDS } from './words.js';

export const PAGE_SIZE_DEFAULT = 50;
export const PAGE_SIZE_MAX = 200;
export const ID_LENGTH_MAX = 255;
export const URL_LENGTH_MAX = 2_048;
/** RFC 5321 §4.5.3.1.3, less the angle brackets. */
export const EMAIL_LENGTH_MAX = 254;
export const IDEMPOTENCY_KEY_LENGTH_MAX = 255;

/** One address and nothing that a mail server could take for more: no list, no comment, no quotes. */
const EMAIL = /^[^\s@<>()[\]\\,;:"\p{Cc}]{1,64}@[^\s@<>()[\]\\,;:"\p{Cc}]+\.[^\s@<>()[\]\\,;:"\p{Cc}.]{2,}$/u;
const BASE64URL = /^[A-Za-z0-9_-]+={0,2}$/;
const FILTER_IDS = ['idToken', 'groupId', 'contractId', 'sessionId', 'startRequestId', 'reservationId', 'stationId', 'siteId'] as const;

const invalid = (message: string): RequestError => new RequestError('INVALID_ARGUMENT', message);

/** What a subscriber said, checked; push keys are still to be sealed. */
export interface CheckedSubscription {
  readonly attributes: SubscriptionAttributes;
  readonly pushKeys?: PushKeys;
}

/** @throws {RequestError} `INVALID_ARGUMENT` naming the field that is wrong */
export function toAttributes(
  subscription: notificationV1.Subscription | undefined,
  allowPrivate: boolean,
  now: number,
): CheckedSubscription {
  if (subscription === undefined) throw invalid('subscription is missing');
  const channel = channelOf(subscription.channel);
  if (channel === undefined) throw invalid('channel must be WEBHOOK, EMAIL or WEB_PUSH');
  const language = LANGUAGES.find((word) => word === (subscription.language || 'en'));
  if (language === undefined) throw invalid(`language must be one of ${LANGUAGES.join(', ')}`);
  const timeZone = subscription.timeZone || subscription.quietHours?.timeZone || 'UTC';
  if (!isTimeZone(timeZone)) throw invalid('timeZone is not an IANA name such as Europe/Amsterdam');
  const ownerKind = OWNER_KINDS.find((word) => word === (subscription.ownerKind || 'Operator'));
  if (ownerKind === undefined) throw invalid(`ownerKind must be one of ${OWNER_KINDS.join(', ')}`);
  const { quietHours } = subscription;
  const problem = quietHours === undefined ? undefined : quietHoursProblem(quietHours);
  if (problem !== undefined) throw invalid(`quietHours: ${problem}`);
  const pushKeys = channel === 'WebPush' ? toPushKeys(subscription.pushKeys) : undefined;
  const expiresAt = toTime(subscription.expiresAt, 'expiresAt');
  if (expiresAt !== undefined && Date.parse(expiresAt) <= now) throw invalid('expiresAt must lie in the future');
  const attributes: SubscriptionAttributes = {
    channel,
    target: channel === 'Email' ? toEmail(subscription.target) : toUrl(subscription.target, allowPrivate),
    filter: toFilter(subscription.filter),
    language,
    timeZone,
    ...(quietHours === undefined ? {} : { quietHours: { from: quietHours.from, until: quietHours.until, timeZone: quietHours.timeZone } }),
    ownerKind,
    ownerId: toId(subscription.ownerId, 'ownerId') ?? '',
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
  return { attributes, ...(pushKeys === undefined ? {} : { pushKeys }) };
}

function toFilter(filter: notificationV1.NotificationFilter | undefined): SubscriptionFilter {
  const kinds = new Set<NotificationKind>();
  for (const word of filter?.kinds ?? []) {
    const kind = KINDS.find((each) => each === word);
    if (kind === undefined) throw invalid(`filter.kinds: ${JSON.stringify(word.slice(0, 50))} is not one of ${KINDS.join(', ')}`);
    kinds.add(kind);
  }
  const ids: { -readonly [Id in (typeof FILTER_IDS)[number]]?: string } = {};
  for (const field of FILTER_IDS) {
    const id = toId(filter?.[field] ?? '', `filter.${field}`);
    if (id !== undefined) ids[field] = id;
  }
  return { kinds: [...kinds], ...ids };
}

function toId(id: string, field: string): string | undefined {
  if (id.length > ID_LENGTH_MAX || /\p{Cc}/u.test(id)) throw invalid(`${field} must have at most ${ID_LENGTH_MAX} printable characters`);
  return id === '' ? undefined : id;
}

function toUrl(target: string, allowPrivate: boolean): string {
  if (target.length > URL_LENGTH_MAX) throw invalid(`target must have at most ${URL_LENGTH_MAX} characters`);
  const problem = targetProblem(target, allowPrivate);
  if (problem !== undefined) throw new RequestError('INVALID_ARGUMENT', `target ${problem}`, 'TargetNotAllowed');
  return new URL(target).href;
}

function toEmail(target: string): string {
  if (target.length > EMAIL_LENGTH_MAX || !EMAIL.test(target)) throw invalid('target must be one e-mail address');
  return target;
}

/** Absent keys are those the subscription has already. Source: RFC 8291 §2: an uncompressed P-256 point and 16 bytes. */
function toPushKeys(keys: notificationV1.PushKeys | undefined): PushKeys | undefined {
  if (keys === undefined) return undefined;
  const { p256dh, auth } = keys;
  const isPoint = BASE64URL.test(p256dh) && Buffer.from(p256dh, 'base64url').length === 65;
  if (!isPoint || !BASE64URL.test(auth) || Buffer.from(auth, 'base64url').length !== 16)
    throw invalid('pushKeys: p256dh must be base64url of 65 bytes, auth of 16');
  return { p256dh, auth };
}

/** @throws {RequestError} `INVALID_ARGUMENT` */
export function toTime(text: string | undefined, field: string): string | undefined {
  if (text === undefined) return undefined;
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw invalid(`${field} is not a time`);
  return new Date(ms).toISOString();
}

/** Names this very write; empty: it has no name. @throws {RequestError} `INVALID_ARGUMENT` */
export function checkedKey(idempotencyKey: string): string {
  if (idempotencyKey.length > IDEMPOTENCY_KEY_LENGTH_MAX)
    throw invalid(`idempotencyKey must have at most ${IDEMPOTENCY_KEY_LENGTH_MAX} characters`);
  return idempotencyKey;
}

/** The size of a page; 0 means the usual. */
export const pageSize = (size: number): number => (size === 0 ? PAGE_SIZE_DEFAULT : Math.min(size, PAGE_SIZE_MAX));
