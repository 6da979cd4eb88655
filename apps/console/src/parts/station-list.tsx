import { Button, Skeleton } from '@mantine/core';
import { IconChargingPile, IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { useActiveSessions, useStations } from '../api/operations.js';
import { usePlatform } from '../api/platform.js';
import { AddStation } from './add-station.js';
import { Code, Empty, Failed } from './empty.js';
import { StationCard } from './station-card.js';

export function StationList({ onSession }: { onSession: (sessionId: string) => void }) {
  const { me } = usePlatform();
  const [adding, setAdding] = useState(false);
  const stations = useStations();
  const { data: active } = useActiveSessions();
  return (
    <section aria-labelledby="stations-title">
      <div className="section-head">
        <h2 id="stations-title">Stations</h2>
        <span className="push" />
        {me.role === 'admin' && (
          <Button size="xs" variant="default" leftSection={<IconPlus size={15} />} onClick={() => setAdding(true)}>
            Add station
          </Button>
        )}
        <AddStation opened={adding} onClose={() => setAdding(false)} />
      </div>
      {stations.isError && stations.rows.length === 0 ? (
        <div className="panel">
          <Failed what="Stations" error={stations.error} onRetry={() => void stations.refetch()} />
        </div>
      ) : stations.isPending ? (
        <div className="stations" aria-busy="true">
          {[1, 2, 3].map((n) => (
            <Skeleton key={n} height={190} radius={14} />
          ))}
        </div>
      ) : stations.rows.length === 0 ? (
        <NoStations onAdd={() => setAdding(true)} />
      ) : (
        <div className="stations">
          {stations.rows.map((station) => (
            <StationCard
              key={station.stationId}
              station={station}
              sessions={active?.data.filter((session) => session.stationId === station.stationId) ?? []}
              onSession={onSession}
            />
          ))}
        </div>
      )}
      {stations.hasNextPage && (
        <Button mt="md" variant="default" loading={stations.isFetchingNextPage} onClick={() => void stations.fetchNextPage()}>
          Show more stations
        </Button>
      )}
    </section>
  );
}

function NoStations({ onAdd }: { onAdd: () => void }) {
  const { me } = usePlatform();
  return (
    <div className="panel">
      <Empty icon={<IconChargingPile size={34} aria-hidden />} title="No station yet">
        <p>Add one, then point the station at this address; its id takes the place of the last part.</p>
        <Code label="the address for stations">{`${me.platform.ocppUrl}{stationId}`}</Code>
        {me.role === 'admin' && (
          <Button size="sm" mt={6} onClick={onAdd}>
            Add a station
          </Button>
        )}
      </Empty>
    </div>
  );
}
