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

  it('is asked for as changed once after each change, so that an instance that has not heard of it looks', async () => {
    const device = new FakeDevice();
    const cache = new StationAccessCache(device, { ttlMs: 1_000, now: () => now });
    let now = 0;
    for (const stationId of ['CP1', 'CP2']) device.register(stationId);
    cache.invalidate('CP1');
    await Promise.all([cache.get('CP1'), cache.get('CP2')]);
    expect(device.changed).toEqual([['CP1']]);
    now = 2_000;
    await cache.get('CP1');
    expect(device.changed).toEqual([['CP1'], []]);
    cache.invalidate('CP1');
    device.away = true;
    await cache.get('CP1');
    device.away = false;
    await cache.get('CP1');
    expect(device.changed).toEqual([['CP1'], [], ['CP1'], ['CP1']]);
  });
});
