/**
 * One fact in its envelope: CloudEvents 1.0 with the platform's extensions.
 *
 * `data` is plain JSON data and is never changed once made; an adapter may parse it on first access.
 * Source: CloudEvents 1.0.2 §2.4, W3C Trace Context.
 */
export interface EventEnvelope<Type extends string = string, Data = unknown> {
  /** UUIDv7; consumers dedupe by it. */
  readonly id: string;
  /** `voltlog.<service>.<Name>.v<major>` */
  readonly type: Type;
  /** `/<service>/<instance>` */
  readonly source: string;
  /** What the fact is about: a station id, a session id. */
  readonly subject: string;
  /** When it was recorded, ISO 8601 UTC with milliseconds. */
  readonly time: string;
  readonly data: Data;
  readonly traceparent?: string;
  /** Joins everything that came of one station message or one API call. */
  readonly correlationId?: string;
  /** The id of the event or command that caused this one. */
  readonly causationId?: string;
}

/** The data of an event as JSON; there is always some text. */
export const dataTextOf = ({ data }: Pick<EventEnvelope, 'data'>): string => JSON.stringify(data) ?? 'null';

/** A closed set of event types and their data: `{ 'voltlog.x.Happened.v1': Happened }` becomes the union of its envelopes. */
export type EventOf<Map extends object> = {
  [Type in keyof Map & string]: EventEnvelope<Type, Map[Type]>;
}[keyof Map & string];
