import { afterAll, beforeAll, expect, it } from 'vitest';
import { AllInOne } from './harness/all-in-one.js';
import { playJourney } from './harness/scenarios.js';

let platform: AllInOne;
beforeAll(async () => {
  platform = await AllInOne.start({
    AUTHORIZATION_MASTER_PASS_GROUP: 'MASTER-PASS',
    RATE_LIMIT_BURST: '100000',
    RATE_LIMIT_PER_SECOND: '100000',
    RESERVATION_SETTLE_MS: '300',
  });
});
afterAll(() => platform?.stop());

it("plays every scenario of the driver's journey, on the embedded log and stores", { timeout: 900_000 }, async () => {
  expect(await playJourney(platform.api, platform.ocppUrl)).toEqual([]);
});
