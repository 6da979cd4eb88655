import { DEVICE_TOPIC, type StationChanged, type StationRetired } from '@voltlog/device-contract';
import type { LogRecord, Subscription } from '@voltlog/event-log';
import type { ServiceContext } from '@voltlog/service';
import type { Collections } from '../store/documents.js';

const GROUP = 'notification-sites';
/** Of both that place a station the data has the same site and station. */
const PLACED: ReadonlySet<string> = new Set(['voltlog.device.StationRegistered.v1', 'voltlog.device.StationChanged.v1']);
const RETIRED = 'voltlog.device.StationRetired.v1';

/** Keeps where stations are, for subscriptions to what happens at a site. */
export class StationSites {
  private subscription: Subscription | undefined;

  constructor(
    private readonly context: ServiceContext,
    private readonly collections: Pick<Collections, 'stationSites'>,
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
    const sites = new Map<string, string>();
    for (const { event } of batch) {
      if (PLACED.has(event.type)) {
        const { stationId, siteId } = event.data as StationChanged;
        sites.set(stationId, siteId);
      } else if (event.type === RETIRED) sites.set((event.data as StationRetired).stationId, '');
    }
    const { stationSites } = this.collections;
    await stationSites.delete([...sites].filter(([, siteId]) => siteId === '').map(([id]) => id));
    await stationSites.upsert([...sites].filter(([, siteId]) => siteId !== '').map(([id, siteId]) => ({ doc: { id, siteId } })));
  }
}
