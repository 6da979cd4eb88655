import type { OcppVersion } from '@voltlog/simulator-app';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AllInOne } from './harness/all-in-one.js';
import { DriverTries } from './harness/driver-tries.js';
import { Journey, type JourneyPlace, type JourneyStep, PRICE, STEPS } from './harness/journey.js';
import { TAKEN_BACK_STEPS, TakenBack, type TakenBackStep } from './harness/taken-back.js';
import { WebhookReceiver } from './harness/webhook-receiver.js';

const VERSIONS: readonly OcppVersion[] = ['1.6', '2.0.1'];

let platform: AllInOne;
let receiver: WebhookReceiver;
beforeAll(async () => {
  platform = await AllInOne.start({
    RATE_LIMIT_BURST: '100000',
    RATE_LIMIT_PER_SECOND: '100000',
    RESERVATION_SETTLE_MS: '300',
    NOTIFICATION_RETRY_SECONDS: '1,1,1,1,1,1,1,1,1,1,1,1',
  });
  await platform.api.ok('PUT', '/v1/prices/default', PRICE);
  receiver = await WebhookReceiver.subscribe(platform.api);
});
afterAll(async () => {
  await platform?.stop();
  receiver?.stop();
});

const place = (): JourneyPlace => ({ api: platform.api, ocppUrl: platform.ocppUrl, receiver });
const begin = (version: OcppVersion, name: string): Promise<Journey> => Journey.begin(place(), version, name);

it.each(VERSIONS)(
  'OCPP %s: reserved, held, asked to start, charged to the limit, unplugged, told of each once, paid to the cent',
  { timeout: 120_000 },
  async (version) => {
    const journey = await begin(version, 'plain');
    for (const step of STEPS) await journey.take(step);
    // As nothing went wrong, nothing came twice either.
    expect(receiver.kindsOf(journey.stationId)).toHaveLength(receiver.toldOf(journey.stationId).length);
    await journey.end();
  },
);

it.each(VERSIONS)(
  'OCPP %s: a start is taken back, somebody plugs in all the same: it is stopped, and told once',
  { timeout: 120_000 },
  async (version) => {
    const journey = await TakenBack.begin(place(), version, 'plain');
    for (const step of TAKEN_BACK_STEPS) await journey.take(step);
    await journey.end();
  },
);

/** After all journeys have begun a step, the whole platform is gone so many ms later. */
interface Crash<Step> {
  readonly step: Step;
  readonly afterMs: number;
}

const crashesOf = <Step>(steps: readonly Step[], minLength: number, maxLength: number): fc.Arbitrary<readonly Crash<Step>[]> =>
  fc
    .subarray([...steps], { minLength, maxLength })
    .chain((some) => fc.tuple(...some.map((step) => fc.record({ step: fc.constant(step), afterMs: fc.integer({ min: 0, max: 150 }) }))));

/** Several at a time: one crash hits each of them somewhere else in its step. */
const DRIVERS = 3;

it('kill -9 during any steps: the journeys end as they would have, and each thing is told once', { timeout: 400_000 }, async () => {
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(crashesOf<JourneyStep>(STEPS, 3, 6), async (planned) => {
      runs += 1;
      await goThrough(STEPS, planned, (version, driver) => begin(version, `crash-${runs}-${driver}`));
    }),
    { numRuns: 2, seed: 20_26, endOnFailure: true },
  );
});

it('kill -9 around a start that is taken back: it is stopped all the same, and told once', { timeout: 400_000 }, async () => {
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(crashesOf<TakenBackStep>(TAKEN_BACK_STEPS, 2, 3), async (planned) => {
      runs += 1;
      await goThrough(TAKEN_BACK_STEPS, planned, (version, driver) => TakenBack.begin(place(), version, `crash-${runs}-${driver}`));
    }),
    { numRuns: 2, seed: 20_26, endOnFailure: true },
  );
});

it('kill -9 gives no driver more tries', { timeout: 120_000 }, async () => {
  const tries = new DriverTries(platform.api);
  const first = await tries.allowed();
  expect(first).toBeGreaterThanOrEqual(DriverTries.BURST);
  expect(first).toBeLessThanOrEqual(DriverTries.BURST + tries.refilled());
  await platform.child.kill9();
  await platform.restart();
  expect(await tries.allowed()).toBeLessThanOrEqual(tries.refilled());
});

interface Taking<Step> {
  take(step: Step): Promise<void>;
  end(): Promise<void>;
}

async function goThrough<Step>(
  steps: readonly Step[],
  planned: readonly Crash<Step>[],
  start: (version: OcppVersion, driver: number) => Promise<Taking<Step>>,
): Promise<void> {
  const drivers = Array.from({ length: DRIVERS }, (_, driver) => driver);
  const journeys = await Promise.all(drivers.flatMap((driver) => VERSIONS.map((version) => start(version, driver))));
  for (const step of steps) {
    const crash = planned.find((each) => each.step === step);
    const taken = Promise.all(journeys.map((journey) => journey.take(step)));
    await Promise.all(crash === undefined ? [taken] : [taken, dieAfter(crash.afterMs)]);
  }
  await Promise.all(journeys.map((journey) => journey.end()));
}

async function dieAfter(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
  await platform.child.kill9();
  await platform.restart();
}
