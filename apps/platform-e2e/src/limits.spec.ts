import { type OcppVersion, runScript, SimulatedStation, type Step, VirtualClock } from '@voltlog/simulator-app';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AllInOne } from './harness/all-in-one.js';
import { eventually } from './harness/eventually.js';
import { registerStation, registerTokens, STATION_PASSWORD } from './harness/fleet.js';

const VERSIONS: readonly OcppVersion[] = ['1.6', '2.0.1'];
const TOKEN = 'E2E-CARD-1';
const DEADLINE_MS = 40_000;

interface Session {
  readonly sessionId: string;
  readonly state: string;
  readonly energyWh: number;
  readonly stoppedReason: string | null;
  readonly idleSeconds: number | null;
  readonly overshootWh: number | null;
  readonly cost: { readonly amount: string } | null;
  readonly milestones: readonly { readonly kind: string; readonly dimension: string | null }[];
}

let platform: AllInOne;
let stations = 0;
beforeAll(async () => {
  platform = await AllInOne.start({ RATE_LIMIT_BURST: '100000', RATE_LIMIT_PER_SECOND: '100000', CALLS_PER_SECOND_MAX: '10000' });
  await registerTokens(platform.api);
  await platform.api.ok('PUT', '/v1/prices/default', { currency: 'EUR', perKwh: '0.50' });
});
afterAll(() => platform?.stop());

const stopAction = (version: OcppVersion): string => (version === '1.6' ? 'RemoteStopTransaction' : 'RequestStopTransaction');

/** A station in virtual time with a car at the plug. */
async function plugged(version: OcppVersion, soc = 0.3): Promise<{ station: SimulatedStation; clock: VirtualClock; id: string }> {
  stations += 1;
  const id = `limit-${stations}-${version}`;
  await registerStation(platform.api, id);
  const clock = new VirtualClock(Date.now());
  const station = new SimulatedStation({ id, version, url: platform.ocppUrl, password: STATION_PASSWORD, clock, reconnectMs: [5, 200] });
  await station.connect();
  await runScript(station, [{ do: 'plugIn', soc }]);
  return { station, clock, id };
}

const sessionOf = async (stationId: string): Promise<Session | undefined> =>
  (await platform.api.get<{ data: Session[] }>(`/v1/sessions?stationId=${stationId}`)).data[0];
const session = (stationId: string, is: (found: Session) => boolean = () => true): Promise<Session> =>
  eventually(
    `a session of ${stationId}`,
    async () => {
      const found = await sessionOf(stationId);
      return found !== undefined && is(found) ? found : undefined;
    },
    DEADLINE_MS,
  );

async function events(sessionId: string): Promise<{ type: string; data: { milestone?: string; occurrence?: number; percent?: number } }[]> {
  return (await platform.api.get<{ data: { type: string; data: { milestone?: string } }[] }>(`/v1/sessions/${sessionId}/events`)).data;
}

/** Milestones of the stream; each at most once. */
async function milestones(sessionId: string): Promise<string[]> {
  const told = (await events(sessionId)).flatMap(({ data: { milestone, occurrence, percent } }) =>
    milestone === undefined ? [] : [`${milestone} ${percent ?? ''} ${occurrence}`],
  );
  expect(new Set(told).size).toBe(told.length);
  return told.map((name) => name.split(' ')[0] ?? '');
}

const play = (station: SimulatedStation, ...steps: Step[]): Promise<void> => runScript(station, steps);

