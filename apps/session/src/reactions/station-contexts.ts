import { DEVICE_TOPIC, type DeviceEvents } from '@voltlog/device-contract';
import type { EventLog, Subscription } from '@voltlog/event-log';
import type { Clock, EventOf } from '@voltlog/kernel';
import { PRICE_TOPIC, type PriceEvent, type PriceEvents, type SessionPrice } from '@voltlog/session-contract';
import { bringUp } from '@voltlog/store';
import { priceAfter } from '../projections/prices.js';
import { STATION_SITE_TYPES, writeStationSites } from '../projections/station-sites.js';
import type { PriceDocument, SessionCollections } from '../store/session-documents.js';

/** What holds at a station now. */
export interface StationContext {
  readonly siteId?: string;
  readonly price?: SessionPrice;
  readonly priceSince?: string;
}

const GROUP = 'session-stations';
const PRICE_GROUP = 'session-prices';
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
  private subscriptions: readonly Subscription[] = [];

  constructor(
    private readonly collections: Pick<SessionCollections, 'stationSites' | 'prices'>,
    private readonly log: Pick<EventLog, 'subscribe'>,
    private readonly clock: Clock,
  ) {}

  async start(): Promise<void> {
    this.subscriptions = [
      await this.log.subscribe({
        group: GROUP,
        topics: [DEVICE_TOPIC],
        types: STATION_SITE_TYPES,
        handle: (batch) => this.follow(batch.map((record) => record.event as EventOf<DeviceEvents>)),
      }),
      await this.log.subscribe({
        group: PRICE_GROUP,
        topics: [PRICE_TOPIC],
        handle: (batch) => this.followPrices(batch.map((record) => record.event as EventOf<PriceEvents>)),
      }),
    ];
  }

  async stop(): Promise<void> {
    await Promise.all(this.subscriptions.map((subscription) => subscription.stop()));
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
          ...(price?.since === undefined ? {} : { priceSince: price.since }),
        };
        return [stationId, siteId === undefined && price === undefined ? NOTHING : context];
      }),
    );
  }

  private async follow(events: readonly EventOf<DeviceEvents>[]): Promise<void> {
    const { stationIds, anyPlaced } = await writeStationSites(events, this.collections.stationSites);
    for (const stationId of stationIds) this.known.delete(stationId);
    if (anyPlaced) this.anyUntilMs = 0;
  }

  /** What was missed by whoever died after a price's commit is written here too. */
  private async followPrices(events: readonly EventOf<PriceEvents>[]): Promise<void> {
    const known = await this.collections.prices.getMany(events.map(({ data }) => data.scope));
    const latest = new Map(known);
    for (const { type, data } of events) {
      const before = latest.get(data.scope);
      // What is told again is known, and what it would do has been undone since.
      if (before === undefined || before.version < data.version) latest.set(data.scope, priceAfter(before, { type, data } as PriceEvent));
    }
    await bringUp(this.collections.prices, [...latest.values()]);
    this.reset();
  }
}

/** The nearest first. */
const scopesOf = (stationId: string, siteId: string | undefined): string[] =>
  siteId === undefined ? [stationScope(stationId), DEFAULT_SCOPE] : [stationScope(stationId), siteScope(siteId), DEFAULT_SCOPE];

function firstOf(prices: ReadonlyMap<string, PriceDocument>, scopes: readonly string[]): PriceDocument | undefined {
  for (const scope of scopes) {
    const price = prices.get(scope);
    if (price !== undefined && price.removed !== true) return price;
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
