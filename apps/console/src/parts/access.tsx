import { Fieldset, NumberInput, Select, TextInput } from '@mantine/core';
import { count, energy, text } from '../api/format.js';
import { instant, local, numberIn, type useFields } from './form.js';

/** What the API takes as a limit over a day or a month; null is not limited. */
export interface Budget {
  readonly energyWhPerDay: number | null;
  readonly energyWhPerMonth: number | null;
  readonly costPerDay: string | null;
  readonly costPerMonth: string | null;
  readonly currency: string | null;
  readonly sessionsPerDay: number | null;
  readonly sessionsPerMonth: number | null;
  readonly timeZone: string;
}

export const ACCESS_STATUSES = ['Active', 'Blocked', 'Invalid'] as const;

/** What tokens and contracts have in common: when, where and how much somebody may charge. */
export interface Access {
  readonly status: (typeof ACCESS_STATUSES)[number];
  readonly validFrom: string | null;
  readonly expiresAt: string | null;
  readonly groupId: string | null;
  readonly concurrentTransactionsMax: number;
  readonly siteIds: readonly string[];
  readonly stationIds: readonly string[];
  readonly budget: Budget | null;
  readonly note: string | null;
}

export const TONES = { Active: 'charging', Blocked: 'bad', Invalid: 'off' } as const;

/** Values of a form to begin with. */
export const accessValues = (access?: Access) => ({
  status: access?.status ?? 'Active',
  validFrom: local(access?.validFrom),
  expiresAt: local(access?.expiresAt),
  groupId: access?.groupId ?? '',
  concurrentTransactionsMax: access?.concurrentTransactionsMax ?? 0,
  siteIds: access?.siteIds.join(' ') ?? '',
  stationIds: access?.stationIds.join(' ') ?? '',
  note: access?.note ?? '',
  ...budgetValues(access?.budget ?? null),
});
type Values = ReturnType<typeof accessValues>;

const budgetValues = (budget: Budget | null) => ({
  kWhPerDay: typed(budget?.energyWhPerDay, 1_000),
  kWhPerMonth: typed(budget?.energyWhPerMonth, 1_000),
  costPerDay: budget?.costPerDay ?? '',
  costPerMonth: budget?.costPerMonth ?? '',
  currency: budget?.currency ?? '',
  sessionsPerDay: typed(budget?.sessionsPerDay, 1),
  sessionsPerMonth: typed(budget?.sessionsPerMonth, 1),
  timeZone: budget?.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
});
/** A number as its field shows it, in units of so many; {@link numbered} reads it again. */
export const typed = (value: number | null | undefined, of: number): string =>
  value === null || value === undefined ? '' : String(value / of);

/** `50 kWh a day, 30.00 EUR a month` */
export function budgetWords(budget: Budget | null): string {
  if (budget === null) return '';
  const parts = (['Day', 'Month'] as const).flatMap((per) => {
    const [energyWh, cost, sessions] = [budget[`energyWhPer${per}`], budget[`costPer${per}`], budget[`sessionsPer${per}`]];
    return [
      energyWh === null ? '' : `${text(energy(energyWh))} a ${per.toLowerCase()}`,
      cost === null ? '' : `${cost} ${budget.currency ?? ''} a ${per.toLowerCase()}`,
      sessions === null ? '' : `${count(sessions)} sessions a ${per.toLowerCase()}`,
    ];
  });
  return parts.filter(Boolean).join(', ');
}

/** The body of the API: all of it, so that what was emptied is taken away. */
export function toAccess(values: Values, before?: Access) {
  // A field holds minutes: what nobody touched keeps its seconds.
  const when = (text: string, was: string | null | undefined): string | null => (text === local(was) ? was : instant(text)) ?? null;
  return {
    status: values.status,
    validFrom: when(values.validFrom, before?.validFrom),
    expiresAt: when(values.expiresAt, before?.expiresAt),
    groupId: values.groupId.trim() || null,
    concurrentTransactionsMax: values.concurrentTransactionsMax,
    siteIds: listed(values.siteIds),
    stationIds: listed(values.stationIds),
    budget: toBudget(values),
    note: values.note,
  };
}

const listed = (text: string): readonly string[] => text.split(/[\s,]+/).filter(Boolean);

function toBudget(values: Values): object | null {
  const amounts = {
    ...numbered('energyWhPerDay', values.kWhPerDay, 1_000),
    ...numbered('energyWhPerMonth', values.kWhPerMonth, 1_000),
    ...numbered('sessionsPerDay', values.sessionsPerDay, 1),
    ...numbered('sessionsPerMonth', values.sessionsPerMonth, 1),
    ...(values.costPerDay === '' ? {} : { costPerDay: values.costPerDay }),
    ...(values.costPerMonth === '' ? {} : { costPerMonth: values.costPerMonth }),
  };
  if (Object.keys(amounts).length === 0) return null;
  return { ...amounts, ...(values.currency === '' ? {} : { currency: values.currency.toUpperCase() }), timeZone: values.timeZone };
}

/** @throws {FormError} */
export function numbered(name: string, text: string, of: number): object {
  const value = numberIn(text);
  return value === undefined ? {} : { [name]: Math.round(value * of) };
}

/** Fields of a form whose values are {@link accessValues}. */
export function AccessFields({
  fields: { text, number, choice },
}: {
  fields: Pick<ReturnType<typeof useFields<Values>>, 'text' | 'number' | 'choice'>;
}) {
  return (
    <>
      <Fieldset legend="Who, when and where" className="fields two">
        <Select label="Status" data={[...ACCESS_STATUSES]} {...choice('status')} />
        <TextInput label="Group; they stop each other" maxLength={255} {...text('groupId')} />
        <TextInput type="datetime-local" label="Valid from (empty: at once)" {...text('validFrom')} />
        <TextInput type="datetime-local" label="Until (empty: for ever)" {...text('expiresAt')} />
        <TextInput label="Sites; none: everywhere" {...text('siteIds')} />
        <TextInput label="Stations" {...text('stationIds')} />
        <NumberInput label="At once; 0: any number" {...number('concurrentTransactionsMax')} />
        <TextInput label="Note" maxLength={500} {...text('note')} />
      </Fieldset>
      <Fieldset legend="Budget; what is empty is not limited" className="fields two">
        <TextInput label="kWh a day" inputMode="decimal" {...text('kWhPerDay')} />
        <TextInput label="kWh a month" inputMode="decimal" {...text('kWhPerMonth')} />
        <TextInput label="Cost a day" inputMode="decimal" {...text('costPerDay')} />
        <TextInput label="Cost a month" inputMode="decimal" {...text('costPerMonth')} />
        <TextInput label="Currency of the costs" placeholder="EUR" maxLength={3} {...text('currency')} />
        <TextInput label="Midnight of which time zone" maxLength={64} {...text('timeZone')} />
        <TextInput label="Sessions a day" inputMode="numeric" {...text('sessionsPerDay')} />
        <TextInput label="Sessions a month" inputMode="numeric" {...text('sessionsPerMonth')} />
      </Fieldset>
    </>
  );
}
