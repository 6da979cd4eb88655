import { Tabs } from '@mantine/core';
import type { ComponentType } from 'react';
import { ocpp } from '../api/format.js';
import { useActiveSessions, useStation } from '../api/operations.js';
import type { Evse } from '../api/types.js';
import { Failed } from '../parts/empty.js';
import { StationCard } from '../parts/station-card.js';
import { STATION_TABS, type StationTab, stationHash } from '../parts/use-view.js';
import { StationAlerts } from './alerts.js';
import { Configuration } from './configuration.js';
import { StationDisplay } from './display.js';
import { StationLogs } from './logs.js';
import { Monitors } from './monitors.js';
import { StationPrice } from './price.js';
import { Quirks } from './quirks.js';
import { Recordings } from './recordings.js';
import { Reports } from './reports.js';
import { Service } from './service.js';

const TABS: Readonly<Record<StationTab, readonly [title: string, shown: ComponentType<{ stationId: string; evses: readonly Evse[] }>]>> = {
  configuration: ['Configuration', Configuration],
  monitors: ['Monitors', Monitors],
  service: ['In service', Service],
  price: ['Price', StationPrice],
  alerts: ['Alerts', StationAlerts],
  logs: ['Logs', StationLogs],
  recordings: ['Recordings', Recordings],
  reports: ['Reports', Reports],
  display: ['Display', StationDisplay],
  quirks: ['Quirks', Quirks],
};

interface Props {
  readonly stationId: string;
  readonly tab: StationTab;
  readonly onSession: (sessionId: string) => void;
}

/** Everything about one station: what it does now, and what it is set to, watches, and told. */
export function StationPage({ stationId, tab, onSession }: Props) {
  const station = useStation(stationId);
  const [, Shown] = TABS[tab];
  const { data: active } = useActiveSessions(stationId);
  return (
    <section aria-labelledby="station-title" className="station-page">
      <div className="section-head">
        <h2 id="station-title">{station.data?.name ?? stationId}</h2>
        <span className="muted">{about(station.data)}</span>
      </div>
      {station.isError ? (
        <div className="panel">
          <Failed what={`Station ${stationId}`} error={station.error} onRetry={() => void station.refetch()} />
        </div>
      ) : (
        <div className="station-columns">
          {station.data !== undefined && <StationCard station={station.data} sessions={active?.data ?? []} onSession={onSession} />}
          <Tabs
            value={tab}
            keepMounted={false}
            onChange={(next) => {
              location.hash = stationHash(stationId, (next ?? 'configuration') as StationTab);
            }}
          >
            <Tabs.List aria-label="About the station" mb="md">
              {STATION_TABS.map((each) => (
                <Tabs.Tab key={each} value={each}>
                  {TABS[each][0]}
                </Tabs.Tab>
              ))}
            </Tabs.List>
            <Tabs.Panel value={tab}>
              <Shown stationId={stationId} evses={station.data?.evses ?? []} />
            </Tabs.Panel>
          </Tabs>
        </div>
      )}
    </section>
  );
}

const about = (station: ReturnType<typeof useStation>['data']): string =>
  [
    station?.vendor,
    station?.model,
    station?.firmwareVersion,
    station?.serialNumber,
    ocpp(station?.ocppVersion),
    station?.tags.map((tag) => `#${tag}`).join(' '),
  ]
    .filter(Boolean)
    .join(' · ');
