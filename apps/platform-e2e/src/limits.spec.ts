import { type OcppVersion, runScenario, runScript, SimulatedStation, type Step, scenarioNamed, VirtualClock } from '@voltlog/simulator-app';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AllInOne } from './harness/all-in-one.js';
import { eventually } from './harness/eventually.js';
import { registerStation, registerTokens, STATION_PASSWORD } from './harness/fleet.js';

const VERSIONS: readonly OcppVersion[] = ['1.6', '2.0.1'];
const TOKEN = 'E2E-CARD-1';
const OTHER_TOKEN = 'E2E-CARD-2';
const GROUP_TOKENS = ['E2E-MATE-1', 'E2E-MATE-2'] as const;
const DEADLINE_MS = 40_000;

interface Session {
  readonly sessionId: string;
  readonly state: string;
  readonly energyWh: number;
  readonly stoppedReason: string | null;
  readonly endCause: string | null;
  readonly stoppedBy: string | null;
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
  for (const token of GROUP_TOKENS) await platform.api.ok('PUT', `/v1/tokens/${token}`, { status: 'Active', groupId: 'E2E-FLEET' });
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

/** Plays a scenario that has its CSMS's side asked by the API; how often the station was told to stop. */
async function played(version: OcppVersion, name: string): Promise<{ readonly id: string; readonly stops: number }> {
  const id = `${name}-${version}`;
  await registerStation(platform.api, id);
  const clock = new VirtualClock(Date.now());
  let stops = 0;
  await runScenario(scenarioNamed(name), {
    id,
    version,
    url: platform.ocppUrl,
    password: STATION_PASSWORD,
    clock,
    reconnectMs: [5, 200],
    tokens: { token: TOKEN, otherToken: OTHER_TOKEN, blockedToken: '' },
    api: platform.api,
    onEvent: (event) => {
      if (event.type === 'frame' && event.direction === 'in' && event.text.includes(`"${stopAction(version)}"`)) stops += 1;
    },
  });
  clock.dispose();
  return { id, stops };
}

describe.each(VERSIONS)('OCPP %s', (version) => {
  it.each([
    ['limit-energy', 'energy'],
    ['limit-time', 'duration'],
    ['limit-cost', 'cost'],
    ['limit-soc', 'stateOfCharge'],
  ])('%s: ends its session there, once', async (name, dimension) => {
    const { id, stops } = await played(version, name);
    expect(stops).toBe(1);
    const free = await session(id, ({ idleSeconds }) => idleSeconds !== null);
    expect(free).toMatchObject({ stoppedReason: 'Remote', endCause: 'Limit' });
    expect(free.milestones).toContainEqual(expect.objectContaining({ kind: 'LimitReached', dimension }));
    expect(await milestones(free.sessionId)).toEqual(
      expect.arrayContaining(['ChargingStarted', 'LimitReached', 'ChargingEnded', 'SessionEnded']),
    );
    // 11 kW are 184 Wh a minute.
    expect(free.overshootWh ?? 0).toBeLessThan(400);
    const receipt = await platform.api.get<{ total: { amount: string }; curve: unknown[] }>(`/v1/sessions/${free.sessionId}/receipt`);
    expect(Number(receipt.total.amount)).toBeCloseTo((free.energyWh / 1_000) * 0.5, 1);
    expect(receipt.curve.length).toBeGreaterThan(1);
  });

  it.each([
    ['unplug-ends', 'EVDisconnected', 500],
    ['unplug-suspends', 'Local', 1_000],
  ])('%s: one session, as the station is set', async (name, stoppedReason, wh) => {
    const { id } = await played(version, name);
    const ended = await session(id, ({ idleSeconds }) => idleSeconds !== null);
    expect(ended).toMatchObject({ stoppedReason, energyWh: wh });
    expect((await platform.api.get<{ data: Session[] }>(`/v1/sessions?stationId=${id}`)).data).toHaveLength(1);
  });

  it.each([
    ['station-pauses', ['SuspendedByStation']],
    ['fault-passes', ['Faulted', 'FaultCleared']],
  ])('%s: is told, once', async (name, told) => {
    const { id } = await played(version, name);
    const ended = await session(id, ({ idleSeconds }) => idleSeconds !== null);
    expect(ended).toMatchObject({ stoppedReason: 'Local' });
    const around = (between: readonly string[]) => ['ChargingStarted', ...between, 'ChargingEnded', 'ParkingStarted', 'SessionEnded'];
    expect((await milestones(ended.sessionId)).toSorted()).toEqual(around(told).toSorted());
  });

  it('lost-remote-stop: a stop that the station never heard is sent again', { timeout: 120_000 }, async () => {
    const { id, stops } = await played(version, 'lost-remote-stop');
    expect(stops).toBe(2);
    const { sessionId } = await session(id, ({ endCause }) => endCause === 'Operator');
    expect((await events(sessionId)).map(({ type }) => type)).not.toContain('voltlog.session.SessionStopEscalated.v1');
  });

  it('a card of the same group stops a charge, and the receipt tells so; its own card is the driver', async () => {
    const { station, clock, id } = await plugged(version);
    await play(station, { do: 'start', token: GROUP_TOKENS[0] }, { do: 'charge', wh: 500 });
    await play(station, { do: 'authorize', token: GROUP_TOKENS[1] }, { do: 'stop', token: GROUP_TOKENS[1] }, { do: 'unplug' });
    const { sessionId } = await session(id, ({ state }) => state === 'Ended');
    const { session: told } = await platform.api.get<{ session: Session }>(`/v1/sessions/${sessionId}/receipt`);
    expect(told).toMatchObject({ endCause: 'Group', stoppedBy: GROUP_TOKENS[1], stoppedReason: 'Local' });
    await play(station, { do: 'plugIn' }, { do: 'start', token: GROUP_TOKENS[0] }, { do: 'charge', wh: 500 });
    const own = await session(id, ({ state }) => state === 'Active');
    await play(station, { do: 'stop', token: GROUP_TOKENS[0] }, { do: 'unplug' });
    await eventually('the second session ended by its driver', async () => {
      const again = await platform.api.get<Session>(`/v1/sessions/${own.sessionId}`);
      return again.endCause === 'Driver' && again.stoppedBy === GROUP_TOKENS[0] ? true : undefined;
    });
    await station.stop();
    clock.dispose();
  });

  it('limit-time: a session ends when its time is over, though the platform is killed in between', { timeout: 120_000 }, async () => {
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

  it('battery-90, idle-after-full: milestones come once, though the platform is killed on the way', { timeout: 120_000 }, async () => {
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

describe('OCPP 2.1: the station keeps the limit by itself', () => {
  it.each([
    ['limit-energy', 'energy', 'EnergyLimitReached'],
    ['limit-time', 'duration', 'TimeLimitReached'],
    ['limit-soc', 'stateOfCharge', 'SOCLimitReached'],
  ])('%s: no stop is sent, and the milestone comes once', { timeout: 60_000 }, async (name, dimension, stoppedReason) => {
    const { id, stops } = await played('2.1', name);
    expect(stops).toBe(0);
    const free = await session(id, ({ idleSeconds }) => idleSeconds !== null);
    expect(free).toMatchObject({ stoppedReason, endCause: 'Limit' });
    expect(free.milestones.filter(({ kind }) => kind === 'LimitReached')).toEqual([expect.objectContaining({ dimension })]);
    expect((await milestones(free.sessionId)).filter((milestone) => milestone === 'LimitReached')).toHaveLength(1);
    expect((await events(free.sessionId)).map(({ type }) => type)).not.toContain('voltlog.session.SessionStopRequested.v1');
    if (name === 'limit-energy') expect(free.energyWh).toBeLessThan(2_010);
  });

  it('limit-cost: it knows no price, so it is stopped like the others', { timeout: 60_000 }, async () => {
    const { id, stops } = await played('2.1', 'limit-cost');
    expect(stops).toBe(1);
    const free = await session(id, ({ idleSeconds }) => idleSeconds !== null);
    expect(free).toMatchObject({ stoppedReason: 'Remote', endCause: 'Limit' });
    expect(free.milestones.filter(({ kind }) => kind === 'LimitReached')).toEqual([expect.objectContaining({ dimension: 'cost' })]);
  });
});
