import type { authorizationV1 } from '@voltlog/proto';
import { z } from 'zod';
import { identifier, orNull } from './common.js';

const amount = z.string().regex(/^\d{1,12}(\.\d{1,6})?$/, 'must be a decimal number such as 12.50');
const currency = z.string().regex(/^[A-Z]{3}$/, 'must be a currency of ISO 4217');
const energyWh = z.number().min(0).max(1e12);
const sessions = z.int().min(0).max(1_000_000);

/** What may be used in a day and in a month. */
export const budgetIn = z
  .strictObject({
    energyWhPerDay: energyWh.optional(),
    energyWhPerMonth: energyWh.optional(),
    costPerDay: amount.optional(),
    costPerMonth: amount.optional(),
    currency: currency.optional().meta({ description: 'of the costs' }),
    sessionsPerDay: sessions.optional(),
    sessionsPerMonth: sessions.optional(),
    timeZone: z
      .string()
      .max(64)
      .default('UTC')
      .meta({ description: 'days and months begin at its midnight', examples: ['Europe/Amsterdam'] }),
  })
  .meta({ id: 'BudgetIn', description: 'What is absent is not limited.' });

export const budgetView = z
  .object({
    energyWhPerDay: z.number().nullable(),
    energyWhPerMonth: z.number().nullable(),
    costPerDay: z.string().nullable(),
    costPerMonth: z.string().nullable(),
    currency: z.string().nullable(),
    sessionsPerDay: z.int().nullable(),
    sessionsPerMonth: z.int().nullable(),
    timeZone: z.string(),
  })
  .meta({ id: 'Budget', description: 'null: not limited' });

export const toBudgetMessage = (budget: z.output<typeof budgetIn> | null | undefined): authorizationV1.Budget | undefined =>
  budget === null || budget === undefined
    ? undefined
    : {
        energyWhPerDay: budget.energyWhPerDay,
        energyWhPerMonth: budget.energyWhPerMonth,
        costPerDay: budget.costPerDay ?? '',
        costPerMonth: budget.costPerMonth ?? '',
        currency: budget.currency ?? '',
        sessionsPerDay: budget.sessionsPerDay,
        sessionsPerMonth: budget.sessionsPerMonth,
        timeZone: budget.timeZone,
      };

export const toBudget = (budget: authorizationV1.Budget): z.input<typeof budgetView> => ({
  energyWhPerDay: budget.energyWhPerDay ?? null,
  energyWhPerMonth: budget.energyWhPerMonth ?? null,
  costPerDay: orNull(budget.costPerDay),
  costPerMonth: orNull(budget.costPerMonth),
  currency: orNull(budget.currency),
  sessionsPerDay: budget.sessionsPerDay ?? null,
  sessionsPerMonth: budget.sessionsPerMonth ?? null,
  timeZone: budget.timeZone,
});

/** Where a session is to stop. */
export const chargingLimitIn = z
  .strictObject({
    energyWh: z.number().positive().max(1e9).optional(),
    durationSeconds: z.int().min(1).max(31_536_000).optional(),
    cost: z.strictObject({ amount, currency }).optional(),
    stateOfChargePercent: z.number().positive().max(100).optional(),
  })
  .meta({ id: 'ChargingLimitIn', description: 'What is absent is not limited.' });

export const chargingLimitView = z
  .object({
    energyWh: z.number().nullable(),
    durationSeconds: z.int().nullable(),
    cost: z.object({ amount: z.string(), currency: z.string() }).nullable(),
    stateOfChargePercent: z.number().nullable(),
  })
  .meta({ id: 'AllowedLimit', description: 'null: not limited' });

export const toChargingLimitMessage = (
  limit: z.output<typeof chargingLimitIn> | null | undefined,
): authorizationV1.ChargingLimit | undefined =>
  limit === null || limit === undefined
    ? undefined
    : {
        energyWh: limit.energyWh,
        durationSeconds: limit.durationSeconds,
        costAmount: limit.cost?.amount ?? '',
        costCurrency: limit.cost?.currency ?? '',
        stateOfChargePercent: limit.stateOfChargePercent,
      };

export const toChargingLimit = (limit: authorizationV1.ChargingLimit): z.input<typeof chargingLimitView> => ({
  energyWh: limit.energyWh ?? null,
  durationSeconds: limit.durationSeconds ?? null,
  cost: limit.costAmount === '' ? null : { amount: limit.costAmount, currency: limit.costCurrency },
  stateOfChargePercent: limit.stateOfChargePercent ?? null,
});

const PLACES_MAX = 500;
export const siteIds = z.array(identifier('siteId', 64)).max(PLACES_MAX);
export const stationIds = z.array(identifier('stationId', 48)).max(PLACES_MAX);
