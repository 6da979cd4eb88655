import { isoTime } from '@voltlog/kernel';
import type { Projection } from '@voltlog/service';
import type { Collection } from '@voltlog/store';
import { fullSyncOf } from '../lists/local-lists.js';
import { type LocalListDoc, localListSchema, type PolicyDoc, policySchema, type StationDoc, stationSchema } from '../store/documents.js';

const PAGE = 500;
const NAME = 'localLists';
/** Of the policy of sites without one of their own. */
const ALL_SITES = '*';

/**
 * How the local lists of stations stand. What a station was sent is on no topic, and what it has only it can tell: each station is asked
 * and, where its site wants a list, sent all of it.
 */
export const localListsProjection: Projection = {
  about: 'how the local lists of stations stand; each is asked for, and sent in whole',
  from: 'records',
  async rebuild({ store }, onProgress) {
    const lists = await store.collection<LocalListDoc>(NAME, localListSchema);
    const policies = await store.collection<PolicyDoc>('policies', policySchema);
    const dueAt = isoTime(Date.now());
    let done = 0;
    for await (const stations of pagesOf(await store.collection<StationDoc>('stations', stationSchema))) {
      const known = await lists.getMany(stations.map(({ id }) => id));
      const own = await policies.getMany([...new Set(stations.map(({ siteId }) => siteId || ALL_SITES)), ALL_SITES]);
      const wants = (siteId: string): boolean => (own.get(siteId) ?? own.get(ALL_SITES))?.localLists === true;
      const ids = stations.filter(({ id, siteId }) => wants(siteId) || hasList(known.get(id))).map(({ id }) => id);
      await lists.upsert(ids.map((id) => ({ doc: { ...UNKNOWN, id, updatedAt: dueAt } })));
      await store.timers.schedule(ids.map((id) => fullSyncOf(id, dueAt)));
      done += ids.length;
      onProgress(done);
    }
    return done;
  },
};

const UNKNOWN: Omit<LocalListDoc, 'id' | 'updatedAt'> = {
  wantedVersion: 0,
  wantedEntries: 0,
  state: 'Pending',
  reason: 'it is not known what the station was sent',
};

const hasList = (doc: LocalListDoc | undefined): boolean => doc !== undefined && doc.state !== 'Off' && doc.state !== 'NotSupported';

async function* pagesOf(collection: Collection<StationDoc>): AsyncGenerator<readonly StationDoc[]> {
  for (let after: string | undefined; ; ) {
    const page = await collection.find({ limit: PAGE, ...(after === undefined ? {} : { after }) });
    yield page.docs;
    if (page.next === undefined) return;
    after = page.next;
  }
}
