import type { StationSelection } from '@voltlog/device-contract';
import { fits } from '@voltlog/device-domain';
import type { Collections, StationDoc } from '../store/documents.js';

/** Stations read in one go. */
const PAGE = 500;

/** The stations in service that a selection means now, by rising id, after `after`; a page at a time. */
export async function* selected(
  { stations, statuses }: Pick<Collections, 'stations' | 'statuses'>,
  selection: StationSelection,
  after = '',
): AsyncGenerator<readonly string[]> {
  for await (const docs of active(stations, selection, after)) {
    const matching = docs.filter((doc) => matches(doc, selection)).map(({ id }) => id);
    if (selection.connected === undefined) yield matching;
    else {
      const known = await statuses.getMany(matching);
      yield matching.filter((id) => (known.get(id)?.connected ?? false) === selection.connected);
    }
  }
}

async function* active(
  stations: Collections['stations'],
  { stationIds, siteId }: StationSelection,
  after: string,
): AsyncGenerator<readonly StationDoc[]> {
  if (stationIds !== undefined) {
    const ids = [...new Set(stationIds)].filter((id) => id > after).sort();
    for (let at = 0; at < ids.length; at += PAGE) {
      const docs = await stations.getMany(ids.slice(at, at + PAGE));
      yield ids.slice(at, at + PAGE).flatMap((id) => docs.get(id) ?? []);
    }
    return;
  }
  for (let last = after; ; ) {
    const where = { lifecycle: 'Active', id: { $gt: last }, ...(siteId === undefined ? {} : { siteId }) };
    const { docs } = await stations.find({ where, limit: PAGE });
    yield docs;
    if (docs.length < PAGE) return;
    last = docs.at(-1)?.id ?? '';
  }
}

const matches = (
  doc: StationDoc,
  { siteId, vendor = '', model = '', firmwareVersion = '', ocppVersion, tags = [] }: StationSelection,
): boolean =>
  doc.lifecycle === 'Active' &&
  tags.every((tag) => doc.tags?.includes(tag) === true) &&
  (siteId === undefined || doc.siteId === siteId) &&
  fits(vendor, doc.vendor) &&
  fits(model, doc.model) &&
  fits(firmwareVersion, doc.firmwareVersion) &&
  (ocppVersion === undefined || doc.ocppVersion === ocppVersion);
