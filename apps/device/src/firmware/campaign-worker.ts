import { randomBytes } from 'node:crypto';
import {
  type CampaignTally,
  type FirmwarePublication,
  type FirmwareUpdate,
  isWindowOpen,
  type KnownCampaign,
  type KnownFirmwareImage,
  nextWaveAt,
} from '@voltlog/device-domain';
import { isoTime } from '@voltlog/kernel';
import type { ServiceContext } from '@voltlog/service';
import { pages, TimerLoop } from '@voltlog/store';
import type { JobCollections } from '../jobs/job-documents.js';
import { type CampaignJob, type CampaignJobs, makeJob, updateCommand } from './campaign-job.js';
import type { CampaignPlanningParts } from './campaign-planning.js';
import { planCampaign } from './campaign-planning.js';
import type { CampaignStationDoc, FirmwareCollections } from './firmware-documents.js';
import { Publications } from './publications.js';
import { RollBacks } from './roll-backs.js';

const CAMPAIGN_TIMER = 'CampaignStep';
/** Stations looked at in one go. */
const PAGE = 500;
/** Stations of one job. */
const JOB_STATIONS_MAX = 5_000;
/** Streams written in one go. */
const SLICE = 200;
const BUSY_MS = 2_000;
const IDLE_MS = 15_000;
/** What happens at stations is looked at together. */
const GATHER_MS = 500;
/** How often it is looked whether a job was lost between two writes. */
const LOST_JOBS_MS = 60_000;
const LEASE_MS = 120_000;

export interface CampaignWorkerParts extends CampaignPlanningParts {
  readonly context: Pick<ServiceContext, 'clock' | 'logger' | 'store' | 'ids'>;
  readonly collections: FirmwareCollections;
  readonly jobs: CampaignJobs & { readonly collections: JobCollections };
  readonly lookMs: number;
}

/**
 * Works on campaigns step by step, one instance at a time by a durable timer with a lease. Sending is left to jobs: a step hands the stations
 * whose turn it is to a job, and takes them back from it when the campaign is paused or a window shuts.
 */
export class CampaignWorker {
  private readonly loop: TimerLoop;
  private readonly lookedAtMs = new Map<string, number>();
  private readonly rollBacks: RollBacks;
  private readonly publications: Publications;

  constructor(private readonly parts: CampaignWorkerParts) {
    this.rollBacks = new RollBacks(parts);
    this.publications = new Publications(parts);
    const { store, clock, logger } = parts.context;
    const handle = ({ payload }: { readonly payload: unknown }): Promise<void> => this.step(String(payload));
    this.loop = new TimerLoop({
      timers: store.timers,
      kind: CAMPAIGN_TIMER,
      handle,
      clock,
      logger,
      everyMs: parts.lookMs,
      leaseMs: LEASE_MS,
    });
  }

