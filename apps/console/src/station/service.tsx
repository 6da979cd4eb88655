import { Button, Select, TextInput } from '@mantine/core';
import { IconCalendarOff, IconCircleCheck } from '@tabler/icons-react';
import { useState } from 'react';
import { wordsOf } from '../api/client.js';
import { ofStation, placeWords, useChange, useOperation } from '../api/device-model.js';
import { moment } from '../api/format.js';
import { usePlatform } from '../api/platform.js';
import type { Evse } from '../api/types.js';
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
      {error !== null && <p role="alert">{wordsOf(error)}</p>}
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
                <Button
                  size="xs"
                  variant="default"
                  onClick={() => back.mutate({ evseId: each.evseId, connectorId: each.connectorId })}
                  aria-label={`Take ${placeWords(each)} back into service`}
                >
                  Back into service
                </Button>
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
                <Button
                  size="xs"
                  variant="default"
                  onClick={() => cancel.mutate(outage.outageId)}
                  aria-label={`Cancel the outage of ${placeWords(outage)}`}
                >
                  Cancel
                </Button>
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
  const [place, setPlace] = useState('0');
  const [reason, setReason] = useState('');
  const [from, setFrom] = useState('');
  const [until, setUntil] = useState('');
  const planned = from !== '' || until !== '';
  const take = useChange(() => {
    const where = { evseId: Number(place), connectorId: 0, reason };
    if (!planned) return api.put(`${ofStation(stationId)}/availability`, { ...where, operative: false });
    const times = { from: new Date(from || Date.now()).toISOString(), until: new Date(until).toISOString() };
    return api.post(`${ofStation(stationId)}/outages`, { ...where, ...times });
  });
  const known = evses.filter(({ evseId }) => evseId > 0);
  return (
    <form
      className="toolbar"
      aria-label="Take out of service"
      onSubmit={(event) => {
        event.preventDefault();
        take.mutate();
      }}
    >
      <Select
        label="Take out of service"
        data={[{ value: '0', label: 'Whole station' }, ...known.map(({ evseId }) => ({ value: String(evseId), label: `EVSE ${evseId}` }))]}
        value={place}
        allowDeselect={false}
        onChange={(value) => setPlace(value ?? '0')}
      />
      <TextInput label="Because" value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
      <TextInput type="datetime-local" label="From (empty: now)" value={from} onChange={(event) => setFrom(event.currentTarget.value)} />
      <TextInput
        type="datetime-local"
        label="Until (empty: until told otherwise)"
        value={until}
        required={from !== ''}
        onChange={(event) => setUntil(event.currentTarget.value)}
      />
      <Button type="submit" variant="default" loading={take.isPending}>
        {planned ? 'Plan the outage' : 'Take it out now'}
      </Button>
      {take.error !== null && <p role="alert">{wordsOf(take.error)}</p>}
    </form>
  );
}
