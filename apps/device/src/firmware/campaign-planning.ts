import { createHash } from 'node:crypto';
import { type FirmwareUpdateCommand, type KnownCampaign, waveSizes } from '@voltlog/device-domain';
import type { ServiceContext } from '@voltlog/service';
import { selected } from '../jobs/selection.js';
import type { Collections, StationDoc } from '../store/documents.js';
import type { FirmwareCollections } from './firmware-documents.js';
import type { FirmwareStreams } from './firmware-streams.js';

/** Streams written in one go. */
const SLICE = 200;
/** Stations of one campaign: their ids are put in order in memory. */
export const CAMPAIGN_STATIONS_MAX = 100_000;

export interface CampaignPlanningParts {
  readonly context: Pick<ServiceContext, 'clock'>;
  readonly streams: FirmwareStreams;
  readonly registry: Pick<Collections, 'stations' | 'statuses' | 'sites'>;
  readonly collections: Pick<FirmwareCollections, 'stations' | 'campaigns'>;
}

/**
 * Looks up the stations of a campaign and gives each its wave, in an order by chance that is the same each time, so that a small first wave
 * is a sample of all. A station that is planned already, by an attempt that was cut off, stays as it is.
 */
export async function planCampaign(parts: CampaignPlanningParts, campaign: KnownCampaign): Promise<void> {
  const { context, streams, registry } = parts;
  const { campaignId, waves } = campaign;
  const behind = await controllersOf(registry, campaign);
  const ids: string[] = [];
  for await (const page of selected(registry, campaign.selection)) {
    ids.push(...page);
    if (ids.length > CAMPAIGN_STATIONS_MAX) break;
  }
  const stationIds = inOrderByChance(ids.slice(0, CAMPAIGN_STATIONS_MAX), campaignId);
  const sizes = waveSizes(waves, stationIds.length);
  const waveOf = sizes.flatMap((size, index) => Array<number>(size).fill(index + 1));
  const zones = new Map<string, string>();
  for (let at = 0; at < stationIds.length; at += SLICE) {
    const slice = stationIds.slice(at, at + SLICE);
    const stations = await registry.stations.getMany(slice);
    const missing = [...new Set([...stations.values()].map(({ siteId }) => siteId))].filter((id) => id !== '' && !zones.has(id));
    for (const [siteId, site] of await registry.sites.getMany(missing)) zones.set(siteId, site.timeZone);
    const fromVersion = await versionsOf(parts, campaign.rollBackOf, stations);
    const commands = slice.map((stationId, index): { id: string; command: FirmwareUpdateCommand; causationId: string } => {
      const station = stations.get(stationId);
      return {
        id: `${campaignId}:${stationId}`,
        causationId: 'plan',
        command: {
          kind: 'PlanUpdate',
          campaignId,
          stationId,
          plan: {
            wave: waveOf[at + index] ?? 1,
            version: campaign.version,
            fromVersion: fromVersion(stationId),
            timeZone: zones.get(station?.siteId ?? '') || campaign.timeZone,
            proof: campaign.proof,
            attemptsMax: campaign.attemptsMax,
            retryMinutes: campaign.retryMinutes,
            ...behind(stationId, station?.siteId ?? ''),
          },
          now: context.clock.now(),
        },
      };
    });
    await streams.updates.all(commands);
  }
  const command = { kind: 'ReportPlanned' as const, stationCounts: sizes, now: context.clock.now() };
  await streams.campaigns.one(campaignId, command, 'planned');
}

/**
 * What each station runs, as it said when it booted last. On the way back a station counts as running what it was updated to until it is known
 * to have booted since: the registry may hear of that boot later than the campaign did.
 */
async function versionsOf(
  { collections }: CampaignPlanningParts,
  rollBackOf: string,
  stations: ReadonlyMap<string, StationDoc>,
): Promise<(stationId: string) => string> {
  const updated = rollBackOf === '' ? undefined : (await collections.campaigns.get(rollBackOf))?.campaign.version;
  const ids = [...stations.keys()].map((stationId) => `${rollBackOf}:${stationId}`);
  const rows = updated === undefined ? undefined : await collections.stations.getMany(ids);
  return (stationId) => {
    const { firmwareVersion = '', identityAt = '' } = stations.get(stationId) ?? {};
    const update = rows?.get(`${rollBackOf}:${stationId}`)?.update;
    return updated !== undefined && update?.state === 'Updated' && identityAt < update.at ? updated : firmwareVersion;
  };
}

/** The local controller that a station is behind: the one that names it, else the one of its site. */
async function controllersOf({ stations }: Pick<CampaignPlanningParts['registry'], 'stations'>, { localControllers = [] }: KnownCampaign) {
  const known = await stations.getMany(localControllers.map(({ stationId }) => stationId));
  const byStation = new Map<string, string>();
  const bySite = new Map<string, string>();
  for (const { stationId, stationIds } of localControllers.toReversed()) {
    for (const id of stationIds) byStation.set(id, stationId);
    const siteId = known.get(stationId)?.siteId ?? '';
    if (stationIds.length === 0 && siteId !== '') bySite.set(siteId, stationId);
  }
  const controllers = new Set(localControllers.map(({ stationId }) => stationId));
  return (stationId: string, siteId: string): { readonly localController?: string } => {
    const localController = controllers.has(stationId) ? undefined : (byStation.get(stationId) ?? bySite.get(siteId));
    return localController === undefined ? {} : { localController };
  };
}

function inOrderByChance(ids: readonly string[], seed: string): readonly string[] {
  const keyed = ids.map((id) => [createHash('sha256').update(`${seed} ${id}`).digest('hex'), id] as const);
  return keyed.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, id]) => id);
}
