import {
  type FirmwarePublication,
  type FirmwareUpdate,
  type KnownCampaign,
  type KnownFirmwareImage,
  mayRunImage,
} from '@voltlog/device-domain';
import type { Collection, Store } from '@voltlog/store';
import { Schema } from 'mongoose';

/** A document whose stream counts its commits beside the version of the firmware. */
interface Counted {
  readonly id: string;
  readonly version: number;
}
export interface StoredImage extends Counted {
  readonly image: Omit<KnownFirmwareImage, 'kind'>;
  readonly deleted: boolean;
  readonly createdAt: string;
}
export interface CampaignDoc extends Counted {
  readonly campaign: Omit<KnownCampaign, 'kind'>;
  readonly state: KnownCampaign['state'];
  readonly imageId: string;
  readonly rollBackImageId: string;
  readonly createdAt: string;
}
/** What a campaign does at one station; id: `<campaignId>:<stationId>`. */
export interface CampaignStationDoc extends Counted {
  readonly update: FirmwareUpdate;
  readonly campaignId: string;
  readonly stationId: string;
  readonly state: FirmwareUpdate['state'];
  readonly wave: number;
  readonly dueAt: string;
  readonly progressAt: string;
  /** Something it says may matter. */
  readonly open: boolean;
  /** It runs the image, or may, and no campaign brings it back. */
  readonly toTakeBack: boolean;
  /** The campaign that brings it back; empty: none. */
  readonly rollBackId: string;
}

/** What a local controller does for a campaign; id: `<campaignId>:<stationId>`. */
export interface PublicationDoc extends Counted {
  readonly publication: FirmwarePublication;
  readonly campaignId: string;
  readonly stationId: string;
  readonly requestId: number;
  readonly state: FirmwarePublication['state'];
}

/** States of campaigns that need their image. */
export const NOT_ENDED: readonly KnownCampaign['state'][] = ['Planning', 'Running', 'Paused', 'Stopped', 'Cancelling'];

const required = { type: String, required: true };
const count = { type: Number, required: true };
const flag = { type: Boolean, required: true };
const words = { type: String, default: '' };
const mixed = { type: Schema.Types.Mixed, required: true };

export const imageSchema = new Schema(
  { id: required, version: count, image: mixed, deleted: flag, createdAt: required },
  { versionKey: false, minimize: false },
);
imageSchema.index({ deleted: 1, createdAt: 1, id: 1 });

export const campaignSchema = new Schema(
  { id: required, version: count, campaign: mixed, state: required, imageId: required, rollBackImageId: words, createdAt: required },
  { versionKey: false, minimize: false },
);
campaignSchema.index({ createdAt: 1, id: 1 });
campaignSchema.index({ imageId: 1, state: 1 });
campaignSchema.index({ rollBackImageId: 1, state: 1 });
campaignSchema.index({ state: 1, id: 1 });

export const campaignStationSchema = new Schema(
  {
    id: required,
    version: count,
    update: mixed,
    campaignId: required,
    stationId: required,
    state: required,
    wave: count,
    dueAt: words,
    progressAt: words,
    open: flag,
    toTakeBack: { type: Boolean, default: false },
    rollBackId: words,
  },
  { versionKey: false, minimize: false },
);
campaignStationSchema.index({ campaignId: 1, state: 1, wave: 1, dueAt: 1, id: 1 });
campaignStationSchema.index({ campaignId: 1, state: 1, progressAt: 1, id: 1 });
campaignStationSchema.index({ campaignId: 1, id: 1 });
campaignStationSchema.index({ campaignId: 1, toTakeBack: 1, id: 1 });
campaignStationSchema.index({ campaignId: 1, rollBackId: 1, id: 1 });
campaignStationSchema.index({ stationId: 1, open: 1, id: 1 });

export const publicationSchema = new Schema(
  { id: required, version: count, publication: mixed, campaignId: required, stationId: required, requestId: count, state: required },
  { versionKey: false, minimize: false },
);
publicationSchema.index({ stationId: 1, requestId: 1, id: 1 });
publicationSchema.index({ stationId: 1, state: 1, id: 1 });

export interface FirmwareCollections {
  readonly images: Collection<StoredImage>;
  readonly campaigns: Collection<CampaignDoc>;
  readonly stations: Collection<CampaignStationDoc>;
  readonly publications: Collection<PublicationDoc>;
}

export async function openFirmwareCollections(store: Store): Promise<FirmwareCollections> {
  return {
    images: await store.collection<StoredImage>('firmware_images', imageSchema),
    campaigns: await store.collection<CampaignDoc>('campaigns', campaignSchema),
    stations: await store.collection<CampaignStationDoc>('campaign_stations', campaignStationSchema),
    publications: await store.collection<PublicationDoc>('firmware_publications', publicationSchema),
  };
}

export function imageDoc(id: string, state: KnownFirmwareImage, version: number): StoredImage {
  const { kind: _, ...image } = state;
  return { id, version, image, deleted: image.deleted, createdAt: image.createdAt };
}

export function campaignDoc(id: string, known: KnownCampaign, version: number): CampaignDoc {
  const { kind: _, ...campaign } = known;
  const { state, imageId, rollBackImageId, createdAt } = campaign;
  return { id, version, campaign, state, imageId, rollBackImageId, createdAt };
}

const OPEN: ReadonlySet<FirmwareUpdate['state']> = new Set(['Planned', 'Queued', 'Updating', 'Failed']);

export function campaignStationDoc(id: string, update: FirmwareUpdate, version: number): CampaignStationDoc {
  const { campaignId, stationId, state, wave, dueAt, progressAt, rollBackId } = update;
  const toTakeBack = rollBackId === '' && mayRunImage(update);
  return { id, version, update, campaignId, stationId, state, wave, dueAt, progressAt, open: OPEN.has(state), toTakeBack, rollBackId };
}

export function publicationDoc(id: string, publication: FirmwarePublication, version: number): PublicationDoc {
  const { campaignId, stationId, requestId, state } = publication;
  return { id, version, publication, campaignId, stationId, requestId, state };
}
