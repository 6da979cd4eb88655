import type { CampaignAttributes } from '@voltlog/device-contract';
import type {
  CampaignCommand,
  CampaignRefusal,
  FirmwareImageRefusal,
  FirmwareUpdateCommand,
  KnownFirmwareImage,
} from '@voltlog/device-domain';
import { RequestError } from '@voltlog/kernel';
import type { deviceFirmwareV1 as proto } from '@voltlog/proto';
import type { ServiceContext } from '@voltlog/service';
import type { CampaignWorker } from '../firmware/campaign-worker.js';
import type { FileLinks } from '../firmware/file-links.js';
import { type CampaignDoc, type FirmwareCollections, NOT_ENDED } from '../firmware/firmware-documents.js';
import type { FirmwareStreams } from '../firmware/firmware-streams.js';
import type { RollBacks } from '../firmware/roll-backs.js';
import type { Collections } from '../store/documents.js';
import { toCampaignMessage, toCampaignStationMessage, toImageMessage, UPDATE_STATES, updateStateOf } from './firmware-messages.js';
import { campaignIdOf, checkImage, checkPlan, checkSignature, checkWayBack } from './firmware-requests.js';
import { causeOf, checkFilesUrl, pageSize } from './requests.js';

const IMAGE_REFUSALS: Readonly<Record<FirmwareImageRefusal, readonly [RequestError['code'], string]>> = {
  ImageExists: ['ALREADY_EXISTS', 'there is an image of this id'],
  ImageUnknown: ['NOT_FOUND', 'there is no such firmware image'],
  ImageInUse: ['FAILED_PRECONDITION', 'a campaign that has not ended needs the image: cancel that first'],
};
const CAMPAIGN_REFUSALS: Readonly<Record<CampaignRefusal, readonly [RequestError['code'], string]>> = {
  CampaignExists: ['ALREADY_EXISTS', 'there is a campaign of this id'],
  CampaignUnknown: ['NOT_FOUND', 'there is no such campaign'],
  CampaignExpired: ['INVALID_ARGUMENT', 'expiresAt must lie in the future'],
  CampaignEnded: ['FAILED_PRECONDITION', 'the campaign has ended: create a new one'],
  CampaignNotRunning: ['FAILED_PRECONDITION', 'the campaign is not running: wait until its stations are looked up, or it is cancelled'],
};
const PAGE = 500;

export interface FirmwareGrpcParts {
  readonly context: Pick<ServiceContext, 'clock' | 'ids'>;
  readonly collections: FirmwareCollections;
  readonly streams: FirmwareStreams;
  readonly registry: Pick<Collections, 'stations'>;
  readonly links: FileLinks;
  readonly worker: CampaignWorker;
  readonly rollBacks: RollBacks;
}

/** `voltlog.device.v1.FirmwareService`. A write repeated with its idempotency key changes nothing and answers what is now. */
export class FirmwareGrpc implements proto.FirmwareService {
  constructor(private readonly parts: FirmwareGrpcParts) {}

  async addImage(request: proto.AddImageRequest): Promise<proto.AddImageResponse> {
    const { imageId, createdBy: by } = request;
    const attributes = checkImage(request);
    const command = { kind: 'AddImage' as const, imageId, attributes, by, now: this.now() };
    const { refusal } = await this.parts.streams.images.one(imageId, command, 'added');
    if (refusal !== undefined) throw imageRefusal(refusal);
    return { image: await this.image(imageId) };
  }

  async signImage(request: proto.SignImageRequest): Promise<proto.SignImageResponse> {
    checkSignature(request);
    const { imageId, signature, signingCertificate, signedBy: by } = request;
    const command = { kind: 'SignImage' as const, signature, signingCertificate, by, now: this.now() };
    const { refusal } = await this.parts.streams.images.one(imageId, command, this.parts.context.ids.next());
    if (refusal !== undefined) throw imageRefusal(refusal);
    return { image: await this.image(imageId) };
  }

  async getImage({ imageId }: proto.GetImageRequest): Promise<proto.GetImageResponse> {
    return { image: await this.image(imageId) };
  }