  start(): void {
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  /** Somebody changed it. */
  async hurry(campaignId: string): Promise<void> {
    await this.schedule([campaignId], 0);
    this.loop.hurry();
  }

  /** Something happened at its stations. */
  async nudge(campaignIds: readonly string[]): Promise<void> {
    if (campaignIds.length > 0) await this.schedule(campaignIds, GATHER_MS);
  }

  /** How many of a campaign's stations failed, and ended as updated or failed. */
  async tally(campaignId: string): Promise<CampaignTally> {
    const { stations } = this.parts.collections;
    const [updated, failed] = await Promise.all(['Updated', 'Failed'].map((state) => stations.count({ campaignId, state })));
    return { failed: failed ?? 0, ended: (updated ?? 0) + (failed ?? 0) };
  }

  private async step(campaignId: string): Promise<void> {
    const campaign = await this.parts.streams.campaigns.state(campaignId);
    if (campaign.kind === 'none') return;
    if (campaign.state === 'Ended') this.lookedAtMs.delete(campaignId);
    const waitMs =
      campaign.state === 'Planning'
        ? await this.plan(campaign)
        : campaign.state === 'Ended'
          ? await this.bringBack(campaign)
          : await this.work(campaign);
    if (waitMs === undefined) return;
    await this.schedule([campaignId], waitMs);
    if (waitMs === 0) this.loop.hurry();
  }

  private async plan(campaign: KnownCampaign): Promise<number> {
    await planCampaign(this.parts, campaign);
    return 0;
  }

  /** How long until the next step, ms; undefined: it has ended. */
  private async work(before: KnownCampaign): Promise<number | undefined> {
    const { campaignId } = before;
    const { streams, context } = this.parts;
    const now = context.clock.now();
    await this.giveUp(before, now);
    const judged = await streams.campaigns.one(campaignId, { kind: 'Judge', tally: await this.tally(campaignId), now }, context.ids.next());
    const campaign = judged.state.kind === 'campaign' ? judged.state : before;
    const expired = campaign.expiresAt <= isoTime(now);
    const isServed = campaign.state === 'Running' && !expired;
    const publications = await this.publications.step(campaign, () => this.image(campaign), isServed);
    await this.findLostJobs(campaign, publications, now);
    if (expired || campaign.state === 'Cancelling') await this.drop(campaign, expired ? 'Expired' : 'Cancelled');
    // The jobs of a campaign that is over expire with it.
    if (campaign.state !== 'Running') await this.takeBack(campaign, () => true);
    else if (isServed) await this.serve(await this.withWaves(campaign, now), publications, now);
    const backMs = await this.bringBack(campaign);
    const [planned, queued, updating] = await Promise.all(
      (['Planned', 'Queued', 'Updating'] as const).map((state) => this.parts.collections.stations.count({ campaignId, state })),
    );
    if (planned === 0 && queued === 0 && updating === 0) {
      await this.publications.withdraw(campaign, () => this.image(campaign));
      await streams.campaigns.one(campaignId, { kind: 'EndCampaign', expired, now }, 'end');
      return backMs;
    }
    return queued === 0 && updating === 0 ? IDLE_MS : BUSY_MS;
  }

  /** The platform's own way back. How long until it is to be looked at again, ms; undefined: nobody is left to be brought back. */
  private async bringBack(campaign: KnownCampaign): Promise<number | undefined> {
    return campaign.goingBack && (await this.rollBacks.step(campaign)) ? IDLE_MS : undefined;
  }

  /** Stations that get no further have failed. The time until they are to begin does not count. */
  private async giveUp({ campaignId, noProgressMinutes, retrieveAt, installAt }: KnownCampaign, now: number): Promise<void> {
    const waitsUntil = Math.max(0, ...[retrieveAt, installAt].filter((at) => at !== '').map((at) => Date.parse(at)));
    const patienceMs = noProgressMinutes * 60_000;
    if (now < waitsUntil + patienceMs) return;
    const before = isoTime(now - patienceMs);
    const reason = `nothing happened for ${noProgressMinutes} minutes`;
    await this.eachPage({ campaignId, state: 'Updating', progressAt: { $lt: before } }, (docs) =>
      this.onEach(docs, () => ({ kind: 'GiveUp', before, reason, now })),
    );
  }

  private async drop({ campaignId }: KnownCampaign, outcome: 'Expired' | 'Cancelled'): Promise<void> {
    const now = this.parts.context.clock.now();
    await this.eachPage({ campaignId, state: 'Planned' }, (docs) => this.onEach(docs, () => ({ kind: 'DropUpdate', outcome, now })));
  }

  /** Ends a wave that is through, and begins the next one when its time has come. */
  private async withWaves(campaign: KnownCampaign, now: number): Promise<KnownCampaign> {
    const { campaigns } = this.parts.streams;
    const { campaignId, wave } = campaign;
    let state: KnownCampaign = campaign;
    const decide = async (command: Parameters<typeof campaigns.one>[1], cause: string): Promise<void> => {
      const execution = await campaigns.one(campaignId, command, cause);
      if (execution.state.kind === 'campaign') state = execution.state;
    };
    if (wave > 0 && state.wavesEnded < wave && (await this.isThrough(campaign)))
      await decide({ kind: 'EndWave', wave, now }, `wave-ended:${wave}`);
    const at = nextWaveAt(state);
    if (at !== undefined && at <= now && state.wave < state.waves.length)
      await decide({ kind: 'StartWave', wave: state.wave + 1, now }, `wave:${state.wave + 1}`);
    return state;
  }

  /** Nobody of the wave is at it; those that are offline are not waited for, unless all of them are. */
  private async isThrough({ campaignId, wave }: KnownCampaign): Promise<boolean> {
    const { stations } = this.parts.collections;
    const of = (states: readonly string[]) => stations.count({ campaignId, wave, state: { $in: states } });
    if ((await of(['Planned', 'Updating'])) > 0) return false;
    let queued = 0;
    for await (const docs of pages(stations, { where: { campaignId, state: 'Queued', wave }, limit: PAGE })) {
      queued += docs.length;
      const ids = docs.map(({ update, stationId }) => `${update.jobId}:${stationId}`);
      const told = await this.parts.jobs.collections.stations.getMany(ids);
      if (ids.some((id) => told.get(id)?.state !== 'Waiting')) return false;
    }
    return queued === 0 || (await of(['Updated', 'Failed', 'Skipped'])) > 0;
  }

  /** Hands stations whose turn it is to jobs, a job for each time zone and each address; takes them back where the window has shut. */
  private async serve(campaign: KnownCampaign, publications: Published, now: number): Promise<void> {
    const { campaignId, wave, windows } = campaign;
    // Many stations lie in few time zones, and to look at one is dear.
    const open = new Map<string, boolean>();
    const isOpen = (timeZone: string): boolean => {
      const known = open.get(timeZone) ?? isWindowOpen(windows, timeZone, now);
      open.set(timeZone, known);
      return known;
    };
    if (windows.length > 0) await this.takeBack(campaign, ({ update }) => !isOpen(update.timeZone));
    const where = { campaignId, state: 'Planned', wave: { $lte: wave }, dueAt: { $lte: isoTime(now) } };
    const due: CampaignStationDoc[] = [];
    for await (const docs of pages(this.parts.collections.stations, { where, limit: PAGE }))
      due.push(...docs.filter(({ update }) => viaOf(update, publications) !== undefined && isOpen(update.timeZone)));
    const byJob = Map.groupBy(due, ({ update }) => JSON.stringify([update.timeZone, viaOf(update, publications)]));
    for (const docs of byJob.values())
      for (let at = 0; at < docs.length; at += JOB_STATIONS_MAX)
        await this.queue(campaign, docs.slice(at, at + JOB_STATIONS_MAX), publications, now);
  }

  /** That they are in the job is written before the job is: one that a crash left out is found and made. */
  private async queue(campaign: KnownCampaign, docs: readonly CampaignStationDoc[], publications: Published, now: number): Promise<void> {
    const via = docs[0] === undefined ? '' : (viaOf(docs[0].update, publications) ?? '');
    const jobId = `${campaign.campaignId}-${((randomBytes(4).readUInt32BE() | 0x8000_0000) >>> 0).toString(16)}`;
    const requestId = randomBytes(4).readUInt32BE() >>> 1;
    const stationIds: string[] = [];
    for (let at = 0; at < docs.length; at += SLICE) {
      const executions = await this.onEach(docs.slice(at, at + SLICE), () => ({ kind: 'QueueUpdate', jobId, requestId, via, now }));
      for (const { state } of executions) if (state?.jobId === jobId) stationIds.push(state.stationId);
    }
    const location = publications.get(via)?.location;
    if (stationIds.length > 0) await this.make(campaign, { jobId, requestId, stationIds: stationIds.sort(), location });
  }

  private async make(campaign: KnownCampaign, job: CampaignJob): Promise<void> {
    const now = this.parts.context.clock.now();
    const command = updateCommand(campaign, await this.image(campaign), job, now);
    await makeJob(this.parts.jobs, campaign, { ...job, about: `wave ${campaign.wave}`, command }, now);
  }

  private async image({ campaignId, imageId }: KnownCampaign): Promise<KnownFirmwareImage> {
    const image = await this.parts.streams.images.state(imageId);
    if (image.kind === 'none') throw new Error(`campaign ${campaignId} has no image`);
    return image;
  }

  /** Jobs whose stations were written down, but that a crash left unmade. */
  private async findLostJobs(campaign: KnownCampaign, publications: Published, now: number): Promise<void> {
    const { campaignId } = campaign;
    if (now - (this.lookedAtMs.get(campaignId) ?? Number.NEGATIVE_INFINITY) < LOST_JOBS_MS) return;
    this.lookedAtMs.set(campaignId, now);
    for (const [jobId, docs] of Map.groupBy(await this.queued(campaignId), ({ update }) => update.jobId)) {
      if ((await this.parts.jobs.repository.job(jobId)).kind !== 'none') continue;
      const { requestId = 0, via = '' } = docs[0]?.update ?? {};
      const location = publications.get(via)?.location;
      await this.make(campaign, { jobId, requestId, location, stationIds: docs.map(({ stationId }) => stationId).sort() });
    }
  }

  /** Cancels the jobs of stations that are not to be told now; the stations come back as planned. */
  private async takeBack({ campaignId }: KnownCampaign, which: (doc: CampaignStationDoc) => boolean): Promise<void> {
    const jobIds = new Set((await this.queued(campaignId)).filter(which).map(({ update }) => update.jobId));
    const { repository, worker } = this.parts.jobs;
    const { clock } = this.parts.context;
    for (const jobId of jobIds) {
      const { outcome } = await repository.onJob(jobId, { kind: 'CancelJob', by: 'campaign', now: clock.now() }, 'taken-back');
      if (outcome === 'committed') await worker.hurry([jobId]);
    }
  }

  /** All that are in a job. */
  private async queued(campaignId: string): Promise<readonly CampaignStationDoc[]> {
    const queued: CampaignStationDoc[] = [];
    for await (const docs of pages(this.parts.collections.stations, { where: { campaignId, state: 'Queued' }, limit: PAGE }))
      queued.push(...docs);
    return queued;
  }

  /** Works on what meets the condition until nothing does, or nothing changes. */
  private async eachPage(
    where: Parameters<FirmwareCollections['stations']['find']>[0]['where'] & object,
    work: (docs: readonly CampaignStationDoc[]) => Promise<readonly { readonly outcome: string }[]>,
  ): Promise<void> {
    for (;;) {
      const { docs } = await this.parts.collections.stations.find({ where, limit: SLICE });
      if (docs.length === 0) return;
      const executions = await work(docs);
      if (executions.every(({ outcome }) => outcome !== 'committed')) return;
    }
  }

  private onEach(docs: readonly CampaignStationDoc[], command: () => Parameters<CampaignWorkerParts['streams']['updates']['one']>[1]) {
    const { streams, context } = this.parts;
    return streams.updates.all(docs.map(({ id }) => ({ id, command: command(), causationId: context.ids.next() })));
  }

  private schedule(campaignIds: readonly string[], inMs: number): Promise<void> {
    const dueAt = isoTime(this.parts.context.clock.now() + inMs);
    return this.parts.context.store.timers.scheduleNoLater(
      campaignIds.map((campaignId) => ({ id: `campaign:${campaignId}`, kind: CAMPAIGN_TIMER, dueAt, payload: campaignId })),
    );
  }
}

/** By controller. */
type Published = ReadonlyMap<string, FirmwarePublication>;

/** The controller from which a station fetches the image; empty: from the platform. undefined: that is not known yet. */
function viaOf({ localController = '', direct }: Partial<FirmwareUpdate>, publications: Published): string | undefined {
  if (localController === '' || direct) return '';
  switch (publications.get(localController)?.state) {
    case 'Published':
      return localController;
    case 'Failed':
      return '';
    default:
      return undefined;
  }
}
