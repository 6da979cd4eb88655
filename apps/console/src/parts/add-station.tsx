import { Button, Group, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { wordsOf } from '../api/client.js';
import { useWrite } from '../api/lists.js';
import { usePlatform } from '../api/platform.js';
import { Code } from './empty.js';
import { StayingDialog } from './staying-dialog.js';

/** OCPP 2.0.1 Part 4 §3.1.1: at most 48 characters. */
const ID_MAX = 48;

/** Registers a station and shows what has to be set on it: the address, the user name and the password, once. */
export function AddStation({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <StayingDialog writes="stations" opened={opened} onClose={onClose} title="Add a station" centered radius="lg" size="lg">
      {opened && <Steps onClose={onClose} />}
    </StayingDialog>
  );
}

function Steps({ onClose }: { onClose: () => void }) {
  const { api, me } = usePlatform();
  const [stationId, setStationId] = useState('');
  const [name, setName] = useState('');
  const register = useWrite(['stations'], () =>
    api.post<{ password: string | null }>('/v1/stations', { stationId: stationId.trim(), name: name.trim() }),
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    register.mutate();
  };
  if (register.isSuccess) {
    const id = stationId.trim();
    return (
      <>
        <p className="muted" style={{ marginBottom: 18, fontSize: 14 }}>
          Set these on the station. The password is shown this once.
        </p>
        <dl className="steps">
          <dt>Address of the central system</dt>
          <dd>
            <Code label="the address">{me.platform.ocppUrl + encodeURIComponent(id)}</Code>
          </dd>
          <dt>User name (its own id) and password, security profile 1</dt>
          <dd>
            <Code label="the user name">{id}</Code>
          </dd>
          <dd>
            <Code label="the password">{register.data.password ?? ''}</Code>
          </dd>
        </dl>
        <Group justify="flex-end" mt="lg">
          <Button onClick={onClose}>Done</Button>
        </Group>
      </>
    );
  }
  return (
    <form onSubmit={submit}>
      <TextInput
        label="Station id"
        description="As the station calls itself; the last part of its address."
        placeholder="CP-001"
        maxLength={ID_MAX}
        required
        data-autofocus
        value={stationId}
        onChange={(event) => setStationId(event.currentTarget.value)}
        error={register.isError ? wordsOf(register.error) : undefined}
      />
      <TextInput
        mt="md"
        label="Name"
        description="For people; may stay empty."
        maxLength={200}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Group justify="flex-end" mt="lg">
        <Button variant="default" disabled={register.isPending} onClick={onClose}>
          Cancel
        </Button>
        <Button type="submit" loading={register.isPending} disabled={stationId.trim() === ''}>
          Add station
        </Button>
      </Group>
    </form>
  );
}
