import type { MeterValue, SampledValue, StationFactType } from '@voltlog/connection-contract';
import type { AskedStart, Readings, SessionClaims } from '@voltlog/session-domain';
import { type Collection, packedCollection, type Store, smallDocuments } from '@voltlog/store';
import { Schema } from 'mongoose';
import { type StoredSession, sessionPacking } from './packed-sessions.js';
import { type StoredMeterValue, valuePacking } from './packed-values.js';

/** Projection of a session's stream: the claims, and what is searched by. Written only when the stream grew. */
export interface SessionDocument {
  readonly id: string;
  /** Commits of the stream it shows. */
  readonly version: number;
  readonly stationId: string;
  readonly transactionId: string;
  readonly state: 'Active' | 'Ended';
  /** The start, or the first that was heard of it. */
  readonly startedAt: string;
  readonly idToken?: string;
  /** The station id while the session has no reported end, or its connector is not known to be free: found again after a restart by it. */
  readonly openOn?: string;
  readonly claims: SessionClaims;
  readonly updatedAt: string;
}

/** Projection of a session's meter values: what is known of them. Behind by the latest few while the session runs: read by `readingsOf`. */
export interface ReadingsDocument {
  readonly id: string;
  readonly version: number;
  readonly readings: Readings;
}

/** One meter value; `id` is `<session id>#<time>#<digest>`, so that a session's values lie together in order of time and a repetition is the same document. */
export interface MeterValueDocument extends MeterValue {
  readonly id: string;
  readonly receivedAt: string;
  readonly seqNo?: number;
}

/** A fact that no session was found for. */
export interface QuarantinedDocument {
  /** Of the content, so that a repeated message is the same document. */
  readonly id: string;
  /** Event id of the fact. */
  readonly factId: string;
  readonly stationId: string;
  readonly type: StationFactType;
  readonly transactionId: string;
  readonly reason: string;
  readonly at: string;
  readonly fact: unknown;
  /** The session it was found to belong to. */
  readonly matchedSessionId?: string;
  /** The station id while a session may yet be found, or another one. */
  readonly openOn?: string;
}

export type NoticeKind =
  | 'ChargingNeeds'
  | 'ChargingSchedule'
  | 'ExternalLimit'
  | 'ExternalLimitCleared'
  | 'PriorityCharging'
  | 'Settlement';

/** What a station told about a charge besides the transaction; `id` is that of the fact. */
export interface SessionNoticeDocument {
  readonly id: string;
  readonly stationId: string;
  /** 0: the whole station, or told by the transaction. */
  readonly evseId: number;
  /** Empty: told by the EVSE. */
  readonly transactionId: string;
  readonly kind: NoticeKind;
  readonly receivedAt: string;
  readonly details: Readonly<Record<string, string | number | boolean>>;
}

/** Where a station is; those at no site are not here. */
export interface StationSiteDocument {
  readonly id: string;
  readonly siteId: string;
}

/** Projection of a price's stream; `id` is its scope: `default`, `site:<id>` or `station:<id>`. Amounts are decimal numbers. */
export interface PriceDocument {
  readonly id: string;
  readonly version: number;
  readonly currency: string;
  readonly perKwh: string;
  readonly perMinute: string;
  readonly perSession: string;
  /** When the price of the scope was first set, or set anew after it was taken away: sessions that began before have none by it. */
  readonly since?: string;
  /** It was taken away, and is kept so that an older event that comes again does not bring it back. */
  readonly removed?: true;
}

/** A start request that a session may still come of, or one taken back of which one may come all the same; `id` is its id. */
export interface OpenStartDocument extends AskedStart {
  readonly id: string;
}

export interface SessionCollections {
  readonly sessions: Collection<SessionDocument>;
  readonly readings: Collection<ReadingsDocument>;
  readonly meterValues: Collection<MeterValueDocument>;
  readonly quarantine: Collection<QuarantinedDocument>;
  readonly stationSites: Collection<StationSiteDocument>;
  readonly prices: Collection<PriceDocument>;
  readonly openStarts: Collection<OpenStartDocument>;
  readonly notices: Collection<SessionNoticeDocument>;
}

const options = { id: false, strict: false, minimize: false, versionKey: false } as const;
const Mixed = Schema.Types.Mixed;

export const sessionSchema = new Schema(
  {
    id: { type: String, required: true },
    version: Number,
    stationId: String,
    transactionId: String,
    state: String,
    startedAt: String,
    idToken: String,
    openOn: String,
    claims: Mixed,
    updatedAt: String,
  },
  options,
);
sessionSchema.index({ startedAt: 1 });
sessionSchema.index({ stationId: 1, startedAt: 1 });
sessionSchema.index({ state: 1, startedAt: 1 });
sessionSchema.index({ idToken: 1, startedAt: 1 });
sessionSchema.index({ transactionId: 1 });
// Most sessions are over.
sessionSchema.index({ openOn: 1 }, { sparse: true });

