import { createHash } from 'node:crypto';
import { isoTime } from '@voltlog/kernel';
import type { Collection } from '@voltlog/store';
import { Schema } from 'mongoose';
import { type Bucket, giveBackTo, type Rate, takeFrom, type Verdict } from './rate-limit.js';

/** Others may take from the same bucket at once; who loses so often is told to wait. */
const TRIES = 20;
const CONTENDED: Verdict = { allowed: false, remaining: 0, resetSeconds: 1 };

export interface BucketDoc extends Bucket {
  readonly id: string;
  /** When it is full again, and need not be kept. */
  readonly fullAt: string;
  readonly version: number;
}

export const bucketSchema = new Schema(
  {
    _id: String,
    tokens: { type: Number, required: true },
    at: { type: Number, required: true },
    fullAt: { type: String, required: true },
    version: { type: Number, required: true },
  },
  { versionKey: false },
).index({ fullAt: 1 });

/** A token bucket per caller, in the store: it holds over all instances and over a restart. For what is rare and worth a write. */
export class KeptRateLimit {
  constructor(
    private readonly buckets: Pick<Collection<BucketDoc>, 'get' | 'upsert'>,
    private readonly name: string,
    private readonly rate: Rate,
  ) {}

  /** @param now milliseconds */
  async take(caller: string, now: number): Promise<Verdict> {
    const id = this.idOf(caller);
    for (let tries = 0; tries < TRIES; tries += 1) {
      const stored = await this.buckets.get(id);
      const { bucket, verdict } = takeFrom(stored, now, this.rate);
      // What is refused takes nothing, so there is nothing to write: a flood costs reads alone.
      if (!verdict.allowed) return verdict;
      const version = stored?.version ?? 0;
      const doc = { id, ...bucket, fullAt: isoTime(now + verdict.resetSeconds * 1_000), version: version + 1 };
      const [written] = await this.buckets.upsert([{ doc, expectedVersion: version }]);
      if (written === true) return verdict;
    }
    return CONTENDED;
  }

  /** Puts one back. Who loses against others each time leaves it: that is on the safe side. */
  async giveBack(caller: string, now: number): Promise<void> {
    const id = this.idOf(caller);
    for (let tries = 0; tries < TRIES; tries += 1) {
      const stored = await this.buckets.get(id);
      if (stored === undefined) return;
      const bucket = giveBackTo(stored, now, this.rate);
      const [written] = await this.buckets.upsert([
        { doc: { ...stored, ...bucket, version: stored.version + 1 }, expectedVersion: stored.version },
      ]);
      if (written === true) return;
    }
  }

  /** Callers are addresses of people; they are not kept in the clear. */
  private idOf(caller: string): string {
    return createHash('sha256').update(`${this.name}\n${caller}`).digest('base64url');
  }
}