  async listImages(request: proto.ListImagesRequest): Promise<proto.ListImagesResponse> {
    const page = await this.parts.collections.images.find({
      where: { deleted: false },
      sort: ['createdAt', -1],
      limit: pageSize(request.pageSize),
      ...(request.pageToken === '' ? {} : { after: request.pageToken }),
    });
    return { images: page.docs.map(({ image }) => toImageMessage(image)), nextPageToken: page.next ?? '' };
  }

  async deleteImage({ imageId, deletedBy: by }: proto.DeleteImageRequest): Promise<proto.DeleteImageResponse> {
    const { campaigns } = this.parts.collections;
    const state = { $in: [...NOT_ENDED] };
    const inUse = (await campaigns.count({ imageId, state })) + (await campaigns.count({ rollBackImageId: imageId, state })) > 0;
    const command = { kind: 'DeleteImage' as const, inUse, by, now: this.now() };
    const { refusal } = await this.parts.streams.images.one(imageId, command, this.parts.context.ids.next());
    if (refusal !== undefined) throw imageRefusal(refusal);
    return {};
  }

  async openDownload(request: proto.OpenDownloadRequest): Promise<proto.OpenDownloadResponse> {
    const { imageId, stationId, expires, signature, fetches } = request;
    if (!this.parts.links.isFirmwareSignature({ imageId, stationId, expires }, signature))
      throw new RequestError('PERMISSION_DENIED', 'the signature of this address is wrong', 'BadSignature');
    const image = (await this.parts.collections.images.get(imageId))?.image;
    const isExpired = expires * 1_000 <= this.now();
    if (isExpired || image === undefined || image.deleted) {
      const [message, reason] = isExpired ? ['this address has expired', 'LinkExpired'] : ['this image was deleted', 'ImageGone'];
      if (fetches) await this.noteFetch(stationId, imageId, { kind: 'ReportFetchRefused', reason: message, now: this.now() });
      throw new RequestError('FAILED_PRECONDITION', message, reason);
    }
    if (fetches) await this.noteFetch(stationId, imageId, { kind: 'ReportFetch', now: this.now() });
    return { image: toImageMessage(image) };
  }

  async createCampaign(request: proto.CreateCampaignRequest): Promise<proto.CreateCampaignResponse> {
    const { plan, createdBy } = request;
    if (plan === undefined) throw new RequestError('INVALID_ARGUMENT', 'plan is missing');
    const checked = checkPlan(plan, createdBy, this.now());
    const { rollBackImageId } = plan;
    const image = await this.known(plan.imageId);
    await this.checkControllers(checked, image);
    if (rollBackImageId !== '') checkWayBack(image, await this.known(rollBackImageId));
    const { stationIds } = checked.selection;
    if (stationIds !== undefined) await this.checkFit(stationIds, image);
    // Stations that the image is not for are not meant, whatever else they have in common.
    const selection = { ...checked.selection, vendor: image.vendor, ...(image.model === '' ? {} : { model: image.model }) };
    const { imageId, version } = image;
    const attributes = {
      ...checked,
      selection,
      imageId,
      version,
      rollBackImageId,
      rollBackOf: '',
      filesUrl: checkFilesUrl(request.filesUrl),
    };
    return { campaign: await this.create(attributes, request.idempotencyKey) };
  }

  async getCampaign({ campaignId }: proto.GetCampaignRequest): Promise<proto.GetCampaignResponse> {
    return { campaign: await this.message(await this.doc(campaignId)) };
  }

  async listCampaigns(request: proto.ListCampaignsRequest): Promise<proto.ListCampaignsResponse> {
    const page = await this.parts.collections.campaigns.find({
      sort: ['createdAt', -1],
      limit: pageSize(request.pageSize),
      ...(request.pageToken === '' ? {} : { after: request.pageToken }),
    });
    return { campaigns: await Promise.all(page.docs.map((doc) => this.message(doc))), nextPageToken: page.next ?? '' };
  }

