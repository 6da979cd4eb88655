import type { SessionPrice } from './limit-events.js';

/** Topic of prices; key: the price's scope. */
export const PRICE_TOPIC = 'session.price.v1';

/** A price was set or changed. It holds for sessions that start from then on. */
export interface PriceChanged extends SessionPrice {
  /** Our clock. */
  readonly at: string;
}

/** Every event on the topic: event type -> data. */
export interface PriceEvents {
  'voltlog.session.PriceChanged.v1': PriceChanged;
}

export type PriceEventType = keyof PriceEvents;

export type PriceEvent = { [Type in PriceEventType]: { readonly type: Type; readonly data: PriceEvents[Type] } }[PriceEventType];
