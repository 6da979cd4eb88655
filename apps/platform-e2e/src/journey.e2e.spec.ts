import type { OcppVersion } from '@voltlog/simulator-app';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DriverTries } from './harness/driver-tries.js';
import { Journey, type JourneyPlace, type JourneyStep, PRICE, STEPS } from './harness/journey.js';
import { type Infrastructure, Processes, type ProcessName, startInfrastructure } from './harness/processes.js';
import { TAKEN_BACK_STEPS, TakenBack, type TakenBackStep } from './harness/taken-back.js';
import { WebhookReceiver } from './harness/webhook-receiver.js';

const VERSIONS: readonly OcppVersion[] = ['1.6', '2.0.1'];
/** Which service dies during a step: each once, where it is needed. */
const VICTIMS: Readonly<Partial<Record<JourneyStep, ProcessName>>> = {
  hold: 'reservation',
  ask: 'gateway',
  'plug in': 'authorization',
  'take back': 'session',
  'be refused elsewhere': 'session',
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

const place = (): JourneyPlace => ({ api: platform.api, ocppUrl: platform.ocppUrls, receiver });

async function goThrough<Step extends string>(
  steps: readonly Step[],
  victims: Readonly<Partial<Record<Step, ProcessName>>>,
  journeys: readonly { take(step: Step): Promise<void>; end(): Promise<void> }[],
): Promise<void> {
  for (const step of steps) {
    const victim = victims[step];
    const taken = Promise.all(journeys.map((journey) => journey.take(step)));
    await Promise.all(victim === undefined ? [taken] : [taken, platform.kill9(victim).then(() => platform.restart(victim))]);
  }
  await Promise.all(journeys.map((journey) => journey.end()));
}

it('on Kafka and MongoDB: each service is killed during a step; the journeys end as they would have, and each thing is told once', {
  timeout: 300_000,
}, async () => {
  await goThrough(STEPS, VICTIMS, await Promise.all(VERSIONS.map((version) => Journey.begin(place(), version, 'processes'))));
  expect(new Set(Object.values(VICTIMS))).toEqual(
    new Set(['authorization', 'connection-1', 'gateway', 'notification', 'reservation', 'session']),
  );
});

it.each<readonly [string, Readonly<Partial<Record<TakenBackStep, ProcessName>>>]>([
  ['gateway, session and notification', { ask: 'gateway', 'take back': 'session', 'be stopped': 'session', unplug: 'notification' }],
  ['session, gateway and connection', { ask: 'session', 'take back': 'gateway', 'plug in': 'session', 'be stopped': 'connection-1' }],
])('a start that is taken back while %s are killed is stopped all the same, and told once', { timeout: 300_000 }, async (name, victims) => {
  const journeys = VERSIONS.map((version) => TakenBack.begin(place(), version, name.slice(0, 3)));
  await goThrough(TAKEN_BACK_STEPS, victims, await Promise.all(journeys));
});

it('a gateway that was killed gives no driver more tries', { timeout: 120_000 }, async () => {
  const tries = new DriverTries(platform.api);
  const first = await tries.allowed();
  expect(first).toBeGreaterThanOrEqual(DriverTries.BURST);
  expect(first).toBeLessThanOrEqual(DriverTries.BURST + tries.refilled());
  await platform.kill9('gateway');
  await platform.restart('gateway');
  expect(await tries.allowed()).toBeLessThanOrEqual(tries.refilled());
});
