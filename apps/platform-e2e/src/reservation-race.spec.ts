import { afterAll, beforeAll, expect, it } from 'vitest';
import { AllInOne } from './harness/all-in-one.js';
import { allOf, registerStation } from './harness/fleet.js';
import type { ReservationView } from './harness/reservations.js';

const STATIONS = 10;
const EVSES = 10;
const DRIVERS = 1_000;
const CONNECTIONS = 100;

let platform: AllInOne;
beforeAll(async () => {
  platform = await AllInOne.start({ RATE_LIMIT_BURST: '100000', RATE_LIMIT_PER_SECOND: '100000' });
  const evses = Array.from({ length: EVSES }, () => ({ powerWMax: 11_000 }));
  const policy = { unknownTokens: 'accept', authorizationAway: 'reject', noAuthorization: 'reject', localLists: false };
  await platform.api.ok('PUT', '/v1/authorization-policy', policy);
  for (let station = 0; station < STATIONS; station += 1) await registerStation(platform.api, `race-${station}`, evses);
});
afterAll(() => platform?.stop());

it('1 000 drivers race for 100 EVSEs: each EVSE has one of them, and everybody is told at once', { timeout: 120_000 }, async () => {
  const waits: number[] = [];
  const statuses = new Map<number, number>();
  const reserve = async (driver: number): Promise<void> => {
    const wish = { stationId: `race-${driver % STATIONS}`, evseId: (Math.floor(driver / STATIONS) % EVSES) + 1, idToken: `RACE-${driver}` };
    const since = performance.now();
    const { status } = await platform.api.call('POST', '/v1/reservations', wish);
    waits.push(performance.now() - since);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  };
  const began = performance.now();
  let next = 0;
  const connection = async (): Promise<void> => {
    for (let driver = next++; driver < DRIVERS; driver = next++) await reserve(driver);
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, connection));
  const seconds = (performance.now() - began) / 1_000;
  const held = await allOf<ReservationView>(platform.api, '/v1/reservations?state=Active');
  const sorted = waits.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(0);
  process.stdout.write(
    `${DRIVERS} reservations for ${STATIONS * EVSES} EVSEs over ${CONNECTIONS} connections: ${seconds.toFixed(1)} s, ` +
      `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms\n`,
  );
  expect(Object.fromEntries(statuses)).toEqual({ 201: STATIONS * EVSES, 409: DRIVERS - STATIONS * EVSES });
  expect(new Set(held.map(({ stationId, evseId }) => `${stationId} ${evseId}`)).size).toBe(STATIONS * EVSES);
  expect(held).toHaveLength(STATIONS * EVSES);
});
