import { randomBytes } from 'node:crypto';
import { SimulatedStation, type StationOptions } from '@voltlog/simulator-app';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from './harness/eventually.js';
import { registerStation, registerTokens, STATION_PASSWORD } from './harness/fleet.js';
import { type Infrastructure, Processes, startInfrastructure } from './harness/processes.js';
import { cancel, reserve, untilReservation } from './harness/reservations.js';

const run = randomBytes(3).toString('hex');
let infrastructure: Infrastructure;
let platform: Processes;
beforeAll(async () => {
  infrastructure = await startInfrastructure();
  platform = await Processes.start(infrastructure, { RESERVATION_SETTLE_MS: '300' });
  await registerTokens(platform.api);
});
afterAll(async () => {
  await platform?.stop();
  await infrastructure?.stop();
});

async function open(stationId: string, change: Partial<StationOptions> = {}): Promise<SimulatedStation> {
  await registerStation(platform.api, stationId);
  const station = new SimulatedStation({
    id: stationId,
    version: '2.0.1',
    url: platform.ocppUrls,
    password: STATION_PASSWORD,
    reconnectMs: [5, 200],
    ...change,
  });
  await station.connect();
  return station;
}

it('holds, on Kafka and MongoDB as separate processes, over a crash of the service, and is used', { timeout: 180_000 }, async () => {
  const stationId = `held-${run}`;
  const station = await open(stationId);
  const wish = { stationId, evseId: 1, idToken: 'E2E-CARD-1' };
  const { reservationId } = await reserve(platform.api, wish);
  await platform.kill9('reservation');
  await platform.restart('reservation');
  await untilReservation(platform.api, reservationId, { state: 'Active', stationHold: 'Held' }, 60_000);
  expect(station.swipe(1, 'E2E-CARD-2')).toBeUndefined();
  const again = await platform.api.call('POST', '/v1/reservations', { ...wish, idToken: 'E2E-CARD-2' });
  expect([again.status, again.body['type']]).toEqual([409, 'urn:voltlog:problem:evse-reserved']);
  const entry = station.swipe(1, 'E2E-CARD-1');
  await untilReservation(platform.api, reservationId, { state: 'Used', transactionId: String(entry?.transactionId) }, 60_000);
  station.stopTransaction(1);
  await station.idle();
  await station.stop();
});

it('holds in the backend alone: authorization refuses strangers, also after it crashed', { timeout: 180_000 }, async () => {
  const stationId = `backend-${run}`;
  const station = await open(stationId, { canReserve: false });
  const { reservationId } = await reserve(platform.api, { stationId, evseId: 1, idToken: 'E2E-CARD-1' });
  await untilReservation(platform.api, reservationId, { stationHold: 'NotSupported' }, 60_000);
  await eventually(
    'a stranger is refused',
    async () => ((await station.authorize('E2E-CARD-2')) === 'NotAtThisTime' ? true : undefined),
    60_000,
  );
  await platform.kill9('authorization');
  await platform.restart('authorization');
  // No connection between the services is made again before the first question that needs it.
  await eventually(
    'a stranger is refused again',
    async () => ((await station.authorize('E2E-CARD-2')) === 'NotAtThisTime' ? true : undefined),
    60_000,
  );
  expect(await station.authorize('E2E-CARD-1')).toBe('Accepted');
  await cancel(platform.api, reservationId);
  await eventually('the EVSE is free', async () => ((await station.authorize('E2E-CARD-2')) === 'Accepted' ? true : undefined), 60_000);
  await station.stop();
});
