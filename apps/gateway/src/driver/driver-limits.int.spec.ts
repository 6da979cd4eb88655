import type { ServiceContext } from '@voltlog/service';
import { STORE_KINDS, TestStores } from '@voltlog/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BucketDoc, bucketSchema } from '../auth/kept-rate-limit.js';
import { Problem } from '../problems/problem.js';
import { DriverLimits } from './driver-limits.js';

const INSTANCES = 2;
const RATE = { burst: 5, perSecond: 1 };

let stores: TestStores;
const clock = { ms: Date.parse('2026-11-26T10:00:00.000Z'), now: () => clock.ms };

beforeAll(async () => {
  stores = await TestStores.open(INSTANCES);
});
afterAll(() => stores?.close());

describe.each(STORE_KINDS)('what drivers may do so often, counted in %s', (kind) => {
  let instances: readonly DriverLimits[];
  const anew = async (): Promise<readonly DriverLimits[]> =>
    Promise.all(
      stores.of(kind).map(async (store) => {
        const limits = new DriverLimits({ store, clock } as unknown as ServiceContext);
        await limits.onModuleInit();
        return limits;
      }),
    );
  beforeAll(async () => {
    instances = await anew();
  });
  /** Who is let through, of so many that ask one instance after the other. */
  async function allowed(whose: string, count: number, of = instances): Promise<number> {
    const takes = Array.from({ length: count }, (_, index) => of[index % INSTANCES]?.take('begin', RATE, whose));
    const outcomes = await Promise.allSettled(takes);
    for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(Problem);
    return outcomes.filter(({ status }) => status === 'fulfilled').length;
  }

  it('more instances, at once or after a restart, give nobody more tries', async () => {
    expect(await allowed('192.0.2.1', 12)).toBe(RATE.burst);
    expect(await allowed('192.0.2.1', 2, await anew())).toBe(0);
    expect(await allowed('192.0.2.2', 1)).toBe(1);
    clock.ms += 2_000;
    expect(await allowed('192.0.2.1', 6)).toBe(2);
  });

  it('what is given back may be taken again, once', async () => {
    expect(await allowed('192.0.2.3', 6)).toBe(RATE.burst);
    await instances[0]?.giveBack('begin', RATE, '192.0.2.3');
    expect(await allowed('192.0.2.3', 2)).toBe(1);
  });

  it('what is full again is not kept, and no address is in the clear', async () => {
    await instances[0]?.take('begin', RATE, '192.0.2.4');
    const buckets = await stores.of(kind)[0]?.collection<BucketDoc>('driverLimits', bucketSchema);
    const all = async () => (await buckets?.find({ limit: 100 }))?.docs ?? [];
    expect(JSON.stringify(await all())).not.toContain('192.0.2.');
    clock.ms += 3_600_000;
    await instances[0]?.take('begin', RATE, '192.0.2.5');
    expect(await all()).toHaveLength(1);
  });
});
