import { Button, Fieldset, TextInput } from '@mantine/core';

export interface Controller {
  readonly id: number;
  readonly stationId: string;
  /** With spaces between; empty: all of its site. */
  readonly stationIds: string;
}

interface Props {
  readonly controllers: readonly Controller[];
  readonly onChange: (controllers: readonly Controller[]) => void;
}

/** Local controllers that publish the image for the stations behind them, so that it comes over their link once. */
export function Controllers({ controllers, onChange }: Props) {
  const change = (id: number, to: Partial<Controller>): void =>
    onChange(controllers.map((controller) => (controller.id === id ? { ...controller, ...to } : controller)));
  return (
    <Fieldset legend="Local controllers of OCPP 2.x: stations behind them fetch it there" style={{ display: 'grid', gap: 10 }}>
      {controllers.map(({ id, stationId, stationIds }, index) => (
        <div key={id} className="toolbar" style={{ alignItems: 'end' }}>
          <TextInput
            label={`Controller ${index + 1}`}
            required
            maxLength={48}
            value={stationId}
            onChange={({ currentTarget: { value } }) => change(id, { stationId: value })}
          />
          <TextInput
            label="Stations behind it; none: all of its site"
            aria-label={`Stations behind controller ${index + 1}; none: all of its site`}
            style={{ flexGrow: 1 }}
            value={stationIds}
            onChange={({ currentTarget: { value } }) => change(id, { stationIds: value })}
          />
          <Button
            variant="default"
            aria-label={`Remove controller ${index + 1}`}
            onClick={() => onChange(controllers.filter((controller) => controller.id !== id))}
          >
            Remove
          </Button>
        </div>
      ))}
      <Button
        variant="default"
        style={{ justifySelf: 'start' }}
        onClick={() =>
          onChange([...controllers, { id: Math.max(0, ...controllers.map(({ id }) => id)) + 1, stationId: '', stationIds: '' }])
        }
      >
        Add a local controller
      </Button>
    </Fieldset>
  );
}

/** As the API takes them. */
export const toControllers = (controllers: readonly Controller[]): readonly object[] =>
  controllers
    .filter(({ stationId }) => stationId.trim() !== '')
    .map(({ stationId, stationIds }) => ({ stationId: stationId.trim(), stationIds: stationIds.split(/[\s,]+/).filter(Boolean) }));
