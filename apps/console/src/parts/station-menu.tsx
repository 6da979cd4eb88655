import { ActionIcon, Menu } from '@mantine/core';
import { IconBroadcast, IconDotsVertical, IconLockOpen, IconMessages, IconPower, IconRefresh } from '@tabler/icons-react';
import type { Station } from '../api/types.js';
import type { Command } from './use-command.js';

interface Props {
  readonly station: Station;
  readonly connected: boolean;
  readonly mayAct: boolean;
  readonly command: Command;
  readonly onMessages: () => void;
}

/** What else can be asked of a station. */
export function StationMenu({ station, connected, mayAct, command, onMessages }: Props) {
  const off = !connected || command.busy !== undefined;
  return (
    <Menu position="bottom-end" width={230} withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={`More for ${station.stationId}`}>
          <IconDotsVertical size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {mayAct && (
          <>
            <Menu.Label>{connected ? 'Ask the station to' : 'Offline: no command reaches it'}</Menu.Label>
            {station.evses
              .filter((evse) => evse.evseId > 0)
              .map((evse) => (
                <Menu.Item
                  key={evse.evseId}
                  disabled={off}
                  leftSection={<IconLockOpen size={16} />}
                  onClick={() => command.run('unlock-connector', { evseId: evse.evseId, connectorId: 1 }, 'Unlock')}
                >
                  Unlock EVSE {evse.evseId}
                </Menu.Item>
              ))}
            <Menu.Item
              disabled={off}
              leftSection={<IconBroadcast size={16} />}
              onClick={() => command.run('trigger-message', { requestedMessage: 'StatusNotification' }, 'Trigger')}
            >
              Report its status
            </Menu.Item>
            <Menu.Item
              disabled={off}
              leftSection={<IconRefresh size={16} />}
              onClick={() => command.run('reset', { type: 'OnIdle' }, 'Reset')}
            >
              Reset when idle
            </Menu.Item>
            <Menu.Item
              disabled={off}
              color="red"
              leftSection={<IconPower size={16} />}
              onClick={() => command.run('reset', { type: 'Immediate' }, 'Reset')}
            >
              Reset now
            </Menu.Item>
            <Menu.Divider />
          </>
        )}
        <Menu.Item leftSection={<IconMessages size={16} />} onClick={onMessages}>
          Message log
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
