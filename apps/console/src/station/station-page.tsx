import { Tabs } from '@mantine/core';
import { ocpp } from '../api/format.js';
import { useActiveSessions, useStation } from '../api/operations.js';
import { Failed } from '../parts/empty.js';
import { StationCard } from '../parts/station-card.js';
import { STATION_TABS, type StationTab, stationHash } from '../parts/use-view.js';
import { StationAlerts } from './alerts.js';
import { Configuration } from './configuration.js';
import { StationDisplay } from './display.js';
import { StationLogs } from './logs.js';
import { Monitors } from './monitors.js';
import { Quirks } from './quirks.js';
import { Recordings } from './recordings.js';
import { Reports } from './reports.js';
import { Service } from './service.js';

const TITLES: Readonly<Record<StationTab, string>> = {
  configuration: 'Configuration',
  monitors: 'Monitors',
  service: 'In service',
  alerts: 'Alerts',
  logs: 'Logs',
  recordings: 'Recordings',
  reports: 'Reports',
  display: 'Display',
  quirks: 'Quirks',
};

interface Props {
  readonly stationId: string;
  readonly tab: StationTab;
  readonly onSession: (sessionId: string) => void;
}

/** Everything about one station: what it does now, and what it is set to, watches, and told. */
export function StationPage({ stationId, tab, onSession }: Props) {
  const station = useStation(stationId);
  const { data: active } = useActiveSessions();
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
          {station.data !== undefined && (
            <StationCard
              station={station.data}
              sessions={active?.data.filter((session) => session.stationId === stationId) ?? []}
              onSession={onSession}
            />
          )}
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
                  {TITLES[each]}
                </Tabs.Tab>
              ))}
            </Tabs.List>
            <Tabs.Panel value="configuration">
              <Configuration stationId={stationId} />
            </Tabs.Panel>
            <Tabs.Panel value="monitors">
              <Monitors stationId={stationId} />
            </Tabs.Panel>
            <Tabs.Panel value="service">
              <Service stationId={stationId} evses={station.data?.evses ?? []} />
            </Tabs.Panel>
            <Tabs.Panel value="alerts">
              <StationAlerts stationId={stationId} />
            </Tabs.Panel>
            <Tabs.Panel value="logs">
              <StationLogs stationId={stationId} />
            </Tabs.Panel>
            <Tabs.Panel value="recordings">
              <Recordings stationId={stationId} />
            </Tabs.Panel>
            <Tabs.Panel value="reports">
              <Reports stationId={stationId} />
            </Tabs.Panel>
            <Tabs.Panel value="display">
              <StationDisplay stationId={stationId} />
            </Tabs.Panel>
            <Tabs.Panel value="quirks">
              <Quirks stationId={stationId} />
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
