import { Button, Group, Modal, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { Station } from '../api/types.js';

const LAST_TOKEN = 'voltlog.lastToken';

interface Props {
  readonly station: Station;
  /** Undefined: closed. */
  readonly evseId: number | undefined;
  readonly onClose: () => void;
  readonly onStart: (body: { idToken: string; evseId: number; connectorId: number }) => void;
}

/** Asks on whose token to charge. */
export function StartDialog({ station, evseId, onClose, onStart }: Props) {
  const [idToken, setIdToken] = useState(() => sessionStorage.getItem(LAST_TOKEN) ?? '');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (evseId === undefined || idToken.trim() === '') return;
    sessionStorage.setItem(LAST_TOKEN, idToken.trim());
    onStart({
      idToken: idToken.trim(),
      evseId,
      connectorId: station.evses.find((evse) => evse.evseId === evseId)?.connectors[0]?.connectorId ?? 1,
    });
  };
  return (
    <Modal
      opened={evseId !== undefined}
      onClose={onClose}
      title={`Start charging on ${station.stationId}, EVSE ${evseId ?? ''}`}
      centered
      radius="lg"
    >
      <form onSubmit={submit}>
        <TextInput
          label="ID token"
          description="The station starts when it accepts, and a car is plugged in."
          placeholder="04A2F3B1C2D580"
          value={idToken}
          maxLength={36}
          onChange={(event) => setIdToken(event.currentTarget.value)}
          data-autofocus
        />
        <Group justify="flex-end" mt="lg">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" disabled={idToken.trim() === ''}>
            Start charging
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
