import type { ServiceContext } from '@voltlog/service';
import { STORE_KINDS, TestStores } from '@voltlog/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DriverLinks } from './driver-links.js';

const T1 = { idToken: 'T1', type: 'ISO14443' };
const DAY_MS = 86_400_000;
let stores: TestStores;
const clock = { ms: Date.parse('2026-11-23T10:00:00.000Z') };

beforeAll(async () => {
  stores = await TestStores.open();
});
afterAll(() => stores?.close());

describe.each(STORE_KINDS)('keys of drivers in %s', (kind) => {
  let links: DriverLinks;
  beforeAll(async () => {
    const [store] = stores.of(kind);
    links = new DriverLinks({ store, clock: { now: () => clock.ms } } as unknown as ServiceContext);
    await links.onModuleInit();
  });

  it('opens what it was given for, with what was written to it since, until its time is over', async () => {
    const { key, link } = await links.give({ kind: 'Charge', stationId: 'CP-1', evseId: 1, guest: true }, DAY_MS);
    await Promise.all([
      links.note(link.id, { startRequestId: 'sr-1' }),
      links.note(link.id, { stopRequestedAt: '2026-11-23T10:01:00.000Z' }),
    ]);
    expect(await links.find(key, 'Charge')).toMatchObject({
      stationId: 'CP-1',
      evseId: 1,
      guest: true,
      startRequestId: 'sr-1',
      stopRequestedAt: '2026-11-23T10:01:00.000Z',
    });
    expect(await links.find(key, 'Reservation')).toBeUndefined();
    clock.ms += DAY_MS;
    expect(await links.find(key, 'Charge')).toBeUndefined();
  });

  it('lists and takes back the links of one ID token', async () => {
    const { key, link } = await links.give({ kind: 'Contract', idToken: 'T1', idTokenType: 'ISO14443', label: 'Van' }, DAY_MS);
    await links.give({ kind: 'Contract', idToken: 'T2', idTokenType: 'ISO14443' }, DAY_MS);
    await links.give({ kind: 'Charge', idToken: 'T1', idTokenType: 'ISO14443' }, DAY_MS);
    expect((await links.ofToken(T1, 10)).map(({ id }) => id)).toEqual([link.id]);
    expect([
      await links.revoke({ ...T1, type: 'KeyCode' }, link.id),
      await links.revoke(T1, link.id),
      await links.revoke(T1, link.id),
    ]).toEqual([false, true, false]);
    expect(await links.find(key, 'Contract')).toBeUndefined();
  });
});
