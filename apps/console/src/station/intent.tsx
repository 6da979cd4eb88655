import { Button, Modal, NumberInput, TextInput } from '@mantine/core';
import { type ModelVariable, ofStation, spoken, useChange, type VariableName } from '../api/device-model.js';
import { usePlatform } from '../api/platform.js';
import { Form, useFields } from '../parts/form.js';

interface Props {
  readonly stationId: string;
  /** Undefined: closed; `new`: one that is named by hand. */
  readonly variable: ModelVariable | 'new' | undefined;
  readonly onClose: () => void;
}

/** Says what one variable of the station is to be, or that nothing is said of it any more. */
export function Intent({ stationId, variable, onClose }: Props) {
  return (
    <Modal
      opened={variable !== undefined}
      onClose={onClose}
      title={variable === 'new' ? 'Intend a value' : `Intend a value for ${variable === undefined ? '' : spoken(variable)}`}
      size="lg"
    >
      {variable !== undefined && <IntentForm stationId={stationId} variable={variable} onClose={onClose} />}
    </Modal>
  );
}

function IntentForm({ stationId, variable, onClose }: Props & { readonly variable: ModelVariable | 'new' }) {
  const { api } = usePlatform();
  const known = variable === 'new' ? undefined : variable;
  const { values, text, number } = useFields({
    component: '',
    name: '',
    instance: '',
    evseId: 0,
    value: known?.intended?.value ?? known?.reported ?? '',
  });
  const { value, ...typed } = values;
  const named = known === undefined ? typed : nameOf(known);
  const path = `${ofStation(stationId)}/device-model/intent`;
  const change = useChange((body: object) => api.patch(path, body).then(onClose));
  const ofTemplate = known?.intended?.templateId ?? null;
  const own = known !== undefined && known.intended !== null && ofTemplate === null;
  return (
    <Form submit="Intend it" pending={change.isPending} error={change.error} onSubmit={() => change.mutate({ set: [{ ...named, value }] })}>
      {known === undefined ? (
        <div className="fields two">
          <TextInput label="Component; 1.6 for a key that 2.x has no variable for" required maxLength={50} {...text('component')} />
          <TextInput label="Variable" required maxLength={50} {...text('name')} />
          <TextInput label="Instance" maxLength={50} {...text('instance')} />
          <NumberInput label="EVSE; 0: none" {...number('evseId')} />
        </div>
      ) : (
        <p className="muted">
          The station reports {known.reported === null ? 'nothing' : <code>{known.reported}</code>}
          {known.unit === null ? '' : ` ${known.unit}`}
          {ofTemplate === null ? '.' : `; template ${ofTemplate} intends what is below.`} It is set as soon as the station is there, and
          held against it at each boot.
        </p>
      )}
      <TextInput label="Value" maxLength={2_500} data-autofocus={known !== undefined} {...text('value')} />
      {own && (
        <Button variant="default" loading={change.isPending} onClick={() => change.mutate({ remove: [nameOf(known)] })}>
          Intend nothing for it; the station keeps what it has
        </Button>
      )}
    </Form>
  );
}

/** The name as the API takes it: without what it does not have. */
const nameOf = ({ component, componentInstance, evseId, connectorId, name, instance, attributeType }: VariableName): object => ({
  component,
  ...(componentInstance === null ? {} : { componentInstance }),
  evseId,
  ...(connectorId === 0 ? {} : { connectorId }),
  name,
  ...(instance === null ? {} : { instance }),
  attributeType,
});
