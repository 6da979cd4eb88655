import type { DisplayMessage } from '@voltlog/connection-contract';
import type { Collection, Store } from '@voltlog/store';
import { Schema } from 'mongoose';

/** A fact of a station that is kept to be looked at. */
export interface ReportDoc {
  /** Id of the fact on the log. */
  readonly id: string;
  readonly stationId: string;
  /** E.g. LogStatusReported. */
  readonly type: string;
  readonly action: string;
  readonly receivedAt: string;
  readonly occurredAt: string;
  readonly requestId?: number;
  /** The fact. */
  readonly data: unknown;
}

export interface KnownMessage extends DisplayMessage {
  /** When it was set or last reported, our clock. */
  readonly knownAt: string;
}

/** The messages of a station's display. */
export interface DisplayDoc {
  /** The station's id. */
  readonly id: string;
  /** Counts writes. */
  readonly version: number;
  readonly messages: readonly KnownMessage[];
  /** What the station is reporting for a request: what it has named so far, whether it was asked for all it has, and whether that is all. */
  readonly listing?: { readonly requestId: number; readonly seen: readonly number[]; readonly full: boolean; readonly ended: boolean };
  /** When it last had reported all. */
  readonly listedAt?: string;
}

const required = { type: String, required: true };

export const reportSchema = new Schema(
  {
    id: required,
    stationId: required,
    type: required,
    action: required,
    receivedAt: required,
    occurredAt: required,
    requestId: { type: Number },
    data: { type: Schema.Types.Mixed },
  },
  { versionKey: false, minimize: false },
);
reportSchema.index({ stationId: 1, id: 1 });
reportSchema.index({ stationId: 1, type: 1, id: 1 });
reportSchema.index({ stationId: 1, requestId: 1, id: 1 });
reportSchema.index({ receivedAt: 1 });

export const displaySchema = new Schema(
  {
    id: required,
    version: { type: Number, required: true },
    messages: { type: [Schema.Types.Mixed], default: [] },
    listing: { type: Schema.Types.Mixed },
    listedAt: { type: String },
  },
  { versionKey: false, minimize: false },
);

export interface ReportCollections {
  readonly reports: Collection<ReportDoc>;
  readonly displays: Collection<DisplayDoc>;
}

export async function openReportCollections(store: Store): Promise<ReportCollections> {
  const [reports, displays] = await Promise.all([
    store.collection<ReportDoc>('station_reports', reportSchema),
    store.collection<DisplayDoc>('station_displays', displaySchema),
  ]);
  return { reports, displays };
}
