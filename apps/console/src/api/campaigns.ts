import { useList, useRead } from './lists.js';
import type { Page } from './types.js';

export const UPDATE_STATES = ['Planned', 'Queued', 'Updating', 'Updated', 'Skipped', 'Failed', 'Expired', 'Cancelled'] as const;
export type UpdateState = (typeof UPDATE_STATES)[number];

/** 1 Monday to 7 Sunday, as the API counts. */
export const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const;

export interface Campaign {
  readonly campaignId: string;
  readonly name: string | null;
  readonly version: string;
  readonly state: 'Planning' | 'Running' | 'Paused' | 'Stopped' | 'Cancelling' | 'Ended';
  readonly outcome: 'Completed' | 'Cancelled' | 'Expired' | null;
  readonly stationCount: number;
  readonly counts: Readonly<Partial<Record<UpdateState, number>>>;
  readonly waves: readonly { readonly stationCount: number; readonly state: 'Waiting' | 'Running' | 'Through' }[];
  readonly windows: readonly { readonly from: string; readonly until: string; readonly days: readonly number[] }[];
  readonly timeZone: string;
  readonly installAt: string | null;
  readonly stopAtFailedPercent: number;
  readonly rollBackImageId: string | null;
  readonly localControllers: readonly {
    readonly stationId: string;
    /** None: all of its site. */
    readonly stationIds: readonly string[];
    readonly state: 'Asked' | 'Published' | 'Failed' | null;
    readonly status: string | null;
    readonly reason: string | null;
  }[];
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
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly signed: boolean;
  readonly createdBy: string | null;
  readonly createdAt: string;
}

/** Stations that are through, whatever came of them. */
export const through = ({ stationCount, counts }: Campaign): number =>
  stationCount - (counts.Planned ?? 0) - (counts.Queued ?? 0) - (counts.Updating ?? 0);

export const ofCampaign = (campaignId: string): string => `/v1/firmware-campaigns/${encodeURIComponent(campaignId)}`;

export const ofImage = (imageId: string): string => `/v1/firmware-images/${encodeURIComponent(imageId)}`;

export const useCampaigns = () => useList<Campaign>('campaigns', '/v1/firmware-campaigns?limit=25');
export const useCampaign = (campaignId: string) => useRead<Campaign>('campaigns', ofCampaign(campaignId));
export const useCampaignStations = (campaignId: string, state: UpdateState | undefined) =>
  useList<CampaignStation>('campaigns', `${ofCampaign(campaignId)}/stations?limit=50${state === undefined ? '' : `&state=${state}`}`);
export const useImageList = () => useList<FirmwareImage>('campaigns', '/v1/firmware-images?limit=25');
/** To choose from. */
export const useImages = () => useRead<Page<FirmwareImage>>('campaigns', '/v1/firmware-images?limit=200');
