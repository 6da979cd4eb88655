import { Button, Group, Modal } from '@mantine/core';
import { IconShieldQuestion } from '@tabler/icons-react';
import { useState } from 'react';
import { useWrite } from '../api/lists.js';
import { usePlatform } from '../api/platform.js';
import type { Station } from '../api/types.js';
import { Code } from './empty.js';
import { Problem } from './form.js';

/** For a station that nobody registered: one click takes it into service, with a password that is shown once. */
export function Acceptance({ station, mayAct }: { station: Station; mayAct: boolean }) {
  const { api } = usePlatform();
  const [password, setPassword] = useState<string | null>(null);
  const { stationId } = station;
  const accept = useWrite(['stations'], async () => {
    const accepted = await api.patch<{ password: string | null }>(`/v1/stations/${encodeURIComponent(stationId)}`, { accept: true });
    // Before the lists are read again: where that fails it would be lost.
    setPassword(accepted.password);
  });
  return (
    <>
      {station.lifecycle === 'Quarantined' && (
        <>
          <span className="status" data-tone="waiting" title="It connected without being registered">
            <IconShieldQuestion size={17} aria-hidden />
            Quarantined
          </span>
          {mayAct && (
            <Button
              size="xs"
              variant="light"
              loading={accept.isPending}
              onClick={() => accept.mutate()}
              aria-label={`Accept station ${stationId}`}
            >
              {accept.isError ? 'Try again' : 'Accept'}
            </Button>
          )}
          <Problem error={accept.error} />
        </>
      )}
      <Modal
        opened={password !== null}
        onClose={() => setPassword(null)}
        closeOnClickOutside={false}
        closeButtonProps={{ 'aria-label': 'Close' }}
        title={`The password of ${stationId}`}
        centered
        radius="lg"
      >
        <p className="muted" style={{ marginBottom: 18, fontSize: 14 }}>
          It is brought to the station now. Keep it for one that takes none: it is shown this once.
        </p>
        <Code label="the password">{password ?? ''}</Code>
        <Group justify="flex-end" mt="lg">
          <Button onClick={() => setPassword(null)}>Done</Button>
        </Group>
      </Modal>
    </>
  );
}
