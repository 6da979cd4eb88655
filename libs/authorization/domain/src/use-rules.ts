import type { AllowedLimit, Budget, Fault, TokenStatus, UseRules } from '@voltlog/authorization-contract';

/** When and where a token is to be used. */
export interface Use {
  readonly stationId: string;
  /** Empty: at no site, or not known. */
  readonly siteId: string;
  /** ISO 8601: the moment that is judged. */
  readonly at: string;
}

/** What is wrong with a token or a contract for this use; undefined: nothing. What is blocked is so whatever else is wrong. */
export function faultOf(subject: UseRules & { readonly status: TokenStatus }, use: Use): Fault | undefined {
  if (subject.status !== 'Active') return subject.status;
  if (subject.validFrom !== undefined && use.at < subject.validFrom) return 'NotYetValid';
  if (subject.expiresAt !== undefined && subject.expiresAt <= use.at) return 'Expired';
  return isHere(subject, use) ? undefined : 'NotHere';
}

/** True where the rules of places let it be used. */
export function isHere({ siteIds, stationIds }: UseRules, use: Pick<Use, 'stationId' | 'siteId'>): boolean {
  if (siteIds === undefined && stationIds === undefined) return true;
  return stationIds?.includes(use.stationId) === true || (use.siteId !== '' && siteIds?.includes(use.siteId) === true);
}

/** The rules alone, of something that has more; lists without an entry are left out: they mean everywhere. */
export function useRules(from: UseRules): UseRules {
  return {
    ...(from.validFrom === undefined ? {} : { validFrom: from.validFrom }),
    ...(from.expiresAt === undefined ? {} : { expiresAt: from.expiresAt }),
    ...(from.siteIds === undefined || from.siteIds.length === 0 ? {} : { siteIds: from.siteIds }),
    ...(from.stationIds === undefined || from.stationIds.length === 0 ? {} : { stationIds: from.stationIds }),
    ...(from.budget === undefined ? {} : { budget: from.budget }),
  };
}

export const sameRules = (a: UseRules, b: UseRules): boolean =>
  a.validFrom === b.validFrom &&
  a.expiresAt === b.expiresAt &&
  sameList(a.siteIds, b.siteIds) &&
  sameList(a.stationIds, b.stationIds) &&
  sameBudget(a.budget, b.budget);

const sameList = (a: readonly string[] = [], b: readonly string[] = []): boolean =>
  a.length === b.length && a.every((one, index) => one === b[index]);

function sameBudget(a: Budget | undefined, b: Budget | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return (
    a.energyWhPerDay === b.energyWhPerDay &&
    a.energyWhPerMonth === b.energyWhPerMonth &&
    a.costPerDay === b.costPerDay &&
    a.costPerMonth === b.costPerMonth &&
    a.currency === b.currency &&
    a.sessionsPerDay === b.sessionsPerDay &&
    a.sessionsPerMonth === b.sessionsPerMonth &&
    a.timeZone === b.timeZone
  );
}

export const sameLimit = (a: AllowedLimit | undefined, b: AllowedLimit | undefined): boolean =>
  a?.energyWh === b?.energyWh &&
  a?.durationSeconds === b?.durationSeconds &&
  a?.cost?.amount === b?.cost?.amount &&
  a?.cost?.currency === b?.cost?.currency &&
  a?.stateOfChargePercent === b?.stateOfChargePercent;
