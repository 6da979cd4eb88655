import { authorizationV1 } from '@voltlog/proto';
import { z } from 'zod';
import { identifier, instant, instantIn, orNull, pageOf } from './common.js';
import {
  budgetIn,
  budgetView,
  chargingLimitIn,
  chargingLimitView,
  siteIds,
  stationIds,
  toBudget,
  toBudgetMessage,
  toChargingLimit,
  toChargingLimitMessage,
} from './rules.view.js';
import { statusIn, tokenStatusWord, tokenView, toToken, toTokenStatus } from './token.view.js';

export const contractParams = z.object({ contractId: identifier('contractId', 64) });

const usedView = z
  .object({
    energyWhToday: z.number(),
    energyWhThisMonth: z.number(),
    costToday: z.string(),
    costThisMonth: z.string(),
    sessionsToday: z.int(),
    sessionsThisMonth: z.int(),
  })
  .meta({ id: 'BudgetUse' });

export const contractView = z
  .object({
    contractId: z.string(),
    name: z.string().nullable(),
    status: statusIn,
    validFrom: instant.nullable(),
    expiresAt: instant.nullable(),
    groupId: z.string().nullable().meta({ description: "its tokens stop each other's sessions" }),
    concurrentTransactionsMax: z.int().meta({ description: 'of all its tokens; 0: no limit' }),
    siteIds: z.array(z.string()).meta({ description: 'where it may be used; with stationIds empty: everywhere' }),
    stationIds: z.array(z.string()),
    budget: budgetView.nullable(),
    used: usedView.nullable().meta({ description: 'what was used of the budget; null: it has none' }),
    sessionLimit: chargingLimitView.nullable(),
    note: z.string().nullable(),
    createdAt: instant.nullable(),
    updatedAt: instant.nullable(),
    version: z.int(),
  })
  .meta({ id: 'Contract' });

export const contractWithTokens = contractView.extend({ tokens: z.array(tokenView) }).meta({ id: 'ContractWithTokens' });
export const contractPage = pageOf(contractView, 'ContractPage');

export const contractPut = z
  .strictObject({
    name: z.string().max(200).default(''),
    status: statusIn.default('Active'),
    validFrom: instantIn.nullable().default(null),
    expiresAt: instantIn.nullable().default(null).meta({ description: 'null: never expires' }),
    groupId: z.string().max(255).nullable().default(null),
    concurrentTransactionsMax: z.int().min(0).max(1_000).default(0).meta({ description: '0: no limit' }),
    siteIds: siteIds.default([]),
    stationIds: stationIds.default([]),
    budget: budgetIn.nullable().default(null),
    sessionLimit: chargingLimitIn.nullable().default(null),
    note: z.string().max(500).default(''),
  })
  .meta({ id: 'ContractPut', description: 'The contract as it is to be, whole.' });

export const toContract = (contract: authorizationV1.Contract): z.input<typeof contractView> => ({
  contractId: contract.contractId,
  name: orNull(contract.name),
  status: tokenStatusWord(contract.status),
  validFrom: contract.validFrom ?? null,
  expiresAt: contract.expiresAt ?? null,
  groupId: orNull(contract.groupId),
  concurrentTransactionsMax: contract.concurrentTransactionsMax,
  siteIds: contract.siteIds,
  stationIds: contract.stationIds,
  budget: contract.budget === undefined ? null : toBudget(contract.budget),
  used: contract.used ?? null,
  sessionLimit: contract.sessionLimit === undefined ? null : toChargingLimit(contract.sessionLimit),
  note: orNull(contract.note),
  createdAt: contract.createdAt ?? null,
  updatedAt: contract.updatedAt ?? null,
  version: contract.version,
});

export const toContractWithTokens = (
  contract: authorizationV1.Contract,
  tokens: readonly authorizationV1.Token[],
): z.input<typeof contractWithTokens> => ({ ...toContract(contract), tokens: tokens.map(toToken) });

export const toContractMessage = (contractId: string, put: z.output<typeof contractPut>): authorizationV1.Contract => ({
  contractId,
  name: put.name,
  status: toTokenStatus(put.status) ?? authorizationV1.TokenStatus.UNSPECIFIED,
  validFrom: put.validFrom ?? undefined,
  expiresAt: put.expiresAt ?? undefined,
  groupId: put.groupId ?? '',
  concurrentTransactionsMax: put.concurrentTransactionsMax,
  siteIds: put.siteIds,
  stationIds: put.stationIds,
  budget: toBudgetMessage(put.budget),
  used: undefined,
  sessionLimit: toChargingLimitMessage(put.sessionLimit),
  note: put.note,
  createdAt: undefined,
  updatedAt: undefined,
  version: 0,
});
