import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AllInOne } from './harness/all-in-one.js';
import { registerTokens, STATION_PASSWORD } from './harness/fleet.js';
import { charges, type Told } from './harness/foreign.js';
import { type PreparedJava, prepareJava, runJava } from './harness/java.js';
import { preparePython, runForeign } from './harness/python.js';

const TOKEN = 'E2E-CARD-1';

let platform: AllInOne;
let java: PreparedJava;
let python: string;
beforeAll(async () => {
  [python, java] = await Promise.all([preparePython(), prepareJava()]);
  platform = await AllInOne.start({ RATE_LIMIT_BURST: '10000' });
  await registerTokens(platform.api);
});
afterAll(() => platform?.stop());

const vendors = async () => (await platform.api.get<{ data: { vendor: string }[] }>('/v1/stations')).data.map(({ vendor }) => vendor);

describe('a station that somebody else wrote charges, is stopped through the API, and its session reads true', () => {
  it.each([
    ['1.6J', 'station16.py', []],
    ['2.0.1', 'station2.py', ['2.0.1']],
    ['2.1', 'station2.py', ['2.1']],
  ])("of PyPI's ocpp, OCPP %s", async (version, script, more) => {
    const stationId = `foreign-${version}`;
    const args = [platform.ocppUrl, stationId, STATION_PASSWORD, TOKEN, ...more];
    await charges(platform, stationId, TOKEN, { dialect: version, securityProfile: 1 }, () => runForeign<Told>(python, script, args));
    expect(await vendors()).toContain('PyPI');
  });

  it("of Maven's eu.chargetime.ocpp:v1_6, OCPP 1.6", async () => {
    const id = 'foreign-maven-json';
    const args = ['json', platform.ocppUrl, id, STATION_PASSWORD, TOKEN];
    await charges(platform, id, TOKEN, { dialect: '1.6J', securityProfile: 1 }, () => runJava<Told>(java, args));
    expect(await vendors()).toContain('Maven');
  });
});
