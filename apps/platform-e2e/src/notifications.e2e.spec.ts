import { runScript, SimulatedStation, VirtualClock } from '@voltlog/simulator-app';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from './harness/eventually.js';
import { type Page, registerStation, registerTokens, STATION_PASSWORD } from './harness/fleet.js';
import { InsistentApp } from './harness/insistent-app.js';
import { type Infrastructure, Processes, startInfrastructure } from './harness/processes.js';
import { WebhookReceiver } from './harness/webhook-receiver.js';

/** A killed consumer of Kafka is missed after its session timeout. */
const MISSED_MS = 90_000;
const STATION = 'notify-processes';
const token = 'E2E-CARD-1';

let infrastructure: Infrastructure;
let platform: Processes;
let receiver: WebhookReceiver;
beforeAll(async () => {
  infrastructure = await startInfrastructure();
  platform = await Processes.start(infrastructure, {
    NOTIFICATION_ALLOW_PRIVATE_TARGETS: 'true',
    NOTIFICATION_RETRY_SECONDS: '1,1,1,1,1,1,1,1,1,1,1,1',
  });
  await registerTokens(platform.api);
  receiver = await WebhookReceiver.subscribe(platform.api);
});
afterAll(async () => {
  await platform?.stop();
  receiver?.stop();
  await infrastructure?.stop();
});

it('on Kafka and MongoDB: the receiver is down and the service is killed; each milestone is told once, and can be replayed', async () => {
  await registerStation(platform.api, STATION);
  const clock = new VirtualClock(Date.now());
  const station = new SimulatedStation({ id: STATION, version: '1.6', url: platform.ocppUrls[0], password: STATION_PASSWORD, clock });
  await station.connect();
  receiver.status = 503;
  await runScript(station, [{ do: 'plugIn' }, { do: 'authorize', token }, { do: 'start', token }, { do: 'charge', wh: 500 }]);
  const since = new Date(Date.now() - 60_000).toISOString();
  await eventually('an attempt failed', async () => {
    const { data } = await platform.api.get<Page<{ attempts: unknown[] }>>('/v1/deliveries?state=Pending');
    return data.some(({ attempts }) => attempts.length > 0) || undefined;
  });
  await platform.kill9('notification');
  receiver.status = 204;
  await platform.restart('notification');
  await receiver.isTold(STATION, 'ChargingStarted', MISSED_MS);
  await runScript(station, [{ do: 'stop', token }, { do: 'unplug' }]);
  await receiver.isTold(STATION, 'SessionEnded', MISSED_MS);
  // What comes last may overtake the rest.
  await new InsistentApp(platform.api).toldAll(STATION);
  const kinds = receiver.kindsOf(STATION);
  expect(kinds).toEqual(expect.arrayContaining(['ChargingStarted', 'ChargingEnded', 'SessionEnded']));
  expect(new Set(kinds).size).toBe(kinds.length);

  const { data } = await platform.api.get<Page<{ subscriptionId: string }>>('/v1/subscriptions');
  const replayed = await platform.api.ok('POST', `/v1/subscriptions/${data[0]?.subscriptionId}/replay`, { since });
  expect(replayed).toEqual({ deliveries: kinds.length });
  await eventually('all are told again', () => receiver.kindsOf(STATION).length === 2 * kinds.length || undefined);
  await station.stop();
  clock.dispose();
});
