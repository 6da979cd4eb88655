import { Checkbox, NumberInput, Select, Textarea, TextInput } from '@mantine/core';
import { spoken, type VariableName } from '../api/device-model.js';
import { words } from '../api/format.js';
import type { Template } from '../api/templates.js';
import { Fold } from './fold.js';
import { bound, FormError, numberIn } from './form.js';
import { FormRows, type Row } from './form-rows.js';

/** Names as they are typed; an empty instance is none. */
interface Named extends Row, Omit<VariableName, 'attributeType' | 'componentInstance' | 'instance'> {
  readonly componentInstance: string;
  readonly instance: string;
}
interface Variable extends Named {
  readonly attributeType: VariableName['attributeType'];
  readonly value: string;
}
interface WatchedVariable extends Named {
  readonly type: string;
  /** A number as it is typed. */
  readonly value: string;
  readonly severity: string;
  readonly transaction: boolean;
}
interface Root extends Row {
  readonly certificateType: string;
  readonly certificate: string;
}

const NAME = { component: '', componentInstance: '', evseId: 0, connectorId: 0, name: '', instance: '' };
const ATTRIBUTES = ['Actual', 'Target', 'MinSet', 'MaxSet'];
const MONITOR_TYPES = ['UpperThreshold', 'LowerThreshold', 'Delta', 'Periodic', 'PeriodicClockAligned'];
export const SEVERITIES = Array.from({ length: 10 }, (_, severity) => ({ value: String(severity), label: severityWords(severity) }));
const ROOT_TYPES = ['V2GRootCertificate', 'MORootCertificate', 'CSMSRootCertificate', 'ManufacturerRootCertificate', 'OEMRootCertificate'];

/** OCPP 2.0.1 Part 2, NotifyEvent: the ends of the scale have names that say how it runs. */
function severityWords(severity: number): string {
  return severity === 0 ? '0, danger' : severity === 9 ? '9, debug' : String(severity);
}

export interface TemplateRows {
  readonly variables: readonly Variable[];
  readonly monitors: readonly WatchedVariable[];
  readonly roots: readonly Root[];
}

interface Props<R extends Row> {
  readonly rows: readonly R[];
  readonly onChange: (rows: readonly R[]) => void;
}

export const VariableRows = ({ rows, onChange }: Props<Variable>) => (
  <FormRows
    rows={rows}
    onChange={onChange}
    noun="variable"
    add="Add a variable"
    blank={{ ...NAME, attributeType: 'Actual' as const, value: '' }}
  >
    {(row, { number, change, remove }) => {
      const { text, choice } = bound(row, change);
      return (
        <Fold key={row.id} title={isBlank(row) ? `Variable ${number}` : `${spoken(row)} = ${row.value}`} isNew={isBlank(row)}>
          <NameFields row={row} change={change} />
          <TextInput label="Value" maxLength={2_500} {...text('value')} />
          <Select label="Attribute" data={ATTRIBUTES} {...choice('attributeType')} />
          {remove}
        </Fold>
      );
    }}
  </FormRows>
);

export const MonitorRows = ({ rows, onChange }: Props<WatchedVariable>) => (
  <FormRows
    rows={rows}
    onChange={onChange}
    noun="monitor"
    add="Add a monitor"
    blank={{ ...NAME, type: 'UpperThreshold', value: '', severity: '5', transaction: false }}
  >
    {(row, { number, change, remove }) => {
      const { text, choice, check } = bound(row, change);
      const title = `${spoken(row)}: ${words(row.type).toLowerCase()} ${row.value}, severity ${row.severity}`;
      return (
        <Fold key={row.id} title={isBlank(row) ? `Monitor ${number}` : title} isNew={isBlank(row)}>
          <NameFields row={row} change={change} />
          <Select label="Watched for" data={MONITOR_TYPES.map((value) => ({ value, label: words(value) }))} {...choice('type')} />
          <TextInput label="Threshold, in the variable's unit, or seconds" inputMode="decimal" {...text('value')} />
          <Select label="Severity" data={SEVERITIES} {...choice('severity')} />
          <Checkbox label="Only while a transaction goes on" {...check('transaction')} />
          {remove}
        </Fold>
      );
    }}
  </FormRows>
);

