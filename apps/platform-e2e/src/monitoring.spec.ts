import { runScenario, SimulatedStation, scenarioNamed, VirtualClock } from '@voltlog/simulator-app';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AllInOne } from './harness/all-in-one.js';
import { eventually } from './harness/eventually.js';
import { registerStation, registerTokens, STATION_PASSWORD } from './harness/fleet.js';

let platform: AllInOne;
beforeAll(async () => {
  platform = await AllInOne.start({ RATE_LIMIT_BURST: '10000', RATE_LIMIT_PER_SECOND: '1000' });
});
afterAll(() => platform?.stop());

it.each(['2.0.1', '2.1'] as const)('what a station of OCPP %s notices is an alert until it is over', async (version) => {
  const id = `watching-${version}`;
  const tokens = await registerTokens(platform.api);
  await registerStation(platform.api, id);
  const clock = new VirtualClock(Date.now());
  const options = { id, version, url: platform.ocppUrl, password: STATION_PASSWORD, clock, tokens, api: platform.api };
  await runScenario(scenarioNamed('monitoring'), options);
  clock.dispose();
});

it.each(['2.0.1', '2.1'] as const)('a station of OCPP %s watches what its template says, as soon as it boots', async (version) => {
  const id = `told-${version}`;
  await platform.api.ok('PUT', `/v1/configuration-templates/${id}`, {
    vendor: 'Voltlog',
    model: id,
    monitors: [{ component: 'EVSE', evseId: 1, name: 'Power', type: 'Delta', value: 1_000, severity: 7 }],
    monitoringLevel: 6,
  });
  await registerStation(platform.api, id);
  const identity = { model: id };
  const station = new SimulatedStation({ id, version, url: platform.ocppUrl, password: STATION_PASSWORD, identity });
  await station.connect();
  const model = await eventually('it watches it', async () => {
    const told = await platform.api.get<{ intendedMonitors: { held: boolean }[]; monitors: object[] }>(`/v1/stations/${id}/device-model`);
    return told.intendedMonitors[0]?.held === true ? told : undefined;
  });
  // Beside what its maker built in.
  expect(model.monitors).toMatchObject([{ name: 'Temperature' }, { name: 'Power', type: 'Delta', value: 1_000, severity: 7 }]);
  const { data } = await platform.api.get<{ data: object[] }>(`/v1/stations/${id}/device-model?filter=ActiveMonitoringLevel`);
  expect(data).toMatchObject([{ component: 'MonitoringCtrlr', reported: '6' }]);
  await station.stop();
});
