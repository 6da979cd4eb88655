import {
  CAR_MODELS,
  Car,
  runScenario,
  SCENARIOS,
  type Scenario,
  type ScenarioTokens,
  SimulatedStation,
  VirtualClock,
} from '@voltlog/simulator-app';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AllInOne } from './harness/all-in-one.js';
import { eventually } from './harness/eventually.js';
import { agrees, registerStation, registerTokens, STATION_PASSWORD, sessionsOf } from './harness/fleet.js';

/** Bytes that are no envelope are the business of the connection service's own spec; the others need a command. */
const NOT_HERE = new Set(['malformed-frames', 'command-while-calling']);

let platform: AllInOne;
let tokens: ScenarioTokens;
let url: string;
beforeAll(async () => {
  platform = await AllInOne.start({ RATE_LIMIT_BURST: '100000', RATE_LIMIT_PER_SECOND: '100000', CALLS_PER_SECOND_MAX: '10000' });
  url = `${platform.ocppUrl.replace(/^ws/, 'http')}/soap`;
  tokens = await registerTokens(platform.api);
});
afterAll(() => platform?.stop());

const scenarios = SCENARIOS.filter(
  ({ name, versions, needs, needsApi }) =>
    versions.includes('1.6') &&
    !NOT_HERE.has(name) &&
    !/^(reserve|firmware|publish)-/.test(name) &&
    needs === undefined &&
    needsApi !== true,
).map((scenario): [string, string, Scenario] => [scenario.name, scenario.title, scenario]);

describe('over SOAP a session is as true as over JSON', () => {
  it.each(scenarios)('%s: %s', async (name, _title, scenario) => {
    const id = `soap-${name}`;
    await registerStation(platform.api, id, scenario.station?.evses);
    const clock = new VirtualClock(Date.now());
    const options = { id, version: '1.6', url, password: STATION_PASSWORD, clock, reconnectMs: [5, 200], ...scenario.station } as const;
    const entries = await runScenario(scenario, { ...options, tokens });
    clock.dispose();
    await agrees(
      async () =>
        (await sessionsOf(platform.api, id))
          .map(({ transactionId, energyWh, meterStopWh, state }) => ({ transactionId, energyWh, meterStopWh, state }))
          .sort((a, b) => String(a.transactionId).localeCompare(String(b.transactionId))),
      entries
        .map((entry) => ({
          transactionId: String(entry.transactionId),
          energyWh: entry.deliveredWh,
          meterStopWh: entry.meterStopWh ?? null,
          state: 'Ended' as const,
        }))
        .sort((a, b) => a.transactionId.localeCompare(b.transactionId)),
    );
  });
});

describe('a station that speaks SOAP', () => {
  it('is started and stopped through the API, also after the platform was killed, and its messages are shown', async () => {
    const id = 'soap-commanded';
    await registerStation(platform.api, id);
    const station = new SimulatedStation({ id, version: '1.6', url, password: STATION_PASSWORD, reconnectMs: [50, 200] });
    station.plugIn(1, new Car(CAR_MODELS.family, 0.2));
    await station.connect();
    await station.idle();
    const connection = () => platform.api.get(`/v1/stations/${id}/connection`);
    expect(await connection()).toMatchObject({ connected: true, dialect: '1.6S', ocppVersion: 'ocpp1.6', securityProfile: 1 });
    const started = await platform.api.ok('POST', `/v1/stations/${id}/commands/request-start`, { evseId: 1, idToken: tokens.token });
    expect(started).toMatchObject({ status: 'Accepted', action: 'RemoteStartTransaction' });
    const running = await eventually('it charges', async () => (await sessionsOf(platform.api, id))[0]);
    await platform.child.kill9();
    await platform.restart();
    // It has not said anything since: its address was kept.
    expect(await connection()).toMatchObject({ connected: true, dialect: '1.6S' });
    const stop = { transactionId: running.transactionId };
    expect(await platform.api.ok('POST', `/v1/stations/${id}/commands/request-stop`, stop)).toMatchObject({ status: 'Accepted' });
    await eventually('it ends', async () => (await sessionsOf(platform.api, id))[0]?.state === 'Ended' || undefined);
    await station.idle();
    const { data } = await platform.api.get<{ data: { direction: string; text: string }[] }>(`/v1/stations/${id}/messages?limit=10`);
    expect(data.map(({ text }) => text).join()).toContain('<o:remoteStopTransactionRequest>');
    await station.stop();
  });

  it('that demands a password is commanded with the right one, tells of a wrong one, and needs none otherwise', async () => {
    const id = 'soap-demanding';
    await registerStation(platform.api, id);
    const about = { id, version: '1.6', url, password: STATION_PASSWORD, reconnectMs: [50, 200] } as const;
    const at = `/v1/stations/${id}/call-credential`;
    const unlock = () => platform.api.ok('POST', `/v1/stations/${id}/commands/unlock-connector`, { evseId: 1, connectorId: 1 });
    const open = new SimulatedStation(about);
    await open.connect();
    expect(await unlock()).toMatchObject({ status: 'Accepted' });
    await open.stop();
    const demanding = new SimulatedStation({ ...about, callPassword: 'for calls only' });
    await demanding.connect();
    expect(await unlock()).toMatchObject({
      status: 'Rejected',
      stationStatus: 'SecurityError',
      reason: expect.stringContaining('none is set'),
    });
    await platform.api.ok('PUT', at, { password: 'a wrong one' });
    expect(await unlock()).toMatchObject({
      status: 'Rejected',
      reason: expect.stringContaining('does not take the user name and password'),
    });
    await platform.api.ok('PUT', at, { password: 'for calls only' });
    expect(await unlock()).toMatchObject({ status: 'Accepted' });
    // It outlives the process, and nobody is told it.
    await platform.child.kill9();
    await platform.restart();
    expect(await unlock()).toMatchObject({ status: 'Accepted' });
    expect(await platform.api.get(at)).toEqual({ stationId: id, username: id, scheme: 'Basic', updatedAt: expect.any(String) });
    await demanding.stop();
  });
});
