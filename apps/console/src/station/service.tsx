import { Select, TextInput } from '@mantine/core';
import { IconCalendarOff, IconCircleCheck } from '@tabler/icons-react';
import { ofStation, placeWords, useChange, useOperation } from '../api/device-model.js';
import { moment } from '../api/format.js';
import { usePlatform } from '../api/platform.js';
import type { Evse } from '../api/types.js';
import { Form, instant, Problem, useFields } from '../parts/form.js';
import { RowButton } from '../parts/row-button.js';
import { Table } from '../parts/table.js';
import { useNow } from '../parts/use-now.js';

interface Props {
  readonly stationId: string;
  readonly evses: readonly Evse[];
}

/** What of the station is out of service, now and by plan, and what its next boot is answered. */
export function Service({ stationId, evses }: Props) {
  const { api, me } = usePlatform();
  const now = useNow(10_000);
  const operation = useOperation(stationId);
  const mayAct = me.role !== 'viewer';
  const back = useChange((place: { evseId: number; connectorId: number }) =>
    api.put(`${ofStation(stationId)}/availability`, { ...place, operative: true }),
  );
  const cancel = useChange((outageId: string) => api.delete(`${ofStation(stationId)}/outages/${encodeURIComponent(outageId)}`));
  const boot = useChange((status: string) => api.put(`${ofStation(stationId)}/boot`, { status }));
  const error = back.error ?? cancel.error ?? boot.error;
  const data = operation.data;
  return (
    <div className="tab">
      <Problem error={error} />
      <h3>Out of service until told otherwise</h3>
      <Table
        name="Out of service"
        columns={['What', 'Because', 'Since', ...(mayAct ? ['Change'] : [])]}
        query={operation}
        empty={{ icon: <IconCircleCheck size={30} aria-hidden />, title: 'All is in service', words: 'As far as it was told from here.' }}
      >
        {(data?.inoperative ?? []).map((each) => (
          <tr key={placeWords(each)}>
            <td>{placeWords(each)}</td>
            <td className="breakable">{each.reason ?? ''}</td>
            <td>{each.since === null ? '' : moment(each.since, now)}</td>
            {mayAct && (
              <td>
                <RowButton
                  words="Back into service"
                  about={placeWords(each)}
                  onClick={() => back.mutate({ evseId: each.evseId, connectorId: each.connectorId })}
                />
              </td>
            )}
          </tr>
        ))}
      </Table>
      <h3>By plan</h3>
      <Table
        name="Outages"
        columns={['What', 'From', 'Until', 'Because', ...(mayAct ? ['Change'] : [])]}
        query={operation}
        empty={{ icon: <IconCalendarOff size={30} aria-hidden />, title: 'No outage is planned', words: 'One that is over is not listed.' }}
      >
        {(data?.outages ?? []).map((outage) => (
          <tr key={outage.outageId}>
            <td>{placeWords(outage)}</td>
            <td>{outage.from === null ? '' : moment(outage.from, now)}</td>
            <td>{outage.until === null ? '' : moment(outage.until, now)}</td>
            <td className="breakable">{outage.reason ?? ''}</td>
            {mayAct && (
              <td>
                <RowButton words="Cancel" about={`the outage of ${placeWords(outage)}`} onClick={() => cancel.mutate(outage.outageId)} />
              </td>
            )}
          </tr>
        ))}
      </Table>
      {mayAct && <TakeOut stationId={stationId} evses={evses} />}
      <h3>Its next boot is answered</h3>
      {data !== undefined &&
        (mayAct ? (
          <Select
            aria-label="Its next boot is answered"
            data={['Accepted', 'Pending', 'Rejected']}
            value={data.boot.status}
            allowDeselect={false}
            disabled={boot.isPending}
            onChange={(value) => value !== null && boot.mutate(value)}
            maw={320}
          />
        ) : (
          <p>{data.boot.status}</p>
        ))}
    </div>
  );
}

/** Now, or from a time until a time. */
function TakeOut({ stationId, evses }: Props) {
  const { api } = usePlatform();
  const { values, text, choice } = useFields({ place: '0', reason: '', from: '', until: '' });
  const { place, reason, from, until } = values;
  const planned = from !== '' || until !== '';
  const take = useChange(() => {
    const where = { evseId: Number(place), connectorId: 0, reason };
    if (!planned) return api.put(`${ofStation(stationId)}/availability`, { ...where, operative: false });
    const times = { from: instant(from) ?? new Date().toISOString(), until: instant(until) };
    return api.post(`${ofStation(stationId)}/outages`, { ...where, ...times });
  });
  const known = evses.filter(({ evseId }) => evseId > 0);
  return (
    <Form
      label="Take out of service"
      inline
      submit={planned ? 'Plan the outage' : 'Take it out now'}
      pending={take.isPending}
      error={take.error}
      onSubmit={() => take.mutate()}
    >
      <Select
        label="Take out of service"
        data={[{ value: '0', label: 'Whole station' }, ...known.map(({ evseId }) => ({ value: String(evseId), label: `EVSE ${evseId}` }))]}
        {...choice('place')}
      />
      <TextInput label="Because" {...text('reason')} />
      <TextInput type="datetime-local" label="From (empty: now)" {...text('from')} />
      <TextInput type="datetime-local" label="Until (empty: until told otherwise)" required={from !== ''} {...text('until')} />
    </Form>
  );
}
