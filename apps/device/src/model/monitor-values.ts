import type {
  EventStreamClosed,
  EventStreamOpened,
  EventStreamReported,
  StationEventsReported,
  StationFactType,
} from '@voltlog/connection-contract';
import { isStationId } from '@voltlog/device-domain';
import type { LogRecord } from '@voltlog/event-log';
import type { ServiceContext } from '@voltlog/service';
import type { Collection, Store } from '@voltlog/store';
import { Schema } from 'mongoose';

/** Values are readings: they are shown, and are no events of the device model. */
export const VALUE_FACTS = [
  'voltlog.connection.StationEventsReported.v1',
  'voltlog.connection.EventStreamOpened.v1',
  'voltlog.connection.EventStreamReported.v1',
  'voltlog.connection.EventStreamClosed.v1',
] as const satisfies readonly StationFactType[];

type ValueFact = StationEventsReported | EventStreamOpened | EventStreamReported | EventStreamClosed;

/** What a monitor told last. */
export interface MonitorValueDoc {
  /** `<station>/<monitor>` */
  readonly id: string;
  readonly value: string;
  /** By the station's clock, and never later than we heard of it. */
  readonly at: string;
}

/** Which monitor a stream of values is about, while it is open. */
interface EventStreamDoc {
  /** `<station>/<stream>` */
  readonly id: string;
  readonly monitorId: number;
}

const VALUE_LENGTH_MAX = 500;
const schemaOf = (fields: object) => new Schema({ id: { type: String, required: true }, ...fields }, { id: false, versionKey: false });

/** The last value of each monitor: of events that name it, and of the periodic streams of 2.1. */
export class MonitorValues {
  private constructor(
    private readonly values: Collection<MonitorValueDoc>,
    private readonly streams: Collection<EventStreamDoc>,
  ) {}

  static async open({ store }: { readonly store: Store } & Pick<ServiceContext, 'store'>): Promise<MonitorValues> {
    const values = await store.collection<MonitorValueDoc>('monitor_values', schemaOf({ value: String, at: String }));
    return new MonitorValues(values, await store.collection<EventStreamDoc>('event_streams', schemaOf({ monitorId: Number })));
  }

  /** By monitor. */
  async of(stationId: string, monitorIds: readonly number[]): Promise<ReadonlyMap<number, MonitorValueDoc>> {
    const docs = await this.values.getMany(monitorIds.map((id) => `${stationId}/${id}`));
    return new Map(
      monitorIds.flatMap((id) => {
        const doc = docs.get(`${stationId}/${id}`);
        return doc === undefined ? [] : [[id, doc] as const];
      }),
    );
  }

  async take(batch: readonly LogRecord[]): Promise<void> {
    const facts = batch
      .map(({ event }) => ({ time: event.time, fact: event.data as ValueFact }))
      .filter(({ fact }) => isStationId(fact.stationId));
    const streams = await this.streamsOf(facts.map(({ fact }) => fact));
    const news = new Map<string, MonitorValueDoc>();
    for (const { time, fact } of facts) {
      // A clock that is ahead does not outdo what comes once it is right.
      const note = (monitorId: number, value: string, told: string): void => {
        const id = `${fact.stationId}/${monitorId}`;
        const at = told < time ? told : time;
        if ((news.get(id)?.at ?? '') <= at) news.set(id, { id, value: value.slice(0, VALUE_LENGTH_MAX), at });
      };
      if ('events' in fact) {
        for (const { monitorId, value, at } of fact.events) if (monitorId !== undefined) note(monitorId, value, at);
        continue;
      }
      const id = streamOf(fact);
      if ('variableMonitoringId' in fact) streams.set(id, { id, monitorId: fact.variableMonitoringId });
      else if ('values' in fact) {
        const stream = streams.get(id);
        if (stream !== undefined) for (const { value, at } of fact.values) note(stream.monitorId, value, at);
      } else streams.set(id, undefined);
    }
    const known = await this.values.getMany([...news.keys()]);
    const newer = [...news.values()].filter(({ id, at }) => (known.get(id)?.at ?? '') <= at);
    if (newer.length > 0) await this.values.upsert(newer.map((doc) => ({ doc })));
    await this.keep(
      facts.map(({ fact }) => fact),
      streams,
    );
  }

  /** The streams that the facts are about, as they were before. */
  private async streamsOf(facts: readonly ValueFact[]): Promise<Map<string, EventStreamDoc | undefined>> {
    const ids = new Set(facts.flatMap((fact) => ('values' in fact ? [streamOf(fact)] : [])));
    return new Map(ids.size === 0 ? [] : await this.streams.getMany([...ids]));
  }

  /** Writes down which streams are open now. Last, so that a batch that comes again finds its values' streams as it found them first. */
  private async keep(facts: readonly ValueFact[], streams: ReadonlyMap<string, EventStreamDoc | undefined>): Promise<void> {
    const changed = new Set(facts.flatMap((fact) => ('events' in fact || 'values' in fact ? [] : [streamOf(fact)])));
    const open = [...changed].flatMap((id) => streams.get(id) ?? []);
    const closed = [...changed].filter((id) => streams.get(id) === undefined);
    if (open.length > 0) await this.streams.upsert(open.map((doc) => ({ doc })));
    if (closed.length > 0) await this.streams.delete(closed);
  }
}

const streamOf = ({ stationId, streamId }: Exclude<ValueFact, StationEventsReported>): string => `${stationId}/${streamId}`;
