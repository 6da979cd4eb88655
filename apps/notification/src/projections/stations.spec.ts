import type { ServiceContext } from '@voltlog/service';
import { expect, it } from 'vitest';
import type { Collections, StationDoc } from '../store/documents.js';
import { Stations } from './stations.js';

it('what another instance was told of a station is known half a minute later', async () => {
  let nowMs = 0;
  const docs = new Map<string, StationDoc>([['CP-1', { id: 'CP-1', siteId: 'harbour', name: '' }]]);
  let reads = 0;
  const getMany = async (ids: readonly string[]) => {
    reads += 1;
    return new Map(ids.flatMap((id) => (docs.has(id) ? [[id, docs.get(id) as StationDoc] as const] : [])));
  };
  const stations = new Stations(
    { clock: { now: () => nowMs } } as unknown as ServiceContext,
    { stations: { getMany } } as unknown as Pick<Collections, 'stations'>,
  );
  const siteOf = async (stationId: string) => (await stations.of([stationId, stationId])).get(stationId)?.siteId;

  expect(await siteOf('CP-1')).toBe('harbour');
  docs.set('CP-1', { id: 'CP-1', siteId: 'hill', name: '' });
  nowMs = 29_999;
  expect(await siteOf('CP-1')).toBe('harbour');
  expect(reads).toBe(1);
  nowMs = 30_000;
  expect(await siteOf('CP-1')).toBe('hill');

  // One that is not known is asked for each time: it may just be registered.
  expect(await siteOf('CP-2')).toBeUndefined();
  docs.set('CP-2', { id: 'CP-2', siteId: 'hill', name: '' });
  expect(await siteOf('CP-2')).toBe('hill');
});