  async listCampaignStations(request: proto.ListCampaignStationsRequest): Promise<proto.ListCampaignStationsResponse> {
    const { id: campaignId } = await this.doc(request.campaignId);
    const state = updateStateOf(request.state);
    const page = await this.parts.collections.stations.find({
      where: { campaignId, ...(state === undefined ? {} : { state }) },
      limit: pageSize(request.pageSize),
      ...(request.pageToken === '' ? {} : { after: request.pageToken }),
    });
    return { stations: page.docs.map(({ update }) => toCampaignStationMessage(update)), nextPageToken: page.next ?? '' };
  }

  pauseCampaign(request: proto.PauseCampaignRequest): Promise<proto.PauseCampaignResponse> {
    return this.change(request, { kind: 'PauseCampaign', by: request.pausedBy, now: this.now() });
  }

  async resumeCampaign(request: proto.ResumeCampaignRequest): Promise<proto.ResumeCampaignResponse> {
    const tally = await this.parts.worker.tally(request.campaignId);
    return this.change(request, { kind: 'ResumeCampaign', by: request.resumedBy, tally, now: this.now() });
  }

  cancelCampaign(request: proto.CancelCampaignRequest): Promise<proto.CancelCampaignResponse> {
    return this.change(request, { kind: 'CancelCampaign', by: request.cancelledBy, now: this.now() });
  }

  async rollBackCampaign(request: proto.RollBackCampaignRequest): Promise<proto.RollBackCampaignResponse> {
    const { campaign } = await this.doc(request.campaignId);
    const { campaignId, rollBackImageId, state } = campaign;
    if (rollBackImageId === '') throw new RequestError('FAILED_PRECONDITION', 'the campaign has no image to go back to', 'NoWayBack');
    if (state === 'Running' || state === 'Planning')
      throw new RequestError(
        'FAILED_PRECONDITION',
        'pause or cancel the campaign first: it still brings stations the new version',
        'CampaignRunning',
      );
    const image = await this.known(rollBackImageId);
    const { rollBacks, streams, worker } = this.parts;
    this.parts.links.check();
    const { idempotencyKey, createdBy: by } = request;
    const rollBackId = this.newCampaignId(idempotencyKey);
    const filesUrl = checkFilesUrl(request.filesUrl);
    const known = await streams.campaigns.state(campaignId);
    if (known.kind === 'none') throw campaignRefusal('CampaignUnknown');
    await rollBacks.byHand(known, { rollBackId, image, named: new Set(request.stationIds), filesUrl, by });
    await worker.hurry(rollBackId);
    return { campaign: await this.message(await this.doc(rollBackId)) };
  }

  private async create(attributes: CampaignAttributes, idempotencyKey: string): Promise<proto.Campaign> {
    this.parts.links.check();
    const { context, streams, worker } = this.parts;
    const cause = causeOf(idempotencyKey, () => context.ids.next());
    const campaignId = this.newCampaignId(idempotencyKey);
    const command = { kind: 'CreateCampaign' as const, campaignId, attributes, now: this.now() };
    const { refusal } = await streams.campaigns.one(campaignId, command, cause);
    if (refusal !== undefined) throw campaignRefusal(refusal);
    await worker.hurry(campaignId);
    return this.message(await this.doc(campaignId));
  }

  private async change(
    request: Pick<proto.PauseCampaignRequest, 'campaignId' | 'idempotencyKey'>,
    command: CampaignCommand,
  ): Promise<proto.PauseCampaignResponse> {
    const { campaignId, idempotencyKey } = request;
    const { context, streams, worker } = this.parts;
    const { refusal } = await streams.campaigns.one(
      campaignId,
      command,
      causeOf(idempotencyKey, () => context.ids.next()),
    );
    if (refusal !== undefined) throw campaignRefusal(refusal);
    await worker.hurry(campaignId);
    return { campaign: await this.message(await this.doc(campaignId)) };
  }

