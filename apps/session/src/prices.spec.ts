import { DEVICE_TOPIC } from '@voltlog/device-contract';
import { PRICE_TOPIC } from '@voltlog/session-contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sessionProjections } from './projections/rebuild.js';
import { openCollections } from './store/session-documents.js';
import { ended, metered, register, started, status, values } from './testing/facts.js';
import { SessionHarness } from './testing/session-harness.js';

const DEADLINE_MS = 10_000;

let harness: SessionHarness;
beforeEach(async () => {
  harness = await new SessionHarness().start();
});
afterEach(() => harness.dispose());

async function put(perKwh: string, { scope = 'default', expectedVersion = 0, mustBeNew = false, idempotencyKey = '' } = {}) {
  const price = { scope, currency: 'EUR', perKwh, perMinute: '', perSession: '', version: 0 };
  return (await harness.sessions.putPrice({ price, expectedVersion, mustBeNew, idempotencyKey })).price;
}
const priceOf = async (scope: string) => (await harness.sessions.getPrice({ scope, stationId: '' })).price;
const rebuild = (name: string) => {
  const { log, store } = harness.parts;
  return sessionProjections[name]?.rebuild({ log, store }, () => undefined);
};

/** What the topic tells, as key and version. */
async function published(count: number): Promise<readonly string[]> {
  const told: string[] = [];
  const subscription = await harness.parts.log.subscribe({
    group: `spec-${count}`,
    topics: [PRICE_TOPIC],
    temporary: true,
    handle: async (batch) => void told.push(...batch.map(({ key, event }) => `${key} ${(event.data as { version: number }).version}`)),
  });
  await harness.until(() => told.length >= count);
  await subscription.stop();
  return told;
}

