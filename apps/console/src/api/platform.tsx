import { type InfiniteData, keepPreviousData, type QueryClient, useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { ApiClient } from './client.js';
import { LiveFeed, type LiveSnapshot } from './live-feed.js';
import type { Connection, LiveEvent, Me, MeterValue, Page, Session, SessionEvent, SessionNotice, Station } from './types.js';

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
const READINGS_MAX = 2_000;

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
        else if (/\.device\.(Campaign|Firmware)/.test(type)) stale.add('campaigns');
        else if (/\.device\.|Station|Connector|Firmware/.test(type)) stale.add('stations').add('connections');
        if (
          /\.device\.(Variables|DeviceModel|Monitors|Configuration|Template|Availability|Outage)|SecurityEvent|StationEvents|DataTransfer|LogStatus|DisplayMessage/.test(
            type,
          )
        )
          stale.add('device-model');
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

const STATIONS_PAGE = 60;
const SESSIONS_PAGE = 25;
/** Sessions that the figures at the top are made of. */
export const FIGURES_MAX = 200;

const rowsOf = <Row,>(data: InfiniteData<Page<Row>> | undefined): readonly Row[] => data?.pages.flatMap((page) => page.data) ?? [];

export function useStations() {
  const { api } = usePlatform();
  const query = useInfiniteQuery({
    queryKey: ['stations', 'list'],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) => api.get<Page<Station>>(`/v1/stations?limit=${STATIONS_PAGE}${after(pageParam)}`, signal),
    getNextPageParam: (page) => page.nextCursor,
  });
  return { ...query, rows: rowsOf(query.data).filter((station) => station.lifecycle !== 'Retired') };
}

export function useStation(stationId: string) {
  const { api } = usePlatform();
  return useQuery({
    queryKey: ['stations', 'one', stationId],
    queryFn: ({ signal }) => api.get<Station>(`/v1/stations/${encodeURIComponent(stationId)}`, signal),
  });
}

export function useSessions(state: 'Active' | 'Ended' | undefined) {
  const { api } = usePlatform();
  const filter = state === undefined ? '' : `&state=${state}`;
  const query = useInfiniteQuery({
    queryKey: ['sessions', 'list', state ?? 'all'],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) => api.get<Page<Session>>(`/v1/sessions?limit=${SESSIONS_PAGE}${filter}${after(pageParam)}`, signal),
    getNextPageParam: (page) => page.nextCursor,
    placeholderData: keepPreviousData,
  });
  return { ...query, rows: rowsOf(query.data) };
}

const after = (cursor: string): string => (cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`);

export function useActiveSessions() {
  const { api } = usePlatform();
  return useQuery({
    queryKey: ['sessions', 'active'],
    queryFn: ({ signal }) => api.get<Page<Session>>(`/v1/sessions?state=Active&limit=${FIGURES_MAX}`, signal),
  });
}

export function useRecentSessions() {
  const { api } = usePlatform();
  return useQuery({
    queryKey: ['sessions', 'recent'],
    queryFn: ({ signal }) => api.get<Page<Session>>(`/v1/sessions?limit=${FIGURES_MAX}`, signal),
  });
}

export function useConnectionCount() {
  const { api } = usePlatform();
  return useQuery({
    queryKey: ['connections'],
    queryFn: ({ signal }) => api.get<Page<Connection> & { total: number }>('/v1/connections?limit=1', signal),
  });
}

export function useSession(sessionId: string) {
  const { api } = usePlatform();
  return useQuery({
    queryKey: ['sessions', 'one', sessionId],
    queryFn: ({ signal }) => api.get<Session>(`/v1/sessions/${encodeURIComponent(sessionId)}`, signal),
  });
}

export function useSessionNotices(sessionId: string) {
  const { api } = usePlatform();
  return useQuery({
    queryKey: ['session-notices', sessionId],
    queryFn: ({ signal }) => api.get<{ data: readonly SessionNotice[] }>(`/v1/sessions/${encodeURIComponent(sessionId)}/notices`, signal),
  });
}

export function useSessionEvents(sessionId: string) {
  const { api } = usePlatform();
  return useQuery({
    queryKey: ['session-events', sessionId],
    queryFn: ({ signal }) => api.get<Page<SessionEvent>>(`/v1/sessions/${encodeURIComponent(sessionId)}/events`, signal),
  });
}

/** Meter values of a session; while it runs, the live stream adds to them. */
export function useReadings(session: Pick<Session, 'sessionId' | 'stationId' | 'transactionId'>) {
  const { api } = usePlatform();
  return useQuery({
    queryKey: ['readings', session.stationId, String(session.transactionId), session.sessionId],
    queryFn: async ({ signal }) => {
      const values: MeterValue[] = [];
      let cursor = '';
      do {
        const page = await api.get<Page<MeterValue>>(
          `/v1/sessions/${encodeURIComponent(session.sessionId)}/meter-values?limit=200${after(cursor)}`,
          signal,
        );
        values.push(...page.data);
        cursor = page.nextCursor ?? '';
      } while (cursor !== '' && values.length < READINGS_MAX);
      return values as readonly MeterValue[];
    },
  });
}
