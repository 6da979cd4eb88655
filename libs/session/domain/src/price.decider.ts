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

export interface RemovePrice {
  readonly kind: 'RemovePrice';
  /** As for {@link PutPrice}. */
  readonly expectedVersion: number;
  /** ISO 8601 UTC, our clock. */
  readonly at: string;
}

export type PriceCommand = PutPrice | RemovePrice;

export interface PriceState {
  /** The one that holds, or the last one with the version of its removal; undefined: none was ever set. */
  readonly price: SessionPrice | undefined;
  /** It was taken away. Absent: it holds. */
  readonly removed?: true;
  /** When the price of the scope was first set, or set anew after it was taken away: sessions that began before have none by it. */
  readonly since?: string;
}

export type PriceRefusal = 'VersionMismatch' | 'PriceExists' | 'PriceUnknown';

const STREAM = 'price:';

export const priceStreamId = (scope: string): string => STREAM + scope;
/** The scope whose price a stream is; undefined: it is the stream of something else. */
export const priceScopeOfStream = (streamId: string): string | undefined =>
  streamId.startsWith(STREAM) ? streamId.slice(STREAM.length) : undefined;

/** One price. The same one again changes nothing. */
export const priceDecider: Decider<PriceCommand, PriceState, PriceEvent, PriceRefusal> = {
  initialState: { price: undefined },
  decide(command, { price: last, removed }) {
    const { expectedVersion, at } = command;
    const known = removed === true ? undefined : last;
    if (command.kind === 'PutPrice' && command.mustBeNew && known !== undefined) return refused('PriceExists');
    if (expectedVersion !== 0 && expectedVersion !== known?.version) return refused('VersionMismatch');
    const version = (last?.version ?? 0) + 1;
    if (command.kind === 'RemovePrice')
      return known === undefined
        ? refused('PriceUnknown')
        : decided<PriceEvent>({ type: 'voltlog.session.PriceRemoved.v1', data: { scope: known.scope, version, at } });
    if (known !== undefined && samePrice(known, command.price)) return decided();
    return decided<PriceEvent>({ type: 'voltlog.session.PriceChanged.v1', data: { ...command.price, version, at } });
  },
  evolve({ price: last, removed, since }, { type, data }) {
    if (type === 'voltlog.session.PriceRemoved.v1')
      return last === undefined ? { price: last } : { price: { ...last, version: data.version }, removed: true };
    const { at, ...price } = data;
    return { price, since: removed === true ? at : (since ?? at) };
  },
};

const samePrice = (a: Omit<SessionPrice, 'version'>, b: Omit<SessionPrice, 'version'>): boolean =>
  a.currency === b.currency && a.perKwh === b.perKwh && a.perMinute === b.perMinute && a.perSession === b.perSession;
