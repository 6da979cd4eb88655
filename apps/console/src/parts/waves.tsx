import { Button, Fieldset, NumberInput, Select } from '@mantine/core';

export interface Wave {
  readonly id: number;
  readonly size: number;
  readonly of: 'stations' | 'percent';
  readonly pauseMinutes: number;
}

interface Props {
  readonly waves: readonly Wave[];
  readonly onChange: (waves: readonly Wave[]) => void;
}

/** In which portions stations have their turn; without any, all at once. */
export function Waves({ waves, onChange }: Props) {
  const change = (id: number, to: Partial<Wave>): void => onChange(waves.map((wave) => (wave.id === id ? { ...wave, ...to } : wave)));
  return (
    <Fieldset legend="Waves; all others come behind them" style={{ display: 'grid', gap: 10 }}>
      {waves.map(({ id, size, of, pauseMinutes }, index) => (
        <div key={id} className="toolbar" style={{ alignItems: 'end' }}>
          <NumberInput
            label={`Wave ${index + 1}`}
            min={1}
            max={of === 'percent' ? 100 : 100_000}
            value={size}
            w={90}
            onChange={(value) => change(id, { size: Number(value) || 0 })}
          />
          <Select
            aria-label={`Wave ${index + 1}: of what`}
            data={[
              { value: 'stations', label: 'stations' },
              { value: 'percent', label: '% of all' },
            ]}
            value={of}
            allowDeselect={false}
            w={120}
            onChange={(value) => change(id, { of: value === 'percent' ? 'percent' : 'stations' })}
          />
          <NumberInput
            label="Minutes of pause"
            aria-label={`Minutes of pause behind wave ${index + 1}`}
            min={0}
            value={pauseMinutes}
            w={170}
            onChange={(value) => change(id, { pauseMinutes: Number(value) || 0 })}
          />
          <Button
            variant="default"
            aria-label={`Remove wave ${index + 1}`}
            onClick={() => onChange(waves.filter((wave) => wave.id !== id))}
          >
            Remove
          </Button>
        </div>
      ))}
      <Button
        variant="default"
        style={{ justifySelf: 'start' }}
        onClick={() =>
          onChange([...waves, { id: Math.max(0, ...waves.map(({ id }) => id)) + 1, size: 25, of: 'percent', pauseMinutes: 30 }])
        }
      >
        Add a wave
      </Button>
    </Fieldset>
  );
}

/** As the API takes them; the last takes what is left over. */
export const toWaves = (waves: readonly Wave[]): readonly object[] =>
  waves.length === 0 ? [] : [...waves.map(({ size, of, pauseMinutes }) => ({ [of]: size, pauseMinutes })), { percent: 100 }];
