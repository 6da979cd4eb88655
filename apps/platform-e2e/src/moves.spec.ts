import { type OcppVersion, SimulatedStation } from '@voltlog/simulator-app';
import { Receiver } from '@voltlog/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_KEY, AllInOne } from './harness/all-in-one.js';
import { eventually } from './harness/eventually.js';
import { registerStation, STATION_PASSWORD } from './harness/fleet.js';

interface StationView {
  readonly stationId: string;
  readonly phase: string;
  readonly confirmed: boolean;
  readonly reason: string | null;
  readonly restoredAt: string | null;
  readonly before: { readonly networkConfigurationPriority: string | null; readonly keys: readonly object[] };
}

let here: AllInOne;
let there: AllInOne;
beforeAll(async () => {
  const quick = { DEVICE_PROFILE_FALLBACK_SECONDS: '1', DEVICE_INTENT_LOOK_MS: '100', DEVICE_ALLOW_PRIVATE_TARGETS: 'true' };
  [here, there] = await Promise.all([AllInOne.start(quick), AllInOne.start(quick)]);
});
afterAll(async () => {
  await Promise.all([here?.stop(), there?.stop()]);
});

/** From one platform to the other. */
const target = (to: AllInOne, slot = 2) => ({
  csmsUrl: to.ocppUrl,
  securityProfile: 1,
  slot,
  keys: [{ keys: [{ key: 'CentralSystemURL', value: to.ocppUrl }] }],
});
const begin = async (platform: AllInOne, move: object): Promise<string> =>
  (await platform.api.ok<{ moveId: string }>('POST', '/v1/moves', { stopAtFailedPercent: 0, ...move })).moveId;
const stationOf = async (platform: AllInOne, moveId: string, stationId: string) =>
  (await platform.api.get<{ data: StationView[] }>(`/v1/moves/${moveId}/stations`)).data.find((each) => each.stationId === stationId);
const phase = (platform: AllInOne, moveId: string, stationId: string, wanted: string) =>
  eventually(
    `${stationId} to be ${wanted}`,
    async () => {
      const station = await stationOf(platform, moveId, stationId);
      if (station?.phase === 'Failed' && wanted !== 'Failed') throw new Error(station.reason ?? '');
      return station?.phase === wanted ? station : undefined;
    },
    30_000,
  );
const connected = (platform: AllInOne, stationId: string) =>
  eventually(
    `${stationId} to be connected`,
    async () => ((await platform.api.get<{ connected: boolean }>(`/v1/stations/${stationId}/connection`)).connected ? true : undefined),
    30_000,
  );
const ended = (platform: AllInOne, moveId: string) =>
  eventually(
    'the move to end',
    async () => {
      const move = await platform.api.get<{ state: string; outcome: string | null; counts: object }>(`/v1/moves/${moveId}`);
      return move.state === 'Ended' ? move : undefined;
    },
    30_000,
  );

async function withStation(id: string, version: OcppVersion, test: (station: SimulatedStation) => Promise<void>): Promise<void> {
  const station = new SimulatedStation({
    id,
    version,
    url: here.ocppUrl,
    password: STATION_PASSWORD,
    security: { profile: 1 },
    reconnectMs: [20, 200],
  });
  await station.connect();
  try {
    await connected(here, id);
    await test(station);
  } finally {
    await station.stop();
  }
}

