import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { isoTime } from '@voltlog/kernel';
import { SERVICE_CONTEXT, type ServiceContext } from '@voltlog/service';
import type { Collection } from '@voltlog/store';
import { type BucketDoc, bucketSchema, KeptRateLimit } from '../auth/kept-rate-limit.js';
import { type Rate, tooMany } from '../auth/rate-limit.js';

/** Milliseconds between two cleanings. */
const CLEAN_EVERY_MS = 600_000;

/** What drivers may do so often, counted over all instances of the gateway: more instances give nobody more tries. */
@Injectable()
export class DriverLimits implements OnModuleInit {
  private buckets: Collection<BucketDoc> | undefined;
  private readonly limits = new Map<string, KeptRateLimit>();
  private cleanedAt = 0;

  constructor(@Inject(SERVICE_CONTEXT) private readonly context: ServiceContext) {}

  async onModuleInit(): Promise<void> {
    this.buckets = await this.context.store.collection<BucketDoc>('driverLimits', bucketSchema);
  }

  /** @throws {Problem} 429 when it was done too often */
  async take(name: string, rate: Rate, whose: string): Promise<void> {
    const now = this.context.clock.now();
    await this.clean(now);
    const { allowed, resetSeconds } = await this.limit(name, rate).take(whose, now);
    if (!allowed) throw tooMany(resetSeconds);
  }

  /** What was taken does not count after all. */
  async giveBack(name: string, rate: Rate, whose: string): Promise<void> {
    await this.limit(name, rate).giveBack(whose, this.context.clock.now());
  }

  private limit(name: string, rate: Rate): KeptRateLimit {
    if (this.buckets === undefined) throw new Error('DriverLimits is used before onModuleInit');
    const limit = this.limits.get(name) ?? new KeptRateLimit(this.buckets, name, rate);
    this.limits.set(name, limit);
    return limit;
  }

  private async clean(now: number): Promise<void> {
    if (now - this.cleanedAt < CLEAN_EVERY_MS) return;
    this.cleanedAt = now;
    await this.buckets?.deleteWhere({ fullAt: { $lt: isoTime(now) } });
  }
}
