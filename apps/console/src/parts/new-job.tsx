import { Button, Modal, NumberInput, Select, Textarea, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { wordsOf } from '../api/client.js';
import { count } from '../api/format.js';
import type { Job } from '../api/jobs.js';
import { usePlatform } from '../api/platform.js';

/** The usual ones, each with a body to begin with; any other goes by the API and the command line. */
const COMMANDS: Readonly<Record<string, string>> = {
  reset: '{"type": "OnIdle"}',
  'trigger-message': '{"requestedMessage": "BootNotification"}',
  'clear-cache': '{}',
  'change-availability': '{"operative": true}',
  'get-variables': '{"variables": []}',
  'set-variables': '{"variables": [{"name": "HeartbeatInterval", "value": "300"}]}',
  raw: '{"action": "ClearCache", "payload": {}}',
};

interface Preview {
  readonly stationCount: number;
  readonly connectedCount: number;
}

interface Props {
  readonly opened: boolean;
  readonly onClose: () => void;
  readonly onMade: (job: Job) => void;
}

export function NewJob({ opened, onClose, onMade }: Props) {
  return (
    <Modal opened={opened} onClose={onClose} title="New job" size="lg">
      <Form onMade={onMade} />
    </Modal>
  );
}

function Form({ onMade }: Pick<Props, 'onMade'>) {
  const { api } = usePlatform();
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const [command, setCommand] = useState('reset');
  const [body, setBody] = useState(COMMANDS['reset'] ?? '{}');
  const [where, setWhere] = useState({ siteId: '', tags: '', vendor: '', model: '', firmwareVersion: '' });
  const [perMinute, setPerMinute] = useState<number>(60);
  const given = Object.fromEntries(
    Object.entries(where)
      .filter(([, text]) => text.trim() !== '')
      .map(([name, text]) => [name, name === 'tags' ? text.trim().split(/[\s,]+/) : text]),
  );
  const selection = Object.keys(given).length === 0 ? { all: true } : given;
  const preview = useMutation({ mutationFn: () => api.post<Preview>('/v1/station-selections', { selection }) });
  const make = useMutation({
    mutationFn: () =>
      api.post<Job>('/v1/jobs', {
        name,
        command: { name: command, body: JSON.parse(body) as object },
        selection,
        stationsPerMinute: perMinute,
      }),
    onSuccess: async (job) => {
      await queries.invalidateQueries({ queryKey: ['jobs'] });
      onMade(job);
    },
  });
  const set = (field: keyof typeof where) => (text: string) => {
    preview.reset();
    setWhere({ ...where, [field]: text });
  };
  const problem =
    make.error instanceof SyntaxError ? 'The fields of the command are not JSON.' : make.error === null ? undefined : wordsOf(make.error);
  return (
    <form
      style={{ display: 'grid', gap: 14 }}
      onSubmit={(event) => {
        event.preventDefault();
        if (preview.data === undefined) preview.mutate();
        else make.mutate();
      }}
    >
      <TextInput label="Name" value={name} onChange={(event) => setName(event.currentTarget.value)} />
      <Select
        label="Command"
        data={Object.keys(COMMANDS)}
        value={command}
        allowDeselect={false}
        onChange={(value) => {
          setCommand(value ?? 'reset');
          setBody(COMMANDS[value ?? 'reset'] ?? '{}');
        }}
      />
      <Textarea label="Its fields, JSON" autosize minRows={2} value={body} onChange={(event) => setBody(event.currentTarget.value)} />
      <p className="muted">To all stations in service that meet what you fill in here; with nothing filled in, to all.</p>
      <TextInput label="Site" value={where.siteId} onChange={(event) => set('siteId')(event.currentTarget.value)} />
      <TextInput label="Tags, with spaces between" value={where.tags} onChange={(event) => set('tags')(event.currentTarget.value)} />
      <TextInput label="Vendor" value={where.vendor} onChange={(event) => set('vendor')(event.currentTarget.value)} />
      <TextInput label="Model" value={where.model} onChange={(event) => set('model')(event.currentTarget.value)} />
      <TextInput label="Firmware" value={where.firmwareVersion} onChange={(event) => set('firmwareVersion')(event.currentTarget.value)} />
      <NumberInput label="Stations a minute; 0: no pace" min={0} value={perMinute} onChange={(value) => setPerMinute(Number(value) || 0)} />
      <p role="status">
        {preview.data !== undefined &&
          `${count(preview.data.stationCount)} stations, ${count(preview.data.connectedCount)} of them connected.`}
      </p>
      {problem !== undefined && <p role="alert">{problem}</p>}
      {preview.error !== null && <p role="alert">{wordsOf(preview.error)}</p>}
      <Button type="submit" loading={preview.isPending || make.isPending} disabled={preview.data?.stationCount === 0}>
        {preview.data === undefined ? 'Count the stations' : `Send to ${count(preview.data.stationCount)} stations`}
      </Button>
    </form>
  );
}
