import { describe, expect, it } from 'vitest';
import { FakeDevice } from '../testing/fake-services.js';
import { StationAccessCache } from './station-access.js';

describe('what is known about stations', () => {
  it('is asked again after a change, also when that came while the answer was under way', async () => {
    const device = new FakeDevice();
    const cache = new StationAccessCache(device, { ttlMs: 300_000, now: () => 0 });
    device.register('CP1', { passwordHash: 'old' });
    const hold = device.getStationAccess.bind(device);
    let answer = (): void => undefined;
    device.getStationAccess = async (request) => {
      const read = await hold(request);
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return read;
    };
    const first = cache.get('CP1');
    await expect.poll(() => device.calls).toBe(1);
    device.register('CP1', { passwordHash: 'new' });
    cache.invalidate('CP1');
    answer();
    expect((await first)?.passwordHash).toBe('old');
    device.getStationAccess = hold;
    expect((await cache.get('CP1'))?.passwordHash).toBe('new');
    expect((await cache.get('CP1'))?.passwordHash).toBe('new');
    expect(device.calls).toBe(2);
  });
});
