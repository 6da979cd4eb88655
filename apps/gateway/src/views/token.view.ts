import { authorizationV1 } from '@voltlog/proto';
import { z } from 'zod';
import { identifier, instant, instantIn, orNull, pageOf, pageQuery } from './common.js';
import { budgetIn, budgetView, siteIds, stationIds, toBudget, toBudgetMessage } from './rules.view.js';

/** OCPP 2.1 IdTokenType: at most 255 characters. */
export const idToken = identifier('idToken', 255).meta({ examples: ['04A2F3B1C2D580'] });
/** OCPP 2.1 IdTokenEnumStringType. */
export const idTokenType = z.string().min(1).max(20);

export const tokenView = z
  .object({
    idToken: z.string(),
    type: z.string(),
    status: z.enum(['Active', 'Blocked', 'Invalid']),
    validFrom: instant.nullable(),
    expiresAt: instant.nullable(),
    groupId: z.string().nullable(),
    contractId: z.string().nullable(),
    siteIds: z.array(z.string()).meta({ description: 'where it may be used; with stationIds empty: everywhere' }),
    stationIds: z.array(z.string()),
    budget: budgetView.nullable(),
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

export const statusIn = z.enum(['Active', 'Blocked', 'Invalid']);

export const tokenStatusWord = (status: authorizationV1.TokenStatus): StatusWord =>
  statusIn.options.find((word) => STATUSES[word] === status) ?? 'Invalid';

export const toToken = (token: authorizationV1.Token): z.input<typeof tokenView> => ({
  idToken: token.idToken?.idToken ?? '',
  type: token.idToken?.type ?? '',
  status: tokenStatusWord(token.status),
  validFrom: token.validFrom ?? null,
  expiresAt: token.expiresAt ?? null,
  groupId: orNull(token.groupId),
  contractId: orNull(token.contractId),
  siteIds: token.siteIds,
  stationIds: token.stationIds,
  budget: token.budget === undefined ? null : toBudget(token.budget),
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
    validFrom: instantIn.nullable().optional().meta({ description: 'null: valid at once' }),
    groupId: z.string().max(255).nullable().optional(),
    contractId: z.string().max(64).nullable().optional().meta({ description: 'the contract must exist; null: of no contract' }),
    siteIds: siteIds.optional(),
    stationIds: stationIds.optional(),
    budget: budgetIn.nullable().optional(),
    concurrentTransactionsMax: z.int().min(0).max(1_000).optional().meta({ description: '0: no limit' }),
    note: z.string().max(500).nullable().optional(),
  })
  .meta({
    id: 'TokenPut',
    description: 'Fields given replace, the rest stays; of siteIds, stationIds and budget one given replaces all three.',
  });

/** What is given replaces, the rest stays. */
export const toPutToken = (
  idToken: string,
  body: z.output<typeof tokenPut>,
  write: { readonly expectedVersion: number; readonly mustBeNew: boolean; readonly idempotencyKey: string },
): authorizationV1.PutTokenRequest => ({
  idToken: { idToken, type: body.type ?? '' },
  status: toTokenStatus(body.status),
  expiresAt: body.expiresAt ?? undefined,
  clearExpiresAt: body.expiresAt === null,
  groupId: body.groupId === null ? '' : body.groupId,
  concurrentTransactionsMax: body.concurrentTransactionsMax,
  note: body.note === null ? '' : body.note,
  validFrom: body.validFrom ?? undefined,
  clearValidFrom: body.validFrom === null,
  contractId: body.contractId === null ? '' : body.contractId,
  replaceRules: body.siteIds !== undefined || body.stationIds !== undefined || body.budget !== undefined,
  siteIds: body.siteIds ?? [],
  stationIds: body.stationIds ?? [],
  budget: toBudgetMessage(body.budget),
  ...write,
});
