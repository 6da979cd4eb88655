import { DEVICE_TOPIC, type StationChanged, type StationRetired } from '@voltlog/device-contract';
import type { LogRecord, Subscription } from '@voltlog/event-log';
import type { ServiceContext } from '@voltlog/service';
import type { Collections, StationDoc } from '../store/documents.js';

const GROUP = 'notification-stations';
/** Both say the same of a station. */
const PLACED: ReadonlySet<string> = new Set(['voltlog.device.StationRegistered.v1', 'voltlog.device.StationChanged.v1']);
const RETIRED = 'voltlog.device.StationRetired.v1';

/** Keeps where stations are and what they are called, for subscriptions to what happens at a site, and for whoever is told of a station. */
export class Stations {
  private subscription: Subscription | undefined;

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
  }
}
