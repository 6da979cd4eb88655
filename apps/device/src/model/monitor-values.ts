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

/** What a monitor told last. */
export interface MonitorValueDoc {
  /** `<station>/<monitor>` */
  readonly id: string;
  readonly value: string;
  /** By the station's clock. */
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
    const news = new Map<string, MonitorValueDoc>();
    const note = (id: string, value: string, at: string): void => {
      if ((news.get(id)?.at ?? '') <= at) news.set(id, { id, value: value.slice(0, VALUE_LENGTH_MAX), at });
    };
    for (const { event } of batch) {
      const fact = event.data as StationEventsReported | EventStreamOpened | EventStreamReported | EventStreamClosed;
      const { stationId } = fact;
      if (!isStationId(stationId)) continue;
      if ('events' in fact) {
        for (const { monitorId, value, at } of fact.events) if (monitorId !== undefined) note(`${stationId}/${monitorId}`, value, at);
        continue;
      }
      const id = `${stationId}/${fact.streamId}`;
      if ('variableMonitoringId' in fact) await this.streams.upsert([{ doc: { id, monitorId: fact.variableMonitoringId } }]);
      else if ('values' in fact) {
        const stream = await this.streams.get(id);
        if (stream !== undefined) for (const { value, at } of fact.values) note(`${stationId}/${stream.monitorId}`, value, at);
      } else await this.streams.delete([id]);
    }
    const known = await this.values.getMany([...news.keys()]);
    const newer = [...news.values()].filter(({ id, at }) => (known.get(id)?.at ?? '') < at);
    if (newer.length > 0) await this.values.upsert(newer.map((doc) => ({ doc })));
  }
}
