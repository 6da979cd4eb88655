import { useId } from 'react';
import type { Price } from '../api/types.js';
import { useWords } from '../i18n/index.js';
import { type LimitField, type LimitForm, PRESETS } from '../limit-form.js';

interface Props {
  readonly form: LimitForm;
  readonly price: Price | null;
  readonly wrong: readonly LimitField[];
  onChange(form: LimitForm): void;
}

/** One row for each thing that can be limited: a field to type in, and what most drivers choose. */
export function LimitFields({ form, price, wrong, onChange }: Props) {
  const { t } = useWords();
  const labels: Readonly<Record<LimitField, string>> = {
    energy: t('limitEnergy'),
    minutes: t('limitTime'),
    cost: t('limitCost', { currency: price?.currency ?? '' }),
    soc: t('limitSoc'),
  };
  const fields: readonly LimitField[] = price === null ? ['energy', 'minutes', 'soc'] : ['energy', 'cost', 'minutes', 'soc'];
  return (
    <div className="limits">
      {fields.map((field) => (
        <LimitRow
          key={field}
          field={field}
          label={labels[field]}
          value={form[field]}
          isWrong={wrong.includes(field)}
          onChange={(value) => onChange({ ...form, [field]: value })}
        />
      ))}
    </div>
  );
}

interface RowProps {
  readonly field: LimitField;
  readonly label: string;
  readonly value: string;
  readonly isWrong: boolean;
  onChange(value: string): void;
}

function LimitRow({ field, label, value, isWrong, onChange }: RowProps) {
  const { t } = useWords();
  const id = useId();
  const hint = isWrong ? t(field === 'soc' ? 'limitSocInvalid' : 'limitInvalid') : field === 'soc' ? t('limitSocHint') : undefined;
  return (
    <div className="limit-row">
      <label htmlFor={id}>{label}</label>
      <div className="limit-inputs">
        <input
          id={id}
          inputMode="decimal"
          autoComplete="off"
          maxLength={8}
          value={value}
          aria-invalid={isWrong}
          {...(hint === undefined ? {} : { 'aria-describedby': `${id}-hint` })}
          onChange={({ target }) => onChange(target.value)}
        />
        <div className="chips" role="group" aria-label={label}>
          {PRESETS[field].map((preset) => (
            <button
              key={preset}
              type="button"
              className="chip"
              aria-pressed={value === String(preset)}
              onClick={() => onChange(value === String(preset) ? '' : String(preset))}
            >
              {preset}
            </button>
          ))}
        </div>
      </div>
      {hint === undefined ? null : (
        <p id={`${id}-hint`} className={isWrong ? 'problem small' : 'muted small'}>
          {hint}
        </p>
      )}
    </div>
  );
}
