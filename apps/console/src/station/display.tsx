import { Button } from '@mantine/core';
import { IconDeviceDesktop } from '@tabler/icons-react';
import { ofStation, useChange, useDisplay } from '../api/device-model.js';
import { moment, words } from '../api/format.js';
import { usePlatform } from '../api/platform.js';
import { Problem } from '../parts/form.js';
import { RowButton } from '../parts/row-button.js';
import { Table } from '../parts/table.js';
import { useNow } from '../parts/use-now.js';

/** What the station's display shows. */
export function StationDisplay({ stationId }: { stationId: string }) {
  const { api, me } = usePlatform();
  const now = useNow(10_000);
  const display = useDisplay(stationId);
  const ask = useChange(() => api.post(`${ofStation(stationId)}/commands/get-display-messages`, {}));
  const clear = useChange((id: number) => api.post(`${ofStation(stationId)}/commands/clear-display-message`, { id }));
  const mayAct = me.role !== 'viewer';
  const error = ask.error ?? clear.error;
  return (
    <div className="tab">
      {mayAct && (
        <div className="toolbar">
          <Button variant="default" loading={ask.isPending} onClick={() => ask.mutate()}>
            Have it report its messages
          </Button>
        </div>
      )}
      <Problem error={error} />
      <Table
        name="Messages on the display"
        columns={['Message', 'Priority', 'Shown', 'Until', ...(mayAct ? ['Change'] : [])]}
        query={display}
        empty={{ icon: <IconDeviceDesktop size={30} aria-hidden />, title: 'No message is known', words: 'set-display-message sets one.' }}
      >
        {(display.data?.messages ?? []).map((message) => (
          <tr key={message.id}>
            <td className="breakable">
              {message.texts.map(({ language, content }) => (
                <p key={`${language} ${content}`} lang={language ?? undefined}>
                  {content}
                </p>
              ))}
            </td>
            <td>{words(message.priority)}</td>
            <td>{message.state === null ? 'Always' : words(message.state)}</td>
            <td>{message.endAt === null ? '' : moment(message.endAt, now)}</td>
            {mayAct && (
              <td>
                <RowButton words="Clear" about={`message ${message.id}`} onClick={() => clear.mutate(message.id)} />
              </td>
            )}
          </tr>
        ))}
      </Table>
    </div>
  );
}