export const RootRows = ({ rows, onChange }: Props<Root>) => (
  <FormRows rows={rows} onChange={onChange} noun="root" add="Add a root" blank={{ certificateType: 'V2GRootCertificate', certificate: '' }}>
    {(row, { number, change, remove }) => {
      const { text, choice } = bound(row, change);
      return (
        <Fold key={row.id} title={`Root ${number}: ${row.certificateType}`} isNew={row.certificate === ''}>
          <Select label="What it is for" data={ROOT_TYPES} {...choice('certificateType')} />
          <span />
          <Textarea
            label="Certificate, PEM"
            autosize
            minRows={3}
            maxRows={10}
            className="mono"
            maxLength={5_500}
            {...text('certificate')}
          />
          <span />
          {remove}
        </Fold>
      );
    }}
  </FormRows>
);

const isBlank = ({ component, name }: Named): boolean => component === '' && name === '';

function NameFields<R extends Named>({ row, change }: { row: R; change: (to: Partial<R>) => void }) {
  // Any row has these fields, so a change of them is a change of it.
  const { text, number } = bound<Named>(row, change as (to: Partial<Named>) => void);
  return (
    <>
      <TextInput label="Component; 1.6 for a key that 2.x has no variable for" maxLength={50} {...text('component')} />
      <TextInput label="Variable" maxLength={50} {...text('name')} />
      <TextInput label="Instance of the variable; empty: none" maxLength={50} {...text('instance')} />
      <TextInput label="Instance of the component; empty: none" maxLength={50} {...text('componentInstance')} />
      <NumberInput label="EVSE; 0: none" {...number('evseId')} />
      <NumberInput label="Connector; 0: none" {...number('connectorId')} />
    </>
  );
}

/** What a template says, as rows of a form. */
export const rowsOf = (template: Pick<Template, 'variables' | 'monitors' | 'certificates'> | undefined): TemplateRows => ({
  variables: (template?.variables ?? []).map((each, id): Variable => ({ id, ...each, ...instancesOf(each) })),
  monitors: (template?.monitors ?? []).map(
    (each, id): WatchedVariable => ({ id, ...each, ...instancesOf(each), value: String(each.value), severity: String(each.severity) }),
  ),
  roots: (template?.certificates ?? []).map((each, id): Root => ({ id, ...each })),
});

const instancesOf = ({ componentInstance, instance }: Pick<VariableName, 'componentInstance' | 'instance'>) => ({
  componentInstance: componentInstance ?? '',
  instance: instance ?? '',
});

/** Rows as the API takes them. @throws {FormError} that names the row */
export const toBody = ({ variables, monitors, roots }: TemplateRows) => ({
  variables: variables.map(({ attributeType, value, ...row }, at) => ({ ...toName(row, `Variable ${at + 1}`), attributeType, value })),
  monitors: monitors.map(({ type, value, severity, transaction, ...row }, at) => {
    const name = toName(row, `Monitor ${at + 1}`);
    const threshold = numberIn(value);
    if (threshold === undefined) throw new FormError(`Monitor ${at + 1} needs a number: its threshold, or seconds.`);
    return { ...name, type, value: threshold, severity: Number(severity), transaction };
  }),
  certificates: roots.map(({ certificateType, certificate }, at) => {
    if (certificate.trim() === '') throw new FormError(`Root ${at + 1} has no certificate.`);
    return { certificateType, certificate };
  }),
});

function toName({ component, componentInstance, evseId, connectorId, name, instance }: Named, which: string): object {
  if (component.trim() === '' || name.trim() === '') throw new FormError(`${which} needs a component and a name.`);
  return {
    component: component.trim(),
    ...(componentInstance.trim() === '' ? {} : { componentInstance: componentInstance.trim() }),
    evseId,
    ...(connectorId === 0 ? {} : { connectorId }),
    name: name.trim(),
    ...(instance.trim() === '' ? {} : { instance: instance.trim() }),
  };
}
