import { runScenario, scenarioNamed, VirtualClock } from '@voltlog/simulator-app';
import { afterAll, beforeAll, it } from 'vitest';
import { AllInOne } from './harness/all-in-one.js';
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
