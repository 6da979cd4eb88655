import { createHash } from 'node:crypto';
import type { CampaignAttributes } from '@voltlog/device-contract';
import { type KnownCampaign, type KnownFirmwareImage, rollBackOf, rollBackTurn } from '@voltlog/device-domain';
import { RequestError } from '@voltlog/kernel';
import type { ServiceContext } from '@voltlog/service';
import { pages } from '@voltlog/store';
import { STATION_IDS_MAX } from '../grpc/job-requests.js';
import type { CampaignStationDoc, FirmwareCollections } from './firmware-documents.js';
import type { FirmwareStreams } from './firmware-streams.js';

const PAGE = 500;
/** Streams written in one go. */
const SLICE = 200;

export interface RollBackParts {
  readonly context: Pick<ServiceContext, 'clock' | 'ids' | 'logger'>;
  readonly collections: FirmwareCollections;
  readonly streams: FirmwareStreams;
}

/** What a person asked for. */
export interface RollBackByHand {
  readonly rollBackId: string;
  readonly image: KnownFirmwareImage;
  /** Empty: all that were updated or failed. */
  readonly named: ReadonlySet<string>;
  readonly filesUrl: string;
  readonly by: string;
}

/**
 * Brings stations of a campaign back, by campaigns of their own. Which campaign brings a station back is written at the station first: what a
 * crash leaves half done is found there and ended by the next look.
 */
export class RollBacks {
  constructor(private readonly parts: RollBackParts) {}

  /**
   * As a person says; the same id again changes nothing.
   *
   * @throws {RequestError} `FAILED_PRECONDITION` when no station took the image, or all are on their way back, `INVALID_ARGUMENT` when too many did
   */
  async byHand(campaign: KnownCampaign, { rollBackId, image, named, filesUrl, by }: RollBackByHand): Promise<void> {
    const { campaignId } = campaign;
    if (!(await this.isThere(rollBackId))) {
      const docs = await this.all({ campaignId, state: { $in: ['Updated', 'Failed'] } });
      const busy = await this.underWay(docs);
      const meant = docs.filter((doc) => (named.size === 0 || named.has(doc.stationId)) && !busy.has(doc.rollBackId));
      if (meant.length === 0)
        throw new RequestError(
          'FAILED_PRECONDITION',
          'none of these stations was updated by the campaign, or failed, and is not on its way back by another one',
          'NothingToRollBack',
        );
      if (meant.length > STATION_IDS_MAX)
        throw new RequestError('INVALID_ARGUMENT', `at most ${STATION_IDS_MAX} stations go back at once: name some of them`);
      await this.mark(meant, rollBackId);
      await this.create(rollBackId, { ...rollBackOf(campaign, image, { ...this.whose(meant), automatic: false, by }), filesUrl });
    }
    await this.note(campaignId, rollBackId, { automatic: false, by });
  }

  /** As the platform does by itself. @returns whether stations are left that are to be brought back later */
  async step(campaign: KnownCampaign): Promise<boolean> {
    const { campaignId, rollBacks, filesUrl } = campaign;
    const round = rollBacks.filter(({ automatic }) => automatic).length + 1;
    const rollBackId = idOf(campaignId, round);
    if (!(await this.isThere(rollBackId))) {
      const where = { campaignId, toTakeBack: true };
      const { docs } = await this.parts.collections.stations.find({ where, limit: 1 });
      const isHalfDone = (await this.parts.collections.stations.count({ campaignId, rollBackId })) > 0;
      if (docs.length === 0 && !isHalfDone) return false;
      const turn = await this.turn(campaign);
      if (turn !== 'Begin') return turn === 'Wait';
      const image = await this.parts.streams.images.state(campaign.rollBackImageId);
      if (image.kind === 'none' || image.deleted) return this.noWayBack(campaign);
      await this.mark(await this.all(where, STATION_IDS_MAX), rollBackId);
      const marked = await this.all({ campaignId, rollBackId });
      await this.create(rollBackId, { ...rollBackOf(campaign, image, { ...this.whose(marked), automatic: true, by: '' }), filesUrl });
    }
    await this.note(campaignId, rollBackId, { automatic: true, by: '' });
    return (await this.parts.collections.stations.count({ campaignId, toTakeBack: true })) > 0;
  }

  private async turn({ campaignId, lastRollBackId }: KnownCampaign) {
    const before = lastRollBackId === '' ? undefined : await this.parts.streams.campaigns.state(lastRollBackId);
    const underWay = await this.parts.collections.stations.count({ campaignId, state: { $in: ['Queued', 'Updating'] } });
    return rollBackTurn(before?.kind === 'campaign' ? before : undefined, underWay);
  }

  /** The campaign has ended and its image of the way back was deleted. */
  private noWayBack({ campaignId, rollBackImageId }: KnownCampaign): false {
    this.parts.context.logger.warn({ campaignId, rollBackImageId }, 'stations cannot be brought back: the image was deleted');
    return false;
  }

  private whose(docs: readonly CampaignStationDoc[]): { readonly stationIds: readonly string[]; readonly now: number } {
    return { stationIds: docs.map(({ stationId }) => stationId).sort(), now: this.parts.context.clock.now() };
  }

  private async mark(docs: readonly CampaignStationDoc[], rollBackId: string): Promise<void> {
    const { streams, context } = this.parts;
    const command = { kind: 'TakeBack' as const, rollBackId, now: context.clock.now() };
    for (let at = 0; at < docs.length; at += SLICE)
      await streams.updates.all(docs.slice(at, at + SLICE).map(({ id }) => ({ id, command, causationId: `back:${rollBackId}` })));
  }

  private async create(campaignId: string, attributes: CampaignAttributes): Promise<void> {
    const command = { kind: 'CreateCampaign' as const, campaignId, attributes, now: this.parts.context.clock.now() };
    await this.parts.streams.campaigns.one(campaignId, command, 'roll-back');
  }

  private async note(campaignId: string, rollBackId: string, how: { readonly automatic: boolean; readonly by: string }): Promise<void> {
    const { streams, collections, context } = this.parts;
    const stationCount = await collections.stations.count({ campaignId, rollBackId });
    const command = { kind: 'NoteRollBack' as const, rollBackId, stationCount, ...how, now: context.clock.now() };
    await streams.campaigns.one(campaignId, command, `back:${rollBackId}`);
  }

  /** The campaigns that bring some of them back now. One that a crash left without a beginning is none: its stations are free. */
  private async underWay(docs: readonly CampaignStationDoc[]): Promise<ReadonlySet<string>> {
    const busy = new Set<string>();
    for (const id of new Set(docs.map(({ rollBackId }) => rollBackId))) {
      if (id === '') continue;
      const state = await this.parts.streams.campaigns.state(id);
      if (state.kind !== 'none' && state.state !== 'Ended') busy.add(id);
    }
    return busy;
  }

  private async isThere(campaignId: string): Promise<boolean> {
    return (await this.parts.streams.campaigns.state(campaignId)).kind !== 'none';
  }

  private async all(where: Parameters<FirmwareCollections['stations']['find']>[0]['where'] & object, limit = Number.POSITIVE_INFINITY) {
    const found: CampaignStationDoc[] = [];
    for await (const docs of pages(this.parts.collections.stations, { where, limit: PAGE })) {
      found.push(...docs);
      if (found.length >= limit) break;
    }
    return found.slice(0, limit);
  }
}

const idOf = (campaignId: string, round: number): string =>
  createHash('sha256').update(`roll-back ${campaignId} ${round}`).digest('hex').slice(0, 32);
