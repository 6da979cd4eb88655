import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { ApiClient } from './client.js';
import { LiveFeed, type LiveSnapshot } from './live-feed.js';
import type { LiveEvent, Me, MeterValue } from './types.js';

interface Platform {
  readonly api: ApiClient;
  readonly feed: LiveFeed;
  readonly me: Me;
}

const PlatformContext = createContext<Platform | undefined>(undefined);

export function usePlatform(): Platform {
  const platform = useContext(PlatformContext);
  if (platform === undefined) throw new Error('usePlatform outside of PlatformProvider');
  return platform;
}

/** Milliseconds between two readings of the lists while events come in. */
const REFRESH_MS = 1_500;
/** Readings kept of a session that is watched. */
export const READINGS_MAX = 2_000;

/** Gives the page its API client and its live feed, and keeps what was read up to date by what happens. */
export function PlatformProvider({ apiKey, me, children }: { apiKey: string; me: Me; children: ReactNode }) {
  const queries = useQueryClient();
  const [feed, setFeed] = useState<LiveFeed>();
  useEffect(() => {
    const refresh = refresher(queries);
    const live = new LiveFeed(apiKey, {
      onEvents: (events) => {
        addReadings(queries, events);
        refresh.soon(events);
      },
      onGap: () => void queries.invalidateQueries(),
    });
    live.start();
    setFeed(live);
    return () => {
      live.stop();
      refresh.stop();
    };
  }, [apiKey, queries]);
  const platform = useMemo(() => (feed === undefined ? undefined : { api: new ApiClient(apiKey), feed, me }), [apiKey, feed, me]);
  return platform === undefined ? null : <PlatformContext value={platform}>{children}</PlatformContext>;
}

/** Lists are read again at most once in `REFRESH_MS`, and only those an event can have changed. */
function refresher(queries: QueryClient) {
  const stale = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const run = () => {
    timer = undefined;
    for (const name of stale) void queries.invalidateQueries({ queryKey: [name] }, { cancelRefetch: false });
    stale.clear();
  };
  return {
    soon(events: readonly LiveEvent[]) {
      for (const { type } of events) {
        if (/\.session\.|Transaction|MeterValues/.test(type)) stale.add('sessions');
        if (/\.session\./.test(type)) stale.add('session-events');
        if (/ChargingNeeds|ChargingSchedule|ChargingLimit|PriorityCharging|Settlement/.test(type)) stale.add('session-notices');
        if (/\.device\.Job/.test(type)) stale.add('jobs');
        else if (/\.device\.(Move|StationMove)/.test(type)) stale.add('moves');
        else if (/\.device\.LogUpload/.test(type)) stale.add('uploads');
        else if (/\.device\.(Campaign|Firmware)/.test(type)) stale.add('campaigns');
        else if (/\.device\.|Station|Connector|Firmware/.test(type)) stale.add('stations').add('connections');
        if (
          /\.device\.(Variables|DeviceModel|Monitors|Configuration|Template|Availability|Outage)|SecurityEvent|StationEvents|DataTransfer|LogStatus|DisplayMessage/.test(
            type,
          )
        )
          stale.add('device-model');
        if (/\.authorization\.(Token|Contract|Transaction)/.test(type)) stale.add('tokens');
        if (/\.reservation\./.test(type)) stale.add('reservations');
        if (/\.device\.Site/.test(type)) stale.add('sites');
        if (/\.device\.Alert/.test(type)) stale.add('alerts');
        if (/CommandAnswered|StationNotified|Booted/.test(type)) stale.add('messages');
      }
      timer ??= setTimeout(run, REFRESH_MS);
    },
    stop: () => clearTimeout(timer),
  };
}

/** Puts meter values that came by the stream behind those that were read before. */
function addReadings(queries: QueryClient, events: readonly LiveEvent[]): void {
  for (const { data, stationId } of events) {
    const values = data['meterValues'];
    if (!Array.isArray(values) || values.length === 0) continue;
    queries.setQueriesData<readonly MeterValue[]>({ queryKey: ['readings', stationId, String(data['transactionId'])] }, (known) =>
      known === undefined ? known : [...known, ...(values as readonly MeterValue[])].slice(-READINGS_MAX),
    );
  }
}

export function useLive(): LiveSnapshot {
  const { feed } = usePlatform();
  return useSyncExternalStore(feed.subscribe, feed.getSnapshot);
}
