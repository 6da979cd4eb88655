import type { deviceV1 } from '@voltlog/proto';

type StationAccess = deviceV1.StationAccess;

/** How long "unknown" is remembered: a station that is registered next is let in at once by the device event, at the latest after this. */
const UNKNOWN_MS = 2_000;
const ENTRIES_MAX = 200_000;
const BATCH_MAX = 1_000;
/** Changes that nobody has asked about yet; by the time there are more, every instance of the device service has heard of the oldest. */
const CHANGED_MAX = 10_000;

interface Entry {
  readonly access: StationAccess | undefined;
  readonly readAtMs: number;
}

interface Waiting {
  readonly stationId: string;
  resolve(access: StationAccess | undefined): void;
  reject(error: unknown): void;
}

/**
 * What the device service knows about stations that want in: read in batches, cached, forgotten when the device service says that it
 * changed. While that service is away, what was known stands.
 */
export class StationAccessCache {
  private readonly entries = new Map<string, Entry>();
  private waiting: Waiting[] = [];
  private reading = false;
  /** Stations that changed while a read was under way: what it finds may be from before. */
  private readonly changedMeanwhile = new Set<string>();
  /** Stations not read since they changed: the instance that is asked may not have heard of it. */
  private readonly changed = new Set<string>();

  constructor(
    private readonly device: Pick<deviceV1.DeviceService, 'getStationAccess'>,
    private readonly options: { readonly ttlMs: number; now(): number },
  ) {}

  /**
   * @returns undefined when the device service does not know the station
   * @throws {OperatingError} when the device service is away and nothing is cached
   */
  get(stationId: string): Promise<StationAccess | undefined> {
    const entry = this.entries.get(stationId);
    if (entry !== undefined && this.options.now() - entry.readAtMs < (entry.access === undefined ? UNKNOWN_MS : this.options.ttlMs))
      return Promise.resolve(entry.access);
    return new Promise((resolve, reject) => {
      if (this.waiting.push({ stationId, resolve, reject }) === 1 && !this.reading) setImmediate(() => void this.flush());
    });
  }

  /** What is remembered of a station that is let in, however old. */
  peek(stationId: string): StationAccess | undefined {
    return this.entries.get(stationId)?.access;
  }

  invalidate(stationId: string): void {
    // Kept as stale, not deleted: it still stands in while the device service is away.
    if (this.reading) this.changedMeanwhile.add(stationId);
    this.changed.delete(stationId);
    this.changed.add(stationId);
    if (this.changed.size > CHANGED_MAX) this.changed.delete(this.changed.values().next().value ?? '');
    const entry = this.entries.get(stationId);
    if (entry?.access === undefined) this.entries.delete(stationId);
    else this.entries.set(stationId, { access: entry.access, readAtMs: Number.NEGATIVE_INFINITY });
  }

  /** One call at a time: in a reconnect storm the stations that come meanwhile share the next. */
  private async flush(): Promise<void> {
    if (this.reading) return;
    this.reading = true;
    while (this.waiting.length > 0) await this.read(this.waiting.splice(0, BATCH_MAX));
    this.reading = false;
  }

  private async read(batch: readonly Waiting[]): Promise<void> {
    this.changedMeanwhile.clear();
    try {
      const stationIds = [...new Set(batch.map((one) => one.stationId))];
      const changedStationIds = this.changed.size === 0 ? [] : stationIds.filter((stationId) => this.changed.has(stationId));
      const { stations } = await this.device.getStationAccess({ stationIds, changedStationIds });
      for (const stationId of changedStationIds) if (!this.changedMeanwhile.has(stationId)) this.changed.delete(stationId);
      const found = new Map(stations.map((station) => [station.stationId, station]));
      const readAtMs = this.options.now();
      for (const one of batch) {
        const access = found.get(one.stationId);
        this.remember(one.stationId, { access, readAtMs: this.changedMeanwhile.has(one.stationId) ? Number.NEGATIVE_INFINITY : readAtMs });
        one.resolve(access);
      }
    } catch (error) {
      for (const one of batch) {
        const stale = this.entries.get(one.stationId)?.access;
        if (stale === undefined) one.reject(error);
        else one.resolve(stale);
      }
    }
  }

  private remember(stationId: string, entry: Entry): void {
    this.entries.delete(stationId);
    this.entries.set(stationId, entry);
    if (this.entries.size <= ENTRIES_MAX) return;
    const oldest = this.entries.keys().next();
    if (oldest.done !== true) this.entries.delete(oldest.value);
  }
}