export const readingsSchema = smallDocuments(
  new Schema({ id: { type: String, required: true }, version: Number, readings: Mixed }, options),
);

export const meterValueSchema = smallDocuments(
  new Schema({ id: { type: String, required: true }, at: String, samples: Mixed, receivedAt: String, seqNo: Number }, options),
);

export const quarantineSchema = new Schema(
  {
    id: { type: String, required: true },
    factId: String,
    stationId: String,
    type: String,
    transactionId: String,
    reason: String,
    at: String,
    fact: Mixed,
    matchedSessionId: String,
    openOn: String,
  },
  options,
);
quarantineSchema.index({ at: 1 });
quarantineSchema.index({ stationId: 1, at: 1 });
quarantineSchema.index({ openOn: 1 }, { sparse: true });

export const sessionNoticeSchema = new Schema(
  {
    id: { type: String, required: true },
    stationId: String,
    evseId: Number,
    transactionId: String,
    kind: String,
    receivedAt: String,
    details: Mixed,
  },
  options,
);
sessionNoticeSchema.index({ stationId: 1, receivedAt: 1, id: 1 });
sessionNoticeSchema.index({ stationId: 1, transactionId: 1, id: 1 });

export const stationSiteSchema = new Schema({ id: { type: String, required: true }, siteId: String }, options);

export const priceSchema = new Schema(
  {
    id: { type: String, required: true },
    version: Number,
    currency: String,
    perKwh: String,
    perMinute: String,
    perSession: String,
    since: String,
    removed: Boolean,
  },
  options,
);

export const openStartSchema = new Schema(
  {
    id: { type: String, required: true },
    startRequestId: String,
    stationId: String,
    evseId: Number,
    idToken: Mixed,
    limit: Mixed,
    remoteStartId: Number,
    requestedAt: String,
    cancelledAt: String,
  },
  options,
);
openStartSchema.index({ stationId: 1 });

export async function openCollections(store: Store): Promise<SessionCollections> {
  return {
    sessions: packedCollection(await store.collection<StoredSession>('sessions', sessionSchema), sessionPacking),
    readings: await store.collection<ReadingsDocument>('readings', readingsSchema),
    meterValues: packedCollection(await store.collection<StoredMeterValue>('meterValues', meterValueSchema), valuePacking),
    quarantine: await store.collection<QuarantinedDocument>('quarantine', quarantineSchema),
    stationSites: await store.collection<StationSiteDocument>('stationSites', stationSiteSchema),
    prices: await store.collection<PriceDocument>('prices', priceSchema),
    openStarts: await store.collection<OpenStartDocument>('openStarts', openStartSchema),
    notices: await store.collection<SessionNoticeDocument>('sessionNotices', sessionNoticeSchema),
  };
}

/** The documents of one session in order of time: `id` in `[from, to)`. */
export const meterValueRange = (sessionId: string): { readonly $gte: string; readonly $lt: string } => valuesFrom(sessionId, '');

/** Those measured at a time (ISO 8601) or later. */
export const valuesFrom = (sessionId: string, at: string): { readonly $gte: string; readonly $lt: string } => ({
  $gte: `${sessionId}#${at}`,
  $lt: `${sessionId}$`,
});

export function meterValueDocument(sessionId: string, value: MeterValue, receivedAt: string, seqNo?: number): MeterValueDocument {
  const id = `${sessionId}#${value.at}#${digest(value.samples, seqNo)}`;
  return seqNo === undefined
    ? { id, at: value.at, samples: value.samples, receivedAt }
    : { id, at: value.at, samples: value.samples, receivedAt, seqNo };
}

/** Tells the values of one moment apart: two 32-bit FNV-1a sums over what was measured. Not for secrets. */
function digest(samples: readonly SampledValue[], seqNo: number | undefined): string {
  let a = 0x811c9dc5 ^ (seqNo ?? -1);
  let b = 0x1000193 + samples.length;
  for (const { measurand, value, phase = '', context = '', location = '' } of samples) {
    for (const text of [measurand, String(value), phase, context, location]) {
      for (let i = 0; i < text.length; i++) {
        const code = text.charCodeAt(i);
        a = Math.imul(a ^ code, 0x01000193);
        b = Math.imul(b ^ code, 0x85ebca6b) + 1;
      }
    }
  }
  return (a >>> 0).toString(36) + (b >>> 0).toString(36);
}
