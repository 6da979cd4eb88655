import { Drawer, Loader } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconMessages } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { timeOfDay } from '../api/format.js';
import { usePlatform } from '../api/platform.js';
import type { Message, Page } from '../api/types.js';
import { Empty, Failed } from './empty.js';

/** The frames a station sent and got, newest first. */
export function MessageDrawer({ stationId, opened, onClose }: { stationId: string; opened: boolean; onClose: () => void }) {
  return (
    <Drawer opened={opened} onClose={onClose} position="right" size="xl" title={`Messages of ${stationId}`}>
      {opened && <Messages stationId={stationId} />}
    </Drawer>
  );
}

function Messages({ stationId }: { stationId: string }) {
  const { api } = usePlatform();
  const messages = useQuery({
    queryKey: ['messages', stationId],
    queryFn: ({ signal }) => api.get<Page<Message>>(`/v1/stations/${encodeURIComponent(stationId)}/messages?limit=100`, signal),
    refetchInterval: 3_000,
  });
  if (messages.isPending) return <Loader aria-label="Reading the messages" />;
  if (messages.isError) return <Failed what="Messages" error={messages.error} onRetry={() => void messages.refetch()} />;
  if (messages.data.data.length === 0) {
    return (
      <Empty icon={<IconMessages size={30} aria-hidden />} title="No message yet">
        <p>They show here as soon as the station speaks.</p>
      </Empty>
    );
  }
  return messages.data.data.map((message, index) => {
    const up = message.direction === 'FromStation';
    return (
      <div className="frame" key={`${message.at} ${index}`}>
        <div className="frame-head">
          {up ? <IconArrowUp size={15} aria-hidden /> : <IconArrowDown size={15} aria-hidden />}
          {up ? 'From the station' : 'To the station'}
          <span className="push muted num">{message.at === null ? '' : timeOfDay(message.at)}</span>
        </div>
        <pre>{message.text}</pre>
      </div>
    );
  });
}
