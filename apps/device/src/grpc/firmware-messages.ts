import type { CampaignAttributes } from '@voltlog/device-contract';
import type { FirmwarePublication, FirmwareUpdate, KnownCampaign, KnownFirmwareImage } from '@voltlog/device-domain';
import { deviceFirmwareV1, deviceJobV1 } from '@voltlog/proto';
import type { PublicationDoc } from '../firmware/firmware-documents.js';

const { CampaignState, CampaignStationState: State, CampaignProof, CampaignRollBackMode } = deviceFirmwareV1;

const CAMPAIGN_STATES: Readonly<Record<KnownCampaign['state'], deviceFirmwareV1.CampaignState>> = {
  Planning: CampaignState.PLANNING,
  Running: CampaignState.RUNNING,
  Paused: CampaignState.PAUSED,
  Stopped: CampaignState.STOPPED,
  Cancelling: CampaignState.CANCELLING,
  Ended: CampaignState.ENDED,
};

export const UPDATE_STATES: Readonly<Record<FirmwareUpdate['state'], deviceFirmwareV1.CampaignStationState>> = {
  Planned: State.PLANNED,
  Queued: State.QUEUED,
  Updating: State.UPDATING,
  Updated: State.UPDATED,
  Skipped: State.SKIPPED,
  Failed: State.FAILED,
  Expired: State.EXPIRED,
  Cancelled: State.CANCELLED,
};
const WORDS = new Map(Object.entries(UPDATE_STATES).map(([word, state]) => [state, word as FirmwareUpdate['state']]));

/** undefined: none of them. */
export const updateStateOf = (state: deviceFirmwareV1.CampaignStationState): FirmwareUpdate['state'] | undefined => WORDS.get(state);

const orNone = (at: string): string | undefined => (at === '' ? undefined : at);

export const toImageMessage = (image: Omit<KnownFirmwareImage, 'kind'>): deviceFirmwareV1.FirmwareImage => ({
  imageId: image.imageId,
  fileName: image.fileName,
  vendor: image.vendor,
  model: image.model,
  version: image.version,
  sizeBytes: image.sizeBytes,
  sha256: image.sha256,
  signature: image.signature,
  signingCertificate: image.signingCertificate,
  createdBy: image.createdBy,
  createdAt: image.createdAt,
  md5: image.md5 ?? '',
});

export function toCampaignMessage(
  campaign: Omit<KnownCampaign, 'kind'>,
  counts: Readonly<Partial<Record<FirmwareUpdate['state'], number>>>,
  publications: ReadonlyMap<string, PublicationDoc>,
): deviceFirmwareV1.Campaign {
  return {
    campaignId: campaign.campaignId,
    plan: toPlanMessage(campaign),
    version: campaign.version,
    state: CAMPAIGN_STATES[campaign.state],
    outcome: campaign.outcome ?? '',
    stationCounts: [...campaign.stationCounts],
    wave: campaign.wave,
    wavesEnded: campaign.wavesEnded,
    counts: Object.entries(UPDATE_STATES).flatMap(([word, state]) => {
      const count = counts[word as FirmwareUpdate['state']] ?? 0;
      return count === 0 ? [] : [{ state, count }];
    }),
    rollBackOf: campaign.rollBackOf,
    // What is absent was written before there was any.
    rollBacks: (campaign.rollBacks ?? []).map(({ rollBackId: campaignId, ...begun }) => ({ campaignId, ...begun })),
    publications: (campaign.localControllers ?? []).map(({ stationId }) =>
      toPublicationMessage(stationId, publications.get(`${campaign.campaignId}:${stationId}`)?.publication),
    ),
    createdBy: campaign.createdBy,
    createdAt: campaign.createdAt,
    endedAt: orNone(campaign.endedAt),
  };
}

const toPublicationMessage = (stationId: string, publication: FirmwarePublication | undefined): deviceFirmwareV1.CampaignPublication => ({
  stationId,
  state: publication?.state ?? '',
  status: publication?.status ?? '',
  location: publication?.location ?? '',
  reason: publication?.reason ?? '',
  jobId: publication?.jobId ?? '',
  updatedAt: publication?.at,
});

const toPlanMessage = (campaign: CampaignAttributes): deviceFirmwareV1.CampaignPlan => ({
  name: campaign.name,
  imageId: campaign.imageId,
  selection: deviceJobV1.StationSelection.fromPartial({
    ...campaign.selection,
    stationIds: [...(campaign.selection.stationIds ?? [])],
    tags: [...(campaign.selection.tags ?? [])],
    all: Object.keys(campaign.selection).length === 0,
  }),
  waves: campaign.waves.map((wave) => ({ ...wave })),
  windows: campaign.windows.map((window) => ({ ...window, days: [...window.days] })),
  timeZone: campaign.timeZone,
  stationsPerMinute: campaign.stationsPerMinute,
  concurrency: campaign.concurrency,
  retrieveAt: orNone(campaign.retrieveAt),
  installAt: orNone(campaign.installAt),
  proof: campaign.proof === 'Boot' ? CampaignProof.BOOT : CampaignProof.INSTALLED,
  stopAtFailedPercent: campaign.stopAtFailedPercent,
  stopAtFailedMin: campaign.stopAtFailedMin,
  attemptsMax: campaign.attemptsMax,
  retryMinutes: campaign.retryMinutes,
  noProgressMinutes: campaign.noProgressMinutes,
  expiresAt: campaign.expiresAt,
  rollBackImageId: campaign.rollBackImageId,
  rollBack: campaign.rollBack === 'Automatic' ? CampaignRollBackMode.AUTOMATIC : CampaignRollBackMode.MANUAL,
  localControllers: (campaign.localControllers ?? []).map(({ stationId, stationIds }) => ({ stationId, stationIds: [...stationIds] })),
});

export const toCampaignStationMessage = (update: FirmwareUpdate): deviceFirmwareV1.CampaignStation => ({
  campaignId: update.campaignId,
  stationId: update.stationId,
  wave: update.wave,
  state: UPDATE_STATES[update.state],
  fromVersion: update.fromVersion,
  attempts: update.attempt,
  status: update.status,
  evidence: update.evidence,
  reason: update.reason,
  fetched: update.fetched,
  jobId: update.jobId,
  dueAt: orNone(update.dueAt),
  updatedAt: update.at,
  steps: update.steps.map((step) => ({ ...step })),
  rollBackId: update.rollBackId ?? '',
  localController: update.localController ?? '',
  via: update.via ?? '',
});
