import { Fieldset, NumberInput, Select } from '@mantine/core';
import { FormRows, type Row } from './form-rows.js';

export interface Wave extends Row {
  readonly size: number;
  readonly of: 'stations' | 'percent';
  readonly pauseMinutes: number;
}

interface Props {
  readonly waves: readonly Wave[];
  readonly onChange: (waves: readonly Wave[]) => void;
}

const BLANK: Omit<Wave, 'id'> = { size: 25, of: 'percent', pauseMinutes: 30 };

/** In which portions stations have their turn; without any, all at once. */
export const Waves = ({ waves, onChange }: Props) => (
  <Fieldset legend="Waves; all others come behind them" style={{ display: 'grid', gap: 10 }}>
    <FormRows rows={waves} onChange={onChange} noun="wave" add="Add a wave" blank={BLANK}>
      {({ id, size, of, pauseMinutes }, { number, change, remove }) => (
        <div key={id} className="toolbar" style={{ alignItems: 'end' }}>
          <NumberInput
            label={`Wave ${number}`}
            min={1}
            max={of === 'percent' ? 100 : 100_000}
            value={size}
            w={90}
            onChange={(value) => change({ size: Number(value) || 0 })}
          />
          <Select
            aria-label={`Wave ${number}: of what`}
            data={[
              { value: 'stations', label: 'stations' },
              { value: 'percent', label: '% of all' },
            ]}
            value={of}
            allowDeselect={false}
            w={120}
            onChange={(value) => change({ of: value === 'percent' ? 'percent' : 'stations' })}
          />
          <NumberInput
            label="Minutes of pause"
            aria-label={`Minutes of pause behind wave ${number}`}
            min={0}
            value={pauseMinutes}
            w={170}
            onChange={(value) => change({ pauseMinutes: Number(value) || 0 })}
          />
          {remove}
        </div>
      )}
    </FormRows>
  </Fieldset>
);

/** As the API takes them; the last takes what is left over. */
export const toWaves = (waves: readonly Wave[]): readonly object[] =>
  waves.length === 0 ? [] : [...waves.map(({ size, of, pauseMinutes }) => ({ [of]: size, pauseMinutes })), { percent: 100 }];
