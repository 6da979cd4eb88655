import * as fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { at, ended, metered, register, started, updated, values } from '../testing/facts.js';
import { type IntakeHarness, openIntake } from '../testing/intake-harness.js';
import { readingsOf, UNSAVED_MAX } from './readings.js';

const reading = (minute: number, receivedMinute = minute) =>
  metered({ minute, receivedMinute, meterValues: [values(minute, register(1_000 + minute))] });

const known = async ({ collections }: IntakeHarness) => {
  const { docs } = await collections.sessions.find({ limit: 100 });
  return [...(await readingsOf(collections, docs)).values()].map(({ readings }) => readings);
};

it('readings that come in the order of time are stored with every eighth, and known at once', async () => {
  const harness = await openIntake();
  const written = vi.spyOn(harness.collections.readings, 'upsert');
  await harness.handle([started({ minute: 0 })]);
  for (let minute = 1; minute < UNSAVED_MAX; minute += 1) await harness.handle([reading(minute)]);
  expect(written).not.toHaveBeenCalled();
  expect(await harness.sessions()).toMatchObject([{ energyWh: UNSAVED_MAX - 1, lastReadingAt: at(UNSAVED_MAX - 1) }]);
  await harness.handle([reading(UNSAVED_MAX)]);
  await harness.handle([reading(UNSAVED_MAX + 1)]);
  expect(written).toHaveBeenCalledTimes(1);
  await harness.handle([reading(3.5)]);
  expect(written).toHaveBeenCalledTimes(2);
  await harness.handle([ended({ minute: 30, meterStopWh: 1_500 })]);
  expect(written).toHaveBeenCalledTimes(3);
  await harness.store.close();
});

it('are the same whether they were stored or are read again, whatever came in which order', async () => {
  const step = fc.record({
    minute: fc.integer({ min: 1, max: 40 }),
    kind: fc.constantFrom('value', 'value', 'value', 'state', 'number', 'nothing', 'end'),
    how: fc.constantFrom('same', 'batch', 'restart', 'other'),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 30 }), fc.boolean(), async (steps, is16) => {
      const ocppVersion = is16 ? ('ocpp1.6' as const) : ('ocpp2.0.1' as const);
      const message = ({ minute, kind }: (typeof steps)[number], seqNo: number) => {
        const common = { minute, receivedMinute: 100 + seqNo, ocppVersion };
        const meterValues = kind === 'value' ? [values(minute, register(1_000 + minute))] : [];
        if (kind === 'end') return ended({ ...common, meterStopWh: 3_000, ...(is16 ? {} : { seqNo }) });
        if (is16) return metered({ ...common, meterValues });
        return updated({
          ...common,
          seqNo,
          meterValues,
          ...(kind === 'state' ? { chargingState: minute % 2 ? 'Charging' : 'SuspendedEV' } : {}),
        });
      };
      const sent = [started({ minute: 0, ocppVersion, ...(is16 ? {} : { seqNo: 0 }) }), ...steps.map((each, i) => message(each, i + 1))];
      const [kept, disturbed] = [await openIntake(), await openIntake()];
      let idle = disturbed.other();
      let batch: (typeof sent)[number][] = [];
      for (const [i, each] of sent.entries()) {
        await kept.handle([each]);
        batch.push(each);
        const how = steps[i]?.how;
        if (how === 'same') continue;
        await disturbed.handle(batch);
        batch = [];
        if (how === 'restart') disturbed.restart();
        if (how !== 'other') continue;
        // The partition goes to the other of two instances, and perhaps back.
        disturbed.intake.revoked([{ topic: 'connection.station.v1', partition: 0 }]);
        [disturbed.intake, idle] = [idle, disturbed.intake];
      }
      await disturbed.handle(batch);
      expect(await known(disturbed)).toEqual(await known(kept));
      for (const { store } of [kept, disturbed]) await store.close();
    }),
    { numRuns: 100 },
  );
});
