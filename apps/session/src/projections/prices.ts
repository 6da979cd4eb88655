import { fold } from '@voltlog/kernel';
import type { Projection } from '@voltlog/service';
import type { PriceEvent, SessionPrice } from '@voltlog/session-contract';
import { type PriceState, priceDecider, priceScopeOfStream } from '@voltlog/session-domain';
import { bringUp, type Commit, rebuildCollection } from '@voltlog/store';
import { type PriceDocument, priceSchema } from '../store/session-documents.js';

/** @param since as of the state; undefined: not known */
export const priceDocument = (
  { scope, currency, perKwh, perMinute, perSession, version }: SessionPrice,
  { since, removed }: Pick<PriceState, 'since' | 'removed'>,
): PriceDocument => ({
  id: scope,
  version,
  currency,
  perKwh,
  perMinute,
  perSession,
  ...(since === undefined ? {} : { since }),
  ...(removed === true ? { removed } : {}),
});

/** What follows from an event that is newer than what is known. */
export function priceAfter(known: PriceDocument | undefined, { type, data }: PriceEvent): PriceDocument {
  if (type === 'voltlog.session.PriceChanged.v1') {
    const isFirst = data.version === 1 || known?.removed === true;
    const since = isFirst ? data.at : known?.since;
    return priceDocument(data, since === undefined ? {} : { since });
  }
  const { scope, version } = data;
  const { currency = '', perKwh = '0', perMinute = '0', perSession = '0' } = known ?? {};
  return priceDocument({ scope, version, currency, perKwh, perMinute, perSession }, { removed: true });
}

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
  const state = fold(priceDecider, events);
  return state.price === undefined ? [] : [priceDocument(state.price, state)];
}