describe('a price', () => {
  it('is events: each change is told once, a repetition and the same price change nothing', async () => {
    expect(await put('0.50', { idempotencyKey: 'a' })).toMatchObject({ scope: 'default', perKwh: '0.50', perMinute: '0', version: 1 });
    expect(await put('0.50', { idempotencyKey: 'a' })).toMatchObject({ version: 1 });
    expect(await put('0.50')).toMatchObject({ version: 1 });
    expect(await put('0.60', { expectedVersion: 1 })).toMatchObject({ perKwh: '0.60', version: 2 });
    await expect(put('0.70', { expectedVersion: 1 })).rejects.toMatchObject({ code: 'ABORTED', reason: 'VersionMismatch' });
    await put('0.40', { scope: 'site:harbour' });
    expect(await priceOf('default')).toMatchObject({ perKwh: '0.60', version: 2 });
    expect([...(await published(3))].sort()).toEqual(['default 1', 'default 2', 'site:harbour 1']);
  });

  it('that must be new is set by one of two who set it at once, and its repetition answers the same', async () => {
    const set = await Promise.allSettled(['0.50', '0.60'].map((perKwh) => put(perKwh, { mustBeNew: true, idempotencyKey: perKwh })));
    expect(set.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const [first] = set.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    expect(await priceOf('default')).toEqual(first);
    const { perKwh = '' } = first ?? {};
    expect(await put(perKwh, { mustBeNew: true, idempotencyKey: perKwh })).toEqual(first);
    await expect(put(perKwh, { mustBeNew: true })).rejects.toMatchObject({ code: 'ABORTED', reason: 'PriceExists' });
  });

  it('is there after a restart, and after its read model was lost', async () => {
    await put('0.50');
    await put('0.40', { scope: 'station:CS-1' });
    const before = [await priceOf('default'), await priceOf('station:CS-1')];
    await harness.restart();
    expect([await priceOf('default'), await priceOf('station:CS-1')]).toEqual(before);
    await (await openCollections(harness.parts.store)).prices.deleteWhere({});
    expect(await priceOf('default')).toBeUndefined();
    expect(await rebuild('prices')).toBe(2);
    expect([await priceOf('default'), await priceOf('station:CS-1')]).toEqual(before);
    expect(await put('0.45', { expectedVersion: 1 })).toMatchObject({ version: 2 });
  });

  describe('that is taken away', () => {
    const remove = (scope: string, expectedVersion = 0, idempotencyKey = '') =>
      harness.sessions.removePrice({ scope, expectedVersion, idempotencyKey });

    it('leaves what sessions cost that began before; those that begin after pay the next wider one', async () => {
      await put('0.50');
      await put('0.90', { scope: 'station:CS-1' });
      await harness.given(started({ minute: 0 }));
      await remove('station:CS-1', 1);
      await harness.given(
        metered({ minute: 5, meterValues: [values(5, register(2_000))] }),
        started({ minute: 6, transactionId: '102', connectorId: 2 }),
        metered({ minute: 7, transactionId: '102', meterValues: [values(7, register(2_000))] }),
      );
      const costs = async () => Object.fromEntries((await harness.all()).map(({ transactionId, cost }) => [transactionId, cost?.amount]));
      expect(await costs()).toEqual({ '101': '0.90', '102': '0.50' });
      await harness.restart();
      await rebuild('prices');
      await rebuild('sessions');
      expect(await costs()).toEqual({ '101': '0.90', '102': '0.50' });
      expect((await harness.sessions.getPrice({ stationId: 'CS-1', scope: '' })).price).toMatchObject({ scope: 'default' });
    });

    it('stays away when what it was comes again, after a restart and after its read model was lost', async () => {
      await put('0.50');
      await remove('default', 1, 'k');
      await remove('default', 0, 'k');
      expect(await published(2)).toEqual(['default 1', 'default 2']);
      await expect(remove('default')).rejects.toMatchObject({ code: 'NOT_FOUND', reason: 'PriceUnknown' });
      const rows = async () => (await openCollections(harness.parts.store)).prices;
      const stored = async () => (await (await rows()).find({ limit: 10 })).docs;
      const before = await stored();
      expect(await harness.parts.log.caughtUp({ group: 'session-prices', topic: PRICE_TOPIC, deadlineMs: DEADLINE_MS })).toBe(true);
      await harness.restart();
      expect([await priceOf('default'), await stored()]).toEqual([undefined, before]);
      await (await rows()).deleteWhere({});
      await rebuild('prices');
      expect([await priceOf('default'), await stored()]).toEqual([undefined, before]);
      expect(await put('0.50', { mustBeNew: true })).toMatchObject({ version: 3 });
      expect(await priceOf('default')).toMatchObject({ perKwh: '0.50', version: 3 });
    });

    it('is not, at another version or where none is', async () => {
      await put('0.50');
      await expect(remove('default', 2)).rejects.toMatchObject({ code: 'ABORTED', reason: 'VersionMismatch' });
      await expect(remove('site:harbour')).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(remove('everywhere')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      expect(await priceOf('default')).toMatchObject({ version: 1 });
    });
  });

  it('that changes leaves what sessions cost that began before, and holds for those that begin after', async () => {
    await put('0.50');
    await harness.given(started({ minute: 0 }));
    await put('0.90');
    await harness.given(
      metered({ minute: 5, meterValues: [values(5, register(2_000))] }),
      started({ minute: 6, transactionId: '102', connectorId: 2 }),
      metered({ minute: 7, transactionId: '102', meterValues: [values(7, register(2_000))] }),
    );
    const costs = async () => Object.fromEntries((await harness.all()).map(({ transactionId, cost }) => [transactionId, cost?.amount]));
    expect(await costs()).toEqual({ '101': '0.50', '102': '0.90' });
    await put('0.10');
    await harness.restart();
    await harness.given(ended({ minute: 9, meterStopWh: 3_000 }));
    expect(await costs()).toEqual({ '101': '1.00', '102': '0.90' });
    await rebuild('prices');
    await rebuild('sessions');
    expect(await costs()).toEqual({ '101': '1.00', '102': '0.90' });
  });

  it('that is the first, set while a session runs, costs it nothing, nor does a later one; who begins then pays it', async () => {
    await harness.given(started({ minute: 0 }), status({ minute: 0, detail: 'Charging' }));
    await harness.settled();
    harness.later(1);
    await put('0.50');
    await harness.given(metered({ minute: 5, meterValues: [values(5, register(2_000))] }), status({ minute: 5, detail: 'SuspendedEV' }));
    await put('0.90');
    await harness.given(
      status({ minute: 6, detail: 'Charging' }),
      started({ minute: 6, transactionId: '102', connectorId: 2 }),
      ended({ minute: 7, transactionId: '102', connectorId: 2, meterStopWh: 2_000 }),
      ended({ minute: 9, meterStopWh: 3_000 }),
    );
    const costs = Object.fromEntries((await harness.all()).map(({ transactionId, cost }) => [transactionId, cost?.amount]));
    expect(costs).toEqual({ '101': undefined, '102': '0.90' });
  });

  it('that is set once a session has ended costs it nothing', async () => {
    await harness.given(started({ minute: 0 }), status({ minute: 0, detail: 'Charging' }), ended({ minute: 9, meterStopWh: 3_000 }));
    await put('0.90');
    await harness.given(status({ minute: 10, status: 'Available' }));
    const session = await harness.only();
    expect((await harness.milestones(session.sessionId)).map(({ milestone }) => milestone)).toContain('SessionEnded');
    expect(session.cost).toBeUndefined();
  });
});

it('sites of stations come back when their read model is lost; those retired stay away', async () => {
  const { log, store } = harness.parts;
  const event = (stationId: string, name: string, siteId: string) =>
    log.append(DEVICE_TOPIC, stationId, [
      {
        id: `${stationId}-${name}`,
        type: `voltlog.device.${name}.v1`,
        source: '/device/test',
        subject: stationId,
        time: '2026-11-24T08:00:00.000Z',
        data: { stationId, siteId },
      },
    ]);
  await event('CS-1', 'StationRegistered', 'old');
  await event('CS-1', 'StationChanged', 'harbour');
  await event('CS-2', 'StationRegistered', 'harbour');
  await event('CS-2', 'StationRetired', '');
  expect(await log.caughtUp({ group: 'session-stations', topic: DEVICE_TOPIC, deadlineMs: DEADLINE_MS })).toBe(true);
  const { stationSites } = await openCollections(store);
  const stored = async () => (await stationSites.find({ limit: 10 })).docs;
  expect(await stored()).toEqual([{ id: 'CS-1', siteId: 'harbour' }]);
  await stationSites.deleteWhere({});
  expect(await rebuild('price-sites')).toBe(4);
  expect(await stored()).toEqual([{ id: 'CS-1', siteId: 'harbour' }]);
});
