import { useQuery } from '@tanstack/react-query';
import { useList, useRead, withCursor } from './lists.js';
import { READINGS_MAX, usePlatform } from './platform.js';
import type { Connection, MeterValue, Page, Session, SessionEvent, SessionNotice, Station } from './types.js';

const STATIONS_PAGE = 60;
const SESSIONS_PAGE = 25;
/** Sessions that the figures at the top are made of. */
export const FIGURES_MAX = 200;

const ofSession = (sessionId: string): string => `/v1/sessions/${encodeURIComponent(sessionId)}`;

export function useStations() {
  const query = useList<Station>('stations', `/v1/stations?limit=${STATIONS_PAGE}`);
  return { ...query, rows: query.rows.filter((station) => station.lifecycle !== 'Retired') };
}

export const useStation = (stationId: string) => useRead<Station>('stations', `/v1/stations/${encodeURIComponent(stationId)}`);

export const useSessions = (state: 'Active' | 'Ended' | undefined) =>
  useList<Session>('sessions', `/v1/sessions?limit=${SESSIONS_PAGE}${state === undefined ? '' : `&state=${state}`}`);

/** @param stationId absent: of all stations */
export const useActiveSessions = (stationId?: string) =>
  useRead<Page<Session>>(
    'sessions',
    `/v1/sessions?state=Active&limit=${FIGURES_MAX}${stationId === undefined ? '' : `&stationId=${encodeURIComponent(stationId)}`}`,
  );
export const useRecentSessions = () => useRead<Page<Session>>('sessions', `/v1/sessions?limit=${FIGURES_MAX}`);
export const useConnectionCount = () => useRead<Page<Connection> & { total: number }>('connections', '/v1/connections?limit=1');
export const useSession = (sessionId: string) => useRead<Session>('sessions', ofSession(sessionId));

export const useSessionNotices = (sessionId: string) =>
  useRead<{ data: readonly SessionNotice[] }>('session-notices', `${ofSession(sessionId)}/notices`);

export const useSessionEvents = (sessionId: string) => useRead<Page<SessionEvent>>('session-events', `${ofSession(sessionId)}/events`);

/** Meter values of a session; while it runs, the live stream adds to them. */
export function useReadings(session: Pick<Session, 'sessionId' | 'stationId' | 'transactionId'>) {
  const { api } = usePlatform();
  return useQuery({
    queryKey: ['readings', session.stationId, String(session.transactionId), session.sessionId],
    queryFn: async ({ signal }) => {
      const values: MeterValue[] = [];
      let cursor = '';
      do {
        const page = await api.get<Page<MeterValue>>(withCursor(`${ofSession(session.sessionId)}/meter-values?limit=200`, cursor), signal);
        values.push(...page.data);
        cursor = page.nextCursor ?? '';
      } while (cursor !== '' && values.length < READINGS_MAX);
      return values as readonly MeterValue[];
    },
  });
}
