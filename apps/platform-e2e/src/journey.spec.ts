import type { OcppVersion } from '@voltlog/simulator-app';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AllInOne } from './harness/all-in-one.js';
import { Journey, type JourneyStep, PRICE, STEPS } from './harness/journey.js';
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

const begin = (version: OcppVersion, name: string): Promise<Journey> =>
  Journey.begin({ api: platform.api, ocppUrl: platform.ocppUrl, receiver }, version, name);

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

/** After all journeys have begun a step, the whole platform is gone so many ms later. */
interface Crash {
  readonly step: JourneyStep;
  readonly afterMs: number;
}

const crashes: fc.Arbitrary<readonly Crash[]> = fc
  .subarray([...STEPS], { minLength: 3, maxLength: 6 })
  .chain((steps) => fc.tuple(...steps.map((step) => fc.record({ step: fc.constant(step), afterMs: fc.integer({ min: 0, max: 150 }) }))));

/** Several at a time: one crash hits each of them somewhere else in its step. */
const DRIVERS = 3;

it('kill -9 during any steps: the journeys end as they would have, and each thing is told once', { timeout: 180_000 }, async () => {
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(crashes, async (planned) => {
      runs += 1;
      const names = Array.from({ length: DRIVERS }, (_, driver) => `crash-${runs}-${driver}`);
      const journeys = await Promise.all(names.flatMap((name) => VERSIONS.map((version) => begin(version, name))));
      for (const step of STEPS) {
        const crash = planned.find((each) => each.step === step);
        const taken = Promise.all(journeys.map((journey) => journey.take(step)));
        await Promise.all(crash === undefined ? [taken] : [taken, dieAfter(crash.afterMs)]);
      }
      await Promise.all(journeys.map((journey) => journey.end()));
    }),
    { numRuns: 2, seed: 20_26, endOnFailure: true },
  );
});

async function dieAfter(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
  await platform.child.kill9();
  await platform.restart();
}
