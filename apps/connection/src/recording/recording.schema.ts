import { Schema } from 'mongoose';

export interface RecordingRow {
  readonly id: string;
  /** Counts writes. */
  readonly version: number;
  readonly stationId: string;
  readonly state: 'Active' | 'Stopped' | 'Full' | 'Expired';
  /** What pseudonyms are made with; empty once it has ended, so that nobody finds out what they stand for. */
  readonly key: string;
  /** ISO 8601 */
  readonly startedAt: string;
  readonly until: string;
  /** Empty: it goes on. */
  readonly endedAt: string;
  readonly bytesMax: number;
  readonly bytes: number;
  readonly lines: number;
}

/** Lines that one instance stored together. */
export interface RecordingChunk {
  readonly id: string;
  readonly recordingId: string;
  /** ISO 8601, of the first line. */
  readonly at: string;
  /** JSON, oldest first. */
  readonly lines: readonly string[];
}

const text = { type: String, required: true };
const count = { type: Number, required: true };

export const recordingSchema = new Schema<RecordingRow>({
  id: text,
  version: count,
  stationId: text,
  state: text,
  key: { type: String, default: '' },
  startedAt: text,
  until: text,
  endedAt: { type: String, default: '' },
  bytesMax: count,
  bytes: count,
  lines: count,
})
  .index({ stationId: 1, startedAt: -1 })
  .index({ state: 1, startedAt: -1 })
  .index({ startedAt: -1 });

export const recordingChunkSchema = new Schema<RecordingChunk>({
  id: text,
  recordingId: text,
  at: text,
  lines: { type: Schema.Types.Mixed, required: true },
}).index({ recordingId: 1, at: 1 });
