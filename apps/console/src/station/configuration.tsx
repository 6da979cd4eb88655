import { Button, Checkbox, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconAdjustments } from '@tabler/icons-react';
import { useState } from 'react';
import { type DeviceModel, type ModelVariable, ofStation, spoken, useChange, useDeviceModel } from '../api/device-model.js';
import { count, moment, words } from '../api/format.js';
import { usePlatform } from '../api/platform.js';
import { Problem } from '../parts/form.js';
import { RowButton } from '../parts/row-button.js';
import { Table } from '../parts/table.js';
import { useNow } from '../parts/use-now.js';
import { Intent } from './intent.js';

const TYPING_MS = 250;

/** What the station told beside what it is to be set to. */
export function Configuration({ stationId }: { stationId: string }) {
  const { api, me } = usePlatform();
  const [filter, setFilter] = useState('');
  const [onlyDifferences, setOnlyDifferences] = useState(false);
  const [typed] = useDebouncedValue(filter, TYPING_MS);
  const model = useDeviceModel(stationId, typed, onlyDifferences);
  const reconcile = useChange(() => api.post(`${ofStation(stationId)}/device-model/reconciliations`, {}));
  const report = useChange(() => api.post(`${ofStation(stationId)}/device-model/reports`, {}));
  const [changing, setChanging] = useState<ModelVariable | 'new'>();
  const mayAct = me.role !== 'viewer';
  const error = reconcile.error ?? report.error;
  return (
    <div className="tab">
      <div className="toolbar">
        <TextInput
          aria-label="Search variables"
          placeholder="Search, e.g. HeartbeatInterval"
          value={filter}
          onChange={(event) => setFilter(event.currentTarget.value)}
          style={{ flex: '1 1 220px' }}
        />
        <Checkbox
          label="Only differences"
          checked={onlyDifferences}
          onChange={(event) => setOnlyDifferences(event.currentTarget.checked)}
        />
        {mayAct && (
          <>
            <Button variant="default" onClick={() => setChanging('new')}>
              Intend a value
            </Button>
            <Button variant="default" loading={report.isPending} onClick={() => report.mutate()}>
              Take a report
            </Button>
            <Button variant="default" loading={reconcile.isPending} onClick={() => reconcile.mutate()}>
              Reconcile now
            </Button>
          </>
        )}
      </div>
      <Problem error={error} />
      {model.first !== undefined && <Summary model={model.first} />}
      <Table
        name="Variables"
        columns={['Variable', 'Reported', 'Intended', 'Difference', ...(mayAct ? ['Change'] : [])]}
        query={model}
        empty={
          typed !== '' || onlyDifferences
            ? {
                icon: <IconAdjustments size={30} aria-hidden />,
                title: 'Nothing like that',
                words: 'No variable is like what you look for.',
              }
            : {
                icon: <IconAdjustments size={30} aria-hidden />,
                title: 'The station told nothing yet',
                words: 'Take a report to read what it is set to.',
              }
        }
      >
        {model.rows.map((row) => (
          <Row key={spoken(row)} row={row} onChange={mayAct ? setChanging : undefined} />
        ))}
      </Table>
      <Intent stationId={stationId} variable={changing} onClose={() => setChanging(undefined)} />
    </div>
  );
}

function Summary({ model }: { model: DeviceModel }) {
  const now = useNow(10_000);
  const last = model.lastReconciliation;
  const refused = last?.results.filter(({ status }) => status !== 'Accepted') ?? [];
  return (
    <>
      <p role="status">
        {count(model.reported)} variables told, {count(model.intended)} intended, {count(model.differences)}{' '}
        {model.differences === 1 ? 'differs' : 'differ'}.
        {last !== null && ` Last reconciled ${last.at === null ? '' : moment(last.at, now)}: ${words(last.outcome).toLowerCase()}.`}
        {model.templateIds.length > 0 && ` Templates: ${model.templateIds.join(', ')}.`}
      </p>
      {refused.length > 0 && (
        <ul className="notes" aria-label="What the station did not simply take">
          {refused.map((result) => (
            <li key={spoken(result)}>
              {spoken(result)} = {result.value}: {words(result.status).toLowerCase()}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

const Row = ({ row, onChange }: { row: ModelVariable; onChange: ((row: ModelVariable) => void) | undefined }) => (
  <tr>
    <td className="breakable">
      {spoken(row)}
      {row.mutability === 'ReadOnly' && <span className="muted"> read only</span>}
    </td>
    <td className="breakable mono">{row.reported === null ? '–' : `${row.reported}${row.unit === null ? '' : ` ${row.unit}`}`}</td>
    <td className="breakable mono">
      {row.intended === null ? '' : row.intended.value}
      {row.intended !== null && row.intended.templateId !== null && <span className="muted"> by {row.intended.templateId}</span>}
    </td>
    <td>
      {row.difference !== 'None' && (
        <span className="status" data-tone="waiting">
          {row.difference === 'Differs' ? 'Differs' : 'Not told'}
        </span>
      )}
    </td>
    {onChange !== undefined && (
      <td>
        {row.mutability !== 'ReadOnly' && (
          <RowButton words={row.intended === null ? 'Intend' : 'Change'} about={spoken(row)} onClick={() => onChange(row)} />
        )}
      </td>
    )}
  </tr>
);
