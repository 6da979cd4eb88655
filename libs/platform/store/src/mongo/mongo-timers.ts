import { randomUUID } from 'node:crypto';
import { isoTime } from '@voltlog/kernel';
import type { mongo } from 'mongoose';
import type { ClaimedTimer, ClaimOptions, Timer, TimerStore } from '../store.js';

/** Claims tried when other claimers take what was found. */
const CLAIM_ROUNDS = 4;

interface TimerDocument {
  readonly _id: string;
  readonly kind: string;
  readonly dueAt: string;
  /** JSON text. */
  readonly payload: string;
  /** When it can be claimed: when it is due, or when the lease ends. ISO 8601. */
  readonly ready: string;
  /** Names the claim; null: not claimed. */
  readonly lease: string | null;
}

/** Timers as documents; a claim puts its own name on those that are still free, each at once. */
export class MongoTimers implements TimerStore {
  constructor(
    private readonly documents: mongo.Collection<TimerDocument>,
    private readonly call: <T>(work: () => Promise<T>) => Promise<T>,
  ) {}

  static async ensure(documents: mongo.Collection<TimerDocument>): Promise<void> {
    await documents.createIndex({ kind: 1, ready: 1 });
  }

  async schedule(timers: readonly Timer[]): Promise<void> {
    if (timers.length === 0) return;
    const newest = new Map(timers.map((timer) => [timer.id, timer]));
    const operations = [...newest.values()].map(({ id, kind, dueAt, payload }) => ({
      replaceOne: {
        filter: { _id: id },
        replacement: { kind, dueAt, payload: JSON.stringify(payload ?? null), ready: dueAt, lease: null },
        upsert: true,
      },
    }));
    await this.call(() => this.documents.bulkWrite(operations, { ordered: false }));
  }

  async scheduleNoLater(timers: readonly Timer[]): Promise<void> {
    if (timers.length === 0) return;
    const operations = timers.map(({ id, kind, dueAt, payload }) => {
      const replacement = { _id: id, kind, dueAt, payload: JSON.stringify(payload ?? null), ready: dueAt, lease: null };
      const stays = { $and: [{ $eq: ['$lease', null] }, { $lte: ['$dueAt', dueAt] }] };
      const update = [{ $replaceWith: { $cond: [stays, '$$ROOT', { $literal: replacement }] } }];
      return { updateOne: { filter: { _id: id }, update, upsert: true } };
    });
    await this.call(() => this.documents.bulkWrite(operations, { ordered: true }));
  }

  async cancel(ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await this.call(() => this.documents.deleteMany({ _id: { $in: [...ids] } }));
  }

  async claim({ kind, now, leaseMs, limit }: ClaimOptions): Promise<readonly ClaimedTimer[]> {
    const lease = randomUUID();
    const ready = isoTime(Date.parse(now) + leaseMs);
    let mine: readonly TimerDocument[] = [];
    for (let round = 0; round < CLAIM_ROUNDS && mine.length < limit; round += 1) {
      const free = { kind, ready: { $lte: now } };
      const found = await this.call(() =>
        this.documents
          .find(free, { projection: { _id: 1 } })
          .sort({ ready: 1 })
          .limit(limit - mine.length)
          .toArray(),
      );
      if (found.length === 0) break;
      const { modifiedCount } = await this.call(() =>
        this.documents.updateMany({ _id: { $in: found.map((one) => one._id) }, ...free }, { $set: { ready, lease } }),
      );
      // What it says of itself is not to be relied on: repeated after a lost answer, it finds nothing that is still free.
      mine = await this.call(() => this.documents.find({ kind, ready, lease }).toArray());
      if (modifiedCount === found.length) break;
    }
    return mine
      .map(({ _id, dueAt, payload }) => ({ id: _id, kind, dueAt, payload: JSON.parse(payload) as unknown, lease }))
      .sort((a, b) => (a.dueAt < b.dueAt ? -1 : a.dueAt > b.dueAt ? 1 : 0));
  }

  async complete(timers: readonly Pick<ClaimedTimer, 'id' | 'lease'>[]): Promise<void> {
    if (timers.length === 0) return;
    const operations = [...Map.groupBy(timers, ({ lease }) => lease)].map(([lease, ofClaim]) => ({
      deleteMany: { filter: { _id: { $in: ofClaim.map(({ id }) => id) }, lease } },
    }));
    await this.call(() => this.documents.bulkWrite(operations, { ordered: false }));
  }
}
