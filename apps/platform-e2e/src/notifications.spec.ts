import { createServer, type Server } from 'node:http';
import { runScript, SimulatedStation, VirtualClock } from '@voltlog/simulator-app';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AllInOne } from './harness/all-in-one.js';
import { eventually } from './harness/eventually.js';
import { registerStation, registerTokens, STATION_PASSWORD } from './harness/fleet.js';

interface Told {
  readonly id: string;
  readonly type: string;
  readonly data: { readonly sessionId?: string; readonly stationId: string };
}

let platform: AllInOne;
let receiver: Server;
let told: Told[] = [];
let status = 204;
let webhook: Webhook;
beforeAll(async () => {
  platform = await AllInOne.start({ RATE_LIMIT_BURST: '10000', NOTIFICATION_RETRY_SECONDS: '1,1,1,1,1,1,1,1' });
  await registerTokens(platform.api);
  receiver = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const headers = request.headers as Record<string, string>;
      const event = webhook.verify(Buffer.concat(chunks).toString(), headers) as Omit<Told, 'id'>;
      if (status < 300) told.push({ id: String(headers['webhook-id']), ...event });
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const address = receiver.address();
  const target = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/`;
  const made = await platform.api.ok<{ secret: string }>('POST', '/v1/subscriptions', { channel: 'Webhook', target });
  webhook = new Webhook(made.secret);
});
beforeEach(() => {
  told = [];
  status = 204;
});
afterAll(async () => {
  await platform?.stop();
  receiver?.close();
});

async function plugIn(id: string, version: '1.6' | '2.0.1'): Promise<{ station: SimulatedStation; clock: VirtualClock }> {
  await registerStation(platform.api, id);
  const clock = new VirtualClock(Date.now());
  const station = new SimulatedStation({ id, version, url: platform.ocppUrl, password: STATION_PASSWORD, clock, reconnectMs: [5, 200] });
  await station.connect();
  return { station, clock };
}

const token = 'E2E-CARD-1';
const kindsOf = (stationId: string): readonly string[] => told.filter(({ data }) => data.stationId === stationId).map(({ type }) => type);
const isTold = (stationId: string, kind: string) => eventually(`${kind} is told`, () => kindsOf(stationId).includes(kind) || undefined);

describe('a car charges, and a webhook is told of it', () => {
  it.each(['1.6', '2.0.1'] as const)('OCPP %s: each milestone once, signed', async (version) => {
    const id = `notify-${version}`;
    const { station, clock } = await plugIn(id, version);
    await runScript(station, [{ do: 'plugIn' }, { do: 'authorize', token }, { do: 'start', token }, { do: 'charge', wh: 500 }]);
    await isTold(id, 'ChargingStarted');
    await runScript(station, [{ do: 'stop', token }, { do: 'unplug' }]);
    await isTold(id, 'SessionEnded');
    const kinds = kindsOf(id);
    expect(kinds).toEqual(expect.arrayContaining(['ChargingStarted', 'ChargingEnded', 'SessionEnded']));
    expect(new Set(kinds).size).toBe(kinds.length);
    await station.stop();
    clock.dispose();
  });

  it('the receiver is down and the platform is killed: told once, after both are back', async () => {
    const id = 'notify-killed';
    const { station, clock } = await plugIn(id, '1.6');
    status = 503;
    await runScript(station, [{ do: 'plugIn' }, { do: 'authorize', token }, { do: 'start', token }, { do: 'charge', wh: 500 }]);
    await eventually('an attempt failed', async () => {
      const { data } = await platform.api.get<{ data: { stationId: string; attempts: unknown[] }[] }>('/v1/deliveries?state=Pending');
      return data.some(({ stationId, attempts }) => stationId === id && attempts.length > 0) || undefined;
    });
    await platform.child.kill9();
    status = 204;
    await platform.restart();
    await isTold(id, 'ChargingStarted');
    await runScript(station, [{ do: 'stop', token }, { do: 'unplug' }]);
    await isTold(id, 'SessionEnded');
    const kinds = kindsOf(id);
    expect(new Set(kinds).size).toBe(kinds.length);
    await station.stop();
    clock.dispose();
  });
});
