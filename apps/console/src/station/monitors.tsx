import { Button } from '@mantine/core';
import { IconEyeCheck } from '@tabler/icons-react';
import { ofStation, spoken, useChange, useDeviceModel } from '../api/device-model.js';
import { words } from '../api/format.js';
import { usePlatform } from '../api/platform.js';
import { Problem } from '../parts/form.js';
import { RowButton } from '../parts/row-button.js';
import { Table } from '../parts/table.js';

/** What the station watches by itself. */
export function Monitors({ stationId }: { stationId: string }) {
  const { api, me } = usePlatform();
  const model = useDeviceModel(stationId, '', false);
  const report = useChange(() => api.post(`${ofStation(stationId)}/device-model/reports`, { reportBase: 'Monitoring' }));
  const clear = useChange((monitorId: number) =>
    api.post(`${ofStation(stationId)}/commands/clear-variable-monitoring`, { monitorIds: [monitorId] }),
  );
  const mayAct = me.role !== 'viewer';
  const missing = model.first?.intendedMonitors.filter(({ held }) => !held) ?? [];
  const error = report.error ?? clear.error;
  return (
    <div className="tab">
      {mayAct && (
        <div className="toolbar">
          <Button variant="default" loading={report.isPending} onClick={() => report.mutate()}>
            Have it report its monitors
          </Button>
        </div>
      )}
      <Problem error={error} />
      {missing.length > 0 && (
        <ul className="notes" aria-label="What it does not watch though a template says so">
          {missing.map((each) => (
            <li key={`${spoken(each)} ${each.type} ${each.severity}`}>
              {spoken(each)}: {words(each.type)} {each.value}, severity {each.severity}, by {each.templateId}, is not told by the station
            </li>
          ))}
        </ul>
      )}
      <Table
        name="Monitors"
        columns={['Variable', 'Watched for', 'Last told', 'Severity', 'Id', ...(mayAct ? ['Change'] : [])]}
        query={{ ...model, hasNextPage: false }}
        empty={{
          icon: <IconEyeCheck size={30} aria-hidden />,
          title: 'No monitor is known',
          words: 'A template can hold monitors, and set-variable-monitoring sets one; a 2.x station watches by itself then.',
        }}
      >
        {(model.first?.monitors ?? []).map((monitor) => (
          <tr key={monitor.monitorId}>
            <td className="breakable">{spoken(monitor)}</td>
            <td>
              {words(monitor.type)} {monitor.value}
            </td>
            <td className="num">{monitor.lastValue ?? '–'}</td>
            <td className="num">{monitor.severity}</td>
            <td className="num">{monitor.monitorId}</td>
            {mayAct && (
              <td>
                <RowButton
                  words="Clear"
                  about={`monitor ${monitor.monitorId}`}
                  loading={clear.isPending && clear.variables === monitor.monitorId}
                  onClick={() => clear.mutate(monitor.monitorId)}
                />
              </td>
            )}
          </tr>
        ))}
      </Table>
    </div>
  );
}
