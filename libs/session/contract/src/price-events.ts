import type { SessionPrice } from './limit-events.js';

/** Topic of prices; key: the price's scope. */
export const PRICE_TOPIC = 'session.price.v1';

/** A price was set or changed. It holds for sessions that start from then on. */
export interface PriceChanged extends SessionPrice {
  /** Our clock. */
  readonly at: string;
}

/** It was taken away. Sessions that start from then on have the price of the next wider scope, if one is set. */
export interface PriceRemoved {
  readonly scope: string;
  /** Counts on from the last price of the scope. */
  readonly version: number;
  /** Our clock. */
  readonly at: string;
}

/** Every event on the topic: event type -> data. */
export interface PriceEvents {
  'voltlog.session.PriceChanged.v1': PriceChanged;
  'voltlog.session.PriceRemoved.v1': PriceRemoved;
}

export type PriceEventType = keyof PriceEvents;

export type PriceEvent = { [Type in PriceEventType]: { readonly type: Type; readonly data: PriceEvents[Type] } }[PriceEventType];
