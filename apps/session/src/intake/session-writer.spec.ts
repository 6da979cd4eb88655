import { OperatingError } from '@voltlog/kernel';
import type { Collection } from '@voltlog/store';
import { describe, expect, it, vi } from 'vitest';
import { ended, started } from '../testing/facts.js';
import { openIntake } from '../testing/intake-harness.js';

describe('a read model that others keep writing', () => {
  it.each(['readings', 'sessions'] as const)('of %s is not given up: the batch comes again', async (name) => {
    const harness = await openIntake();
    const facts = [started({ minute: 0, meterStartWh: 100 }), ended({ minute: 10, meterStopWh: 900 })];
    const collection: Pick<Collection<{ id: string }>, 'upsert'> = harness.collections[name];
    const contended = vi.spyOn(collection, 'upsert').mockImplementation(async (writes) => writes.map(() => false));
    await expect(harness.handle(facts)).rejects.toBeInstanceOf(OperatingError);
    contended.mockRestore();
    await harness.handle(facts);
    expect(await harness.sessions()).toMatchObject([{ energyWh: 800 }]);
    await harness.store.close();
  });
});

it('a session is not seen as ended before what was measured in it is stored', async () => {
  const harness = await openIntake();
  await harness.handle([started({ minute: 0, meterStartWh: 100 })]);
  const contended = vi.spyOn(harness.collections.readings, 'upsert').mockImplementation(async (writes) => writes.map(() => false));
  await expect(harness.handle([ended({ minute: 10, meterStopWh: 900 })])).rejects.toBeInstanceOf(OperatingError);
  contended.mockRestore();
  expect((await harness.collections.sessions.find({ where: {}, limit: 10 })).docs).toMatchObject([{ state: 'Active' }]);
  await harness.store.close();
});
