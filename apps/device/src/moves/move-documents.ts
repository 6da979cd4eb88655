import type { KnownMove, KnownStationMove } from '@voltlog/device-domain';
import type { Collection, Store } from '@voltlog/store';
import { Schema } from 'mongoose';

/** A move as its stream tells. */
export interface MoveDoc extends Omit<KnownMove, 'kind'> {
  readonly id: string;
  /** Commits of its stream. */
  readonly version: number;
}

/** One station of a move, from when its turn has come. */
export interface StationMoveDoc extends Omit<KnownStationMove, 'kind'> {
  /** `<moveId>:<stationId>` */
  readonly id: string;
  readonly version: number;
}

const required = { type: String, required: true };
const count = { type: Number, required: true };
const words = { type: String, default: '' };
const mixed = { type: Schema.Types.Mixed };

export const moveSchema = new Schema(
  {
    id: required,
    version: count,
    moveId: required,
    name: words,
    direction: required,
    selection: mixed,
    target: mixed,
    waves: mixed,
    atOnceMax: count,
    healthMinutes: count,
    confirm: Boolean,
    stopAtFailedPercent: count,
    stopAtFailedMin: count,
    createdBy: words,
    stationIds: mixed,
    state: required,
    outcome: { type: String },
    wave: count,
    wavesEnded: count,
    waveAt: words,
    failedBefore: count,
    endedBefore: count,
    createdAt: required,
    endedAt: words,
  },
  { versionKey: false },
);
moveSchema.index({ createdAt: 1, id: 1 });

export const stationMoveSchema = new Schema(
  {
    id: required,
    version: count,
    moveId: required,
    stationId: required,
    wave: count,
    direction: required,
    phase: required,
    before: mixed,
    confirmedBy: words,
    confirmed: Boolean,
    reason: words,
    startedAt: required,
    switchedAt: words,
    endedAt: words,
    restoredAt: words,
  },
  { versionKey: false },
);
stationMoveSchema.index({ moveId: 1, phase: 1, id: 1 });
stationMoveSchema.index({ moveId: 1, wave: 1, endedAt: 1 });

export interface MoveCollections {
  readonly moves: Collection<MoveDoc>;
  readonly stations: Collection<StationMoveDoc>;
}

export async function openMoveCollections(store: Store): Promise<MoveCollections> {
  return {
    moves: await store.collection<MoveDoc>('moves', moveSchema),
    stations: await store.collection<StationMoveDoc>('station_moves', stationMoveSchema),
  };
}