describe('moving stations', () => {
  it.each(['1.6', '2.0.1'] as const)(
    'OCPP %s: to another platform, where it is waited for, and back',
    { timeout: 120_000 },
    async (version) => {
      const id = `mover-${version}`;
      await Promise.all([registerStation(here.api, id), registerStation(there.api, id)]);
      await withStation(id, version, async () => {
        const inbound = await begin(there, { direction: 'In', selection: { stationIds: [id] } });
        const outbound = await begin(here, { direction: 'Out', selection: { stationIds: [id] }, target: target(there), confirm: true });
        await connected(there, id);
        expect(await phase(there, inbound, id, 'Moved')).toMatchObject({ reason: null });
        await phase(here, outbound, id, 'Switched');
        await here.api.ok('POST', `/v1/moves/${outbound}/stations/${id}/confirm`, {});
        const moved = await phase(here, outbound, id, 'Moved');
        expect(moved).toMatchObject({ confirmed: true, restoredAt: null });
        expect(version === '1.6' ? moved.before.keys : moved.before.networkConfigurationPriority).toEqual(
          version === '1.6' ? [{ key: 'CentralSystemURL', value: here.ocppUrl }] : '1,0',
        );
        expect(await ended(here, outbound)).toMatchObject({ outcome: 'Completed', counts: { Moved: 1 } });

        // The new provider gives it back, and the first one sees to it that it stays.
        const back = await begin(there, { direction: 'Out', selection: { stationIds: [id] }, target: target(here, 3), confirm: true });
        await connected(here, id);
        await phase(there, back, id, 'Switched');
        await there.api.ok('POST', `/v1/moves/${back}/stations/${id}/confirm`, {});
        await phase(there, back, id, 'Moved');
        const restored = await eventually(
          'the station to be set to what it was',
          async () => {
            const station = await stationOf(here, outbound, id);
            return station?.restoredAt === null ? undefined : station;
          },
          30_000,
        );
        expect(restored).toMatchObject({ phase: 'Moved', reason: null });
      });
    },
  );

  it('is seen to have arrived by a health address that the target offers, with nobody to confirm it', { timeout: 60_000 }, async () => {
    const id = 'healthy';
    await Promise.all([registerStation(here.api, id), registerStation(there.api, id)]);
    // What a provider puts before its own API: it has a key, the plan has none.
    const offer = await Receiver.start((response, { path }) => {
      void there.api
        .get<{ connected: boolean }>(`/v1/stations/${path.split('/').at(-1)}/connection`)
        .then((said) => response.writeHead(200).end(JSON.stringify({ connected: said.connected })));
    });
    try {
      await withStation(id, '1.6', async () => {
        const healthUrl = `${offer.url}/{stationId}`;
        const moveId = await begin(here, {
          direction: 'Out',
          selection: { stationIds: [id] },
          target: { ...target(there), healthUrl },
          healthMinutes: 60,
        });
        expect(await phase(here, moveId, id, 'Moved')).toMatchObject({ confirmed: true });
      });
    } finally {
      await offer.stop();
    }
  });

  it.each(['1.6', '2.0.1'] as const)(
    'OCPP %s: one that the target refuses is back by itself, and set to what it was',
    { timeout: 120_000 },
    async (version) => {
      const id = `refused-${version}`;
      await registerStation(here.api, id);
      await withStation(id, version, async () => {
        const moveId = await begin(here, { direction: 'Out', selection: { stationIds: [id] }, target: target(there), confirm: true });
        expect(await phase(here, moveId, id, 'CameBack')).toMatchObject({ reason: 'it was away and is connected here again' });
        const restored = await eventually(
          'the station to be set to what it was',
          async () => {
            const station = await stationOf(here, moveId, id);
            return station?.restoredAt === null ? undefined : station;
          },
          30_000,
        );
        expect(restored.reason).toBe('it was away and is connected here again');
      });
    },
  );

  it('goes wave by wave, stops when too many fail, and says beforehand what would be', { timeout: 60_000 }, async () => {
    const ids = ['wave-1', 'wave-2', 'wave-3', 'wave-4'];
    for (const id of ids) await registerStation(here.api, id);
    const stations = await Promise.all(
      ids.slice(0, 2).map(async (id) => {
        const station = new SimulatedStation({ id, version: '1.6', url: here.ocppUrl, password: STATION_PASSWORD, reconnectMs: [20, 200] });
        await station.connect();
        await connected(here, id);
        return station;
      }),
    );
    try {
      const plan = {
        direction: 'Out',
        selection: { stationIds: ids },
        // Nobody said which keys stations of this maker have.
        target: { ...target(there), keys: [{ vendor: 'Another', keys: [{ key: 'Url', value: 'ws://x' }] }] },
        waves: [{ stations: 2 }, { percent: 100 }],
        stopAtFailedPercent: 50,
        stopAtFailedMin: 2,
      };
      const preview = await eventually('the makes to be known', async () => {
        const found = await here.api.ok<{ data: { stationId: string; wave: number; problem: string | null }[] }>(
          'POST',
          '/v1/moves/preview',
          plan,
        );
        return found.data.slice(0, 2).every(({ problem }) => problem?.startsWith('no configuration keys')) ? found : undefined;
      });
      expect(preview.data.map(({ stationId, wave }) => [stationId, wave])).toEqual([
        ['wave-1', 1],
        ['wave-2', 1],
        ['wave-3', 2],
        ['wave-4', 2],
      ]);
      const moveId = await begin(here, plan);
      const stopped = await eventually(
        'the move to stop',
        async () => {
          const move = await here.api.get<{ state: string; wave: number; counts: Record<string, number> }>(`/v1/moves/${moveId}`);
          return move.state === 'Stopped' ? move : undefined;
        },
        20_000,
      );
      expect(stopped).toMatchObject({ counts: { Failed: 2 } });
      expect(await stationOf(here, moveId, 'wave-3')).toBeUndefined();
      const exported = await fetch(`${here.api.url}/v1/moves/${moveId}/export`, { headers: { authorization: `Bearer ${ADMIN_KEY}` } });
      const lines = (await exported.text())
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { stationId: string; move: object | null });
      expect(lines.map(({ stationId, move }) => [stationId, move !== null])).toEqual([
        ['wave-1', true],
        ['wave-2', true],
        ['wave-3', false],
        ['wave-4', false],
      ]);
      await here.api.ok('POST', `/v1/moves/${moveId}/cancel`, {});
      expect(await ended(here, moveId)).toMatchObject({ outcome: 'Cancelled' });
    } finally {
      for (const station of stations) await station.stop();
    }
  });
});
