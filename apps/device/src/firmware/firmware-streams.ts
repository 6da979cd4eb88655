import type { CampaignEvent, FirmwareImageEvent, FirmwarePublicationEvent, FirmwareUpdateEvent } from '@voltlog/device-contract';
import {
  type CampaignCommand,
  type CampaignRefusal,
  type CampaignState,
  campaignDecider,
  type FirmwareImageCommand,
  type FirmwareImageRefusal,
  type FirmwareImageState,
  type FirmwarePublicationCommand,
  type FirmwarePublicationState,
  type FirmwareUpdateCommand,
  type FirmwareUpdateState,
  firmwareImageDecider,
  firmwarePublicationDecider,
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
  type PublicationDoc,
  publicationDoc,
  type StoredImage,
} from './firmware-documents.js';

export const IMAGES = {
  prefix: 'firmware-image:',
  decider: firmwareImageDecider,
  toDoc: (id: string, state: FirmwareImageState, version: number) => (state.kind === 'none' ? undefined : imageDoc(id, state, version)),
};
export const CAMPAIGNS = {
  prefix: 'campaign:',
  decider: campaignDecider,
  toDoc: (id: string, state: CampaignState, version: number) => (state.kind === 'none' ? undefined : campaignDoc(id, state, version)),
};
export const UPDATES = {
  prefix: 'firmware-update:',
  decider: firmwareUpdateDecider,
  toDoc: (id: string, state: FirmwareUpdateState, version: number) =>
    state === undefined ? undefined : campaignStationDoc(id, state, version),
};

export const PUBLICATIONS = {
  prefix: 'firmware-publication:',
  decider: firmwarePublicationDecider,
  toDoc: (id: string, state: FirmwarePublicationState, version: number) =>
    state === undefined ? undefined : publicationDoc(id, state, version),
};

/** The streams of firmware and the documents made of them. */
export interface FirmwareStreams {
  readonly images: DocumentedStreams<FirmwareImageCommand, FirmwareImageState, FirmwareImageEvent, FirmwareImageRefusal, StoredImage>;
  readonly campaigns: DocumentedStreams<CampaignCommand, CampaignState, CampaignEvent, CampaignRefusal, CampaignDoc>;
  readonly updates: DocumentedStreams<FirmwareUpdateCommand, FirmwareUpdateState, FirmwareUpdateEvent, never, CampaignStationDoc>;
  readonly publications: DocumentedStreams<
    FirmwarePublicationCommand,
    FirmwarePublicationState,
    FirmwarePublicationEvent,
    never,
    PublicationDoc
  >;
}

export function firmwareStreams(
  context: Pick<ServiceContext, 'store' | 'ids' | 'clock' | 'instanceId'>,
  collections: FirmwareCollections,
  outbox: Pick<OutboxRelay, 'publish'>,
): FirmwareStreams {
  const parts = { context, outbox };
  return {
    images: new DocumentedStreams({ ...parts, ...IMAGES, collection: collections.images }),
    campaigns: new DocumentedStreams({ ...parts, ...CAMPAIGNS, collection: collections.campaigns }),
    updates: new DocumentedStreams({ ...parts, ...UPDATES, collection: collections.stations }),
    publications: new DocumentedStreams({ ...parts, ...PUBLICATIONS, collection: collections.publications }),
  };
}
