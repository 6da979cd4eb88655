import type { KnownSite, KnownStation, StationSecurity } from '@voltlog/device-domain';
import type { Collection, Store } from '@voltlog/store';
import { Schema } from 'mongoose';

/** A site as it is. */
export interface SiteDoc extends Omit<KnownSite, 'kind'> {
  readonly id: string;
  /** Commits of its stream. */
  readonly version: number;
}

/** A station as its stream tells: what was registered and what it said about itself. */
export interface StationDoc extends Omit<KnownStation, 'kind' | 'security'> {
  /** Absent: written before there was any. */
  readonly security?: StationSecurity;
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
  /** What the last boot was answered; absent: it was told by an older version. */
  readonly registration?: string;
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

export const siteSchema = new Schema(
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
    tags: list,
    vendor: words,
    model: words,
    serialNumber: words,
    firmwareVersion: words,
    ocppVersion: words,
    lifecycle: required,
    passwordHash: words,
    identityAt: words,
    security: { type: Schema.Types.Mixed },
    boot: { type: Schema.Types.Mixed },
    quirks: { type: Schema.Types.Mixed },
    createdAt: required,
    updatedAt: required,
    revision: count,
  },
  { versionKey: false },
);
stationSchema.index({ siteId: 1, lifecycle: 1, id: 1 });
stationSchema.index({ lifecycle: 1, id: 1 });

export const stationStatusSchema = new Schema(
  {
    id: required,
    version: count,
    connected: flag,
    epoch: count,
    lastBootAt: text,
    lastBootReason: text,
    registration: text,
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
