import type { OcppVersion } from '@voltlog/simulator-app';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Journey, type JourneyStep, PRICE, STEPS } from './harness/journey.js';
import { type Infrastructure, Processes, type ProcessName, startInfrastructure } from './harness/processes.js';
import { WebhookReceiver } from './harness/webhook-receiver.js';

const VERSIONS: readonly OcppVersion[] = ['1.6', '2.0.1'];
/** Which service dies during a step: each once, where it is needed. */
const VICTIMS: Readonly<Partial<Record<JourneyStep, ProcessName>>> = {
  hold: 'reservation',
  ask: 'gateway',
  'plug in': 'authorization',
  charge: 'connection-1',
  'reach the limit': 'session',
  unplug: 'notification',
};

let infrastructure: Infrastructure;
let platform: Processes;
let receiver: WebhookReceiver;
beforeAll(async () => {
  infrastructure = await startInfrastructure();
  platform = await Processes.start(infrastructure, {
    RESERVATION_SETTLE_MS: '300',
    // A card that nobody has seen yet waits for the service that has died, which takes its time on a busy machine.
    AUTHORIZATION_WAIT_MS: '25000',
    NOTIFICATION_ALLOW_PRIVATE_TARGETS: 'true',
    NOTIFICATION_RETRY_SECONDS: '1,1,1,1,1,1,1,1,1,1,1,1',
  });
  await platform.api.ok('PUT', '/v1/prices/default', PRICE);
  receiver = await WebhookReceiver.subscribe(platform.api);
});
afterAll(async () => {
  await platform?.stop();
  receiver?.stop();
  await infrastructure?.stop();
});

it('on Kafka and MongoDB: each service is killed during a step; the journeys end as they would have, and each thing is told once', {
  timeout: 300_000,
}, async () => {
  const place = { api: platform.api, ocppUrl: platform.ocppUrls, receiver };
  const journeys = await Promise.all(VERSIONS.map((version) => Journey.begin(place, version, 'processes')));
  for (const step of STEPS) {
    const victim = VICTIMS[step];
    const taken = Promise.all(journeys.map((journey) => journey.take(step)));
    await Promise.all(victim === undefined ? [taken] : [taken, platform.kill9(victim).then(() => platform.restart(victim))]);
  }
  await Promise.all(journeys.map((journey) => journey.end()));
  expect(Object.values(VICTIMS).toSorted()).toEqual(['authorization', 'connection-1', 'gateway', 'notification', 'reservation', 'session']);
});
