import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readingsOf } from '../store/readings.js';
import { openCollections } from '../store/session-documents.js';
import { at, ended, metered, register, started, values } from '../testing/facts.js';
import { SessionHarness } from '../testing/session-harness.js';
import { sessionProjections } from './rebuild.js';

let harness: SessionHarness;
beforeEach(async () => {
  harness = await new SessionHarness().start();
});
afterEach(() => harness.dispose());

const rebuild = (name: string) => {
  const { log, store } = harness.parts;
  return sessionProjections[name]?.rebuild({ log, store }, () => undefined);
};

async function stored() {
  // Whoever asks the service has it write what it held.
  await harness.all();
  const collections = await openCollections(harness.parts.store);
  const { docs } = await collections.sessions.find({ limit: 100 });
  const readings = await readingsOf(collections, docs);
  return {
    sessions: docs.map((doc) => ({ ...doc, updatedAt: '' })),
    readings: [...readings].map(([id, { readings: known }]) => ({ id, readings: known })),
  };
}

const charge = () =>
  harness.given(
    started({ minute: 0 }),
    metered({ minute: 5, meterValues: [values(5, register(700))] }),
    ended({ minute: 9, meterStopWh: 2_000 }),
    started({ minute: 10, transactionId: '102' }),
    metered({ minute: 12, transactionId: '102', meterValues: [values(12, register(2_400)), values(11, register(2_200))] }),
  );

describe('a rebuilt read model', () => {
  it('of a stopped service is what it was before it was damaged', async () => {
    await charge();
    const before = await stored();
    expect(before.sessions.map(({ state }) => state).toSorted()).toEqual(['Active', 'Ended']);
    const { sessions, readings } = await openCollections(harness.parts.store);
    for (const doc of (await sessions.find({ limit: 100 })).docs)
      await sessions.upsert([{ doc: { ...doc, state: 'Ended', startedAt: at(99) } }]);
    for (const doc of (await readings.find({ limit: 100 })).docs) await readings.upsert([{ doc: { ...doc, readings: {} } }]);
    expect(await stored()).not.toEqual(before);
    expect(await rebuild('readings')).toBeGreaterThan(0);
    expect(await rebuild('sessions')).toBeGreaterThan(0);
    expect(await stored()).toEqual(before);
  });

  it('comes back when it is gone altogether', async () => {
    await charge();
    const before = await stored();
    const { sessions, readings } = await openCollections(harness.parts.store);
    await Promise.all([sessions.deleteWhere({}), readings.deleteWhere({})]);
    await rebuild('readings');
    await rebuild('sessions');
    expect(await stored()).toEqual(before);
  });

  it('is gone on with by the service that runs', async () => {
    await charge();
    await rebuild('readings');
    await rebuild('sessions');
    await harness.given(
      metered({ minute: 14, transactionId: '102', meterValues: [values(14, register(2_600))] }),
      ended({ minute: 15, transactionId: '102', meterStopWh: 2_750 }),
    );
    const [session] = (await harness.all()).filter(({ transactionId }) => transactionId === '102');
    const live = await stored();
    expect(session).toMatchObject({ meterStopWh: 2_750 });
    await rebuild('readings');
    await rebuild('sessions');
    expect(await stored()).toEqual(live);
  });
});
