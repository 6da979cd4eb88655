import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Infrastructure, Processes, startInfrastructure } from './harness/processes.js';
import { playJourney } from './harness/scenarios.js';

let infrastructure: Infrastructure;
let platform: Processes;
beforeAll(async () => {
  infrastructure = await startInfrastructure();
  platform = await Processes.start(infrastructure, {
    AUTHORIZATION_MASTER_PASS_GROUP: 'MASTER-PASS',
    RATE_LIMIT_BURST: '100000',
    RATE_LIMIT_PER_SECOND: '100000',
    RESERVATION_SETTLE_MS: '300',
  });
});
afterAll(async () => {
  await platform?.stop();
  await infrastructure?.stop();
});

it("plays every scenario of the driver's journey, on Kafka and MongoDB, each service a process", { timeout: 1_800_000 }, async () => {
  expect(await playJourney(platform.api, platform.ocppUrls), platform.said).toEqual([]);
});
