import { authorizationV1 } from '@voltlog/proto';
import { z } from 'zod';
import { identifier, instant, instantIn, orNull, pageOf, pageQuery, wordOf } from './common.js';

/** OCPP 2.1 IdTokenType: at most 255 characters. */
export const idToken = identifier('idToken', 255).meta({ examples: ['04A2F3B1C2D580'] });
/** OCPP 2.1 IdTokenEnumStringType. */
export const idTokenType = z.string().min(1).max(20);

export const tokenView = z
  .object({
    idToken: z.string(),
    type: z.string(),
    status: z.enum(['Active', 'Blocked', 'Invalid']),
    expiresAt: instant.nullable(),
    groupId: z.string().nullable(),
    concurrentTransactionsMax: z.int().meta({ description: '0: no limit' }),
    activeTransactions: z.array(z.string()).meta({ description: 'keys of the transactions that hold a place now' }),
    note: z.string().nullable(),
    createdAt: instant.nullable(),
    updatedAt: instant.nullable(),
    version: z.int(),
  })
  .meta({ id: 'Token' });

const STATUSES = {
  Active: authorizationV1.TokenStatus.ACTIVE,
  Blocked: authorizationV1.TokenStatus.BLOCKED,
  Invalid: authorizationV1.TokenStatus.INVALID,
} as const;
type StatusWord = keyof typeof STATUSES;

const statusIn = z.enum(['Active', 'Blocked', 'Invalid']);

export const toToken = (token: authorizationV1.Token): z.input<typeof tokenView> => ({
  idToken: token.idToken?.idToken ?? '',
  type: token.idToken?.type ?? '',
  status: statusIn.options.find((word) => STATUSES[word] === token.status) ?? 'Invalid',
  expiresAt: token.expiresAt ?? null,
  groupId: orNull(token.groupId),
  concurrentTransactionsMax: token.concurrentTransactionsMax,
  activeTransactions: token.activeTransactions,
  note: orNull(token.note),
  createdAt: token.createdAt ?? null,
  updatedAt: token.updatedAt ?? null,
  version: token.version,
});

export const toTokenStatus = (word: StatusWord | undefined): authorizationV1.TokenStatus | undefined =>
  word === undefined ? undefined : STATUSES[word];

export const tokenPage = pageOf(tokenView, 'TokenPage');
export const tokenQuery = pageQuery.extend({ groupId: z.string().max(255).default(''), status: statusIn.optional() });
export const tokenParams = z.object({ idToken });
export const tokenTypeQuery = z.object({ type: idTokenType.default('ISO14443') });

export const tokenPut = z
  .strictObject({
    type: idTokenType.optional().meta({ description: 'a new token without one is ISO14443' }),
    status: statusIn.optional(),
    expiresAt: instantIn.nullable().optional().meta({ description: 'null: never expires' }),
    groupId: z.string().max(255).nullable().optional(),
    concurrentTransactionsMax: z.int().min(0).max(1_000).optional().meta({ description: '0: no limit' }),
    note: z.string().max(500).nullable().optional(),
  })
  .meta({ id: 'TokenPut', description: 'Fields given replace, the rest stays.' });

export const decisionView = z
  .object({
    decisionId: z.string(),
    at: instant.nullable(),
    status: z.string().meta({ description: 'OCPP 2.1 AuthorizationStatusEnumType' }),
    reason: z.string().nullable(),
    purpose: z.string(),
    stationId: z.string(),
    evseId: z.int(),
    idToken: z.string().nullable(),
    idTokenType: z.string().nullable(),
    groupId: z.string().nullable(),
    transactionKey: z.string().nullable(),
    occurredAt: instant.nullable(),
    offline: z.boolean(),
  })
  .meta({ id: 'Decision' });

export const toDecision = (record: authorizationV1.DecisionRecord): z.input<typeof decisionView> => ({
  decisionId: record.decision?.decisionId ?? '',
  at: record.at ?? null,
  status: STATUS_WORDS.get(record.decision?.status ?? '') ?? wordOf(record.decision?.status ?? '', 'AUTHORIZATION_STATUS_'),
  reason: orNull(record.decision?.reason),
  purpose: wordOf(record.request?.purpose ?? '', 'AUTHORIZATION_PURPOSE_'),
  stationId: record.request?.stationId ?? '',
  evseId: record.request?.evseId ?? 0,
  idToken: orNull(record.request?.idToken?.idToken),
  idTokenType: orNull(record.request?.idToken?.type),
  groupId: orNull(record.decision?.groupIdToken?.idToken),
  transactionKey: orNull(record.request?.transactionKey),
  occurredAt: record.request?.occurredAt ?? null,
  offline: record.request?.offline ?? false,
});

/** Where OCPP's spelling is not the plain camel case of ours. */
const STATUS_WORDS = new Map<string, string>([[authorizationV1.AuthorizationStatus.NOT_ALLOWED_TYPE_EVSE, 'NotAllowedTypeEVSE']]);

export const decisionPage = pageOf(decisionView, 'DecisionPage');
export const decisionQuery = pageQuery.extend({
  stationId: z.string().max(48).default(''),
  idToken: z.string().max(255).optional(),
  type: idTokenType.default('ISO14443'),
});
