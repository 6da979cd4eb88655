import { Schema } from 'mongoose';

/** Frames of one station that were flushed together. */
export interface FrameChunk {
  readonly id: string;
  readonly stationId: string;
  /** ISO 8601, of the first frame. */
  readonly at: string;
  /** Oldest first. */
  readonly frames: readonly StoredFrame[];
}

export interface StoredFrame {
  /** Milliseconds since the Unix epoch: cheaper to write than a text, and most frames are never read. */
  readonly atMs: number;
  readonly direction: 'in' | 'out';
  readonly text: string;
}

export const frameSchema = new Schema<FrameChunk>({
  id: { type: String, required: true },
  stationId: { type: String, required: true },
  at: { type: String, required: true },
  frames: { type: Schema.Types.Mixed, required: true },
})
  .index({ stationId: 1, at: -1 })
  .index({ at: 1 });
