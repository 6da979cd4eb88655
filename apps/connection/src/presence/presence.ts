import { type Clock, isoTime, OperatingError } from '@voltlog/kernel';
import type { Collection, Page } from '@voltlog/store';
import type { Logger } from '@voltlog/telemetry';
import { ANY_INSTANCE, type InstanceRow, type PresenceRow } from './presence.schema.js';

/** Claims and releases in one bulk write. */
const BATCH_MAX = 1_000;
/** Two instances that claim one station at the same time settle within two rounds; more means that the store is wrong. */
const CLAIM_ROUNDS_MAX = 8;
/** An instance that did not renew its lease for this long is dead, and what it held is offline. */
export const LEASE_MS = 15_000;
export const LEASE_RENEW_MS = 5_000;
const INSTANCES_CACHE_MS = 2_000;
const INSTANCES_MAX = 1_000;

const NOBODY = { version: 0, clockBehindMs: 0 };
/** No instance that would have to be told. */
const NOBODY_ELSE: ReadonlySet<string> = new Set(['', ANY_INSTANCE]);

export interface Claim {
  readonly stationId: string;
  readonly ocppVersion: string;
  readonly dialect: string;
  readonly remoteAddress: string;
  readonly securityProfile: number;
  readonly registered: boolean;
  /** Only of a station without a socket, which no instance holds alone; empty: it cannot be called. */
  readonly callback?: string;
}

export interface ClaimTime {
  /** When the socket was opened, milliseconds since the epoch. */
  readonly connectedAtMs: number;
  /** The store was away then, so that a newer socket of the station may have been claimed before this one. */
  readonly putOff: boolean;
}

export interface Claimed {
  readonly epoch: number;
  /** What was last known of the station's clock, on whatever instance. */
  readonly clockBehindMs: number;
  /** Another instance that held the station until now, and may still think so. */
  readonly previous: { readonly instanceId: string; readonly address: string } | undefined;
}

/** Another instance holds a newer socket of the station. */
export type Overtaken = 'Overtaken';

interface Waiting {
  readonly claim: Claim;
  readonly time: ClaimTime;
  resolve(claimed: Claimed | Overtaken): void;
  reject(error: unknown): void;
}

/**
 * Which instance holds which station, in the service's store. The newest claim wins and has the highest epoch; the release of an older
 * epoch changes nothing. Writes that come together go together: ten thousand stations reconnect in a few dozen bulk writes.
 */
export class Presence {
  private waiting: Waiting[] = [];
  private releases: PresenceRow[] = [];
  private flushing = false;
  private instances: { readAtMs: number; live: ReadonlySet<string> } = { readAtMs: Number.NEGATIVE_INFINITY, live: new Set() };

