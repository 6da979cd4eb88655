import { DEVICE_TOPIC, type StationChanged, type StationRetired } from '@voltlog/device-contract';
import type { LogRecord, Subscription } from '@voltlog/event-log';
import type { ServiceContext } from '@voltlog/service';
import { BoundedCache } from '@voltlog/store';
import type { Collections, StationDoc } from '../store/documents.js';

const GROUP = 'notification-stations';
/** Both say the same of a station. */
const PLACED: ReadonlySet<string> = new Set(['voltlog.device.StationRegistered.v1', 'voltlog.device.StationChanged.v1']);
const RETIRED = 'voltlog.device.StationRetired.v1';
/** What another instance was told is known here this late at most. */
const FRESH_MS = 30_000;
const STATIONS_MAX = 20_000;

/** Keeps where stations are and what they are called, for subscriptions to what happens at a site, and for whoever is told of a station. */
export class Stations {
  private subscription: Subscription | undefined;
  private readonly known = new BoundedCache<{ readonly doc: StationDoc; readonly untilMs: number }>(STATIONS_MAX);

  constructor(
    private readonly context: ServiceContext,
    private readonly collections: Pick<Collections, 'stations'>,
  ) {}

  async start(): Promise<void> {
    this.subscription = await this.context.log.subscribe({
      group: GROUP,
      topics: [DEVICE_TOPIC],
      types: [...PLACED, RETIRED],
      handle: (batch) => this.handle(batch),
    });
  }

  async stop(): Promise<void> {
    await this.subscription?.stop();
  }

  /** Those of the stations that the device service has told of. */
  async of(stationIds: Iterable<string>): Promise<ReadonlyMap<string, StationDoc>> {
    const now = this.context.clock.now();
    const found = new Map<string, StationDoc>();
    const unknown: string[] = [];
    for (const stationId of new Set(stationIds)) {
      const known = this.known.get(stationId);
      if (known !== undefined && known.untilMs > now) found.set(stationId, known.doc);
      else unknown.push(stationId);
    }
    if (unknown.length === 0) return found;
    for (const [stationId, doc] of await this.collections.stations.getMany(unknown)) {
      found.set(stationId, doc);
      this.known.set(stationId, { doc, untilMs: now + FRESH_MS });
    }
    return found;
  }

  async handle(batch: readonly LogRecord[]): Promise<void> {
    const known = new Map<string, StationDoc | undefined>();
    for (const { event } of batch) {
      if (PLACED.has(event.type)) {
        const { stationId: id, siteId, name } = event.data as StationChanged;
        known.set(id, { id, siteId, name });
      } else if (event.type === RETIRED) known.set((event.data as StationRetired).stationId, undefined);
    }
    const { stations } = this.collections;
    const docs = [...known.values()].filter((doc) => doc !== undefined);
    if (docs.length < known.size) await stations.delete([...known].filter(([, doc]) => doc === undefined).map(([id]) => id));
    if (docs.length > 0) await stations.upsert(docs.map((doc) => ({ doc })));
    for (const stationId of known.keys()) this.known.delete(stationId);
  }
}
