import { Checkbox, Fieldset, Modal, NumberInput, Select, Textarea, TextInput } from '@mantine/core';
import { count } from '../api/format.js';
import type { Job } from '../api/jobs.js';
import { useRead, useWrite } from '../api/lists.js';
import { usePlatform } from '../api/platform.js';
import { TEMPLATES, type Template } from '../api/templates.js';
import type { Page } from '../api/types.js';
import { Form, FormError, instant, useFields } from './form.js';
import { SelectionFields, toSelection, usePreview, useSelection } from './selection.js';

/** The usual ones, each with a body to begin with; any other goes by the API and the command line. */
const COMMANDS: Readonly<Record<string, string>> = {
  reset: '{"type": "OnIdle"}',
  'trigger-message': '{"requestedMessage": "BootNotification"}',
  'clear-cache': '{}',
  'change-availability': '{"operative": true}',
  'get-variables': '{"variables": []}',
  'set-variables': '{"variables": [{"name": "HeartbeatInterval", "value": "300"}]}',
  raw: '{"action": "ClearCache", "payload": {}}',
};
/** Not a command of OCPP: stations are set to what is intended for them. */
const TEMPLATE = 'apply a template';

interface Props {
  readonly opened: boolean;
  /** What is applied, to begin with to the stations that it is about. */
  readonly template?: Template | undefined;
  readonly onClose: () => void;
  readonly onMade: (job: Job) => void;
}

export function NewJob({ opened, template, onClose, onMade }: Props) {
  return (
    <Modal opened={opened} onClose={onClose} title="New job" size="lg">
      <NewJobForm template={template} onMade={onMade} />
    </Modal>
  );
}

function NewJobForm({ template, onMade }: Pick<Props, 'template' | 'onMade'>) {
  const { api } = usePlatform();
  const templates = useRead<Page<Template>>('device-model', `${TEMPLATES}?limit=200`);
  const preview = usePreview();
  const { vendor = '', model = '', firmwareVersion = '' } = template ?? {};
  const selection = useSelection(preview.reset, { vendor, model, firmwareVersion });
  const { values, text, number, choice, check, set } = useFields({
    name: '',
    command: template === undefined ? 'reset' : TEMPLATE,
    body: COMMANDS['reset'] ?? '{}',
    templateId: template?.templateId ?? '',
    stationsPerMinute: 60,
    bounded: true,
    percent: 20,
    stations: 10,
    expiresAt: '',
  });
  const make = useWrite(
    ['jobs'],
    () => {
      const { name, command, body, templateId, stationsPerMinute, bounded, percent, stations, expiresAt } = values;
      return api.post<Job>('/v1/jobs', {
        name,
        ...(command === TEMPLATE
          ? { applyTemplate: templateId === '' ? {} : { templateId } }
          : { command: { name: command, body: parsed(body) } }),
        selection: toSelection(selection.given),
        stationsPerMinute,
        ...(bounded ? { failureBound: { percent, stations } } : {}),
        expiresAt: instant(expiresAt),
      });
    },
    onMade,
  );
  const counted = preview.data?.stationCount;
  return (
    <Form
      submit={counted === undefined ? 'Count the stations' : `Send to ${count(counted)} stations`}
      pending={preview.isPending || make.isPending}
      disabled={counted === 0}
      error={preview.error ?? make.error}
      onSubmit={() => (counted === undefined ? preview.mutate(selection.given) : make.mutate())}
    >
      <TextInput label="Name" maxLength={255} {...text('name')} />
      <Select
        label="Command"
        data={[...Object.keys(COMMANDS), TEMPLATE]}
        {...choice('command')}
        onChange={(value) => set({ command: value ?? 'reset', body: COMMANDS[value ?? 'reset'] ?? '{}' })}
      />
      {values.command === TEMPLATE ? (
        <Select
          label="Template"
          data={[
            { value: '', label: 'All that is intended for each station' },
            ...(templates.data?.data ?? []).map(({ templateId, name }) => ({
              value: templateId,
              label: name === '' ? templateId : `${templateId}: ${name}`,
            })),
          ]}
          {...choice('templateId')}
        />
      ) : (
        <Textarea label="Its fields, JSON" autosize minRows={2} {...text('body')} />
      )}
      <SelectionFields selection={selection} />
      <Fieldset legend="How fast, how long, and when to pause" className="fields two">
        <NumberInput label="Stations a minute; 0: no pace" {...number('stationsPerMinute')} />
        <TextInput type="datetime-local" label="Until (empty: 24 hours)" {...text('expiresAt')} />
        <Checkbox label="Pause when too many fail" {...check('bounded')} />
        {values.bounded && (
          <>
            <span />
            <NumberInput label="So many % of those through" {...number('percent')} min={1} max={100} />
            <NumberInput label="From so many stations on" {...number('stations')} min={1} />
          </>
        )}
      </Fieldset>
      <p role="status">{preview.sentence}</p>
    </Form>
  );
}

function parsed(body: string): object {
  try {
    return JSON.parse(body) as object;
  } catch (cause) {
    throw new FormError('The fields of the command are not JSON.', { cause });
  }
}
