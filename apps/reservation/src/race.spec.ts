import type { RequestError } from '@voltlog/kernel';
import { reservationV1 } from '@voltlog/proto';
import { expect, it } from 'vitest';
import { World } from './testing/world.js';

const RACERS = 1_000;
const STATIONS = 25;
const EVSES = 4;

it(`lets ${RACERS} reservations race for ${STATIONS * EVSES} EVSEs through two instances, and holds none twice`, {
  timeout: 60_000,
}, async () => {
  const world = await World.open();
  try {
    const instances = [world.app, await world.start()];
    world.sites.set('depot', '');
    for (let index = 1; index <= STATIONS; index += 1) world.add(`S${index}`, EVSES, { siteId: 'depot' });
    const told: number[] = [];
    const began = performance.now();
    const outcomes = await Promise.all(
      Array.from({ length: RACERS }, async (_, index) => {
        const from = performance.now();
        // A third names its EVSE, a third its station, a third takes what there is.
        const wish = [
          { stationId: `S${1 + (index % STATIONS)}`, evseId: 1 + (index % EVSES), siteId: '' },
          { stationId: `S${1 + (index % STATIONS)}`, evseId: 0, siteId: '' },
          { stationId: '', evseId: 0, siteId: 'depot' },
        ][index % 3] as { stationId: string; evseId: number; siteId: string };
        const request: reservationV1.ReserveRequest = {
          ...wish,
          connectorType: '',
          idToken: { idToken: `CARD${index}`, type: 'ISO14443' },
          groupId: '',
          startsAt: undefined,
          expiresAt: undefined,
          idempotencyKey: '',
        };
        const outcome = await instances[index % 2]?.grpc.reserve(request).then(
          ({ reservation }) => `${reservation?.stationId}/${reservation?.evseId}`,
          (error: RequestError) => error.reason ?? error.message,
        );
        told.push(performance.now() - from);
        return outcome;
      }),
    );
    const tookMs = performance.now() - began;
    const held = outcomes.filter((outcome) => outcome?.includes('/'));
    const refused = outcomes.filter((outcome) => !outcome?.includes('/'));
    expect(new Set(held).size).toBe(held.length);
    expect(held).toHaveLength(STATIONS * EVSES);
    expect([...new Set(refused)].every((word) => word === 'NoEvseFree' || word === 'EvseReserved')).toBe(true);
    const list = await world.app.grpc.listReservations({
      pageSize: 500,
      pageToken: '',
      stationId: '',
      siteId: 'depot',
      idToken: '',
      groupId: '',
      state: reservationV1.ReservationState.ACTIVE,
    });
    expect(new Set(list.reservations.map(({ stationId, evseId }) => `${stationId}/${evseId}`)).size).toBe(STATIONS * EVSES);
    expect(list.reservations).toHaveLength(STATIONS * EVSES);
    told.sort((a, b) => a - b);
    const at = (share: number): string => `${Math.round(told[Math.floor(share * (told.length - 1))] ?? 0)} ms`;
    process.stdout.write(
      `${RACERS} reservations for ${STATIONS * EVSES} EVSEs, two instances, one store: ${held.length} held, ${refused.length} refused, 0 double holds, ` +
        `${Math.round(tookMs)} ms in all; told after ${at(0.5)} (median), ${at(0.99)} (99 %)\n`,
    );
  } finally {
    await world.close();
  }
});
