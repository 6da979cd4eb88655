import { until, untilPassed } from '@voltlog/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ModelWorld, variableNamed } from '../testing/model-world.js';

const PARTS = 1_000;
const PER_PART = 5;

let world: ModelWorld;
beforeEach(async () => {
  world = await ModelWorld.open();
});
afterEach(() => world.close());

const ask = async (): Promise<number> => {
  const request = { stationId: 'CS-1', reportBase: 'FullInventory' };
  return (await world.device.modelGrpc.requestModelReport(request)).report?.requestId ?? 0;
};
/** Parts by number, as `order` has them. */
const send = async (requestId: number, order: readonly number[]): Promise<void> => {
  for (const seqNo of order) {
    const variables = Array.from({ length: PER_PART }, (_, n) => variableNamed('EVSE', `Value${seqNo * PER_PART + n}`, '1'));
    await world.part(requestId, seqNo, seqNo < PARTS - 1, variables);
  }
};
/** Two by two the wrong way round, every tenth twice. */
const shuffled = Array.from({ length: PARTS }, (_, n) => n ^ 1).flatMap((seqNo) => (seqNo % 10 === 0 ? [seqNo, seqNo] : [seqNo]));
const reportOf = async (requestId: number) => (await world.reports()).find((report) => report.requestId === requestId);

it('takes 5 000 variables in a thousand parts, in any order and with repeats; with gaps it says which, and takes nothing away', {
  timeout: 120_000,
}, async () => {
  const whole = await ask();
  await send(whole, shuffled);
  await until(async () => (await reportOf(whole))?.status === 'Complete', 'it is whole', 60_000);
  expect(await world.model({ pageSize: 1 })).toMatchObject({ reported: PARTS * PER_PART });

  const holed = await ask();
  const gaps = new Set([7, 8, 9, 500]);
  await send(
    holed,
    shuffled.filter((seqNo) => !gaps.has(seqNo)),
  );
  await until(async () => (await reportOf(holed))?.parts === PARTS - gaps.size, 'what comes is there', 60_000);
  await untilPassed(world.context.clock, 61_000, async () => (await reportOf(holed))?.status === 'Incomplete', 'no more come');
  expect(await reportOf(holed)).toMatchObject({ detail: 'parts are missing: 7 to 9, 500' });
  expect(await world.model({ pageSize: 1 })).toMatchObject({ reported: PARTS * PER_PART });
});
