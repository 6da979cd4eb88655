import { Schema } from 'mongoose';

/** Stands for all instances: a station without a socket (SOAP), which any of them can call. */
export const ANY_INSTANCE = '*';

/** Who holds, or last held, the socket of a station. Kept when it disconnects, so that epochs only rise. */
export interface PresenceRow {
  /** The station id. */
  readonly id: string;
  /** Equal to `epoch`: what a conditional write compares. */
  readonly version: number;
  /** Rises by one each time the station connects. */
  readonly epoch: number;
  /** Empty: nobody. {@link ANY_INSTANCE}: a station without a socket. */
  readonly instanceId: string;
  /** Where that instance is reached by gRPC. */
  readonly address: string;
  readonly ocppVersion: string;
  readonly connectedAt: string;
  readonly lastSeenAt: string;
  readonly remoteAddress: string;
  readonly securityProfile: number;
  /** It was registered when it was let in, so that what it showed was checked; absent in rows written before this was kept: nobody knows. */
  readonly registered?: boolean;
  /** How far the station's clock was behind ours when it was last known; 0: hardly, or not known. */
  readonly clockBehindMs: number;
  /** What it speaks, for people: `1.6J`, `1.6S`, `2.0.1`; absent in rows written before this was kept. */
  readonly dialect?: string;
  /** Where a station without a socket can be called; empty: nowhere. */
  readonly callback?: string;
}

export const presenceSchema = new Schema<PresenceRow>({
  id: { type: String, required: true },
  version: { type: Number, required: true },
  epoch: { type: Number, required: true },
  instanceId: { type: String, default: '' },
  address: { type: String, default: '' },
  ocppVersion: { type: String, required: true },
  connectedAt: { type: String, required: true },
  lastSeenAt: { type: String, required: true },
  remoteAddress: { type: String, default: '' },
  securityProfile: { type: Number, required: true },
  registered: { type: Boolean },
  clockBehindMs: { type: Number, default: 0 },
  dialect: { type: String },
  callback: { type: String },
}).index({ instanceId: 1, lastSeenAt: 1 });

/** A connection instance that lives as long as it renews its lease. */
export interface InstanceRow {
  /** The instance id. */
  readonly id: string;
  readonly address: string;
  /** ISO 8601; a row past this is of an instance that died. */
  readonly leaseUntil: string;
}

export const instanceSchema = new Schema<InstanceRow>({
  id: { type: String, required: true },
  address: { type: String, default: '' },
  leaseUntil: { type: String, required: true },
}).index({ leaseUntil: 1 });
