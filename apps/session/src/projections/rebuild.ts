import type { Projection } from '@voltlog/service';
import { type Collection, type Commit, rebuildCollection, type Store } from '@voltlog/store';
import { openCollections, type ReadingsDocument, readingsSchema, type SessionCollections } from '../store/session-documents.js';
import { pricesProjection } from './prices.js';
import { foldStream, replayReadings, replaySessions, streamsThatEndIn } from './replay.js';
import { sessionNoticesProjection } from './session-notices.js';
import { stationSitesProjection } from './station-sites.js';

/** Active sessions looked at in one go. */
const PAGE = 256;
/** Tries to write the readings of a session that is being written to. */
const TRIES_MAX = 8;

/** The read models of the service. Sessions show the energy of their readings: rebuild those first when both are in doubt. */
export const sessionProjections: Readonly<Record<string, Projection>> = {
  readings: {
    about: 'what the meter values of each session come to: energy, power, state of charge',
    from: 'commits',
    rebuild: ({ store }, onProgress) => rebuildReadings(store, onProgress),
  },
  sessions: {
    about: 'sessions, as listed and searched',
    from: 'commits',
    rebuild: ({ store }, onProgress) => replaySessions(store, { onProgress: ({ commits }) => onProgress(commits) }),
  },
  prices: pricesProjection,
  'price-sites': stationSitesProjection,
  'session-notices': sessionNoticesProjection,
};

async function rebuildReadings(store: Store, onProgress: (commits: number) => void): Promise<number> {
  const collections = await openCollections(store);
  const { commits } = await rebuildCollection<ReadingsDocument>({
    store,
    name: 'readings',
    schema: readingsSchema,
    onProgress: (progress) => onProgress(progress.commits),
    async project(batch: readonly Commit[], target: Collection<ReadingsDocument>) {
      const streams = await streamsThatEndIn(store, batch);
      const known = await collections.readings.getMany([...streams.keys()]);
      for (const [sessionId, stream] of streams) {
        const readings = await replayReadings(collections.meterValues, sessionId, foldStream(stream).claims);
        await target.upsert([{ doc: { id: sessionId, version: known.get(sessionId)?.version ?? 1, readings } }]);
      }
    },
  });
  await bringActiveUp(store, collections);
  return commits;
}

/** What came in for running sessions between the reading of their values and the swap. */
async function bringActiveUp(store: Store, collections: SessionCollections): Promise<void> {
  let after: string | undefined;
  do {
    const page = await collections.sessions.find({ where: { state: 'Active' }, limit: PAGE, ...(after === undefined ? {} : { after }) });
    const streams = await store.streams.load(page.docs.map(({ id }) => id));
    for (const [sessionId, stream] of streams) {
      const { claims } = foldStream(stream);
      for (let tries = 0; tries < TRIES_MAX; tries += 1) {
        const stored = await collections.readings.get(sessionId);
        const readings = await replayReadings(collections.meterValues, sessionId, claims);
        const version = stored?.version ?? 0;
        const [written] = await collections.readings.upsert([
          { doc: { id: sessionId, version: version + 1, readings }, expectedVersion: version },
        ]);
        if (written === true) break;
      }
    }
    after = page.next;
  } while (after !== undefined);
}
