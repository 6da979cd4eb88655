import { Schema } from 'mongoose';
import { describeCollections } from './contract/collections.contract.js';
import { describeFiles } from './contract/files.contract.js';
import { describeReplay } from './contract/replay.contract.js';
import { describeStreams } from './contract/streams.contract.js';
import { describeTimers } from './contract/timers.contract.js';
import type { Store } from './store.js';

/** What a contract run is given. */
export interface StoreHarness {
  /** An empty store. */
  open(): Promise<Store>;
  /** The store of `open` again, after it was closed. */
  reopen(): Promise<Store>;
  /** A second writer on the same data, where the adapter has such; else the same store. */
  another(store: Store): Promise<Store>;
}

export const sessionSchema = new Schema({
  stationId: { type: String, index: true },
  state: String,
  startedAt: String,
  energyWh: { type: Number, index: true },
  party: { country: String },
})
  .index({ state: 1, startedAt: -1 })
  .index({ 'party.country': 1 });

export interface SessionDoc {
  readonly id: string;
  readonly stationId?: string | null;
  readonly state?: string;
  readonly startedAt?: string | null;
  readonly energyWh?: number | string;
  readonly party?: { readonly country: string };
  readonly version?: number;
  readonly note?: unknown;
}

/** The one contract of a store; each adapter runs it. */
export function describeStore(name: string, harness: StoreHarness): void {
  describeStreams(name, harness);
  describeCollections(name, harness);
  describeTimers(name, harness);
  describeReplay(name, harness);
  describeFiles(name, harness);
}
