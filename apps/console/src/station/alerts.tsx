import { Checkbox } from '@mantine/core';
import { IconBellCheck } from '@tabler/icons-react';
import { useState } from 'react';
import { type Alert, useAlerts, useChange } from '../api/device-model.js';
import { moment, words } from '../api/format.js';
import { usePlatform } from '../api/platform.js';
import { Problem } from '../parts/form.js';
import { RowButton } from '../parts/row-button.js';
import { Table } from '../parts/table.js';
import { useNow } from '../parts/use-now.js';

/** Rated up to this an alert is shown as bad. */
const BAD = 3;

/** What somebody should look at. */
export function StationAlerts({ stationId }: { stationId: string }) {
  const { api, me } = usePlatform();
  const now = useNow(10_000);
  const [all, setAll] = useState(false);
  const alerts = useAlerts(stationId, all ? 'all' : 'open');
  const act = useChange(({ alert, what }: { alert: Alert; what: 'acknowledge' | 'clear' }) =>
    api.post(`/v1/alerts/${encodeURIComponent(alert.alertId)}/${what}`, {}),
  );
  const mayAct = me.role !== 'viewer';
  return (
    <div className="tab">
      <div className="toolbar">
        <Checkbox label="Also those that are over" checked={all} onChange={(event) => setAll(event.currentTarget.checked)} />
      </div>
      <Problem error={act.error} />
      <Table
        name="Alerts"
        columns={['Severity', 'About', 'State', 'Since', ...(mayAct ? ['Change'] : [])]}
        query={alerts}
        empty={{ icon: <IconBellCheck size={30} aria-hidden />, title: 'No alert', words: 'Nothing needs to be looked at here.' }}
      >
        {alerts.rows.map((alert) => (
          <tr key={alert.alertId}>
            <td>
              <span className="status" data-tone={alert.state === 'Cleared' ? 'off' : alert.severity <= BAD ? 'bad' : 'waiting'}>
                {alert.severity}
              </span>
            </td>
            <td className="breakable">
              <b>{alert.subject}</b> {alert.detail}
            </td>
            <td>{words(alert.state)}</td>
            <td>{alert.openedAt === null ? '' : moment(alert.openedAt, now)}</td>
            {mayAct && (
              <td>
                {alert.state === 'Open' && (
                  <RowButton words="Acknowledge" about={alert.subject} onClick={() => act.mutate({ alert, what: 'acknowledge' })} />
                )}
                {alert.state !== 'Cleared' && (
                  <RowButton words="Clear" about={alert.subject} onClick={() => act.mutate({ alert, what: 'clear' })} />
                )}
              </td>
            )}
          </tr>
        ))}
      </Table>
    </div>
  );
}
