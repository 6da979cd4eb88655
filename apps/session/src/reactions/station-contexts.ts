import { DEVICE_TOPIC, type DeviceEvents } from '@voltlog/device-contract';
import type { EventLog, Subscription } from '@voltlog/event-log';
import type { Clock, EventOf } from '@voltlog/kernel';
import type { SessionPrice } from '@voltlog/session-contract';
import type { PriceDocument, SessionCollections } from '../store/session-documents.js';

/** What holds at a station now. */
export interface StationContext {
  readonly siteId?: string;
  readonly price?: SessionPrice;
}

const GROUP = 'session-stations';
/** What another instance was told is known here this late at most. */
const FRESH_MS = 30_000;
/** Whether there is any site or price at all is asked this often: a platform without them pays nothing. */
const ANY_MS = 5_000;
const STATIONS_MAX = 100_000;
const NOTHING: StationContext = {};

const DEFAULT_SCOPE = 'default';
export const siteScope = (siteId: string): string => `site:${siteId}`;
export const stationScope = (stationId: string): string => `station:${stationId}`;

/** The site of each station, as the device service tells it, and the price that holds there: the station's own, its site's, the default. */
export class StationContexts {
  private readonly known = new Map<string, { readonly context: StationContext; readonly untilMs: number }>();
  private any = false;
  private anyUntilMs = 0;
  private subscription: Subscription | undefined;

  constructor(
    private readonly collections: Pick<SessionCollections, 'stationSites' | 'prices'>,
    private readonly log: Pick<EventLog, 'subscribe'>,
    private readonly clock: Clock,
  ) {}

  async start(): Promise<void> {
    this.subscription = await this.log.subscribe({
      group: GROUP,
      topics: [DEVICE_TOPIC],
      types: ['voltlog.device.StationRegistered.v1', 'voltlog.device.StationChanged.v1', 'voltlog.device.StationRetired.v1'],
      handle: (batch) => this.follow(batch.map((record) => record.event as EventOf<DeviceEvents>)),
    });
  }

  async stop(): Promise<void> {
    await this.subscription?.stop();
  }

  /** Forgets what was read: something was changed here. */
  reset(): void {
    this.known.clear();
    this.anyUntilMs = 0;
  }

  async of(stationIds: Iterable<string>): Promise<ReadonlyMap<string, StationContext>> {
    const now = this.clock.now();
    const contexts = new Map<string, StationContext>();
    const unknown = new Set<string>();
    if (!(await this.hasAny(now))) return contexts;
    for (const stationId of stationIds) {
      const known = this.known.get(stationId);
      if (known !== undefined && known.untilMs > now) contexts.set(stationId, known.context);
      else unknown.add(stationId);
    }
    if (unknown.size === 0) return contexts;
    if (this.known.size + unknown.size > STATIONS_MAX) this.known.clear();
    for (const [stationId, context] of await this.read([...unknown])) {
      contexts.set(stationId, context);
      this.known.set(stationId, { context, untilMs: now + FRESH_MS });
    }
    return contexts;
  }

  /** The price of one station, read now. */
  async priceAt(stationId: string): Promise<PriceDocument | undefined> {
    const siteId = (await this.collections.stationSites.get(stationId))?.siteId;
    const prices = await this.collections.prices.getMany(scopesOf(stationId, siteId));
    return firstOf(prices, scopesOf(stationId, siteId));
  }

  private async hasAny(now: number): Promise<boolean> {
    if (this.anyUntilMs > now) return this.any;
    const [sites, prices] = await Promise.all([
      this.collections.stationSites.find({ limit: 1 }),
      this.collections.prices.find({ limit: 1 }),
    ]);
    this.any = sites.docs.length > 0 || prices.docs.length > 0;
    this.anyUntilMs = now + ANY_MS;
    return this.any;
  }

  private async read(stationIds: readonly string[]): Promise<Map<string, StationContext>> {
    const sites = await this.collections.stationSites.getMany(stationIds);
    const scopes = new Set<string>();
    for (const stationId of stationIds) for (const scope of scopesOf(stationId, sites.get(stationId)?.siteId)) scopes.add(scope);
    const prices = await this.collections.prices.getMany([...scopes]);
    return new Map(
      stationIds.map((stationId) => {
        const siteId = sites.get(stationId)?.siteId;
        const price = firstOf(prices, scopesOf(stationId, siteId));
        const context: StationContext = {
          ...(siteId === undefined ? {} : { siteId }),
          ...(price === undefined ? {} : { price: toPrice(price) }),
        };
        return [stationId, siteId === undefined && price === undefined ? NOTHING : context];
      }),
    );
  }

  private async follow(events: readonly EventOf<DeviceEvents>[]): Promise<void> {
    const sites = new Map<string, string>();
    for (const event of events) {
      if (event.type === 'voltlog.device.StationRegistered.v1' || event.type === 'voltlog.device.StationChanged.v1')
        sites.set(event.data.stationId, event.data.siteId);
      else if (event.type === 'voltlog.device.StationRetired.v1') sites.set(event.data.stationId, '');
    }
    const gone = [...sites].filter(([, siteId]) => siteId === '').map(([stationId]) => stationId);
    const placed = [...sites].filter(([, siteId]) => siteId !== '');
    if (gone.length > 0) await this.collections.stationSites.delete(gone);
    if (placed.length > 0) await this.collections.stationSites.upsert(placed.map(([id, siteId]) => ({ doc: { id, siteId } })));
    for (const stationId of sites.keys()) this.known.delete(stationId);
    if (placed.length > 0) this.anyUntilMs = 0;
  }
}

/** The nearest first. */
const scopesOf = (stationId: string, siteId: string | undefined): string[] =>
  siteId === undefined ? [stationScope(stationId), DEFAULT_SCOPE] : [stationScope(stationId), siteScope(siteId), DEFAULT_SCOPE];

function firstOf(prices: ReadonlyMap<string, PriceDocument>, scopes: readonly string[]): PriceDocument | undefined {
  for (const scope of scopes) {
    const price = prices.get(scope);
    if (price !== undefined) return price;
  }
  return undefined;
}

export const toPrice = ({ id, currency, perKwh, perMinute, perSession, version }: PriceDocument): SessionPrice => ({
  scope: id,
  currency,
  perKwh,
  perMinute,
  perSession,
  version,
});
