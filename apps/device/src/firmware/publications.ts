import { createHash } from 'node:crypto';
import type { FirmwarePublication, KnownCampaign, KnownFirmwareImage } from '@voltlog/device-domain';
import { isoTime } from '@voltlog/kernel';
import type { ServiceContext } from '@voltlog/service';
import { type CampaignJobs, makeJob, publishCommand, unpublishCommand } from './campaign-job.js';
import { type FirmwareCollections, NOT_ENDED } from './firmware-documents.js';
import type { FirmwareStreams } from './firmware-streams.js';

/** That the image is published no more is tried for so long. */
const WITHDRAWN_WITHIN_MS = 7 * 86_400_000;
/** A controller that gets no further on the way back is waited for so long at most. */
const WAY_BACK_MINUTES = 10;

export interface PublicationParts {
  readonly context: Pick<ServiceContext, 'clock'>;
  readonly collections: FirmwareCollections;
  readonly streams: FirmwareStreams;
  readonly jobs: CampaignJobs;
}

/** The job in which a campaign has its local controllers publish the image. Its other jobs have numbers by chance, from 80000000. */
export const publishJobOf = (campaignId: string): string => `${campaignId}-00000001`;
const withdrawJobOf = (campaignId: string): string => `${campaignId}-00000002`;

/**
 * Has local controllers publish the image of a campaign to the stations behind them, and publish it no more once the campaign is over. That
 * they are asked is written before the job is made, whose id is always the same: what a crash leaves out is made by the next look.
 */
export class Publications {
  constructor(private readonly parts: PublicationParts) {}

  /** How far each is, by controller; `ask`: those that were not asked yet are. */
  async step(
    campaign: KnownCampaign,
    image: () => Promise<KnownFirmwareImage>,
    ask: boolean,
  ): Promise<ReadonlyMap<string, FirmwarePublication>> {
    const controllers = (campaign.localControllers ?? []).map(({ stationId }) => stationId);
    if (controllers.length === 0) return new Map();
    const { campaignId } = campaign;
    // On the way back stations run what fails: they do not wait long for a controller that may be away.
    const patienceMinutes =
      campaign.rollBackOf === '' ? campaign.noProgressMinutes : Math.min(WAY_BACK_MINUTES, campaign.noProgressMinutes);
    const { streams, context } = this.parts;
    const now = context.clock.now();
    let found = await this.of(campaignId, controllers);
    if (ask && found.size < controllers.length) {
      const command = { campaignId, jobId: publishJobOf(campaignId), requestId: requestIdOf(campaignId), now };
      const missing = controllers.filter((stationId) => !found.has(stationId));
      await streams.publications.all(
        missing.map((stationId) => ({
          id: `${campaignId}:${stationId}`,
          command: { kind: 'AskPublication' as const, stationId, ...command },
          causationId: 'ask',
        })),
      );
      found = await this.of(campaignId, controllers);
    }
    const asked = [...found.values()].filter(({ state }) => state === 'Asked');
    if (asked.length === 0) return found;
    if (ask) await this.make(campaign, await image(), controllers, now);
    if (campaign.state === 'Cancelling') await this.callOff(campaignId, now);
    const before = isoTime(now - patienceMinutes * 60_000);
    const stuck = asked.filter(({ at }) => at < before);
    if (stuck.length === 0) return found;
    const reason = `nothing happened for ${patienceMinutes} minutes`;
    await streams.publications.all(
      stuck.map(({ stationId }) => ({
        id: `${campaignId}:${stationId}`,
        command: { kind: 'GiveUp' as const, before, reason, now },
        causationId: `give-up:${before}`,
      })),
    );
    return this.of(campaignId, controllers);
  }

  /** The campaign is over: the image goes from the controllers that have it, unless another campaign needs it there. */
  async withdraw({ campaignId, imageId, ...campaign }: KnownCampaign, image: () => Promise<KnownFirmwareImage>): Promise<void> {
    const controllers = (campaign.localControllers ?? []).map(({ stationId }) => stationId);
    if (controllers.length === 0) return;
    const found = await this.of(campaignId, controllers);
    const stationIds = controllers.filter((stationId) => found.get(stationId)?.state === 'Published');
    const { docs } = await this.parts.collections.campaigns.find({ where: { imageId, state: { $in: [...NOT_ENDED] } }, limit: 2 });
    if (stationIds.length === 0 || docs.some(({ id }) => id !== campaignId)) return;
    const now = this.parts.context.clock.now();
    const jobId = withdrawJobOf(campaignId);
    const expiresAt = isoTime(now + WITHDRAWN_WITHIN_MS);
    await makeJob(
      this.parts.jobs,
      { ...campaign, campaignId, imageId, expiresAt },
      { jobId, stationIds, about: 'publish no more', command: unpublishCommand(await image()) },
      now,
    );
  }

  private async make(campaign: KnownCampaign, image: KnownFirmwareImage, controllers: readonly string[], now: number): Promise<void> {
    const jobId = publishJobOf(campaign.campaignId);
    if ((await this.parts.jobs.repository.job(jobId)).kind !== 'none') return;
    const command = publishCommand(campaign, image, requestIdOf(campaign.campaignId));
    await makeJob(this.parts.jobs, campaign, { jobId, stationIds: [...controllers].sort(), about: 'publish', command }, now);
  }

  /** Controllers that were not told yet are not told any more. */
  private async callOff(campaignId: string, now: number): Promise<void> {
    const jobId = publishJobOf(campaignId);
    const { repository, worker } = this.parts.jobs;
    const { outcome } = await repository.onJob(jobId, { kind: 'CancelJob', by: 'campaign', now }, 'called-off');
    if (outcome === 'committed') await worker.hurry([jobId]);
  }

  private async of(campaignId: string, controllers: readonly string[]): Promise<ReadonlyMap<string, FirmwarePublication>> {
    const docs = await this.parts.collections.publications.getMany(controllers.map((stationId) => `${campaignId}:${stationId}`));
    return new Map([...docs.values()].map(({ publication }) => [publication.stationId, publication]));
  }
}

/** The same after a restart. */
const requestIdOf = (campaignId: string): number => createHash('sha256').update(`publish ${campaignId}`).digest().readUInt32BE() >>> 1;
