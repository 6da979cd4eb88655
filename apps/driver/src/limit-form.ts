import type { Limit, Price } from './api/types.js';

/** The limit as it stands in the form: texts as they were typed. */
export interface LimitForm {
  readonly energy: string;
  readonly minutes: string;
  readonly cost: string;
  readonly soc: string;
}
export type LimitField = keyof LimitForm;

export const EMPTY_LIMIT: LimitForm = { energy: '', minutes: '', cost: '', soc: '' };

/** What most drivers choose; a tap fills the field. */
export const PRESETS: Readonly<Record<LimitField, readonly number[]>> = {
  energy: [10, 20, 40],
  minutes: [30, 60, 120],
  cost: [5, 10, 20],
  soc: [60, 80, 90],
};

/** Largest numbers that are taken: beyond them it is a slip of the finger. */
const MAX: Readonly<Record<LimitField, number>> = { energy: 1_000, minutes: 10_080, cost: 10_000, soc: 100 };
const MONEY_PLACES = 2;

export function limitForm(limit: Limit | null): LimitForm {
  const text = (value: number | undefined): string => (value === undefined ? '' : String(value));
  return {
    energy: text(limit?.energyWh === undefined ? undefined : limit.energyWh / 1_000),
    minutes: text(limit?.durationSeconds === undefined ? undefined : Math.round(limit.durationSeconds / 60)),
    cost: limit?.cost?.amount ?? '',
    soc: text(limit?.stateOfChargePercent),
  };
}

export type ReadLimit = { readonly limit: Limit } | { readonly wrong: readonly LimitField[] };

/** The limit that was typed, or the fields that are no number. A comma is a point: most of Europe writes one. */
export function readLimit(form: LimitForm, price: Price | null): ReadLimit {
  const wrong: LimitField[] = [];
  const read = (field: LimitField): number | undefined => {
    const text = form[field].trim().replace(',', '.');
    if (text === '') return undefined;
    const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
    if (value > 0 && value <= MAX[field]) return value;
    wrong.push(field);
    return undefined;
  };
  const [energy, minutes, cost, soc] = [read('energy'), read('minutes'), price === null ? undefined : read('cost'), read('soc')];
  if (wrong.length > 0) return { wrong };
  return {
    limit: {
      ...(energy === undefined ? {} : { energyWh: Math.round(energy * 1_000) }),
      ...(minutes === undefined ? {} : { durationSeconds: Math.max(1, Math.round(minutes * 60)) }),
      ...(cost === undefined || price === null ? {} : { cost: { amount: cost.toFixed(MONEY_PLACES), currency: price.currency } }),
      ...(soc === undefined ? {} : { stateOfChargePercent: soc }),
    },
  };
}

export const isEmptyLimit = (limit: Limit): boolean => Object.values(limit).every((value) => value === undefined);
