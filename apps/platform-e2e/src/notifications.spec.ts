import { runScript, SimulatedStation, VirtualClock } from '@voltlog/simulator-app';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AllInOne } from './harness/all-in-one.js';
import { eventually } from './harness/eventually.js';
import { type Page, registerStation, registerTokens, STATION_PASSWORD } from './harness/fleet.js';
import { InsistentApp } from './harness/insistent-app.js';
import { RawStation } from './harness/raw-station.js';
import { WebhookReceiver } from './harness/webhook-receiver.js';

let platform: AllInOne;
let receiver: WebhookReceiver;
beforeAll(async () => {
  platform = await AllInOne.start({ RATE_LIMIT_BURST: '10000', NOTIFICATION_RETRY_SECONDS: '1,1,1,1,1,1,1,1' });
  await registerTokens(platform.api);
  receiver = await WebhookReceiver.subscribe(platform.api);
});
afterAll(async () => {
  await platform?.stop();
  receiver?.stop();
});

async function connect(id: string, version: '1.6' | '2.0.1'): Promise<{ station: SimulatedStation; clock: VirtualClock }> {
  await registerStation(platform.api, id);
  const clock = new VirtualClock(Date.now());
  const station = new SimulatedStation({ id, version, url: platform.ocppUrl, password: STATION_PASSWORD, clock, reconnectMs: [5, 200] });
  await station.connect();
  return { station, clock };
}

const token = 'E2E-CARD-1';

describe('something is wrong with a station', () => {
  it('the operator is told of the alert, and of its end, once each', async () => {
    const stationId = 'notify-tampered';
    await registerStation(platform.api, stationId);
    const station = await RawStation.connect({ url: platform.ocppUrl, stationId });
    const tampered = { type: 'TamperDetectionActivated', timestamp: new Date().toISOString() };
    for (let time = 0; time < 2; time += 1) await station.result('SecurityEventNotification', tampered);
    await receiver.isTold(stationId, 'AlertOpened');
    const { data } = await platform.api.get<Page<{ alertId: string }>>(`/v1/alerts?stationId=${stationId}`);
    await platform.api.ok('POST', `/v1/alerts/${encodeURIComponent(data[0]?.alertId ?? '')}/clear`, {});
    await receiver.isTold(stationId, 'AlertCleared');
    expect(receiver.kindsOf(stationId)).toEqual(['AlertOpened', 'AlertCleared']);
    await station.close();
  });
});

describe('a car charges, and a webhook is told of it', () => {
  it.each(['1.6', '2.0.1'] as const)('OCPP %s: each milestone once, signed', async (version) => {
    const id = `notify-${version}`;
    const { station, clock } = await connect(id, version);
    await runScript(station, [{ do: 'plugIn' }, { do: 'authorize', token }, { do: 'start', token }, { do: 'charge', wh: 500 }]);
    await receiver.isTold(id, 'ChargingStarted');
    await runScript(station, [{ do: 'stop', token }, { do: 'unplug' }]);
    await receiver.isTold(id, 'SessionEnded');
    // What comes last may overtake the rest.
    await new InsistentApp(platform.api).toldAll(id);
    const kinds = receiver.kindsOf(id);
    expect(kinds).toEqual(expect.arrayContaining(['ChargingStarted', 'ChargingEnded', 'SessionEnded']));
    expect(new Set(kinds).size).toBe(kinds.length);
    await station.stop();
    clock.dispose();
  });

  it('the receiver is down and the platform is killed: told once, after both are back', async () => {
    const id = 'notify-killed';
    const { station, clock } = await connect(id, '1.6');
    receiver.status = 503;
    await runScript(station, [{ do: 'plugIn' }, { do: 'authorize', token }, { do: 'start', token }, { do: 'charge', wh: 500 }]);
    await eventually('an attempt failed', async () => {
      const { data } = await platform.api.get<Page<{ stationId: string; attempts: unknown[] }>>('/v1/deliveries?state=Pending');
      return data.some(({ stationId, attempts }) => stationId === id && attempts.length > 0) || undefined;
    });
    await platform.child.kill9();
    receiver.status = 204;
    await platform.restart();
    await receiver.isTold(id, 'ChargingStarted');
    await runScript(station, [{ do: 'stop', token }, { do: 'unplug' }]);
    await receiver.isTold(id, 'SessionEnded');
    const kinds = receiver.kindsOf(id);
    expect(new Set(kinds).size).toBe(kinds.length);
    await station.stop();
    clock.dispose();
  });
});