  constructor(
    private readonly rows: Collection<PresenceRow>,
    private readonly leases: Collection<InstanceRow>,
    private readonly self: { readonly instanceId: string; readonly address: string },
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  /** @throws {OperatingError} when the store is away */
  claim(claim: Claim, time: ClaimTime): Promise<Claimed | Overtaken> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ claim, time, resolve, reject });
      this.schedule();
    });
  }

  /** Nobody holds the station any more, unless somebody claimed it since. Does not wait, does not fail: a lost release ends with the lease. */
  release(row: PresenceRow): void {
    this.releases.push({ ...row, instanceId: '', address: '' });
    this.schedule();
  }

  /**
   * Writes when stations were last heard, for the other instances. What was claimed elsewhere meanwhile stays as it is.
   *
   * @returns the rows that are outdated: a newer socket of the station has a higher epoch
   */
  async touch(rows: readonly PresenceRow[]): Promise<readonly PresenceRow[]> {
    const outdated: PresenceRow[] = [];
    for (let from = 0; from < rows.length; from += BATCH_MAX) {
      const batch = rows.slice(from, from + BATCH_MAX);
      const written = await this.rows.upsert(batch.map((doc) => ({ doc, expectedVersion: doc.version })));
      outdated.push(...batch.filter((_, index) => written[index] !== true));
    }
    return outdated;
  }

  /**
   * Ends what stands for a station without a socket, unless somebody claimed it since. The epoch rises, so that no touch of an instance
   * that still remembers the station brings it back.
   *
   * @returns whether it was this call that ended it
   * @throws {OperatingError} when the store is away
   */
  async end(row: PresenceRow): Promise<boolean> {
    const epoch = row.epoch + 1;
    const [ended] = await this.rows.upsert([
      { doc: { ...row, version: epoch, epoch, instanceId: '', address: '' }, expectedVersion: row.version },
    ]);
    return ended === true;
  }

  /** Stations without a socket that were last heard before, longest silent first. */
  async silentSince(before: string, limit: number): Promise<readonly PresenceRow[]> {
    const { docs } = await this.rows.find({
      where: { instanceId: ANY_INSTANCE, lastSeenAt: { $lt: before } },
      sort: ['lastSeenAt', 1],
      limit,
    });
    return docs;
  }

  /** The row of this instance's own claim. */
  row(claim: Claim, epoch: number, connectedAtMs: number): PresenceRow {
    const connectedAt = isoTime(connectedAtMs);
    const everybody = claim.callback === undefined ? undefined : { instanceId: ANY_INSTANCE, address: '', callback: claim.callback };
    return {
      id: claim.stationId,
      version: epoch,
      epoch,
      instanceId: this.self.instanceId,
      address: this.self.address,
      ...everybody,
      ocppVersion: claim.ocppVersion,
      dialect: claim.dialect,
      connectedAt,
      lastSeenAt: connectedAt,
      remoteAddress: claim.remoteAddress,
      securityProfile: claim.securityProfile,
      registered: claim.registered,
      clockBehindMs: 0,
    };
  }

  /** The row of a station that a living instance holds. */
  async holder(stationId: string): Promise<PresenceRow | undefined> {
    const row = await this.rows.get(stationId);
    return row !== undefined && (await this.isLive(row)) ? row : undefined;
  }

  async many(stationIds: readonly string[]): Promise<ReadonlyMap<string, PresenceRow>> {
    const [rows, live] = await Promise.all([this.rows.getMany(stationIds), this.liveInstances()]);
    return new Map([...rows].filter(([, row]) => live.has(row.instanceId)));
  }

  /** Stations held by living instances, by station id. */
  async page(limit: number, after: string | undefined): Promise<Page<PresenceRow> & { readonly total: number }> {
    const where = { instanceId: { $in: [...(await this.liveInstances())] } };
    const [page, total] = await Promise.all([
      this.rows.find({ where, limit, ...(after === undefined ? {} : { after }) }),
      this.rows.count(where),
    ]);
    return { ...page, total };
  }

  async renewLease(): Promise<void> {
    const now = this.clock.now();
    await this.leases.upsert([{ doc: { id: this.self.instanceId, address: this.self.address, leaseUntil: isoTime(now + LEASE_MS) } }]);
  }

  /** Writes what waits, then gives the lease up, so that nothing this instance held counts as connected. */
  async leave(): Promise<void> {
    while (this.flushing || this.releases.length > 0) await this.flush();
    await this.leases.delete([this.self.instanceId]);
  }

  /** Forgets instances that died long ago. */
  async sweepLeases(): Promise<void> {
    await this.leases.deleteWhere({ leaseUntil: { $lt: isoTime(this.clock.now() - 10 * LEASE_MS) } });
  }

  async isLive(row: PresenceRow): Promise<boolean> {
    return row.instanceId !== '' && (row.instanceId === this.self.instanceId || (await this.liveInstances()).has(row.instanceId));
  }

  private async liveInstances(): Promise<ReadonlySet<string>> {
    const now = this.clock.now();
    if (now - this.instances.readAtMs < INSTANCES_CACHE_MS) return this.instances.live;
    const { docs } = await this.leases.find({
      where: { leaseUntil: { $gt: isoTime(now) } },
      sort: ['leaseUntil', 1],
      limit: INSTANCES_MAX,
    });
    // An address has one owner: of two instances that had it, the one whose lease ends later is the successor of one that died.
    const owners = new Map(docs.map((lease) => [lease.address, lease.id])).set(this.self.address, this.self.instanceId);
    this.instances = { readAtMs: now, live: new Set([...owners.values(), ANY_INSTANCE]) };
    return this.instances.live;
  }

  private schedule(): void {
    if (this.waiting.length + this.releases.length === 1 && !this.flushing) setImmediate(() => void this.flush());
  }

  /** One write at a time: releases before claims, since a station's release was asked before its next claim. */
  private async flush(): Promise<void> {
    if (this.flushing) {
      await new Promise((resolve) => setImmediate(resolve));
      return;
    }
    this.flushing = true;
    try {
      while (this.waiting.length > 0 || this.releases.length > 0) {
        const releases = this.releases.splice(0, BATCH_MAX);
        if (releases.length > 0) await this.writeReleases(releases);
        const claims = this.waiting.splice(0, BATCH_MAX);
        if (claims.length > 0) await this.writeClaims(claims);
      }
    } finally {
      this.flushing = false;
    }
  }

  private async writeReleases(rows: readonly PresenceRow[]): Promise<void> {
    try {
      await this.rows.upsert(rows.map((doc) => ({ doc, expectedVersion: doc.version })));
    } catch (error) {
      this.logger.warn({ err: error, stations: rows.length }, 'could not write that stations disconnected');
    }
  }

  private async writeClaims(batch: readonly Waiting[]): Promise<void> {
    let open = batch;
    try {
      for (let round = 0; open.length > 0; round++) {
        if (round === CLAIM_ROUNDS_MAX)
          throw new OperatingError('PresenceContended', 'presence of a station changes faster than it can be claimed');
        open = await this.claimRound(open);
      }
    } catch (error) {
      for (const one of open) one.reject(error);
    }
  }

  /** @returns those that another instance came before; a station that is twice in the batch takes a round each */
  private async claimRound(batch: readonly Waiting[]): Promise<readonly Waiting[]> {
    const stored = await this.rows.getMany(batch.map((one) => one.claim.stationId));
    const first = new Map<string, Waiting>();
    for (const one of batch) if (!first.has(one.claim.stationId)) first.set(one.claim.stationId, one);
    const tried: Waiting[] = [];
    for (const one of first.values()) {
      if (this.isOvertaken(one, stored.get(one.claim.stationId))) one.resolve('Overtaken');
      else tried.push(one);
    }
    const written = await this.rows.upsert(
      tried.map(({ claim, time }) => {
        const { version, clockBehindMs } = stored.get(claim.stationId) ?? NOBODY;
        const row = this.row(claim, version + 1, time.connectedAtMs);
        // A row written before clocks were kept has none.
        return { doc: clockBehindMs ? { ...row, clockBehindMs } : row, expectedVersion: version };
      }),
    );
    const again = batch.filter((one) => first.get(one.claim.stationId) !== one);
    tried.forEach((one, index) => {
      const previous = stored.get(one.claim.stationId);
      if (written[index] !== true) again.push(one);
      else
        one.resolve({
          epoch: (previous?.version ?? 0) + 1,
          clockBehindMs: previous?.clockBehindMs ?? 0,
          previous:
            previous === undefined || NOBODY_ELSE.has(previous.instanceId) || previous.instanceId === this.self.instanceId
              ? undefined
              : previous,
        });
    });
    return again;
  }

  /** A claim in time is the newest whatever the clocks of the instances say. */
  private isOvertaken({ time }: Waiting, stored: PresenceRow | undefined): boolean {
    if (!time.putOff || stored === undefined || NOBODY_ELSE.has(stored.instanceId) || stored.instanceId === this.self.instanceId)
      return false;
    return Date.parse(stored.connectedAt) > time.connectedAtMs;
  }
}