  /** Every update of the station with this image that is under way. */
  private async noteFetch(stationId: string, imageId: string, command: FirmwareUpdateCommand): Promise<void> {
    const { docs } = await this.parts.collections.stations.find({ where: { stationId, open: true }, limit: PAGE });
    for (const { id, campaignId, update } of docs) {
      if (
        (update.fetched && command.kind === 'ReportFetch') ||
        (await this.parts.collections.campaigns.get(campaignId))?.imageId !== imageId
      )
        continue;
      await this.parts.streams.updates.one(id, command, `${command.kind}:${update.attempt}:${update.jobId}`);
    }
  }

  private async checkFit(stationIds: readonly string[], { vendor, model }: KnownFirmwareImage): Promise<void> {
    const known = await this.parts.registry.stations.getMany(stationIds);
    const wrong = stationIds.filter((id) => {
      const station = known.get(id);
      return station?.lifecycle !== 'Active' || station.vendor !== vendor || (model !== '' && station.model !== model);
    });
    if (wrong.length === 0) return;
    throw new RequestError(
      'INVALID_ARGUMENT',
      `the image is for ${vendor} ${model || '(any model)'}; not such a station in service: ${wrong.slice(0, 10).join(', ')}${wrong.length > 10 ? ` and ${wrong.length - 10} more` : ''}`,
      'ImageDoesNotFit',
    );
  }

  /** That they can publish the image, as far as that can be known before they are asked. */
  private async checkControllers({ localControllers = [] }: Pick<CampaignAttributes, 'localControllers'>, { md5 }: KnownFirmwareImage) {
    if (localControllers.length === 0) return;
    const invalid = (message: string) => new RequestError('INVALID_ARGUMENT', message, 'NoLocalController');
    if (md5 === undefined)
      throw invalid('this image has no MD5, by which local controllers know it, as it was brought by an older version: bring it again');
    const known = await this.parts.registry.stations.getMany(localControllers.map(({ stationId }) => stationId));
    for (const { stationId, stationIds } of localControllers) {
      const station = known.get(stationId);
      if (station?.lifecycle !== 'Active') throw invalid(`local controller ${stationId} is not in service`);
      if (station.ocppVersion === 'ocpp1.6') throw invalid(`${stationId} speaks OCPP 1.6, which has no message to publish firmware`);
      if (stationIds.length === 0 && station.siteId === '')
        throw invalid(`local controller ${stationId} is at no site: name the stations behind it`);
    }
  }

  private async known(imageId: string): Promise<KnownFirmwareImage> {
    const state = await this.parts.streams.images.state(imageId);
    if (state.kind === 'none' || state.deleted) throw imageRefusal('ImageUnknown');
    return state;
  }

  private async image(imageId: string): Promise<proto.FirmwareImage> {
    return toImageMessage(await this.known(imageId));
  }

  private async doc(campaignId: string): Promise<CampaignDoc> {
    const doc = await this.parts.collections.campaigns.get(campaignId);
    if (doc === undefined) throw campaignRefusal('CampaignUnknown');
    return doc;
  }

  private async message({ id: campaignId, campaign }: CampaignDoc): Promise<proto.Campaign> {
    const counts = await Promise.all(
      Object.keys(UPDATE_STATES).map(async (state) => [state, await this.parts.collections.stations.count({ campaignId, state })] as const),
    );
    const controllers = (campaign.localControllers ?? []).map(({ stationId }) => `${campaignId}:${stationId}`);
    return toCampaignMessage(campaign, Object.fromEntries(counts), await this.parts.collections.publications.getMany(controllers));
  }

  private newCampaignId(idempotencyKey: string): string {
    return idempotencyKey === '' ? this.parts.context.ids.next().replaceAll('-', '') : campaignIdOf(idempotencyKey);
  }

  private now(): number {
    return this.parts.context.clock.now();
  }
}

function imageRefusal(reason: FirmwareImageRefusal): RequestError {
  const [code, message] = IMAGE_REFUSALS[reason];
  return new RequestError(code, message, reason);
}

function campaignRefusal(reason: CampaignRefusal): RequestError {
  const [code, message] = CAMPAIGN_REFUSALS[reason];
  return new RequestError(code, message, reason);
}
