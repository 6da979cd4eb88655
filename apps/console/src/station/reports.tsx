import { Select } from '@mantine/core';
import { IconReport } from '@tabler/icons-react';
import { useState } from 'react';
import { useModelReports, useStationReports } from '../api/device-model.js';
import { moment, words } from '../api/format.js';
import { Table } from '../parts/table.js';
import { useNow } from '../parts/use-now.js';

/** Kinds that are looked for most; the list shows all without a choice. */
const KINDS = ['SecurityEventReported', 'LogStatusReported', 'FirmwareStatusReported', 'DataTransferred', 'StationEventsReported'];

/** What the station told besides charging: its inventories, security events, uploads. */
export function Reports({ stationId }: { stationId: string }) {
  const now = useNow(10_000);
  const [kind, setKind] = useState('');
  const inventories = useModelReports(stationId);
  const told = useStationReports(stationId, kind);
  const icon = <IconReport size={30} aria-hidden />;
  return (
    <div className="tab">
      <h3>Inventories</h3>
      <Table
        name="Inventories"
        columns={['Begun', 'Of', 'State', 'Parts', 'Detail']}
        query={inventories}
        empty={{ icon, title: 'None was taken yet', words: 'Take one under Configuration.' }}
      >
        {(inventories.data?.data ?? []).map((report) => (
          <tr key={`${report.kind} ${report.requestId}`}>
            <td>{report.startedAt === null ? '' : moment(report.startedAt, now)}</td>
            <td>{report.kind}</td>
            <td>{report.status}</td>
            <td className="num">{report.parts}</td>
            <td className="breakable">{report.detail ?? ''}</td>
          </tr>
        ))}
      </Table>
      <h3>All else it told</h3>
      <Select
        label="Which"
        data={[{ value: '', label: 'All' }, ...KINDS.map((value) => ({ value, label: words(value.replace(/Reported$/, '')) }))]}
        value={kind}
        allowDeselect={false}
        onChange={(value) => setKind(value ?? '')}
        maw={320}
      />
      <Table
        name="Reports"
        columns={['Received', 'What', 'As told']}
        query={told}
        empty={{ icon, title: 'Nothing of that kind', words: 'Security events, uploads and alike show here.' }}
      >
        {told.rows.map((report) => (
          <tr key={report.reportId}>
            <td>{report.receivedAt === null ? '' : moment(report.receivedAt, now)}</td>
            <td>{words(report.type)}</td>
            <td className="breakable">
              <details>
                <summary>{report.action}</summary>
                <pre className="json">{JSON.stringify(report.data, null, 2)}</pre>
              </details>
            </td>
          </tr>
        ))}
      </Table>
    </div>
  );
}
