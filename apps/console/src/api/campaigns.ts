import { type InfiniteData, keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { usePlatform } from './platform.js';
import type { Page } from './types.js';

export const UPDATE_STATES = ['Planned', 'Queued', 'Updating', 'Updated', 'Skipped', 'Failed', 'Expired', 'Cancelled'] as const;
export type UpdateState = (typeof UPDATE_STATES)[number];

export interface Campaign {
  readonly campaignId: string;
  readonly name: string | null;
  readonly version: string;
  readonly state: 'Planning' | 'Running' | 'Paused' | 'Stopped' | 'Cancelling' | 'Ended';
  readonly outcome: 'Completed' | 'Cancelled' | 'Expired' | null;
  readonly stationCount: number;
  readonly counts: Readonly<Partial<Record<UpdateState, number>>>;
  readonly waves: readonly { readonly stationCount: number; readonly state: 'Waiting' | 'Running' | 'Through' }[];
  readonly stopAtFailedPercent: number;
  readonly rollBackImageId: string | null;
  readonly createdBy: string | null;
  readonly createdAt: string;
  readonly expiresAt: string;
}

export interface CampaignStation {
  readonly stationId: string;
  readonly wave: number;
  readonly state: UpdateState;
  readonly status: string | null;
  readonly evidence: 'Boot' | 'Installed' | null;
  readonly reason: string | null;
  readonly attempts: number;
}

export interface FirmwareImage {
  readonly imageId: string;
  readonly fileName: string;
  readonly vendor: string;
  readonly model: string | null;
  readonly version: string;
}

/** Stations that are through, whatever came of them. */
export const through = ({ stationCount, counts }: Campaign): number =>
  stationCount - (counts.Planned ?? 0) - (counts.Queued ?? 0) - (counts.Updating ?? 0);

const after = (cursor: string): string => (cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`);
const rowsOf = <Row>(data: InfiniteData<Page<Row>> | undefined): readonly Row[] => data?.pages.flatMap((page) => page.data) ?? [];

export function useCampaigns() {
  const { api } = usePlatform();
  const query = useInfiniteQuery({
    queryKey: ['campaigns', 'list'],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) => api.get<Page<Campaign>>(`/v1/firmware-campaigns?limit=25${after(pageParam)}`, signal),
    getNextPageParam: (page) => page.nextCursor,
  });
  return { ...query, rows: rowsOf(query.data) };
}

export function useCampaign(campaignId: string) {
  const { api } = usePlatform();
  return useQuery({
    queryKey: ['campaigns', 'one', campaignId],
    queryFn: ({ signal }) => api.get<Campaign>(`/v1/firmware-campaigns/${encodeURIComponent(campaignId)}`, signal),
  });
}

export function useCampaignStations(campaignId: string, state: UpdateState | undefined) {
  const { api } = usePlatform();
  const filter = state === undefined ? '' : `&state=${state}`;
  const query = useInfiniteQuery({
    queryKey: ['campaigns', 'stations', campaignId, state ?? 'all'],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) =>
      api.get<Page<CampaignStation>>(
        `/v1/firmware-campaigns/${encodeURIComponent(campaignId)}/stations?limit=50${filter}${after(pageParam)}`,
        signal,
      ),
    getNextPageParam: (page) => page.nextCursor,
    placeholderData: keepPreviousData,
  });
  return { ...query, rows: rowsOf(query.data) };
}

export function useImages() {
  const { api } = usePlatform();
  return useQuery({
    queryKey: ['campaigns', 'images'],
    queryFn: ({ signal }) => api.get<Page<FirmwareImage>>('/v1/firmware-images?limit=200', signal),
  });
}
