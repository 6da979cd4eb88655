import { Fieldset, NumberInput, Select, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useWrite } from '../api/lists.js';
import { usePlatform } from '../api/platform.js';
import { ofTemplate, type Template } from '../api/templates.js';
import { Form, useFields } from './form.js';
import { MonitorRows, RootRows, rowsOf, SEVERITIES, toBody, VariableRows } from './template-rows.js';

const BASES = [
  { value: '', label: 'Nothing is said about it' },
  { value: 'All', label: 'All of them' },
  { value: 'FactoryDefault', label: 'Those it left the factory with' },
  { value: 'HardWiredOnly', label: 'Hard-wired ones only' },
];
const BOOTS = [
  { value: '', label: 'Nothing is said about it' },
  { value: 'Accepted', label: 'Accepted' },
  { value: 'Pending', label: 'Pending: provisioned first, then accepted' },
  { value: 'Rejected', label: 'Rejected' },
];

/** What stations are set to. @param template undefined: a new one */
export function TemplateForm({ template, onDone }: { template: Template | undefined; onDone: () => void }) {
  const { api, me } = usePlatform();
  const { values, text, number, choice } = useFields({
    templateId: template?.templateId ?? '',
    name: template?.name ?? '',
    vendor: template?.vendor ?? '',
    model: template?.model ?? '',
    firmwareVersion: template?.firmwareVersion ?? '',
    priority: template?.priority ?? 0,
    monitoringBase: template?.monitoringBase ?? '',
    monitoringLevel: String(template?.monitoringLevel ?? ''),
    boot: template?.boot ?? '',
    bootIntervalSeconds: template?.bootIntervalSeconds ?? 60,
  });
  const [rows, setRows] = useState(() => rowsOf(template));
  const save = useWrite(
    ['device-model'],
    () => {
      const { templateId, monitoringBase, monitoringLevel, boot, ...plain } = values;
      const body = {
        ...plain,
        ...toBody(rows),
        monitoringBase: monitoringBase || null,
        monitoringLevel: monitoringLevel === '' ? null : Number(monitoringLevel),
        boot: boot || null,
      };
      const path = ofTemplate(templateId.trim());
      return api.put(path, body, template?.version ?? 'new');
    },
    onDone,
  );
  return (
    <Form
      submit={template === undefined ? 'Make the template' : 'Save'}
      pending={save.isPending}
      disabled={me.role !== 'admin' || values.templateId.trim() === ''}
      error={save.error}
      onSubmit={() => save.mutate()}
    >
      <div className="fields two">
        <TextInput label="Template" required maxLength={48} readOnly={template !== undefined} {...text('templateId')} />
        <TextInput label="Name" maxLength={100} {...text('name')} />
      </div>
      <Fieldset legend="Stations that it is about; what is empty: any; * at the end: what begins so" className="fields two">
        <TextInput label="Vendor" maxLength={50} {...text('vendor')} />
        <TextInput label="Model" maxLength={50} {...text('model')} />
        <TextInput label="Firmware" maxLength={50} {...text('firmwareVersion')} />
        <NumberInput label="Priority among those as close; the higher counts" {...number('priority')} min={-1_000_000} max={1_000_000} />
      </Fieldset>
      <Fieldset legend="Variables, and what they are set to" className="fields">
        <VariableRows rows={rows.variables} onChange={(variables) => setRows({ ...rows, variables })} />
      </Fieldset>
      <Fieldset legend="Monitors: what stations of 2.x watch by themselves" className="fields">
        <MonitorRows rows={rows.monitors} onChange={(monitors) => setRows({ ...rows, monitors })} />
        <div className="fields two">
          <Select label="Which of its monitors are active" data={BASES} {...choice('monitoringBase')} />
          <Select
            label="Up to which severity it tells"
            data={[{ value: '', label: 'Nothing is said about it' }, ...SEVERITIES]}
            {...choice('monitoringLevel')}
          />
        </div>
      </Fieldset>
      <Fieldset legend="Roots that are installed where they are missing" className="fields">
        <RootRows rows={rows.roots} onChange={(roots) => setRows({ ...rows, roots })} />
      </Fieldset>
      <Fieldset legend="What a boot is answered" className="fields two">
        <Select label="Answer" data={BOOTS} {...choice('boot')} />
        <NumberInput label="Seconds until one that was not accepted asks again" {...number('bootIntervalSeconds')} min={1} max={86_400} />
      </Fieldset>
      <p className="muted hint">Stations get it when they next boot or are reconciled; Apply gives it to them by a job.</p>
    </Form>
  );
}
