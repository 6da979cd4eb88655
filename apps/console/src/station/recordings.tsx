import { NumberInput } from '@mantine/core';
import { IconPlayerRecord } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { ofStation } from '../api/device-model.js';
import { bytes, count, moment } from '../api/format.js';
import { useList, useWrite } from '../api/lists.js';
import { usePlatform } from '../api/platform.js';
import { Form, Problem, useFields } from '../parts/form.js';
import { RowButton } from '../parts/row-button.js';
import { Table } from '../parts/table.js';
import { useNow } from '../parts/use-now.js';

interface Recording {
  readonly recordingId: string;
  readonly state: 'Active' | 'Stopped' | 'Full' | 'Expired';
  readonly startedAt: string;
  readonly until: string;
  readonly bytes: number;
  readonly bytesMax: number;
  readonly lines: number;
}

/** Lines that come in are told by no event. */
const COUNT_EVERY_MS = 2_000;
const MINUTES_MAX = 1_440;

/** What the station and the platform say to each other, kept without its names. */
export function Recordings({ stationId }: { stationId: string }) {
  const { api, me } = usePlatform();
  const now = useNow(10_000);
  const mayAct = me.role !== 'viewer';
  const path = `${ofStation(stationId)}/recordings`;
  const recordings = useList<Recording>('recordings', path, (rows) =>
    rows.some(({ state }) => state === 'Active') ? COUNT_EVERY_MS : false,
  );
  const fields = useFields({ minutes: 60 });
  const start = useWrite(['recordings'], () => api.post(path, { minutes: fields.values.minutes }));
  const stop = useWrite(['recordings'], (id: string) => api.post(`${path}/${id}/stop`, {}));
  const remove = useWrite(['recordings'], (id: string) => api.delete(`${path}/${id}`));
  const download = useMutation({
    mutationFn: ({ recordingId, startedAt }: Recording) =>
      api.download(`${path}/${recordingId}/file`, `recording-${startedAt.slice(0, 16).replaceAll(/\D/g, '')}.ndjson`),
  });
  const button = (words: string, recording: Recording, act: () => void) => (
    <RowButton words={words} about={`the recording of ${moment(recording.startedAt, now)}`} asks={words === 'Delete'} onClick={act} />
  );
  return (
    <div className="tab">
      {mayAct && (
        <Form label="Record" inline submit="Record" pending={start.isPending} error={start.error} onSubmit={() => start.mutate()}>
          <NumberInput label="Minutes" {...fields.number('minutes')} min={1} max={MINUTES_MAX} w={120} />
        </Form>
      )}
      <p className="muted hint">
        Every message of its socket, both ways. Tokens, serial numbers, addresses, keys and certificates are replaced before anything is
        stored; free texts are not, so look through a file before it is given to strangers. The simulator plays it again.
      </p>
      <Problem error={stop.error ?? remove.error ?? download.error} />
      <Table
        name="Recordings"
        columns={['Begun', 'State', 'Ends', 'Messages', 'Size', ...(mayAct ? ['File'] : [])]}
        query={recordings}
        empty={{
          icon: <IconPlayerRecord size={30} aria-hidden />,
          title: 'Nothing was recorded',
          words: 'Recordings are kept for 30 days.',
        }}
      >
        {recordings.rows.map((recording) => (
          <tr key={recording.recordingId}>
            <td>{moment(recording.startedAt, now)}</td>
            <td>
              <span className="status" data-tone={recording.state === 'Active' ? 'charging' : 'off'}>
                {STATES[recording.state]}
              </span>
            </td>
            <td>{recording.state === 'Active' ? moment(recording.until, now) : ''}</td>
            <td className="num">{count(recording.lines)}</td>
            <td className="num">
              {bytes(recording.bytes)} <span className="muted">of {bytes(recording.bytesMax)}</span>
            </td>
            {mayAct && (
              <td>
                {recording.state === 'Active' && button('Stop', recording, () => stop.mutate(recording.recordingId))}
                {button('Export', recording, () => download.mutate(recording))}
                {recording.state !== 'Active' && button('Delete', recording, () => remove.mutate(recording.recordingId))}
              </td>
            )}
          </tr>
        ))}
      </Table>
    </div>
  );
}

const STATES = { Active: 'Recording', Stopped: 'Stopped', Full: 'Full', Expired: 'Time is up' } as const;
