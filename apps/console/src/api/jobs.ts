import { type InfiniteData, keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { usePlatform } from './platform.js';
import type { Page } from './types.js';

export const STATION_STATES = [
  'Pending',
  'Waiting',
  'Sending',
  'Accepted',
  'Rejected',
  'NotSupported',
  'Failed',
  'Unknown',
  'Expired',
  'Cancelled',
] as const;
export type JobStationState = (typeof STATION_STATES)[number];

export interface Job {
  readonly jobId: string;
  readonly name: string | null;
  readonly command: { readonly name: string };
  readonly state: 'Planning' | 'Running' | 'Paused' | 'Cancelling' | 'Ended';
  readonly pausedBecause: string | null;
  readonly outcome: 'Completed' | 'Cancelled' | 'Expired' | null;
  readonly stationCount: number;
  readonly counts: Readonly<Partial<Record<JobStationState, number>>>;
  readonly stationsPerMinute: number;
  readonly round: number;
  readonly createdBy: string | null;
  readonly createdAt: string;
  readonly expiresAt: string;
}

export interface JobStation {
  readonly stationId: string;
  readonly state: JobStationState;
  readonly attempts: number;
  readonly stationStatus: string | null;
  readonly reason: string | null;
  readonly response: unknown;
}

/** Stations that are through, whatever came of them. */
export const through = ({ stationCount, counts }: Job): number =>
  stationCount - (counts.Pending ?? 0) - (counts.Waiting ?? 0) - (counts.Sending ?? 0);

export const inWords = (state: JobStationState): string => (state === 'NotSupported' ? 'Not supported' : state);

const after = (cursor: string): string => (cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`);
const rowsOf = <Row>(data: InfiniteData<Page<Row>> | undefined): readonly Row[] => data?.pages.flatMap((page) => page.data) ?? [];

export function useJobs() {
  const { api } = usePlatform();
  const query = useInfiniteQuery({
    queryKey: ['jobs', 'list'],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) => api.get<Page<Job>>(`/v1/jobs?limit=25${after(pageParam)}`, signal),
    getNextPageParam: (page) => page.nextCursor,
  });
  return { ...query, rows: rowsOf(query.data) };
}

export function useJob(jobId: string) {
  const { api } = usePlatform();
  return useQuery({
    queryKey: ['jobs', 'one', jobId],
    queryFn: ({ signal }) => api.get<Job>(`/v1/jobs/${encodeURIComponent(jobId)}`, signal),
  });
}

export function useJobStations(jobId: string, state: JobStationState | undefined) {
  const { api } = usePlatform();
  const filter = state === undefined ? '' : `&state=${state}`;
  const query = useInfiniteQuery({
    queryKey: ['jobs', 'stations', jobId, state ?? 'all'],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) =>
      api.get<Page<JobStation>>(`/v1/jobs/${encodeURIComponent(jobId)}/stations?limit=50${filter}${after(pageParam)}`, signal),
    getNextPageParam: (page) => page.nextCursor,
    placeholderData: keepPreviousData,
  });
  return { ...query, rows: rowsOf(query.data) };
}
