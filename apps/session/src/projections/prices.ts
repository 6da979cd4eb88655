import { fold } from '@voltlog/kernel';
import type { Projection } from '@voltlog/service';
import type { PriceEvent, SessionPrice } from '@voltlog/session-contract';
import { priceDecider, priceScopeOfStream } from '@voltlog/session-domain';
import { bringUp, type Commit, rebuildCollection } from '@voltlog/store';
import { type PriceDocument, priceSchema } from '../store/session-documents.js';

/** @param since when the first price of the scope was set; undefined: not known */
export const priceDocument = (
  { scope, currency, perKwh, perMinute, perSession, version }: SessionPrice,
  since: string | undefined,
): PriceDocument => ({
  id: scope,
  version,
  currency,
  perKwh,
  perMinute,
  perSession,
  ...(since === undefined ? {} : { since }),
});

/** The prices, made anew of their streams. */
export const pricesProjection: Projection = {
  about: 'what charging costs, for all stations, at a site, at a station',
  from: 'commits',
  async rebuild({ store }, onProgress) {
    const { commits } = await rebuildCollection<PriceDocument>({
      store,
      name: 'prices',
      schema: priceSchema,
      onProgress: (progress) => onProgress(progress.commits),
      async project(batch, target) {
        const ids = batch.map(({ streamId }) => streamId).filter((id) => priceScopeOfStream(id) !== undefined);
        const streams = await store.streams.load([...new Set(ids)]);
        await bringUp(target, [...streams.values()].flatMap(documentOf));
      },
    });
    return commits;
  },
};

function documentOf(commits: readonly Commit[]): readonly PriceDocument[] {
  // What was written as an event of the stream is one.
  const events = commits.flatMap((commit) => commit.events.map(({ type, data }) => ({ type, data }) as PriceEvent));
  const { price, since } = fold(priceDecider, events);
  return price === undefined ? [] : [priceDocument(price, since)];
}