describe.each(VERSIONS)('OCPP %s', (version) => {
  it.each([
    ['limit-energy', { energyWh: 2_000 }, 'energy'],
    ['limit-cost', { cost: { amount: '1.00', currency: 'EUR' } }, 'cost'],
    ['limit-soc', { stateOfChargePercent: 33 }, 'stateOfCharge'],
  ])('%s: a start request with a limit ends its session there', async (_name, limit, dimension) => {
    const { station, clock, id } = await plugged(version);
    const made = await platform.api.ok<{ startRequestId: string; state: string }>('POST', '/v1/start-requests', {
      stationId: id,
      evseId: 1,
      idToken: TOKEN,
      limit,
    });
    expect(made.state).toBe('Accepted');
    await eventually('the start request became a session with its limit', async () => {
      const request = await platform.api.get<{ state: string }>(`/v1/start-requests/${made.startRequestId}`);
      return request.state === 'Started' ? true : undefined;
    });
    // Minute by minute, so that the platform has the time a real charge gives it.
    for (let minute = 0; minute < 40 && station.evse(1)?.transaction !== undefined; minute += 1) {
      await play(station, { do: 'wait', seconds: 60 });
      await eventually('readings are folded', async () => {
        const wh = station.evse(1)?.transaction?.deliveredWh ?? 0;
        return ((await sessionOf(id))?.energyWh ?? 0) >= wh || station.evse(1)?.transaction === undefined ? true : undefined;
      });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await play(station, { do: 'awaitCommand', action: stopAction(version) });
    const ended = await session(id, ({ state }) => state === 'Ended');
    expect(ended.stoppedReason).toBe('Remote');
    await play(station, { do: 'unplug' });
    const free = await session(id, ({ idleSeconds }) => idleSeconds !== null);
    expect(free.milestones).toContainEqual(expect.objectContaining({ kind: 'LimitReached', dimension }));
    expect(await milestones(free.sessionId)).toEqual(
      expect.arrayContaining(['ChargingStarted', 'LimitReached', 'ChargingEnded', 'SessionEnded']),
    );
    expect(station.line.commanded.get(stopAction(version))).toBe(1);
    // 11 kW are 184 Wh a minute.
    expect(free.overshootWh ?? 0).toBeLessThan(400);
    const receipt = await platform.api.get<{ total: { amount: string }; curve: unknown[] }>(`/v1/sessions/${free.sessionId}/receipt`);
    expect(Number(receipt.total.amount)).toBeCloseTo((free.energyWh / 1_000) * 0.5, 1);
    expect(receipt.curve.length).toBeGreaterThan(2);
    await station.stop();
    clock.dispose();
  });

  it('limit-time: a session ends when its time is over, though the platform is killed in between', async () => {
    const { station, clock, id } = await plugged(version);
    await play(station, { do: 'start', token: TOKEN });
    const { sessionId } = await session(id);
    await platform.api.ok('PUT', `/v1/sessions/${sessionId}/limit`, { durationSeconds: 8 });
    await platform.child.kill9();
    await platform.restart();
    await station.line.until(() => (station.line.commanded.get(stopAction(version)) ?? 0) > 0);
    await session(id, ({ state }) => state === 'Ended');
    await play(station, { do: 'unplug' });
    await session(id, ({ idleSeconds }) => idleSeconds !== null);
    expect(await milestones(sessionId)).toEqual(expect.arrayContaining(['LimitReached', 'ChargingEnded', 'SessionEnded']));
    await station.stop();
    clock.dispose();
  });

  it('lost-stop: a stop that the station never heard is sent again', { timeout: 90_000 }, async () => {
    const { station, clock, id } = await plugged(version);
    await play(station, { do: 'start', token: TOKEN });
    const { sessionId } = await session(id);
    station.line.ignoreCommands(stopAction(version), 1);
    const stop = platform.api.call('POST', `/v1/sessions/${sessionId}/stop`, {});
    await station.line.until(() => (station.line.commanded.get(stopAction(version)) ?? 0) >= 2);
    expect((await stop).body).toMatchObject({ stationStatus: 'TimedOut' });
    await session(id, ({ state }) => state === 'Ended');
    expect((await events(sessionId)).map(({ type }) => type)).not.toContain('voltlog.session.SessionStopEscalated.v1');
    await station.stop();
    clock.dispose();
  });

  it('battery-90, idle-after-full: milestones come once, though the platform is killed on the way', async () => {
    const { station, clock, id } = await plugged(version, 0.88);
    await play(station, { do: 'start', token: TOKEN }, { do: 'charge', wh: 3_000 }, { do: 'wait', seconds: 120 });
    await session(id, (found) => found.milestones.some(({ kind }) => kind === 'BatteryAt'));
    await platform.child.kill9();
    await platform.restart();
    await play(station, { do: 'wait', seconds: 6 * 3_600 }, { do: 'stop', token: TOKEN }, { do: 'wait', seconds: 1_800 });
    await platform.child.kill9();
    await platform.restart();
    await station.line.until(() => station.line.isRegistered && station.line.isIdle);
    await play(station, { do: 'unplug' });
    const free = await session(id, ({ idleSeconds }) => idleSeconds !== null);
    expect(free.idleSeconds).toBeGreaterThanOrEqual(1_700);
    expect(await milestones(free.sessionId)).toEqual(
      expect.arrayContaining(['ChargingStarted', 'BatteryAt', 'BatteryFull', 'SuspendedByVehicle', 'ChargingEnded', 'SessionEnded']),
    );
    await station.stop();
    clock.dispose();
  });
});
