import type { AllowedLimit, Budget, UseRules } from '@voltlog/authorization-contract';
import { isTimeZone } from '@voltlog/authorization-domain';
import { RequestError } from '@voltlog/kernel';
import type { authorizationV1 } from '@voltlog/proto';

/** Sites and stations that a token or a contract names; more belong into groups of sites. */
export const PLACES_MAX = 500;
const PLACE_LENGTH_MAX = 64;
const AMOUNT = /^\d{1,12}(\.\d{1,6})?$/;

const invalid = (message: string): RequestError => new RequestError('INVALID_ARGUMENT', message);

/** An ISO 8601 time in the one form in which times are compared as text. @throws {RequestError} `INVALID_ARGUMENT` */
export function toIsoTime(text: string | undefined, field: string): string | undefined {
  if (text === undefined) return undefined;
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw invalid(`${field} is not a time`);
  return new Date(ms).toISOString();
}

/** What is given together must leave a time in which it is valid. @throws {RequestError} `INVALID_ARGUMENT` */
export function checkSpan(validFrom: string | null | undefined, expiresAt: string | null | undefined): void {
  if (typeof validFrom === 'string' && typeof expiresAt === 'string' && expiresAt <= validFrom)
    throw invalid('expiresAt must be later than validFrom');
}

/** @throws {RequestError} `INVALID_ARGUMENT` naming the field that is wrong */
export function toPlaces(request: { readonly siteIds: readonly string[]; readonly stationIds: readonly string[] }): UseRules {
  return {
    ...placesOf('siteIds', request.siteIds),
    ...placesOf('stationIds', request.stationIds),
  };
}

function placesOf(field: 'siteIds' | 'stationIds', ids: readonly string[]): UseRules {
  if (ids.length === 0) return {};
  if (ids.length > PLACES_MAX) throw invalid(`${field} must name at most ${PLACES_MAX}`);
  if (ids.some((id) => id === '' || id.length > PLACE_LENGTH_MAX))
    throw invalid(`${field} must have 1 to ${PLACE_LENGTH_MAX} characters each`);
  return { [field]: [...new Set(ids)].sort() };
}

/** undefined: no budget. @throws {RequestError} `INVALID_ARGUMENT` naming the field that is wrong */
export function toBudget(budget: authorizationV1.Budget | undefined): Budget | undefined {
  if (budget === undefined) return undefined;
  const timeZone = budget.timeZone || 'UTC';
  if (!isTimeZone(timeZone)) throw invalid('budget.timeZone is not a time zone of the IANA database');
  const { energyWhPerDay, energyWhPerMonth, sessionsPerDay, sessionsPerMonth } = budget;
  for (const [field, value] of Object.entries({ energyWhPerDay, energyWhPerMonth }))
    if (value !== undefined && !(value >= 0)) throw invalid(`budget.${field} must not be negative`);
  const costPerDay = toAmount(budget.costPerDay, 'budget.costPerDay');
  const costPerMonth = toAmount(budget.costPerMonth, 'budget.costPerMonth');
  const isCostLimited = costPerDay !== undefined || costPerMonth !== undefined;
  if (isCostLimited) checkCurrency(budget.currency, 'budget.currency');
  const limits = {
    ...(energyWhPerDay === undefined ? {} : { energyWhPerDay }),
    ...(energyWhPerMonth === undefined ? {} : { energyWhPerMonth }),
    ...(costPerDay === undefined ? {} : { costPerDay }),
    ...(costPerMonth === undefined ? {} : { costPerMonth }),
    ...(isCostLimited ? { currency: budget.currency } : {}),
    ...(sessionsPerDay === undefined ? {} : { sessionsPerDay }),
    ...(sessionsPerMonth === undefined ? {} : { sessionsPerMonth }),
  };
  return Object.keys(limits).length === 0 ? undefined : { ...limits, timeZone };
}

/** undefined: no limit. @throws {RequestError} `INVALID_ARGUMENT` naming the field that is wrong */
export function toSessionLimit(limit: authorizationV1.ChargingLimit | undefined): AllowedLimit | undefined {
  if (limit === undefined) return undefined;
  const { energyWh, durationSeconds, stateOfChargePercent } = limit;
  if (energyWh !== undefined && !(energyWh > 0)) throw invalid('sessionLimit.energyWh must be more than 0');
  if (durationSeconds === 0) throw invalid('sessionLimit.durationSeconds must be more than 0');
  if (stateOfChargePercent !== undefined && !(stateOfChargePercent > 0 && stateOfChargePercent <= 100))
    throw invalid('sessionLimit.stateOfChargePercent must be more than 0 and at most 100');
  const amount = toAmount(limit.costAmount, 'sessionLimit.cost.amount');
  if (amount !== undefined) checkCurrency(limit.costCurrency, 'sessionLimit.cost.currency');
  const limits = {
    ...(energyWh === undefined ? {} : { energyWh }),
    ...(durationSeconds === undefined ? {} : { durationSeconds }),
    ...(amount === undefined ? {} : { cost: { amount, currency: limit.costCurrency } }),
    ...(stateOfChargePercent === undefined ? {} : { stateOfChargePercent }),
  };
  return Object.keys(limits).length === 0 ? undefined : limits;
}

function toAmount(text: string, field: string): string | undefined {
  if (text === '') return undefined;
  if (!AMOUNT.test(text)) throw invalid(`${field} must be a decimal number such as 12.50`);
  return text;
}

function checkCurrency(currency: string, field: string): void {
  if (!/^[A-Z]{3}$/.test(currency)) throw invalid(`${field} must be a currency of ISO 4217, such as EUR`);
}

export const toBudgetMessage = (budget: Budget | undefined): authorizationV1.Budget | undefined =>
  budget === undefined
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

export const toLimitMessage = (limit: AllowedLimit | undefined): authorizationV1.ChargingLimit | undefined =>
  limit === undefined
    ? undefined
    : {
        energyWh: limit.energyWh,
        durationSeconds: limit.durationSeconds,
        costAmount: limit.cost?.amount ?? '',
        costCurrency: limit.cost?.currency ?? '',
        stateOfChargePercent: limit.stateOfChargePercent,
      };
