import { Select, TextInput } from '@mantine/core';
import { ofStation } from '../api/device-model.js';
import { useWrite } from '../api/lists.js';
import { usePlatform } from '../api/platform.js';
import { Form, instant, useFields } from '../parts/form.js';
import { Uploads } from '../parts/uploads.js';

const TYPES = [
  { value: 'DiagnosticsLog', label: 'Diagnostics' },
  { value: 'SecurityLog', label: 'Security' },
  { value: 'DataCollectorLog', label: 'Data collector (2.1)' },
];

/** Asks the station for a log, and shows what has come of it. */
export function StationLogs({ stationId }: { stationId: string }) {
  const { api, me } = usePlatform();
  const fields = useFields({ logType: 'DiagnosticsLog', oldest: '', latest: '' });
  const { logType, oldest, latest } = fields.values;
  const ask = useWrite(['uploads'], () =>
    api.post(`${ofStation(stationId)}/log-uploads`, {
      logType,
      oldest: instant(oldest),
      latest: instant(latest),
    }),
  );
  return (
    <div className="tab">
      {me.role !== 'viewer' && (
        <Form label="Ask for a log" inline submit="Ask for the log" pending={ask.isPending} error={ask.error} onSubmit={() => ask.mutate()}>
          <Select label="Log" data={TYPES} {...fields.choice('logType')} />
          <TextInput type="datetime-local" label="From (empty: all)" {...fields.text('oldest')} />
          <TextInput type="datetime-local" label="Until (empty: now)" {...fields.text('latest')} />
        </Form>
      )}
      <Uploads stationId={stationId} />
    </div>
  );
}
