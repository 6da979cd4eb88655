import { type Decider, decided, refused } from '@voltlog/kernel';
import type { PriceEvent, SessionPrice } from '@voltlog/session-contract';

/** Sets what charging costs in a scope: `default`, `site:<id>` or `station:<id>`. */
export interface PutPrice {
  readonly kind: 'PutPrice';
  readonly price: Omit<SessionPrice, 'version'>;
  /** Refused unless the price has this version; 0: not checked. */
  readonly expectedVersion: number;
  /** Refused where one is set. */
  readonly mustBeNew: boolean;
  /** ISO 8601 UTC, our clock. */
  readonly at: string;
}

/** Undefined: none is set. */
export interface PriceState {
  readonly price: SessionPrice | undefined;
  /** When the first price of the scope was set: sessions that began before have none by it. */
  readonly since?: string;
}

export type PriceRefusal = 'VersionMismatch' | 'PriceExists';

const STREAM = 'price:';

export const priceStreamId = (scope: string): string => STREAM + scope;
/** The scope whose price a stream is; undefined: it is the stream of something else. */
export const priceScopeOfStream = (streamId: string): string | undefined =>
  streamId.startsWith(STREAM) ? streamId.slice(STREAM.length) : undefined;

/** One price. The same one again changes nothing. */
export const priceDecider: Decider<PutPrice, PriceState, PriceEvent, PriceRefusal> = {
  initialState: { price: undefined },
  decide({ price, expectedVersion, mustBeNew, at }, { price: known }) {
    if (mustBeNew && known !== undefined) return refused('PriceExists');
    const version = known?.version ?? 0;
    if (expectedVersion !== 0 && expectedVersion !== version) return refused('VersionMismatch');
    if (known !== undefined && samePrice(known, price)) return decided();
    return decided({ type: 'voltlog.session.PriceChanged.v1', data: { ...price, version: version + 1, at } });
  },
  evolve({ since }, { data }) {
    const { at, ...price } = data;
    return { price, since: since ?? at };
  },
};

const samePrice = (a: Omit<SessionPrice, 'version'>, b: Omit<SessionPrice, 'version'>): boolean =>
  a.currency === b.currency && a.perKwh === b.perKwh && a.perMinute === b.perMinute && a.perSession === b.perSession;
