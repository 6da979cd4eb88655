import type { CampaignEvent, FirmwareImageEvent, FirmwareUpdateEvent } from '@voltlog/device-contract';
import {
  type CampaignCommand,
  type CampaignRefusal,
  type CampaignState,
  campaignDecider,
  type FirmwareImageCommand,
  type FirmwareImageRefusal,
  type FirmwareImageState,
  type FirmwareUpdateCommand,
  type FirmwareUpdateState,
  firmwareImageDecider,
  firmwareUpdateDecider,
} from '@voltlog/device-domain';
import type { ServiceContext } from '@voltlog/service';
import type { OutboxRelay } from '@voltlog/store';
import { DocumentedStreams } from '../store/documented-streams.js';
import {
  type CampaignDoc,
  type CampaignStationDoc,
  campaignDoc,
  campaignStationDoc,
  type FirmwareCollections,
  imageDoc,
  type StoredImage,
} from './firmware-documents.js';

export const IMAGE = 'firmware-image:';
export const CAMPAIGN = 'campaign:';
export const UPDATE = 'firmware-update:';

/** The streams of firmware and the documents made of them. */
export interface FirmwareStreams {
  readonly images: DocumentedStreams<FirmwareImageCommand, FirmwareImageState, FirmwareImageEvent, FirmwareImageRefusal, StoredImage>;
  readonly campaigns: DocumentedStreams<CampaignCommand, CampaignState, CampaignEvent, CampaignRefusal, CampaignDoc>;
  readonly updates: DocumentedStreams<FirmwareUpdateCommand, FirmwareUpdateState, FirmwareUpdateEvent, never, CampaignStationDoc>;
}

export function firmwareStreams(
  context: Pick<ServiceContext, 'store' | 'ids' | 'clock' | 'instanceId'>,
  collections: FirmwareCollections,
  outbox: Pick<OutboxRelay, 'publish'>,
): FirmwareStreams {
  const parts = { context, outbox };
  return {
    images: new DocumentedStreams({
      ...parts,
      prefix: IMAGE,
      decider: firmwareImageDecider,
      collection: collections.images,
      toDoc: (id, state, version) => (state.kind === 'none' ? undefined : imageDoc(id, state, version)),
    }),
    campaigns: new DocumentedStreams({
      ...parts,
      prefix: CAMPAIGN,
      decider: campaignDecider,
      collection: collections.campaigns,
      toDoc: (id, state, version) => (state.kind === 'none' ? undefined : campaignDoc(id, state, version)),
    }),
    updates: new DocumentedStreams({
      ...parts,
      prefix: UPDATE,
      decider: firmwareUpdateDecider,
      collection: collections.stations,
      toDoc: (id, state, version) => (state === undefined ? undefined : campaignStationDoc(id, state, version)),
    }),
  };
}
