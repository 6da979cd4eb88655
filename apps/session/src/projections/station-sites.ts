import { DEVICE_TOPIC, type DeviceEvents, type DeviceEventType } from '@voltlog/device-contract';
import type { EventOf } from '@voltlog/kernel';
import type { Projection } from '@voltlog/service';
import { type Collection, rebuildFromTopic } from '@voltlog/store';
import { type StationSiteDocument, stationSiteSchema } from '../store/session-documents.js';

export const STATION_SITE_TYPES: readonly DeviceEventType[] = [
  'voltlog.device.StationRegistered.v1',
  'voltlog.device.StationChanged.v1',
  'voltlog.device.StationRetired.v1',
];

/**
 * Stores where stations are.
 *
 * @param events those of one station in order
 * @returns the stations they are about, and whether one of them is at a site
 */
export async function writeStationSites(
  events: readonly EventOf<DeviceEvents>[],
  target: Collection<StationSiteDocument>,
): Promise<{ readonly stationIds: readonly string[]; readonly anyPlaced: boolean }> {
  const sites = new Map<string, string>();
  for (const event of events) {
    if (event.type === 'voltlog.device.StationRegistered.v1' || event.type === 'voltlog.device.StationChanged.v1')
      sites.set(event.data.stationId, event.data.siteId);
    else if (event.type === 'voltlog.device.StationRetired.v1') sites.set(event.data.stationId, '');
  }
  const gone: string[] = [];
  const placed: { readonly doc: StationSiteDocument }[] = [];
  for (const [id, siteId] of sites) {
    if (siteId === '') gone.push(id);
    else placed.push({ doc: { id, siteId } });
  }
  if (gone.length > 0) await target.delete(gone);
  if (placed.length > 0) await target.upsert(placed);
  return { stationIds: [...sites.keys()], anyPlaced: placed.length > 0 };
}

/** Where stations are, made anew of what the device service told. */
export const stationSitesProjection: Projection = {
  about: 'the site of each station',
  from: 'records',
  async rebuild({ store, log }, onProgress) {
    const { records } = await rebuildFromTopic<StationSiteDocument>({
      store,
      log,
      topic: DEVICE_TOPIC,
      types: STATION_SITE_TYPES,
      name: 'stationSites',
      schema: stationSiteSchema,
      onProgress: (progress) => onProgress(progress.records),
      async project(batch, target) {
        await writeStationSites(
          batch.map(({ event }) => event as EventOf<DeviceEvents>),
          target,
        );
      },
    });
    return records;
  },
};
