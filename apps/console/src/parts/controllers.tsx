import { Fieldset, TextInput } from '@mantine/core';
import { FormRows, type Row } from './form-rows.js';

export interface Controller extends Row {
  readonly stationId: string;
  /** With spaces between; empty: all of its site. */
  readonly stationIds: string;
}

interface Props {
  readonly controllers: readonly Controller[];
  readonly onChange: (controllers: readonly Controller[]) => void;
}

/** Local controllers that publish the image for the stations behind them, so that it comes over their link once. */
export const Controllers = ({ controllers, onChange }: Props) => (
  <Fieldset legend="Local controllers of OCPP 2.x: stations behind them fetch it there" style={{ display: 'grid', gap: 10 }}>
    <FormRows
      rows={controllers}
      onChange={onChange}
      noun="controller"
      add="Add a local controller"
      blank={{ stationId: '', stationIds: '' }}
    >
      {({ id, stationId, stationIds }, { number, change, remove }) => (
        <div key={id} className="toolbar" style={{ alignItems: 'end' }}>
          <TextInput
            label={`Controller ${number}`}
            required
            maxLength={48}
            value={stationId}
            onChange={({ currentTarget: { value } }) => change({ stationId: value })}
          />
          <TextInput
            label="Stations behind it; none: all of its site"
            aria-label={`Stations behind controller ${number}; none: all of its site`}
            style={{ flexGrow: 1 }}
            value={stationIds}
            onChange={({ currentTarget: { value } }) => change({ stationIds: value })}
          />
          {remove}
        </div>
      )}
    </FormRows>
  </Fieldset>
);

/** As the API takes them. */
export const toControllers = (controllers: readonly Controller[]): readonly object[] =>
  controllers
    .filter(({ stationId }) => stationId.trim() !== '')
    .map(({ stationId, stationIds }) => ({ stationId: stationId.trim(), stationIds: stationIds.split(/[\s,]+/).filter(Boolean) }));
