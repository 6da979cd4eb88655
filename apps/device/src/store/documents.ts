import type { KnownSite, KnownStation } from '@voltlog/device-domain';
import { OperatingError } from '@voltlog/kernel';
import type { Collection, Store } from '@voltlog/store';
import { Schema } from 'mongoose';

/** A site as it is. */
export interface SiteDoc extends Omit<KnownSite, 'kind'> {
  readonly id: string;
  /** Commits of its stream. */
  readonly version: number;
}

/** A station as its stream tells: what was registered and what it said about itself. */
export interface StationDoc extends Omit<KnownStation, 'kind'> {
  readonly id: string;
  /** Commits of its stream. */
  readonly version: number;
}

export interface ConnectorStatus {
  readonly evseId: number;
  readonly connectorId: number;
  readonly status: string;
  readonly detail?: string;
  readonly errorCode?: string;
  /** By the station's clock. */
  readonly at: string;
  /** By ours. */
  readonly receivedAt: string;
}

/** What a station last said of itself: made of station facts alone, newest wins. */
export interface StationStatusDoc {
  /** The station's id. */
  readonly id: string;
  /** Counts writes. */
  readonly version: number;
  readonly connected: boolean;
  /** Of the socket that `connected` is about; a later socket has a higher one. */
  readonly epoch: number;
  readonly lastBootAt?: string;
  readonly lastBootReason?: string;
  readonly firmwareStatus?: string;
  readonly firmwareStatusAt?: string;
  readonly connectors: readonly ConnectorStatus[];
}

const text = { type: String };
const required = { type: String, required: true };
const count = { type: Number, required: true };
const flag = { type: Boolean, required: true };
const list = { type: [Schema.Types.Mixed], default: [] };
const words = { type: String, default: '' };

const siteSchema = new Schema(
  {
    id: required,
    version: count,
    siteId: required,
    name: words,
    address: words,
    city: words,
    countryCode: words,
    latitude: count,
    longitude: count,
    timeZone: words,
    retired: flag,
    createdAt: required,
    updatedAt: required,
    revision: count,
  },
  { versionKey: false },
);

export const stationSchema = new Schema(
  {
    id: required,
    version: count,
    stationId: required,
    siteId: words,
    name: words,
    evses: list,
    vendor: words,
    model: words,
    serialNumber: words,
    firmwareVersion: words,
    ocppVersion: words,
    lifecycle: required,
    passwordHash: words,
    createdAt: required,
    updatedAt: required,
    revision: count,
  },
  { versionKey: false },
);
stationSchema.index({ siteId: 1, lifecycle: 1, id: 1 });
stationSchema.index({ lifecycle: 1, id: 1 });

const stationStatusSchema = new Schema(
  {
    id: required,
    version: count,
    connected: flag,
    epoch: count,
    lastBootAt: text,
    lastBootReason: text,
    firmwareStatus: text,
    firmwareStatusAt: text,
    connectors: list,
  },
  { versionKey: false },
);

/** The read models of the service, opened. */
export interface Collections {
  readonly sites: Collection<SiteDoc>;
  readonly stations: Collection<StationDoc>;
  readonly statuses: Collection<StationStatusDoc>;
}

/** Opens the read models; their indexes are made when missing. */
export async function openCollections(store: Store): Promise<Collections> {
  const [sites, stations, statuses] = await Promise.all([
    store.collection<SiteDoc>('sites', siteSchema),
    store.collection<StationDoc>('stations', stationSchema),
    store.collection<StationStatusDoc>('station_statuses', stationStatusSchema),
  ]);
  return { sites, stations, statuses };
}

/** Tries to bring a document up to a version that others write as well. */
const TRIES_MAX = 8;

/**
 * Brings documents up to at least the given versions; one that is there already stays.
 *
 * @throws {OperatingError} `ReadModelContended` when others kept writing
 */
export async function bringUp<Doc extends { readonly id: string; readonly version: number }>(
  collection: Collection<Doc>,
  docs: readonly Doc[],
): Promise<void> {
  let behind = docs.map((doc) => ({ doc, expectedVersion: doc.version - 1 }));
  for (let tries = 0; behind.length > 0 && tries < TRIES_MAX; tries += 1) {
    const written = await collection.upsert(behind);
    const missed = behind.filter((_, index) => written[index] !== true);
    if (missed.length === 0) return;
    const stored = await collection.getMany(missed.map(({ doc }) => doc.id));
    behind = missed.flatMap(({ doc }) => {
      const version = stored.get(doc.id)?.version ?? 0;
      return version >= doc.version ? [] : [{ doc, expectedVersion: version }];
    });
  }
  if (behind.length > 0) throw new OperatingError('ReadModelContended', 'a read model changed too often to be written');
}
