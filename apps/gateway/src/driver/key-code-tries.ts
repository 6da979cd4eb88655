import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { isoTime } from '@voltlog/kernel';
import { SERVICE_CONTEXT, type ServiceContext } from '@voltlog/service';
import type { Collection } from '@voltlog/store';
import { type BucketDoc, bucketSchema, KeptRateLimit } from '../auth/kept-rate-limit.js';
import { tooMany } from './driver.guard.js';
import type { EvsePlace } from './evse-uid.js';

/** Key codes one address may try: a slip is not punished, a search is hopeless. */
const OF_ADDRESS = { burst: 6, perSecond: 1 / 30 };
/** Key codes tried at one EVSE, from wherever. */
const OF_EVSE = { burst: 30, perSecond: 0.2 };
/** Milliseconds between two cleanings. */
const CLEAN_EVERY_MS = 600_000;

/** Counts the key codes that are tried, over all instances of the gateway: more instances give nobody more tries. */
@Injectable()
export class KeyCodeTries implements OnModuleInit {
  private buckets: Collection<BucketDoc> | undefined;
  private byAddress: KeptRateLimit | undefined;
  private byEvse: KeptRateLimit | undefined;
  private cleanedAt = 0;

  constructor(@Inject(SERVICE_CONTEXT) private readonly context: ServiceContext) {}

  async onModuleInit(): Promise<void> {
    this.buckets = await this.context.store.collection<BucketDoc>('keyCodeTries', bucketSchema);
    this.byAddress = new KeptRateLimit(this.buckets, 'address', OF_ADDRESS);
    this.byEvse = new KeptRateLimit(this.buckets, 'evse', OF_EVSE);
  }

  /** @throws {Problem} 429 when it was tried too often */
  async count(address: string, { stationId, evseId }: EvsePlace): Promise<void> {
    const now = this.context.clock.now();
    await this.clean(now);
    await taken(this.byAddress, address, now);
    // What an address may not try is no try at the EVSE: one address cannot keep all others from paying there.
    await taken(this.byEvse, `${stationId}*${evseId}`, now);
  }

  private async clean(now: number): Promise<void> {
    if (now - this.cleanedAt < CLEAN_EVERY_MS) return;
    this.cleanedAt = now;
    await this.buckets?.deleteWhere({ fullAt: { $lt: isoTime(now) } });
  }
}

async function taken(limit: KeptRateLimit | undefined, whose: string, now: number): Promise<void> {
  if (limit === undefined) throw new Error('KeyCodeTries is used before onModuleInit');
  const { allowed, resetSeconds } = await limit.take(whose, now);
  if (!allowed) throw tooMany(resetSeconds);
}
